"""The money of a case: given back once, under numbers that never change, and followed until it is with the customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound
from trade.fulfilment import parcels
from trade.orders import fulfil, refund_plan, returns
from trade.orders.aftersales import moves
from trade.orders.aftersales.states import Kind
from trade.orders.refund_plan import Ask, Preview
from trade.stock import moves as stock
from trade.stock import told

_DOCUMENT = {
    Kind.UNSHIPPED_REFUND: refund_plan.Kind.UNSHIPPED,
    Kind.REFUND_ONLY: refund_plan.Kind.AMOUNT,
    Kind.PRICE_PROTECTION: refund_plan.Kind.AMOUNT,
}
_CASE = text("SELECT * FROM aftersale_case WHERE store_id = :store AND id = :id")
_LINES = text("""
    SELECT l.*, coalesce(o.given_sku_id, o.sku_id) AS sku_id
    FROM aftersale_line l JOIN order_line o USING (store_id, order_id, line_no)
    WHERE l.store_id = :store AND l.case_id = :id ORDER BY l.line_no""")


def locked(session: Session, store_id: int, case_id: int) -> Any:
    """The case, with its order locked: order, case, stock, then what the member holds, everywhere.  Raises NotFound."""
    key = {"store": store_id, "id": case_id}
    found = first(session, _CASE, key)
    if found is None:
        raise NotFound(case_id=case_id)
    returns.lock(session, store_id, found.order_id)
    return first(session, _CASE, key)


def lines_of(session: Session, case: Any) -> list[Any]:
    """The case's lines, with the sku of each."""
    return fetch(session, _LINES, {"store": case.store_id, "id": case.id})


def by_sku(lines: Sequence[Any], units: Mapping[int, int]) -> dict[int, int]:
    """Units by line number as units by sku."""
    goods: dict[int, int] = {}
    for line in lines:
        if units.get(line.line_no):
            goods[line.sku_id] = goods.get(line.sku_id, 0) + units[line.line_no]
    return goods


def preview(
    session: Session, store_id: int, case_id: int, *, fault: bool | None = None, freight_fen: int | None = None,
    units: Mapping[int, int] | None = None, now: datetime,
) -> Preview:  # fmt: skip
    """What granting a case would give back and take now; changes nothing.  `units` are those that are taken back."""
    case = locked(session, store_id, case_id)
    lines = lines_of(session, case)
    asked = {line.line_no: line.qty for line in lines if line.qty}
    ask = Ask(
        _DOCUMENT.get(case.kind, refund_plan.Kind.GOODS),
        units=asked if units is None else units,
        fens={line.line_no: line.amount_fen for line in lines if line.amount_fen},
        freight_fen=case.freight_fen if freight_fen is None else freight_fen,
        fault=case.fault if fault is None else fault,
        case_id=case_id,
    )
    return refund_plan.plan(session, store_id, case.order_id, ask, now=now)


def pay_back(
    session: Session,
    case: Any,
    *,
    staff_id: int | None,
    approver_id: int | None = None,
    shift_id: int | None = None,
    expected_refund_fen: int | None = None,
    actor: str,
    now: datetime,
) -> Any:
    """Give back the money of a case without goods that come back; returns its row.  `locked` comes before.

    Units that were never handed over are freed from what the order holds, and are not picked any more.

    :raises RefundChanged: not what was shown.
    :raises ApprovalNeeded, ShiftNotOpen, TooMuchRefunded, WrongState, NotHeld: nothing was given back.
    """
    lines = lines_of(session, case)
    who: dict[str, Any] = {"staff_id": staff_id, "approver_id": approver_id, "at_store_id": case.at_store_id}
    of = {"case_id": case.id, "fault": case.fault, "reason": case.kind, "actor": actor, "now": now, **who}
    if case.kind == Kind.UNSHIPPED_REFUND:
        units = {line.line_no: line.qty for line in lines}
        key = (case.store_id, case.order_id)
        if parcels.of_order(session, *key):
            fulfil.leave_out(session, *key, units, actor=actor, now=now)
        else:
            freed = stock.release(session, None, order_id=case.order_id, goods=by_sku(lines, units))
            told.freed(session, freed, cause="refunded_unshipped", actor=actor, now=now)
        return_id, done = returns.give_up(session, *key, units, **of)
    else:
        fens = {line.line_no: line.amount_fen for line in lines}
        of |= {"freight_fen": case.freight_fen, "shift_id": shift_id}
        return_id, done = returns.refund_amount(session, case.store_id, case.order_id, fens, **of)
    if expected_refund_fen not in (None, done.refund_fen):
        raise returns.RefundChanged(refund_fen=done.refund_fen, expected_fen=expected_refund_fen)
    moves.move(session, case.store_id, case.id, "pay_back", actor=actor, now=now, return_id=return_id)
    if case.kind == Kind.UNSHIPPED_REFUND:
        fulfil.finish_if_empty(session, case.store_id, case.order_id, actor=actor, now=now)
    return follow(session, case.store_id, case.id, actor=actor, now=now)


