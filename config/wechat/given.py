"""What names us to WeChat, and how WeChat says no."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

TIMEOUT_S = (3, 8)
"""Seconds to connect, and to wait for an answer."""
DEADLINE_S = 15
"""Seconds for a whole answer, however slowly it comes."""


class WeChatFailed(Exception):
    """WeChat refused or did not answer.  Carries its code and never a secret, a token or a body.

    :param retryable: whether the same call may be made again soon.
    :param until: before then WeChat takes no such call (a quota is used up); asking again earlier is not worth it.
    """

    def __init__(self, code: str, *, retryable: bool = False, until: datetime | None = None) -> None:
        super().__init__(f"{code} until {until.isoformat()}" if until else code)
        self.code = code
        self.retryable = retryable
        self.until = until


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
    pay_backup: str = ""
    """WeChat Pay's other host, asked when the first cannot be reached."""
    certificate: bytes = b""
    """Our own merchant certificate (PEM), where it was given; only its end is read."""
    notice_age_s: int = 300
    """How old a notice may be, in seconds (`WECHAT_NOTICE_AGE_S`)."""
