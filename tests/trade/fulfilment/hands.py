"""What people do with a parcel, in short words, for the tests of what follows from it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import transaction
from tests import factories as make
from trade.books.registry import BOOKS
from trade.fulfilment import parcels
from trade.orders import courier, fulfil


def of(session: Session, order_id: int) -> Any:
    """The newest parcel of an order."""
    return make.parcel(session, order_id)


def do(session: Session, work: Any, parcel: Any, *args: Any, now: datetime, **more: Any) -> Any:
    """One step in a transaction of its own."""
    with transaction(session):
        return work(session, parcel, *args, actor="test", now=now, **more)


def accepted(session: Session, order_id: int, now: datetime) -> Any:
    """Its store took it on."""
    do(session, fulfil.accept, of(session, order_id), now=now)
    return of(session, order_id)


def picked(session: Session, order_id: int, now: datetime, **less: int) -> Any:
    """It is picked whole, but for `less` by line (`line_1=2` is two of it)."""
    parcel = accepted(session, order_id, now) if of(session, order_id).state == "assigned" else of(session, order_id)
    for line in parcels.lines(session, parcel.store_id, parcel.id):
        qty = less.get(f"line_{line.line_no}", line.qty - line.short_qty)
        do(session, fulfil.pick, of(session, order_id), line.line_no, qty, now=now)
    return of(session, order_id)


def packed(session: Session, order_id: int, now: datetime, *, seals: tuple[str, ...] = ("A1", "A2")) -> Any:
    """It lies packed under these seals."""
    parcel = picked(session, order_id, now)
    do(session, courier.pack, parcel, bags=max(len(seals), 1), seals=list(seals), now=now)
    return of(session, order_id)


def handed(session: Session, order_id: int, now: datetime, *, seals: tuple[str, ...] = ("A1", "A2")) -> Any:
    """A courier has it."""
    parcel = packed(session, order_id, now, seals=seals)
    do(session, courier.hand, parcel, bags=max(len(seals), 1), seals=list(seals), staff_id=1, now=now)
    return of(session, order_id)


def state(session: Session, order_id: int) -> str:
    """Where the order stands."""
    return str(session.scalar(text("SELECT state FROM sale_order WHERE id = :id"), {"id": order_id}))


def refunds(session: Session, order_id: int) -> list[int]:
    """What was refunded, refund by refund."""
    found = session.scalars(
        text("""SELECT r.amount_fen FROM refund r JOIN tender t ON t.store_id = r.store_id AND t.id = r.tender_id
                WHERE t.order_id = :id ORDER BY r.id"""),
        {"id": order_id},
    )
    return [int(fen) for fen in found]


def level(session: Session, shop: make.Shop, name: str) -> dict[str, int]:
    """The figures of one sku that are not 0."""
    row = session.execute(
        text("""SELECT on_hand, held, committed, picked, quarantine FROM stock_level
                WHERE store_id = :store AND sku_id = :sku"""),
        {"store": shop.store_id, "sku": shop.skus[name]},
    ).one()
    return {key: value for key, value in row._asdict().items() if value}


def differences(session: Session) -> dict[str, list[Any]]:
    """Everything that any book finds wrong."""
    found = {name: book.differences(session) for name, book in BOOKS.items() if not book.mended}
    return {name: rows for name, rows in found.items() if rows}
