"""Other sellers for a sale: until its shift has its Z by who sells, then as a manager's correction (3.11)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import first
from config.errors import NotFound, Refused
from trade.orders.ticket import sellers
from trade.orders.ticket.sellers import ByLine
from trade.settlement.credits import posting


class SellersClosed(Refused):
    """The shift of the sale has its Z: only a manager corrects its sellers, and says why."""

    code = "sellers_closed"


# The shift first, as whoever books into one: it is not settled between the look at it and the change.
_SHIFT = text("""
    SELECT shift.state FROM sale_order o JOIN shift ON shift.store_id = o.store_id AND shift.id = o.shift_id
    WHERE o.store_id = :store AND o.id = :order FOR SHARE OF shift""")
_ORDER = text("""
    SELECT * FROM sale_order WHERE store_id = :store AND id = :order AND channel = 'till' FOR NO KEY UPDATE""")


def change(
    session: Session, store_id: int, order_id: int, by_line: ByLine, *, correction: str = "", actor: str, now: datetime
) -> None:
    """Other sellers for the lines named; lines that are left out are the owner's again.

    What was credited is taken back to the fen from whom it was, and credited to the new, as documents of now.  Of two
    changes at once the second begins with what the first left; its shift is not settled meanwhile.

    :param correction: why a manager corrects it; empty until its shift has its Z.
    :raises NotFound: no till sale of this store.  :raises SellersNotSound, SellersClosed: nothing changed.
    """
    key = {"store": store_id, "order": order_id}
    shift, order = first(session, _SHIFT, key), first(session, _ORDER, key)
    if order is None:
        raise NotFound(order_id=order_id)
    if shift is not None and shift.state == "settled" and not correction:
        raise SellersClosed(order_id=order_id)
    if by_line:
        sellers.check(session, store_id, by_line)
    before = sellers.of(session, store_id, order_id)
    sellers.replace(session, store_id, order_id, by_line)
    posting.change_sellers(session, order, now=now)
    if order.paid_at is not None:
        posting.post(session, [(store_id, order_id)], now=now)
    data: dict[str, Any] = {"store_id": store_id, "order_id": order_id, "correction": correction}
    data["before"] = [[row.line_no, row.staff_id, row.bp] for row in before]
    data["after"] = [[line_no, one.staff_id, one.bp] for line_no, many in by_line.items() for one in many]
    journal.record(session, "order.sellers_changed", f"order:{order_id}", actor=actor, now=now, **data)
