"""Messages to a person: the mini-program's subscribe messages and the service account's template messages.

What arrived is kept in `world.messages[openid]`, newest last: `{id, way, kind, title, fields: [[label, value]], page,
lang, at}`.  What is still allowed lies in `world.consents[openid][template id]`: each yes allows one message.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

from flask import Blueprint, request

from tests.wechat_stand_in.open_platform import fields
from tests.wechat_stand_in.open_platform.tokens import refused
from tests.wechat_stand_in.world import PEOPLE, World

ROOT = Path(__file__).resolve().parents[3]
STATES, LANGUAGES = ("developer", "trial", "formal"), ("zh_CN", "en_US", "zh_HK", "zh_TW")
AT_ONCE = 3
"""Templates that one question to the person may name."""

_numbers = count(1_000_000)
OUR_BUG = (47003, 40037, 41030)
"""What a shop never causes with a message that it made properly: each is a violation."""


@lru_cache(maxsize=1)
def pages() -> frozenset[str]:
    """The pages of the mini-program as published."""
    given = json.loads((ROOT / "mall/miniapp/src/pages.json").read_text("utf-8"))
    return frozenset(one["path"] for one in given["pages"])


def answer(world: World, openid: str, answers: dict[str, bool]) -> None:
    """A person says yes or no to templates that the mini-program asked about."""
    with world.lock:
        held = world.consents.setdefault(openid, {})
        for template_id, yes in answers.items():
            assert world.templates.get(template_id, {"way": "subscribe"})["way"] == "subscribe", template_id
            if yes:
                held[template_id] = held.get(template_id, 0) + 1
        world.keep()


def switch_off(world: World, openid: str, template_id: str) -> None:
    """A person takes back in WeChat's settings what they had said yes to."""
    with world.lock:
        world.consents.get(openid, {}).pop(template_id, None)
        world.keep()


def _said(world: World, code: int, about: str = "") -> dict[str, Any]:
    if code in OUR_BUG:
        world.violations.append(f"message: {code} {about}")
    return {"errcode": code, "errmsg": about or "refused"}


def _faults(world: World, said: dict[str, Any], way: str, page: str) -> dict[str, Any] | None:
    template = world.templates.get(said.get("template_id", ""))
    if template is None or template["way"] != way:
        return _said(world, 40037, "template_id invalid")
    if page and page.partition("?")[0] not in pages():
        return _said(world, 41030, f"invalid page {page}")
    data = said.get("data") or {}
    wrong = [f"{key}: not a field of the template" for key in data.keys() - template["labels"].keys()]
    wrong += [f"{key}: lacking" for key in template["labels"].keys() - data.keys()]
    wrong += [why for key, one in data.items() if (why := fields.fault(key, (one or {}).get("value")))]
    return _said(world, 47003, f"argument invalid! {'; '.join(wrong)}") if wrong else None


def _deliver(world: World, said: dict[str, Any], page: str) -> dict[str, Any]:
    """Call it with the lock held."""
    template, number = world.templates[said["template_id"]], next(_numbers)
    world.messages.setdefault(said["touser"], []).append(
        {
            "id": number,
            "way": template["way"],
            "kind": template["kind"],
            "title": template["title"],
            "fields": [[label, said["data"][key]["value"]] for key, label in template["labels"].items()],
            "page": page,
            "lang": said.get("lang", "zh_CN"),
            "at": world.beijing(),
            "client_msg_id": said.get("client_msg_id", ""),
        }
    )
    world.keep()
    return {"errcode": 0, "errmsg": "ok", "msgid": number}


def blueprint(world: World, tell: Callable[[str, str, str], Any]) -> Blueprint:
    """The message endpoints on a world; `tell` pushes that a subscribe message arrived (person, template, number)."""
    bp = Blueprint("messages", __name__)

    @bp.post("/cgi-bin/message/subscribe/send")
    def subscribe_send() -> dict[str, Any]:
        if fault := refused(world):
            return fault
        said, page = request.get_json(force=True), request.get_json(force=True).get("page", "")
        if not any(one["openid"] == said.get("touser") for one in PEOPLE):
            return _said(world, 40003, "touser is not one of this mini-program's people")
        if said.get("miniprogram_state", "formal") not in STATES or said.get("lang", "zh_CN") not in LANGUAGES:
            return _said(world, 47003, "miniprogram_state or lang")
        if fault := _faults(world, said, "subscribe", page):
            return fault
        with world.lock:
            held = world.consents.get(said["touser"], {})
            if held.get(said["template_id"], 0) < 1:
                return {"errcode": 43101, "errmsg": "user refuse to accept the msg"}
            held[said["template_id"]] -= 1
            done = _deliver(world, said, page)
        tell(said["touser"], said["template_id"], str(done["msgid"]))
        return done

    @bp.post("/cgi-bin/message/template/send")
    def template_send() -> dict[str, Any]:
        if fault := refused(world):
            return fault
        said = request.get_json(force=True)
        mini = said.get("miniprogram") or {}
        if said.get("touser") not in world.followers:
            return _said(world, 43004, "require subscribe")
        if mini and mini.get("appid") != world.keys.given["appid"]:
            return _said(world, 47003, "miniprogram.appid")
        if fault := _faults(world, said, "service", mini.get("pagepath", "")):
            return fault
        with world.lock:
            before = world.messages.get(said["touser"], [])
            number = said.get("client_msg_id")
            if number and (same := [one["id"] for one in before if one["client_msg_id"] == number]):
                return {"errcode": 0, "errmsg": "ok", "msgid": same[0]}
            return _deliver(world, said, mini.get("pagepath", ""))

    return bp
