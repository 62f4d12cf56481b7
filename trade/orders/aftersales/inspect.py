"""Goods come back and are looked at; only then do they enter the stock of the store where they are, where the inspector
says: on the shelf, into quarantine, or thrown away (members-mall-orders.md 3.10, till-and-store-desk.md 3.21)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from config.errors import Malformed
from trade.orders.aftersales import answer, apply, moves, refunding
from trade.orders.aftersales.states import Kind
from trade.stock import moves as stock
from trade.stock import quarantine


@dataclass(frozen=True, slots=True)
class Found:
    """Where the units of one line go; what is in none of the three is not taken back."""

    sellable: int = 0
    quarantine: int = 0
    written_off: int = 0

    @property
    def taken(self) -> int:
        """Units that are taken back, and paid for."""
        return self.sellable + self.quarantine + self.written_off


def receive(session: Session, store_id: int, case_id: int, *, at_store_id: int, actor: str, now: datetime) -> Any:
    """The goods are in the store, in a corner of their own: no stock moves yet."""
    return moves.move(session, store_id, case_id, "receive", actor=actor, now=now, at_store_id=at_store_id)


def turn_away(
    session: Session, store_id: int, case_id: int, reason: str, *, staff_id: int, actor: str, now: datetime
) -> Any:
    """What came is not what was agreed: nothing is taken back, the customer is told why and may appeal."""
    said = {"reason": reason, "decided_by": staff_id, "inspected_by": staff_id}
    return moves.move(session, store_id, case_id, "turn_away", actor=actor, now=now, **said)


def inspect(
    session: Session,
    store_id: int,
    case_id: int,
    found: Mapping[int, Found],
    *,
    staff_id: int,
    approver_id: int | None = None,
    shift_id: int | None = None,
    expected_refund_fen: int | None = None,
    actor: str,
    now: datetime,
) -> Any:
    """Say of each line (number) where its units go; they enter stock there, and their money goes back.

    Returns the case's row.  An exchange gives no money back: it waits for its new parcel (`sending.py`).

    :raises Malformed: nothing is taken, or more of a line than the case is about.
    :raises WrongState: it is not here, or was inspected already.
    :raises RefundChanged, ApprovalNeeded, ShiftNotOpen: nothing entered stock.
    """
    refunding.locked(session, store_id, case_id)
    units = {number: one.taken for number, one in found.items() if one.taken}
    case = moves.move(session, store_id, case_id, "inspect", actor=actor, now=now, inspected_by=staff_id)
    places = {number: (one.sellable, one.quarantine, one.written_off) for number, one in found.items()}
    if not units or not moves.note_inspected(session, store_id, case_id, places):
        raise Malformed(fields={"lines": "at least one unit, of each line no more than the case is about"})
    if case.kind == Kind.EXCHANGE:
        goods = refunding.by_sku(refunding.lines_of(session, case), units)
        key = f"aftersale:{store_id}:{case_id}"
        stock.take_in(session, case.at_store_id, goods, key=key, actor=actor, now=now)
    else:
        refund = {"expected_refund_fen": expected_refund_fen, "approver_id": approver_id, "shift_id": shift_id}
        case = refunding.pay_for_goods(session, case, units, staff_id=staff_id, **refund, actor=actor, now=now)
    _put_away(session, case, found, actor=actor, now=now)
    return case


def _put_away(session: Session, case: Any, found: Mapping[int, Found], *, actor: str, now: datetime) -> None:
    """What is not for sale leaves the shelf that it just entered."""
    lines = refunding.lines_of(session, case)
    more: dict[str, Any] = {"reason": case.cause, "actor": actor, "now": now}
    key = f"inspected:{case.store_id}:{case.id}"
    aside = refunding.by_sku(lines, {number: one.quarantine for number, one in found.items()})
    if aside:
        quarantine.quarantine(session, case.at_store_id, aside, key=key, **more)
    gone = refunding.by_sku(lines, {number: one.written_off for number, one in found.items()})
    if gone:
        quarantine.write_off(session, case.at_store_id, gone, key=key, quarantined=False, **more)


def in_store(
    session: Session,
    store_id: int,
    order_id: int,
    wish: apply.Wish,
    found: Mapping[int, Found],
    *,
    at_store_id: int,
    staff_id: int,
    shift_id: int | None,
    approver_id: int | None = None,
    expected_refund_fen: int | None = None,
    actor: str,
    now: datetime,
) -> Any:
    """A customer brings goods of any order into any store: asked, granted, inspected and refunded at one go.

    Returns the case's row.  Stock enters this store; money goes back the way it came.  Of this and an online refund of
    the same units exactly one wins: the other is refused with `aftersale_open` or `too_much_returned`.
    """
    assert wish.kind is Kind.IN_STORE, wish
    who: dict[str, Any] = {"actor": actor, "now": now}
    case_id = apply.ask(session, store_id, order_id, wish, at_store_id=at_store_id, **who)
    answer.approve(session, store_id, case_id, staff_id=staff_id, **who)
    receive(session, store_id, case_id, at_store_id=at_store_id, **who)
    who |= {"expected_refund_fen": expected_refund_fen, "approver_id": approver_id, "shift_id": shift_id}
    return inspect(session, store_id, case_id, found, staff_id=staff_id, **who)
