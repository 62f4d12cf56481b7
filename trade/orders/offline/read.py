"""Finding the order behind the number on a receipt."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import first
from config.errors import NotFound
from trade.orders.numbers import parse

_BY_NO = text(
    "SELECT order_id FROM till_document WHERE store_id = :store AND no = :no AND kind = 'sale' AND order_id IS NOT NULL"
)


def order_of(session: Session, store_id: int, no: str) -> tuple[int, int]:
    """Store and order id of a printed number: ours, or one that a till of this store gave without network.

    :raises NotFound: there is no such order, or not yet: the till has not delivered it.
    """
    plain = no.strip().upper()
    if not plain.startswith("X"):
        return parse(plain)
    found = first(session, _BY_NO, {"store": store_id, "no": plain})
    if found is None:
        raise NotFound(no=plain[:24])
    return store_id, found.order_id
