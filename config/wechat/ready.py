"""The WeChat clients of this process, built once from the settings."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.x509 import load_pem_x509_certificate

from config import clock
from config.redis import connection
from config.settings import settings
from config.wechat.accounts import Service, Talks
from config.wechat.callback import Callback
from config.wechat.client import Client
from config.wechat.codes import Codes
from config.wechat.given import WeChatSettings
from config.wechat.messages import Messages, Template, read_templates
from config.wechat.pay import Pay
from config.wechat.people import OpenPlatform
from config.wechat.risk import Risk
from config.wechat.shipping import Shipping

OTHER_HOST = {
    "https://api.mch.weixin.qq.com": "https://api2.mch.weixin.qq.com",
    "https://api2.mch.weixin.qq.com": "https://api.mch.weixin.qq.com",
}
"""WeChat Pay's two hosts, each the other's backup."""
APPS = ("mini", "service")
"""The mini-program, and the service account (服务号) beside it, which a chain may do without."""


def folder() -> Path:
    """Where the credentials lie."""
    return settings().wechat_dir or settings().var_dir / "stand-in"


@lru_cache(maxsize=1)
def _credentials() -> WeChatSettings:
    return credentials(folder())


@lru_cache(maxsize=len(APPS))
def _given(app: str) -> dict[str, Any]:
    """What one app was given; nothing where the chain has no such app."""
    path = folder() / {"mini": "credentials.json", "service": "service.json"}[app]
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}


def credentials(place: Path) -> WeChatSettings:
    """The credentials in a folder: `credentials.json` and the PEM files it names."""
    given = json.loads((place / "credentials.json").read_text("utf-8"))
    return WeChatSettings(
        appid=given["appid"],
        secret=given["secret"],
        mchid=given["mchid"],
        serial=given["serial"],
        private_key=(place / given["private_key_file"]).read_text("ascii"),
        apiv3_key=given["apiv3_key"],
        platform_key_id=given.get("platform_key_id", ""),
        platform_public_key=_text(place, given, "platform_public_key_file"),
        certificate=_text(place, given, "certificate_file").encode(),
        api_base=settings().wechat_api_base,
        pay_base=settings().wechat_pay_base,
        pay_backup=settings().wechat_pay_backup or OTHER_HOST.get(settings().wechat_pay_base, ""),
        notify_base=settings().base_url,
        notice_age_s=settings().wechat_notice_age_s,
        redis_prefix=settings().redis_prefix,
    )


def _text(place: Path, given: dict[str, Any], name: str) -> str:
    return (place / given[name]).read_text("utf-8") if given.get(name) else ""


def merchant_certificate_days() -> int | None:
    """Days until our own merchant certificate ends; None when `certificate_file` was not given."""
    try:
        pem = _credentials().certificate
    except (OSError, ValueError, KeyError):
        return None
    return (load_pem_x509_certificate(pem).not_valid_after_utc - clock.now()).days if pem else None


@lru_cache(maxsize=1)
def mini_client() -> Client:
    """The mini-program's token client."""
    return Client(_credentials(), connection())


@lru_cache(maxsize=1)
def open_platform() -> OpenPlatform:
    """Log-in and phone numbers."""
    return OpenPlatform(_credentials(), connection())


@lru_cache(maxsize=1)
def pay() -> Pay:
    """WeChat Pay v3."""
    return Pay(_credentials())


@lru_cache(maxsize=1)
def service_client() -> Client | None:
    """The service account's own token client; None where there is no service account."""
    given = _given("service")
    if not given:
        return None
    return Client(replace(_credentials(), appid=given["appid"], secret=given["secret"]), connection())


@lru_cache(maxsize=1)
def service() -> Service | None:
    """The service account, or None."""
    client = service_client()
    return Service(client, connection(), settings().redis_prefix) if client else None


@lru_cache(maxsize=len(APPS))
def talks(app: str) -> Talks | None:
    """Customer-service messages of `mini` or `service`, or None."""
    return service() if app == "service" else Talks(mini_client())


@lru_cache(maxsize=len(APPS))
def callback(app: str) -> Callback | None:
    """The message address of `mini` or `service`; None where its console's token and key are not set."""
    given = _given(app)
    if not given.get("push_token"):
        return None
    return Callback(app, given["appid"], given["push_token"], given["push_aes_key"])


@lru_cache(maxsize=1)
def shipping() -> Shipping:
    """Shipping information and the order centre."""
    return Shipping(mini_client())


@lru_cache(maxsize=1)
def messages() -> Messages:
    """Subscribe and template messages."""
    return Messages(mini_client(), settings().wechat_env, service=service_client())


@lru_cache(maxsize=1)
def templates() -> dict[str, dict[str, Template]]:
    """The message templates of the chain: way (`subscribe`, `service`) -> kind -> template."""
    return read_templates(folder())


def subscribe_kinds() -> dict[str, str]:
    """Our kind of each subscribe template, by WeChat's id of it."""
    return {one.id: kind for kind, one in templates()["subscribe"].items()}


@lru_cache(maxsize=1)
def codes() -> Codes:
    """Mini-program codes."""
    return Codes(mini_client(), settings().wechat_env)


@lru_cache(maxsize=1)
def risk() -> Risk:
    """How risky people are."""
    return Risk(mini_client())
