"""Mini-program codes (小程序码): permanent, public, as many as wanted (wechat.md 2.4)."""

from __future__ import annotations

import re

from config.wechat.client import Client

PATH = "/wxa/getwxacodeunlimit"
WIDTH_PX = 640
_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")


class Codes:
    """Draws the codes that hang in stores and that guides show.  Every failure is WeChatFailed.

    :param env: `release`; else `trial` or `develop`, whose pages need not be published yet.
    """

    def __init__(self, client: Client, env: str) -> None:
        self._client, self._env = client, env

    def draw(self, scene: str, page: str) -> bytes:
        """The picture of a code that opens `page` with `scene` in its query; status 200 with JSON is a failure."""
        assert _SCENE.fullmatch(scene), scene
        asked = {
            "scene": scene,
            "page": page,
            "check_path": self._env == "release",
            "env_version": self._env,
            "width": WIDTH_PX,
        }
        return self._client.picture("POST", PATH, json=asked)
