"""When WeChat is asked about a code payment, and when it may be reversed (wechat.md 2.8).  Pure.

seconds after sending   what
0                       the charge; the answer may be `SUCCESS`, `USERPAYING`, a refusal, or none
3, 6, 9, 12, 15         asked
15                      the cashier may cancel from here on: WeChat takes no reversal sooner
20, 25 ... 45           asked
45                      reversed, and asked and reversed again until WeChat says that it is
"""

from __future__ import annotations

from datetime import datetime, timedelta

from config.settings import settings

FAST, SLOW, UNSURE = timedelta(seconds=3), timedelta(seconds=5), timedelta(seconds=5)
MAY_REVERSE = timedelta(seconds=15)
AGAIN_S = (1, 2, 3, 5, 10, 30)
"""Seconds between attempts to reverse."""
UNSENT = timedelta(seconds=10)
"""After that an attempt that nobody sent is given up: the process that saved it is gone."""

PAYING, UNKNOWN, FAILED = "USERPAYING", "UNKNOWN", "PAYERROR"
"""What WeChat said last: the customer types the password; nothing that tells us anything; it failed (password refused,
no money).  Else the code with which it refused the charge itself."""


def may_reverse_at(sent_at: datetime) -> datetime:
    """When the cashier may cancel."""
    return sent_at + MAY_REVERSE


def ends_at(sent_at: datetime) -> datetime:
    """When nobody waits for the password any more."""
    return sent_at + timedelta(seconds=settings().wechat_code_s)


def next_ask_at(sent_at: datetime, said: str, now: datetime) -> datetime:
    """When to ask next while it may still be paid; the very moment in which it ends is one of them."""
    wait = UNSURE if said == UNKNOWN else FAST if now < may_reverse_at(sent_at) else SLOW
    end = ends_at(sent_at)
    return min(now + wait, end) if now < end else now + wait


def again_at(reversing_at: datetime, now: datetime) -> datetime:
    """When to try to reverse again: soon at first, every half minute in the end."""
    passed = now - reversing_at
    wait_s = next((s for s in AGAIN_S if passed < timedelta(seconds=4 * s)), AGAIN_S[-1])
    return now + timedelta(seconds=wait_s)


def refused(said: str | None) -> bool:
    """Whether WeChat itself refused the charge, so that nothing of it is on its way."""
    return said not in (None, PAYING, UNKNOWN, FAILED)
