"""What WeChat pushes to an app of ours: AES mode only, XML or JSON, judged on raw bytes (wechat.md 2.3).

wechatpy's crypto, mended: it raises five kinds of exceptions on a malformed body, compares signatures with `!=`, takes
the padding on trust and knows no age.  Here whatever is not a genuine, fresh and whole push is one PushRefused.
We never answer with a message of our own (only `success`), so a text of a customer is never put into XML.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import xmltodict
from wechatpy.crypto import WeChatCrypto
from wechatpy.crypto.base import WeChatCipher
from wechatpy.utils import WeChatSigner

from config.wechat.core import fresh

MOST_BYTES = 64 * 1024
_NAME = re.compile(r"[A-Za-z0-9_@.\-]{1,128}")
_ECHO = re.compile(r"[A-Za-z0-9_\-]{1,128}")
_BLOCK = 32


class PushRefused(Exception):
    """Not a push of WeChat's to this app that we can read; `why` is for our own log and never for the sender."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Push:
    """What a person did, or what WeChat tells: `kind` as `MsgType`, `event` in small letters or empty.

    `key` is the same for a repeat: of the message's id, or of everything an event says (it has no id, and WeChat's own
    events of one second share sender and time).
    """

    app: str
    openid: str
    kind: str
    event: str
    created: int
    key: bytes
    said: dict[str, Any]

    def text(self, name: str) -> str:
        """One of its texts; empty when it says nothing of that name."""
        value = self.said.get(name)
        return "" if value is None or isinstance(value, dict | list) else str(value)

    @property
    def scene(self) -> str:
        """The scene of the QR code that was scanned; empty when none was."""
        return self.text("EventKey").removeprefix("qrscene_") if self.event in ("subscribe", "scan") else ""


class SafeCrypto(WeChatCrypto):  # type: ignore[misc]
    """wechatpy's crypto whose every step is checked.  May raise anything: `Callback` makes one refusal of it."""

    def genuine(self, signature: str, *parts: str) -> bool:
        """Whether the token signed these parts; in constant time."""
        signer = WeChatSigner()
        signer.add_data(self.token, *parts)
        return hmac.compare_digest(signer.signature.encode(), signature.encode())

    def open(self, hidden: str) -> bytes:
        """The text inside, whose appid is ours."""
        plain: bytes = WeChatCipher(self.key).decrypt(base64.b64decode(hidden, validate=True))
        fill = plain[-1]
        if not 1 <= fill <= _BLOCK or len(plain) % _BLOCK or plain[-fill:] != bytes([fill]) * fill:
            raise PushRefused("padding")
        inner = plain[16:-fill]
        length = int.from_bytes(inner[:4], "big")
        if len(inner) < 4 + length:
            raise PushRefused("length")
        if not hmac.compare_digest(inner[4 + length :], self.app_id.encode()):
            raise PushRefused("appid")
        return inner[4 : 4 + length]


def _parse(raw: bytes) -> dict[str, Any]:
    words = raw.decode("utf-8")
    said = json.loads(words) if words.lstrip()[:1] == "{" else xmltodict.parse(words)["xml"]
    if not isinstance(said, dict):
        raise PushRefused("shape")
    return said


class Callback:
    """The message address of one app."""

    def __init__(self, app: str, appid: str, token: str, aes_key: str) -> None:
        assert len(aes_key) == 43, f"push_aes_key of {app}: WeChat's console shows 43 letters and digits"
        self.app = app
        self._crypto = SafeCrypto(token, aes_key, appid)

    def echo(self, query: Mapping[str, str]) -> str:
        """What the console wants to hear when the address is set; raises PushRefused."""
        echo = query.get("echostr", "")
        self._check(query, "signature")
        if not _ECHO.fullmatch(echo):
            raise PushRefused("echo")
        return echo

    def read(self, query: Mapping[str, str], raw: bytes) -> Push:
        """The push in a request's query and raw body; raises PushRefused and nothing else."""
        try:
            if len(raw) > MOST_BYTES or query.get("encrypt_type") != "aes":
                raise PushRefused("not_aes")
            hidden = _parse(raw)["Encrypt"]
            self._check(query, "msg_signature", hidden)
            return self._push(_parse(self._crypto.open(hidden)))
        except PushRefused:
            raise
        except Exception:  # whatever the parsers raise on what nobody meant them to read
            raise PushRefused("malformed") from None

    def _check(self, query: Mapping[str, str], name: str, *parts: str) -> None:
        stamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not self._crypto.genuine(query.get(name, ""), stamp, nonce, *parts):
            raise PushRefused("signature")
        if not fresh(stamp):
            raise PushRefused("stale")

    def _push(self, said: dict[str, Any]) -> Push:
        openid, kind, event = said["FromUserName"], said["MsgType"], said.get("Event") or ""
        created, number = int(said["CreateTime"]), said.get("MsgId")
        if not all(map(_NAME.fullmatch, (openid, kind, event or "none"))) or not 0 < created < 1 << 40:
            raise PushRefused("shape")
        whole = f"message:{number}" if number and kind != "event" else json.dumps(said, sort_keys=True)
        key = hashlib.sha256(f"{self.app}:{whole}".encode()).digest()
        return Push(self.app, openid, kind, event.lower(), created, key, said)
