"""The first step of paying at a till keeps what other stores are to hand over, for ten minutes (rules 3.14).

a line that comes from elsewhere    reserves nothing
the pay panel is opened             all of it is held, or nothing: refused before anybody gives money
it is opened again                  the old goes, the new comes, in one transaction
the sale                            takes it over, whatever its lines are by then
the customer thinks again           `release`
ten minutes are over                the holds end by themselves (`trade/stock/expiry.py`)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from trade.stock import levels, told
from trade.stock import moves as stock

KEPT = timedelta(minutes=10)

Goods = Mapping[int, Mapping[int, int]]
"""Units by sku, by the store that hands them over."""

_LAST = text("""
    SELECT id, until_at FROM till_reservation WHERE store_id = :store AND till_id = :till AND ended_at IS NULL
    FOR NO KEY UPDATE""")
_END = text("""
    UPDATE till_reservation SET ended_at = :now, outcome = CASE WHEN until_at <= :now THEN 'lapsed' ELSE :outcome END
    WHERE store_id = :store AND id = :id AND ended_at IS NULL RETURNING id""")
_BEGIN = text("""
    INSERT INTO till_reservation (store_id, id, till_id, at, until_at)
    VALUES (:store, nextval(pg_get_serial_sequence('sale_order', 'id')), :till, :now, :until) RETURNING id""")
_ALONE = text("SELECT id FROM till WHERE store_id = :store AND id = :till FOR NO KEY UPDATE")


@dataclass(frozen=True, slots=True)
class Reserved:
    """What a till keeps: its number, and until when."""

    id: int
    until_at: datetime

    def as_json(self) -> dict[str, Any]:
        """As the till shows it."""
        return {"id": self.id, "until_at": self.until_at.isoformat()}


def reserve(session: Session, store_id: int, till_id: int, goods: Goods, *, actor: str, now: datetime) -> Reserved:
    """Keep `goods` for a till's customer, in place of what it kept before; all or nothing.

    :raises OutOfStock: a store has less free than asked; what was kept before stays.
    """
    assert goods and store_id not in goods, goods
    fetch(session, _ALONE, {"store": store_id, "till": till_id})
    before = first(session, _LAST, {"store": store_id, "till": till_id})
    levels.lock(session, goods, held_by=[before.id] if before else [])
    freed = _end(session, store_id, before.id, "released", now=now) if before else {}
    until = now + KEPT
    given = {"store": store_id, "till": till_id, "now": now, "until": until}
    made = int(fetch(session, _BEGIN, given)[0].id)
    for at_store_id, units in sorted(goods.items()):
        stock.hold(session, at_store_id, units, order_id=made, until=until)
    moved = {store: {*freed.get(store, ()), *goods.get(store, {})} for store in {*freed, *goods}}
    told.freed(session, moved, cause="till_reserved", actor=actor, now=now)
    return Reserved(made, until)


def release(session: Session, store_id: int, till_id: int, *, actor: str, now: datetime) -> bool:
    """The customer thought again: what the till keeps is free; False when it kept nothing."""
    before = first(session, _LAST, {"store": store_id, "till": till_id})
    if before is None:
        return False
    freed = _end(session, store_id, before.id, "released", now=now)
    told.freed(session, freed, cause="till_released", actor=actor, now=now)
    return True


def hold_for_sale(
    session: Session, store_id: int, till_id: int, goods: Goods, *, order_id: int, actor: str, now: datetime
) -> None:
    """Hold for an order what a till sells, its own goods among it, in place of what the till kept; all or nothing.

    All levels are locked before the old promise goes, so what was kept is there for the order.

    :raises OutOfStock: a store has less free; the caller's transaction rolls back, and what was kept stays.
    """
    before = first(session, _LAST, {"store": store_id, "till": till_id})
    levels.lock(session, goods, held_by=[before.id] if before else [])
    freed = _end(session, store_id, before.id, "sold", now=now) if before else {}
    for at_store_id, units in sorted(goods.items()):
        stock.hold(session, at_store_id, units, order_id=order_id, at_till=at_store_id == store_id)
    others = {store: skus for store, skus in goods.items() if store != store_id}
    moved = {store: {*freed.get(store, ()), *others.get(store, {})} for store in {*freed, *others}}
    told.freed(session, moved, cause="till_sold_elsewhere", actor=actor, now=now)


def _end(session: Session, store_id: int, reservation_id: int, outcome: str, *, now: datetime) -> dict[int, list[int]]:
    given = {"store": store_id, "id": reservation_id, "outcome": outcome, "now": now}
    fetch(session, _END, given)
    return stock.release(session, None, order_id=reservation_id)
