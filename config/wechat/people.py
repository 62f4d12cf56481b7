"""Who is calling: log-in and phone numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass

from redis import Redis

from config.wechat.client import Client
from config.wechat.given import WeChatFailed, WeChatSettings


@dataclass(frozen=True, slots=True)
class Person:
    """Who WeChat says is calling.  The session key is not kept: nothing of ours is built on it."""

    openid: str
    unionid: str | None


class OpenPlatform:
    """What the mall asks of WeChat's open platform.  Every failure is WeChatFailed."""

    def __init__(self, settings: WeChatSettings, redis: Redis) -> None:
        self._settings = settings
        self._client = Client(settings, redis)

    def code_to_session(self, js_code: str) -> Person:
        """The person behind a single-use log-in code.  Needs no token, so a token fault stops no log-in."""
        said = self._client._once(
            "GET",
            "/sns/jscode2session",
            None,
            {
                "params": {
                    "appid": self._settings.appid,
                    "secret": self._settings.secret,
                    "js_code": js_code,
                    "grant_type": "authorization_code",
                }
            },
        )
        if not said.get("openid"):
            raise WeChatFailed("NO_OPENID")
        return Person(str(said["openid"]), said.get("unionid"))

    def phone_number(self, code: str) -> str:
        """The phone behind a single-use code that the customer agreed to give, without country code."""
        said = self._client.call("POST", "/wxa/business/getuserphonenumber", data=json.dumps({"code": code}))
        number = (said.get("phone_info") or {}).get("purePhoneNumber")
        if not number:
            raise WeChatFailed("NO_PHONE")
        return str(number)
