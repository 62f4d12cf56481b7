"""The only writer of late payments."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import first
from trade.exceptions import cases
from trade.orders.late.states import MOVES, Cause
from trade.payments.moves import Paid

SETTLE_WITHIN = timedelta(minutes=10)
KIND = "paid_late"
"""The desk's word for it, while it is open."""

_OPEN = text("""
    INSERT INTO late_payment (store_id, tender_id, order_id, top_up_id, amount_fen, cause, why, state, arrived_at,
        settle_by)
    VALUES (:store, :tender, :order, :top_up, :amount, :cause, '', 'open', :now, :until)
    ON CONFLICT DO NOTHING RETURNING tender_id""")
_WHY = text("UPDATE late_payment SET why = :why WHERE store_id = :store AND tender_id = :tender")
_MOVE = text("""
    UPDATE late_payment SET state = :target, settled_at = :now
    WHERE store_id = :store AND tender_id = :tender AND state = ANY(:sources)
    RETURNING store_id, tender_id, order_id, top_up_id, amount_fen, cause, why""")


def subject(store_id: int, tender_id: int) -> str:
    """How the desk names it."""
    return f"tender:{store_id}:{tender_id}"


def arrive(session: Session, tender: Any, fact: Paid, cause: Cause, *, actor: str, now: datetime) -> bool:
    """Write down money that nothing waits for; False on a repeat."""
    given = {"store": tender.store_id, "tender": tender.id, "order": tender.order_id, "top_up": tender.top_up_id}
    more = {"amount": fact.amount_fen, "cause": cause, "now": now, "until": now + SETTLE_WITHIN}
    if first(session, _OPEN, given | more) is None:
        return False
    _tell(session, "payment.late", tender, fact.amount_fen, actor=actor, now=now, cause=cause)
    return True


def because(session: Session, store_id: int, tender_id: int, why: str) -> None:
    """Note what stood in the way of the order."""
    first(session, _WHY, {"store": store_id, "tender": tender_id, "why": why})


def move(session: Session, store_id: int, tender_id: int, event: str, *, actor: str, now: datetime) -> bool:
    """Settle one and close its case; False when it is settled already.  The guard is in the UPDATE."""
    sources, target = MOVES[event]
    given = {"store": store_id, "tender": tender_id, "target": target, "sources": sorted(sources), "now": now}
    moved = first(session, _MOVE, given)
    if moved is not None:
        cases.clear(session, KIND, subject(store_id, tender_id), actor=actor, note=str(target), now=now)
        _tell(session, f"payment.late_{target}", moved, moved.amount_fen, actor=actor, now=now, why=moved.why)
    return moved is not None


def _tell(session: Session, kind: str, about: Any, amount_fen: int, *, actor: str, now: datetime, **data: Any) -> None:
    """A fact of its own for each step: what the customer is told comes from these."""
    order_id, top_up_id = about.order_id, about.top_up_id
    subject = f"order:{order_id}" if order_id else f"top_up:{about.store_id}:{top_up_id}"
    given = {"store_id": about.store_id, "order_id": order_id, "top_up_id": top_up_id, "amount_fen": amount_fen}
    journal.record(session, kind, subject, actor=actor, now=now, **given, **data)
