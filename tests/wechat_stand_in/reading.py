"""Rules that WeChat's own pages, or what is told of them, contradict each other about.

Each has two values; every test that speaks with the stand-in (marker `wechat`) runs once with FIRST and once with
SECOND (`make test`), so that nothing of ours depends on which is true.  Sources: `FIDELITY.md`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the pages."""

    code_lives_s: int
    """Seconds after which WeChat itself revokes a code payment whose password was not typed."""
    close_early: bool
    """Whether an order may be closed within five minutes of its making; else `INVALID_REQUEST`."""
    expiry_moves: bool
    """Whether a repeated prepay with another `time_expire` moves it; else `INVALID_REQUEST`."""
    bill_lives_s: int
    """Seconds that a bill's download address lives."""
    closed_refund_keeps_no: bool
    """Whether a CLOSED refund may be asked for again under its number; else only under a new one."""
    service_after_payment: int
    """Custom-service messages that a payment allows within 48 hours."""
    paying_is_error: bool
    """Whether `codepay` says USERPAYING as an error code; else in a 2xx body that has nothing but `trade_state`."""
    notice_signed_anew: bool
    """Whether a repeated notice carries a fresh time stamp and signature; else those of its first delivery."""
    split_adds: bool
    """Whether a later telling of a split delivery adds its parcels to those told before; else it replaces them."""
    pickup_settles_days: int
    """Days after which the money of what was fetched, or brought in the same city, is released by itself."""
    country_is_number: bool
    """Whether `countryCode` of a phone number comes as a number; else as a text."""


FIRST = Reading(45, True, False, 30, False, 20, False, True, False, 2, False)
SECOND = Reading(30, False, True, 300, True, 10**6, True, False, True, 10, True)


def of_the_run() -> Reading:
    """What this run believes: FIRST, or SECOND when TONGDIAN_READING is `second`."""
    return {"first": FIRST, "second": SECOND}[os.environ.get("TONGDIAN_READING", "first")]
