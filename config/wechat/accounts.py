"""Customer-service messages of either app; the service account's followers, menu, QR codes and page ticket."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import LockError

from config.clock import now
from config.wechat.client import Client
from config.wechat.given import WeChatFailed

NO_MENU = "46003"
LOCK_S = 20


@dataclass(frozen=True, slots=True)
class Follower:
    """Who a follower is; `unionid` only where the account is bound to an open-platform account."""

    follows: bool
    unionid: str | None


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code of the service account: `url` is what it holds, `ticket` names its picture at WeChat."""

    url: str
    ticket: str
    lives_s: int


class Talks:
    """Customer-service messages of one app.  Every failure is WeChatFailed."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.appid: str = client.appid

    def send(self, openid: str, message: dict[str, Any]) -> None:
        """Send one message (`{"msgtype": "text", "text": {...}}`).

        It has no number of ours: whoever does not hear the answer cannot ask whether it arrived.

        :raises WeChatFailed: 45015 the person has not turned to us in time; 45047 too many; 48001 no right.
        """
        plain = json.dumps({"touser": openid, **message}, ensure_ascii=False).encode()
        self._client.call("POST", "/cgi-bin/message/custom/send", data=plain)


class Service(Talks):
    """The service account (服务号)."""

    def __init__(self, client: Client, redis: Redis, prefix: str) -> None:
        super().__init__(client)
        self._redis, self._ticket = redis, f"{prefix}:wechat-page-ticket:{client.appid}"

    def follower(self, openid: str) -> Follower:
        """Who a follower is."""
        said = self._client.call("GET", "/cgi-bin/user/info", params={"openid": openid, "lang": "zh_CN"})
        return Follower(bool(said.get("subscribe")), said.get("unionid") or None)

    def create_menu(self, buttons: list[dict[str, Any]]) -> None:
        """Put a menu in place of the one there is; 1000 a day."""
        self._client.call(
            "POST", "/cgi-bin/menu/create", data=json.dumps({"button": buttons}, ensure_ascii=False).encode()
        )

    def menu(self) -> list[dict[str, Any]]:
        """The menu as WeChat has it; empty when there is none."""
        try:
            said = self._client.call("GET", "/cgi-bin/menu/get")
        except WeChatFailed as failed:
            if failed.code == NO_MENU:
                return []
            raise
        return list(said.get("menu", {}).get("button", []))

    def qr_code(self, scene: str, *, lives_s: int) -> QrCode:
        """A code that tells us who scanned it; scene of at most 64 characters, at most 30 days."""
        asked = {
            "expire_seconds": lives_s,
            "action_name": "QR_STR_SCENE",
            "action_info": {"scene": {"scene_str": scene}},
        }
        said = self._client.call("POST", "/cgi-bin/qrcode/create", data=json.dumps(asked))
        return QrCode(str(said["url"]), str(said["ticket"]), int(said.get("expire_seconds", lives_s)))

    def page_signature(self, url: str) -> dict[str, Any]:
        """What `wx.config` of the JS-SDK wants for a page whose address bar says `url`."""
        stamp, nonce = int(now().timestamp()), secrets.token_hex(8)
        words = f"jsapi_ticket={self._page_ticket()}&noncestr={nonce}&timestamp={stamp}&url={url.partition('#')[0]}"
        signature = hashlib.sha1(words.encode(), usedforsecurity=False).hexdigest()
        return {"appId": self.appid, "timestamp": stamp, "nonceStr": nonce, "signature": signature}

    def _page_ticket(self) -> str:
        """The ticket that all processes share; fetched by one of them while the others wait."""
        kept = self._redis.get(self._ticket)
        if isinstance(kept, bytes):
            return kept.decode()
        try:
            with self._redis.lock(f"{self._ticket}:lock", timeout=LOCK_S, blocking_timeout=LOCK_S):
                kept = self._redis.get(self._ticket)
                return kept.decode() if isinstance(kept, bytes) else self._fetch_ticket()
        except LockError:
            raise WeChatFailed("TICKET_WAIT", retryable=True) from None

    def _fetch_ticket(self) -> str:
        said = self._client.call("GET", "/cgi-bin/ticket/getticket", params={"type": "jsapi"})
        ticket = str(said["ticket"])
        self._redis.set(self._ticket, ticket, ex=max(int(said["expires_in"]) - 300, 30))
        return ticket