def pay_for_goods(
    session: Session,
    case: Any,
    units: Mapping[int, int],
    *,
    staff_id: int,
    approver_id: int | None = None,
    shift_id: int | None = None,
    expected_refund_fen: int | None = None,
    actor: str,
    now: datetime,
) -> Any:
    """Take in the units (line number -> units) that were inspected and give back their money; returns the case's row.

    Raises what `returns.take_back` raises; nothing came in then.
    """
    return_id, _ = returns.take_back(
        session,
        case.store_id,
        case.order_id,
        dict(units),
        expected_refund_fen=expected_refund_fen,
        at_store_id=case.at_store_id,
        shift_id=shift_id,
        staff_id=staff_id,
        approver_id=approver_id,
        fault=case.fault,
        case_id=case.id,
        freight_fen=case.freight_fen,
        reason=case.kind,
        actor=actor,
        now=now,
    )
    moves.move(session, case.store_id, case.id, "pay_for_goods", actor=actor, now=now, return_id=return_id)
    return follow(session, case.store_id, case.id, actor=actor, now=now)


_STANDS = """
    SELECT c.store_id, c.id, c.state, r.refund_fen = coalesce(sum(f.amount_fen) FILTER (WHERE f.state = 'done'), 0)
               AS arrived, coalesce(bool_or(f.state = 'abnormal'), false) AS stuck
    FROM aftersale_case c JOIN sale_return r ON r.store_id = c.store_id AND r.id = c.return_id
    LEFT JOIN refund f ON f.store_id = r.store_id AND f.return_id = r.id AND f.state <> 'closed'
    WHERE c.state IN ('refunding', 'refund_failed')"""
_ONE = text(f"{_STANDS} AND c.store_id = :store AND c.id = :id GROUP BY c.store_id, c.id, r.refund_fen")
_CHANGED = text(f"""
    SELECT store_id, id FROM ({_STANDS} GROUP BY c.store_id, c.id, r.refund_fen) c
    WHERE arrived OR stuck <> (state = 'refund_failed') ORDER BY id LIMIT :most""")


def follow(session: Session, store_id: int, case_id: int, *, actor: str, now: datetime) -> Any:
    """Bring a case to where its refunds stand: all arrived is done, one that is stuck at WeChat has failed until it
    goes on.  Returns the case's row; safe to repeat.
    """
    stands = first(session, _ONE, {"store": store_id, "id": case_id})
    event = None
    if stands is not None and stands.arrived:
        event = "finish"
    elif stands is not None and stands.stuck != (stands.state == "refund_failed"):
        event = "fail" if stands.stuck else "retry"
    if event:
        return moves.move(session, store_id, case_id, event, actor=actor, now=now)
    return first(session, _CASE, {"store": store_id, "id": case_id})


def to_follow(session: Session, *, most: int) -> list[tuple[int, int]]:
    """Cases whose refunds have moved on, as (store, case)."""
    return [(row.store_id, row.id) for row in fetch(session, _CHANGED, {"most": most})]
