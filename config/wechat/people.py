"""Who is calling: log-in and phone numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

from redis import Redis

from config.wechat.client import Client
from config.wechat.given import WeChatFailed, WeChatSettings

CHINA = "86"
"""A country code comes as a number or as a text: the pages show both."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who WeChat says is calling.  The session key is not kept: nothing of ours is built on it."""

    openid: str = field(repr=False)
    unionid: str | None = field(repr=False)


class OpenPlatform:
    """What the mall asks of WeChat's open platform.  Every failure is WeChatFailed."""

    def __init__(self, settings: WeChatSettings, redis: Redis) -> None:
        self._settings = settings
        self._client = Client(settings, redis)

    def code_to_session(self, js_code: str) -> Person:
        """The person behind a single-use log-in code.  Needs no token, so a token fault stops no log-in."""
        asked = {
            "appid": self._settings.appid,
            "secret": self._settings.secret,
            "js_code": js_code,
            "grant_type": "authorization_code",
        }
        said = self._client.ask("GET", "/sns/jscode2session", params=asked, stops=False)
        if not said.get("openid"):
            raise WeChatFailed("NO_OPENID")
        return Person(str(said["openid"]), said.get("unionid"))

    def phone_number(self, code: str, openid: str | None = None) -> str:
        """The phone behind a single-use code that the customer agreed to give.

        :param openid: who we believe gives it; WeChat then refuses a code of somebody else (40029).
        :return: eleven digits of a mainland number; of another country `+`, its code and the number.
        """
        asked = {"code": code, **({"openid": openid} if openid else {})}
        said = self._client.call("POST", "/wxa/business/getuserphonenumber", json=asked)
        info = said.get("phone_info") or {}
        number, country = str(info.get("purePhoneNumber") or ""), str(info.get("countryCode") or CHINA)
        if not number:
            raise WeChatFailed("NO_PHONE")
        return number if country == CHINA else f"+{country}{number}"
