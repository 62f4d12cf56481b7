"""How we stand with WeChat Pay: our clock beside its own, what became of notices, how long certificates last.

Every process writes what it sees into one Redis hash, and `/metrics` reads it there, because workers ask and web
processes answer the scrape.  Nothing here may stop a payment: without Redis there are simply no figures.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from email.utils import parsedate_to_datetime

from redis import RedisError
from sqlalchemy.orm import Session

from config.clock import now
from config.figures import Figures, Sample
from config.logs import log
from config.redis import connection, key

SKEW_S = 60
"""Seconds that our clock may be off before it is an alarm; at 300 WeChat refuses us, and we its notices."""
EVERY_S = 30
VERDICTS = ("Genuine", "Forged", "Stale", "WrongKey")
_lock, _heard = threading.Lock(), -float(EVERY_S)


def heard(date: str) -> None:
    """An answer of WeChat's said what time it is (`Date`); looked at every half minute of this process."""
    global _heard
    with _lock:
        if time.monotonic() - _heard < EVERY_S:
            return
        _heard = time.monotonic()
    try:
        skew_s = round(now().timestamp() - parsedate_to_datetime(date).timestamp())
    except (ValueError, TypeError):
        return
    if abs(skew_s) >= SKEW_S:
        log.error("clock_is_off", seconds=skew_s, beside="WeChat Pay")
    with suppress(RedisError):
        connection().hset(_name(), "skew_s", str(skew_s))


def judged(verdict: str) -> None:
    """A notice came, and this is what we made of it."""
    with suppress(RedisError):
        connection().hincrby(_name(), f"notice:{verdict}", 1)


def echoed() -> None:
    """WeChat Pay's notice of its own test came."""
    with suppress(RedisError):
        connection().hincrby(_name(), "echoes", 1)


def _name() -> str:
    return key("wechat-health")


def figures() -> dict[str, int]:
    """What was written, by its name; empty without Redis."""
    try:
        return {name.decode(): int(value) for name, value in connection().hgetall(_name()).items()}  # type: ignore[union-attr]
    except RedisError:
        return {}


def _read(_: Session) -> Iterator[Sample]:
    from config.wechat import ready

    found = figures()
    if "skew_s" in found:
        yield "tongdian_wechat_clock_skew_seconds", [], found["skew_s"]
    for verdict in VERDICTS:
        yield "tongdian_wechat_notices", [verdict.lower()], found.get(f"notice:{verdict}", 0)
    days = ready.merchant_certificate_days()
    if days is not None:
        yield "tongdian_wechat_certificate_days", ["merchant"], days


FIGURES = Figures(
    [
        ("tongdian_wechat_clock_skew_seconds", "Our clock less WeChat Pay's; an alarm from 60 on, either way", []),
        (
            "tongdian_wechat_notices",
            "Notices of WeChat Pay by what we made of them, since Redis was empty",
            ["verdict"],
        ),
        ("tongdian_wechat_certificate_days", "Days until a certificate ends; renew at 60, 30, 7", ["which"]),
    ],
    _read,
)
