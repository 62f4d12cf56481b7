"""What giving up units that a store does not find would refund, before anybody confirms it (rules 3.17)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from config.errors import NotFound
from trade.fulfilment import parcels
from trade.orders.refund_plan import Ask, Kind, Preview, plan


def preview(session: Session, parcel: Any, line_no: int, found_qty: int, *, now: datetime) -> tuple[Preview, bool]:
    """What `fulfil.found` with the same figures gives back, and whether nothing of the order is left by it.

    Changes nothing.  The figure is exact as long as nothing else of the order changes meanwhile.

    :param found_qty: units in the tote, in all.
    :raises NotFound: the parcel has no such line, or nothing of it is lacking then.
    """
    mine = {line.line_no: line for line in parcels.lines(session, parcel.store_id, parcel.id)}
    line = mine.get(line_no)
    lacking = 0 if line is None else line.qty - line.short_qty - found_qty
    if lacking <= 0:
        raise NotFound(parcel_id=parcel.id, line_no=line_no)
    ask = Ask(Kind.UNSHIPPED, units={line_no: lacking}, fault=True)
    others = sum(one.qty - one.short_qty for one in mine.values()) - lacking
    whole = others == 0 and all(
        one.id == parcel.id or not parcels.goods(session, one.store_id, one.id)
        for one in parcels.of_order(session, parcel.store_id, parcel.order_id)
    )
    return plan(session, parcel.store_id, parcel.order_id, ask, now=now), whole
