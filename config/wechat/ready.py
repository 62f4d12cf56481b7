"""The WeChat clients of this process, built once from the settings."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from config.redis import connection
from config.settings import settings
from config.wechat.given import WeChatSettings
from config.wechat.pay import Pay
from config.wechat.people import OpenPlatform


@lru_cache(maxsize=1)
def _credentials() -> WeChatSettings:
    folder = settings().wechat_dir or settings().var_dir / "stand-in"
    return credentials(folder)


def credentials(folder: Path) -> WeChatSettings:
    """The credentials in a folder: `credentials.json` and the PEM files it names."""
    given = json.loads((folder / "credentials.json").read_text("utf-8"))
    return WeChatSettings(
        appid=given["appid"],
        secret=given["secret"],
        mchid=given["mchid"],
        serial=given["serial"],
        private_key=(folder / given["private_key_file"]).read_text("ascii"),
        apiv3_key=given["apiv3_key"],
        platform_key_id=given["platform_key_id"],
        platform_public_key=(folder / given["platform_public_key_file"]).read_text("ascii"),
        api_base=settings().wechat_api_base,
        pay_base=settings().wechat_pay_base,
        notify_base=settings().base_url,
    )


@lru_cache(maxsize=1)
def open_platform() -> OpenPlatform:
    """Log-in and phone numbers."""
    return OpenPlatform(_credentials(), connection())


@lru_cache(maxsize=1)
def pay() -> Pay:
    """WeChat Pay v3."""
    return Pay(_credentials())
