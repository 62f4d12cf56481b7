"""What names us to WeChat, and how WeChat says no."""

from __future__ import annotations

from dataclasses import dataclass, field

TIMEOUT_S = (3, 8)
"""Seconds to connect, and to wait for an answer."""


class WeChatFailed(Exception):
    """WeChat refused or did not answer.  Carries its code and never a secret, a token or a body."""

    def __init__(self, code: str, *, retryable: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class WeChatSettings:
    """Everything that names us to WeChat.  Secrets are kept out of `repr`."""

    appid: str
    secret: str = field(repr=False)
    mchid: str
    serial: str
    private_key: str = field(repr=False)
    apiv3_key: str = field(repr=False)
    platform_key_id: str
    platform_public_key: str = field(repr=False)
    api_base: str
    pay_base: str
    notify_base: str
    redis_prefix: str = "td"
