"""What ends by itself between WeChat Pay and us: our merchant certificate, which nobody renews but we."""

from __future__ import annotations

from config.logs import log
from config.wechat.ready import merchant_certificate_days

STAGES = ((7, "critical"), (30, "error"), (60, "warning"))
"""Days left, and how loudly it is said; `tongdian_wechat_certificate_days` shows the figure at any time."""


def run() -> int:
    """Say once a day how long the merchant certificate lasts, from 60 days on; returns the days, -1 when unknown."""
    days = merchant_certificate_days()
    if days is None:
        return -1
    level = next((level for most, level in STAGES if days <= most), None)
    if level is not None:
        getattr(log, level)("merchant_certificate_ends", days=days)
    return days
