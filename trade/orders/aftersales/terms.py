"""By which clocks and limits cases run: data, by date."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first


@dataclass(frozen=True, slots=True)
class Terms:
    """The store answers within `answer_hours`, the buyer sends within `send_days`.

    A customer may ask within `apply_days` of the hand-over, for a lower price within `price_days` of the payment.  What
    nobody answered in time is approved up to `approve_up_to_fen`; above it the head office decides.
    """

    answer_hours: int = 48
    send_days: int = 7
    apply_days: int = 30
    price_days: int = 7
    approve_up_to_fen: int = 5_000


_NAMES = ", ".join(Terms.__slots__)
_AT = text(f"SELECT {_NAMES} FROM aftersale_terms WHERE from_at <= :now ORDER BY from_at DESC, id DESC LIMIT 1")
_WRITE = text(f"""
    INSERT INTO aftersale_terms (from_at, {_NAMES})
    VALUES (:from_at, {", ".join(f":{name}" for name in Terms.__slots__)}) RETURNING id""")


def terms_at(session: Session, now: datetime) -> Terms:
    """The terms in force at a moment; the built-in ones when none were written."""
    row = first(session, _AT, {"now": now})
    return Terms(*row) if row else Terms()


def write(session: Session, terms: Terms, from_at: datetime, *, actor: str, now: datetime) -> int:
    """A new version, in force from a moment on; cases that are open keep the moments they were given."""
    made = int(fetch(session, _WRITE, {**asdict(terms), "from_at": from_at})[0].id)
    journal.record(session, "aftersale_terms.written", f"aftersale_terms:{made}", actor=actor, now=now)
    return made
