"""What must go out for a case: the new units of an exchange, or units that are sent again.

An exchange is due once the old units were inspected, a resend once it is granted.  `make` asks a store for it: the
goods are held for the order there, a parcel of its own is assigned, and the case is done; from then on it goes the way
of every parcel.  A store that cannot do it has it withdrawn, and the case waits again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import NotFound, WrongState
from trade.fulfilment import assign, parcels
from trade.fulfilment import moves as parcel_moves
from trade.orders import refund_plan, returns
from trade.orders.aftersales import moves, refunding
from trade.orders.aftersales.states import Kind
from trade.orders.refund_plan import Ask
from trade.stock import moves as stock

ACCEPT_WITHIN, PROMISED_IN = timedelta(hours=2), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ToSend:
    """The units of one case that go out: by line number, (sku id, units)."""

    store_id: int
    case_id: int
    order_id: int
    kind: Kind
    at_store_id: int
    lines: dict[int, tuple[int, int]]


_DUE = text("""
    SELECT c.store_id, c.id, c.order_id, c.kind, c.at_store_id,
           jsonb_agg(jsonb_build_array(l.line_no, coalesce(o.given_sku_id, o.sku_id),
               CASE WHEN c.kind = 'resend' THEN l.qty
               ELSE l.sellable_qty + l.quarantine_qty + l.written_off_qty END) ORDER BY l.line_no) AS lines
    FROM aftersale_case c JOIN aftersale_line l ON l.store_id = c.store_id AND l.case_id = c.id
    JOIN order_line o ON o.store_id = l.store_id AND o.order_id = l.order_id AND o.line_no = l.line_no
    WHERE ((c.kind = 'exchange' AND c.state = 'inspected') OR (c.kind = 'resend' AND c.state = 'approved'))
      AND (CAST(:store AS bigint) IS NULL OR (c.store_id = :store AND c.id = :id))
    GROUP BY 1, 2, 3, 4, 5 ORDER BY c.id LIMIT :most""")


def _of(row: Any) -> ToSend:
    lines = {line_no: (sku_id, qty) for line_no, sku_id, qty in row.lines if qty}
    return ToSend(row.store_id, row.id, row.order_id, Kind(row.kind), row.at_store_id, lines)


def due(session: Session, *, most: int) -> list[ToSend]:
    """What waits for a parcel, the oldest first."""
    return [_of(row) for row in fetch(session, _DUE, {"store": None, "id": None, "most": most})]


def of(session: Session, store_id: int, case_id: int) -> ToSend | None:
    """What must go out for one case; None when nothing does, or it has its parcel."""
    found = fetch(session, _DUE, {"store": store_id, "id": case_id, "most": 1})
    return _of(found[0]) if found else None


def sent(session: Session, store_id: int, case_id: int, parcel_id: int, *, actor: str, now: datetime) -> Any:
    """The parcel is made: the case is done.  Of two who make one, one is refused with WrongState."""
    what = of(session, store_id, case_id)
    event = "resend" if what is not None and what.kind is Kind.RESEND else "replace"
    return moves.move(session, store_id, case_id, event, actor=actor, now=now, parcel_id=parcel_id)


def make(session: Session, store_id: int, case_id: int, *, at_store_id: int, actor: str, now: datetime) -> int:
    """Ask a store to send what a case is due; returns the parcel's id.

    :raises WrongState: nothing is to be sent, or not any more.  :raises OutOfStock: the store has not so many.
    """
    case = refunding.locked(session, store_id, case_id)
    order = returns.lock(session, store_id, case.order_id)
    what = of(session, store_id, case_id)
    if what is None:
        raise WrongState(case_id=case_id, kind=case.kind, state=case.state, event="send_out")
    where: dict[str, Any] = {
        "at_store_id": at_store_id,
        "mode": "pickup" if order.mode == "counter" else order.mode,
        "promise_at": now + PROMISED_IN,
        "case_id": case_id,
    }
    parcel_id = parcel_moves.open_parcel(session, store_id, case.order_id, what.lines, **where, now=now)
    by: dict[str, Any] = {"actor": actor, "now": now}
    parcel_moves.assign(session, store_id, parcel_id, at_store_id, accept_by=now + ACCEPT_WITHIN, **by)
    goods: dict[int, int] = {}
    for sku_id, qty in what.lines.values():
        goods[sku_id] = goods.get(sku_id, 0) + qty
    stock.hold(session, at_store_id, goods, order_id=case.order_id)
    stock.commit(session, at_store_id, order_id=case.order_id)
    sent(session, store_id, case_id, parcel_id, **by)
    return parcel_id


def withdraw(session: Session, store_id: int, case_id: int, *, actor: str, now: datetime) -> Any:
    """Take back the parcel of a case while the goods are still in the store; the case waits for another.

    :raises WrongState: the parcel is on its way.  :raises NotFound: the case has none.
    :raises TooMuchReturned, AftersaleOpen: its units came back, or are asked for, meanwhile.
    """
    case = refunding.locked(session, store_id, case_id)
    if case.parcel_id is None:
        raise NotFound(case_id=case_id)
    parcel = parcel_moves.move(session, store_id, case.parcel_id, "cancel", actor=actor, now=now)
    assign.settled(session, parcel, "withdrawn", actor=actor, now=now)
    left = parcels.goods(session, store_id, parcel.id)
    if left and parcel.at_store_id is not None:  # else no store has them promised any more
        stock.release(session, parcel.at_store_id, order_id=case.order_id, goods=left)
    event = "recall_resent" if case.kind == Kind.RESEND else "recall_replaced"
    moved = moves.move(session, store_id, case_id, event, actor=actor, now=now)
    units = {line.line_no: line.qty for line in refunding.lines_of(session, case)}
    refund_plan.plan(session, store_id, case.order_id, Ask(refund_plan.Kind.GOODS, units, case_id=case_id), now=now)
    return moved
