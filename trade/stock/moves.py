"""The only writer of stock, with `set_aside.py` for what a promotion keeps.

Every function takes all its rows in one statement, locked in sku order, so that two orders cannot
deadlock; every change of `on_hand` leaves a movement whose key makes a repeat impossible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch
from config.errors import Refused


class OutOfStock(Refused):
    """The store has less free than asked; `sku_ids` are the short ones.  Nothing was promised."""

    code = "out_of_stock"


ASKED = """
    WITH asked AS (SELECT * FROM unnest(CAST(:skus AS bigint[]), CAST(:qtys AS bigint[])) AS a(sku_id, qty)),
    locked AS (SELECT level.sku_id, asked.qty FROM stock_level level JOIN asked USING (sku_id)
               WHERE level.store_id = :store ORDER BY level.sku_id FOR NO KEY UPDATE OF level)"""

_HOLD = text(
    ASKED
    + """,
    moved AS (UPDATE stock_level level SET held = level.held + locked.qty FROM locked
              WHERE level.store_id = :store AND level.sku_id = locked.sku_id
                AND level.on_hand - level.held >= locked.qty
              RETURNING level.sku_id, locked.qty),
    kept AS (INSERT INTO stock_hold (store_id, order_id, sku_id, qty)
             SELECT :store, :order, sku_id, qty FROM moved)
    SELECT sku_id FROM moved"""
)

_SELL = text(
    ASKED
    + """,
    moved AS (UPDATE stock_level level SET on_hand = level.on_hand - locked.qty FROM locked
              WHERE level.store_id = :store AND level.sku_id = locked.sku_id
                AND level.on_hand - level.held >= locked.qty
              RETURNING level.sku_id, locked.qty),
    noted AS (INSERT INTO stock_movement (store_id, sku_id, qty, key, actor, at)
              SELECT :store, sku_id, -qty, :key, :actor, :now FROM moved)
    SELECT sku_id FROM moved"""
)

_HELD = """
    WITH gone AS (DELETE FROM stock_hold WHERE store_id = :store AND order_id = :order RETURNING sku_id, qty),
    locked AS (SELECT level.sku_id, gone.qty FROM stock_level level JOIN gone USING (sku_id)
               WHERE level.store_id = :store ORDER BY level.sku_id FOR NO KEY UPDATE OF level)"""

_RELEASE = text(
    _HELD
    + """
    UPDATE stock_level level SET held = level.held - locked.qty FROM locked
    WHERE level.store_id = :store AND level.sku_id = locked.sku_id RETURNING level.sku_id"""
)

_CONSUME = text(
    _HELD
    + """,
    moved AS (UPDATE stock_level level SET held = level.held - locked.qty, on_hand = level.on_hand - locked.qty
              FROM locked WHERE level.store_id = :store AND level.sku_id = locked.sku_id
              RETURNING level.sku_id, locked.qty),
    noted AS (INSERT INTO stock_movement (store_id, sku_id, qty, key, actor, at)
              SELECT :store, sku_id, -qty, :key, :actor, :now FROM moved)
    SELECT sku_id FROM moved"""
)

_TAKE_IN = text("""
    WITH asked AS (SELECT * FROM unnest(CAST(:skus AS bigint[]), CAST(:qtys AS bigint[])) AS a(sku_id, qty)),
    noted AS (INSERT INTO stock_movement (store_id, sku_id, qty, key, actor, at)
              SELECT :store, sku_id, qty, :key, :actor, :now FROM asked
              ON CONFLICT (store_id, key, sku_id) DO NOTHING RETURNING sku_id, qty)
    INSERT INTO stock_level (store_id, sku_id, on_hand, held)
    SELECT :store, sku_id, qty, 0 FROM noted ORDER BY sku_id
    ON CONFLICT (store_id, sku_id) DO UPDATE SET on_hand = stock_level.on_hand + excluded.on_hand
    RETURNING sku_id""")


def asked(wants: Mapping[int, int]) -> dict[str, list[int]]:
    """What `ASKED` takes: skus in order, and the units of each."""
    assert wants and all(qty > 0 for qty in wants.values()), wants
    ordered = sorted(wants.items())
    return {"skus": [sku_id for sku_id, _ in ordered], "qtys": [qty for _, qty in ordered]}


def _skus(session: Session, statement: TextClause, given: Mapping[str, Any]) -> list[int]:
    return [row[0] for row in fetch(session, statement, given)]


def hold(session: Session, store_id: int, wants: Mapping[int, int], *, order_id: int) -> None:
    """Promise `wants` (sku id -> sale units) of one store to an order, all or nothing.

    Raises OutOfStock naming every short sku; the caller's transaction then rolls back.  The order's own
    journal row tells of it, so no row of its own is written.
    """
    moved = _skus(session, _HOLD, {**asked(wants), "store": store_id, "order": order_id})
    _refuse_short(store_id, wants, moved)


def sell(session: Session, store_id: int, wants: Mapping[int, int], *, key: str, actor: str, now: datetime) -> None:
    """Hand goods over the counter: lowers `on_hand` by `wants`, all or nothing.  Raises OutOfStock."""
    moved = _skus(session, _SELL, {**asked(wants), "store": store_id, "key": key, "actor": actor, "now": now})
    _refuse_short(store_id, wants, moved)


def _refuse_short(store_id: int, wants: Mapping[int, int], moved: Iterable[int]) -> None:
    if short := wants.keys() - set(moved):
        raise OutOfStock(store_id=store_id, sku_ids=sorted(short))


def release(session: Session, store_id: int, *, order_id: int) -> list[int]:
    """Free whatever an order still holds; returns the skus.  A second call frees nothing."""
    return _skus(session, _RELEASE, {"store": store_id, "order": order_id})


def consume(session: Session, store_id: int, *, order_id: int, actor: str, now: datetime) -> list[int]:
    """The held goods leave the shop: held and on_hand fall together; returns the skus."""
    given = {"store": store_id, "order": order_id, "actor": actor, "now": now, "key": f"order:{order_id}:collect"}
    return _skus(session, _CONSUME, given)


def take_in(
    session: Session, store_id: int, goods: Mapping[int, int], *, key: str, actor: str, now: datetime
) -> list[int]:
    """Goods enter the shop (receiving, or a return): raises `on_hand`; returns the skus.

    `key` names the document; a repeat of it changes nothing.
    """
    given = {**asked(goods), "store": store_id, "key": key, "actor": actor, "now": now}
    taken = _skus(session, _TAKE_IN, given)
    if taken:
        journal.record(
            session,
            "stock.taken_in",
            f"store:{store_id}",
            actor=actor,
            now=now,
            store_id=store_id,
            sku_ids=taken,
            key=key,
        )
    return taken
