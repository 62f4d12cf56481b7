"""What came is not what was on the paper: on the desk of exceptions until somebody says what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from config import journal
from trade.exceptions import cases

KIND = "stock_differs"


def differs(
    session: Session, subject: str, store_id: int, units: Mapping[int, int], *, actor: str, now: datetime, **facts: Any
) -> None:
    """Put a document's differences (units by sku, signed) before the receiving store; nothing when there are none."""
    if units:
        told: dict[str, Any] = {"skus": len(units), "units": sum(units.values()), "subject": subject, **facts}
        at_stake = sum(abs(qty) for qty in units.values())
        more: dict[str, Any] = {"money_fen": 0, "at_stake": at_stake, "store_id": store_id, "facts": told}
        cases.open(session, KIND, subject, actor=actor, now=now, **more)


def settled(session: Session, subject: str, outcome: str, note: str, *, actor: str, now: datetime) -> None:
    """Somebody explained them."""
    cases.clear(session, KIND, subject, actor=actor, note=f"{outcome}: {note}" if note else outcome, now=now)
    store_id = int(subject.split(":")[1])
    kind = f"{subject.split(':')[0]}.settled"
    journal.record(session, kind, subject, actor=actor, now=now, store_id=store_id, outcome=outcome, note=note)
