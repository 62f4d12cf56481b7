"""Messages to a person: subscribe messages of the mini-program, template messages of the service account.

Which templates a chain has picked in WeChat's console is data: `templates.json` beside the credentials.

    {"subscribe": {"ready": {"id": "...", "fields": {"code": "character_string1", "store": "thing2"}}},
     "service": {"ready": {...}}}

`ready` is one of our kinds (`member/reach/kinds.py`), `code` a fact of it, `character_string1` the template's field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.wechat.client import Client

LANGUAGES = {"zh-CN": "zh_CN", "en": "en_US"}
WAYS = ("subscribe", "service")
STATES = {"release": "formal", "trial": "trial", "develop": "developer"}
"""Which version of the mini-program a tap opens."""


@dataclass(frozen=True, slots=True)
class Template:
    """One template of one kind: WeChat's id, and which of our facts goes into which of its fields."""

    id: str
    fields: Mapping[str, str]


def read_templates(folder: Path) -> dict[str, dict[str, Template]]:
    """Way -> kind -> template, from `templates.json`; none where there is no such file."""
    path = folder / "templates.json"
    given = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return {way: {kind: Template(one["id"], one["fields"]) for kind, one in given.get(way, {}).items()} for way in WAYS}


class Messages:
    """What the shop says to people by WeChat.  Every failure is WeChatFailed."""

    def __init__(self, client: Client, env: str, *, service: Client | None = None) -> None:
        self._client, self._service, self._state = client, service, STATES[env]

    def subscribe(self, openid: str, template_id: str, data: Mapping[str, str], *, page: str, language: str) -> str:
        """Send one subscribe message; WeChat's number of it.  It costs one consent of the person.

        WeChat knows no number of ours here: whoever does not hear the answer cannot ask whether it arrived.

        :raises WeChatFailed: 43101 no consent; 47003 a field is wrong; 40037 template; 41030 page; 40003 openid.
        """
        return self._sent(
            self._client,
            "subscribe",
            touser=openid,
            template_id=template_id,
            page=page,
            data=_values(data),
            miniprogram_state=self._state,
            lang=LANGUAGES[language],
        )

    def template(self, openid: str, template_id: str, data: Mapping[str, str], *, page: str, number: str) -> str:
        """Send one template message to a follower of the service account; WeChat's number of it.

        `number` is ours: WeChat sends one message of a number, however often it is asked to.

        :raises WeChatFailed: 43004 no follower; else as `subscribe`.
        """
        assert self._service is not None, "there is no service account"
        return self._sent(
            self._service,
            "template",
            touser=openid,
            template_id=template_id,
            data=_values(data),
            miniprogram={"appid": self._client.appid, "pagepath": page},
            client_msg_id=number,
        )

    def _sent(self, client: Client, what: str, **body: Any) -> str:
        plain = json.dumps(body, ensure_ascii=False).encode()
        said = client.call("POST", f"/cgi-bin/message/{what}/send", data=plain)
        return str(said.get("msgid", ""))


def _values(data: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {key: {"value": value} for key, value in data.items()}
