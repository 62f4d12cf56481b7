"""What must go out for a case: the new units of an exchange, or units that are sent again.

An exchange is due once the old units were inspected, a resend once it is granted.  Whoever makes the parcel asks
`due`, holds the goods for the order, and says `sent` in the same transaction; the case is done then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.orders.aftersales import moves
from trade.orders.aftersales.states import Kind


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
