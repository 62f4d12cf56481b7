"""How risky WeChat thinks a person is (安全等级), asked where a reward is at stake (wechat.md 5)."""

from __future__ import annotations

from enum import IntEnum

from config.wechat.client import Client
from config.wechat.given import WeChatFailed

PATH = "/wxa/getuserriskrank"


class Scene(IntEnum):
    """What the person is about to do."""

    REGISTER = 0
    MARKETING = 1


class Risk:
    """Asks for one person's rank.  Every failure is WeChatFailed."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def rank(self, openid: str, scene: Scene, *, phone: str | None, client_ip: str) -> int:
        """0 no risk to 4 certain: WeChat advises a further check from 1, less of a reward at 3, a block at 4."""
        asked = {"appid": self._client.appid, "openid": openid, "scene": int(scene), "client_ip": client_ip}
        said = self._client.call("POST", PATH, json=asked | ({"mobile_no": phone} if phone else {}))
        rank = said.get("risk_rank")
        if not isinstance(rank, int) or not 0 <= rank <= 4:
            raise WeChatFailed("NO_RANK")
        return rank
