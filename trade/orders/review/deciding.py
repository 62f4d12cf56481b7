"""What a person does with held orders: take one, let it go on, or send the money back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import first
from config.errors import NotFound, Refused
from trade.exceptions.cases import ExceptionTaken
from trade.orders import close, confirm
from trade.orders.review import moves


class ReviewDecided(Refused):
    """The order is not held any more: somebody decided already (facts name who and when), or it was never held."""

    code = "review_decided"


_STANDS = text("""
    SELECT r.state, r.owner, r.taken_at, r.decided_by, r.decided_at FROM order_review r
    WHERE r.store_id = :store AND r.order_id = :order""")


def _why_not(session: Session, store_id: int, order_id: int) -> Refused:
    found = first(session, _STANDS, {"store": store_id, "order": order_id})
    if found is None:
        return NotFound(order_id=order_id)
    if found.state == "hold":
        return ExceptionTaken(order_id=order_id, by=found.owner, at=found.taken_at.isoformat())
    at = found.decided_at.isoformat() if found.decided_at else ""
    return ReviewDecided(order_id=order_id, state=found.state, by=found.decided_by or "", at=at)


def take(session: Session, store_id: int, order_id: int, *, over: bool = False, actor: str, now: datetime) -> None:
    """Somebody answers for a held order.  Raises NotFound, ReviewDecided, ExceptionTaken (a colleague has it)."""
    if not moves.take(session, store_id, order_id, over=over, actor=actor, now=now):
        raise _why_not(session, store_id, order_id)


def note(session: Session, order_id: int, words: str, *, actor: str, now: datetime) -> None:
    """Write something beside a held order, for whoever looks next; kept in the order's history."""
    assert words, "a note says something"
    journal.record(session, "review.noted", f"order:{order_id}", actor=actor, now=now, note=words)


def release(session: Session, store_id: int, order_id: int, note: str = "", *, actor: str, now: datetime) -> None:
    """A person looked at it: the order goes on.  Raises NotFound, ReviewDecided; then nothing was written."""
    if not moves.decide(session, [(store_id, order_id)], "release", note, actor=actor, now=now):
        raise _why_not(session, store_id, order_id)
    confirm.confirm(session, store_id, order_id, actor=actor, now=now)


def reject(session: Session, store_id: int, order_id: int, note: str, *, actor: str, now: datetime) -> None:
    """The order must not go on: everything it holds is free again and the customer gets all their money back.

    :raises NotFound, ReviewDecided, WrongState: nothing was written.
    """
    assert note, "a rejection says why"
    if not moves.decide(session, [(store_id, order_id)], "reject", note, actor=actor, now=now):
        raise _why_not(session, store_id, order_id)
    close.refuse(session, store_id, order_id, "review", actor=actor, now=now)
