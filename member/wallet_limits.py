"""How much stored value may be spent at the tills in a day without the member's code (members-mall-orders.md 3.5).

A phone number only identifies (till-and-store-desk.md 3.3).  The terms allow `free_day_fen` a business day without
the code, none by default; a member may set less.  With the code there is no such limit.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.clock import business_day
from config.db import fetch, first
from config.errors import Refused
from member.wallet_terms import terms_at


class WalletCodeNeeded(Refused):
    """More than may be spent today without the member's code; `free_fen` says how much still may."""

    code = "wallet_code_needed"


_USE = text("""
    INSERT INTO wallet_free_use (member_id, day, used_fen) SELECT :member, :day, :amount
    WHERE CAST(:amount AS bigint) <= CAST(:most AS bigint)
    ON CONFLICT (member_id, day) DO UPDATE SET used_fen = wallet_free_use.used_fen + EXCLUDED.used_fen
        WHERE wallet_free_use.used_fen + EXCLUDED.used_fen <= CAST(:most AS bigint)
    RETURNING used_fen""")
_OWN = text("SELECT free_day_fen FROM wallet_limit WHERE member_id = :member")
_USED = text("SELECT used_fen FROM wallet_free_use WHERE member_id = :member AND day = :day")
_SET = text(
    "INSERT INTO wallet_limit (member_id, free_day_fen, at) VALUES (:member, :most, :now)"
    " ON CONFLICT (member_id) DO UPDATE SET free_day_fen = EXCLUDED.free_day_fen, at = EXCLUDED.at"
)


def free_day_fen(session: Session, member_id: int, *, now: datetime) -> int:
    """What this member may spend in a day without their code."""
    most_fen = terms_at(session, now).free_day_fen
    own = first(session, _OWN, {"member": member_id})
    return min(most_fen, int(own.free_day_fen)) if own else most_fen


def left_today(session: Session, member_id: int, *, now: datetime) -> int:
    """What of it is left today."""
    used = first(session, _USED, {"member": member_id, "day": business_day(now)})
    return max(free_day_fen(session, member_id, now=now) - (int(used.used_fen) if used else 0), 0)


def check(session: Session, member_id: int, amount_fen: int, *, now: datetime) -> None:
    """Say before the sale what `spend_freely` would say; raises WalletCodeNeeded."""
    free_fen = left_today(session, member_id, now=now)
    if amount_fen > free_fen:
        raise WalletCodeNeeded(free_fen=free_fen)


def spend_freely(session: Session, member_id: int, amount_fen: int, *, now: datetime) -> None:
    """Count a payment without the code against the day; the guard is in the statement, so two at once count both.

    :raises WalletCodeNeeded: it would be too much; nothing is counted.
    """
    most_fen = free_day_fen(session, member_id, now=now)
    given = {"member": member_id, "day": business_day(now), "amount": amount_fen, "most": most_fen}
    if first(session, _USE, given) is None:
        raise WalletCodeNeeded(free_fen=left_today(session, member_id, now=now))


def set_limit(session: Session, member_id: int, most_fen: int, *, actor: str, now: datetime) -> None:
    """The member's own limit for a day; the terms' limit still holds."""
    assert most_fen >= 0, most_fen
    fetch(session, _SET, {"member": member_id, "most": most_fen, "now": now})
    journal.record(session, "wallet.limit_set", f"member:{member_id}", actor=actor, now=now, free_day_fen=most_fen)
