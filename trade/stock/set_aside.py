"""Goods set aside for a promotion (秒杀): held, so that nobody else buys them, until its own orders draw on them.

A part of `moves.py`, with its order of locks: levels by sku, then what is set aside of them.  What is not drawn goes
back when the promotion is over (members-mall-orders.md 3.6.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch
from trade.catalogue import kits
from trade.stock.moves import ASKED, asked, refuse_short

_SET_ASIDE = text(
    ASKED
    + """,
    moved AS (UPDATE stock_level level SET held = level.held + locked.qty FROM locked
              WHERE level.store_id = :store AND level.sku_id = locked.sku_id AND level.free_online >= locked.qty
              RETURNING level.sku_id, locked.qty),
    kept AS (INSERT INTO stock_set_aside AS s (store_id, sku_id, promotion_id, qty)
             SELECT :store, sku_id, :promotion, qty FROM moved ORDER BY sku_id
             ON CONFLICT (store_id, sku_id, promotion_id) DO UPDATE SET qty = s.qty + excluded.qty)
    SELECT sku_id FROM moved"""
)
_DRAW = text(
    """
    WITH asked AS (SELECT * FROM unnest(CAST(:skus AS bigint[]), CAST(:qtys AS bigint[])) AS a(sku_id, qty)),
    whole AS (SELECT level.sku_id FROM stock_level level
              WHERE level.store_id = :store AND level.sku_id = ANY(CAST(:whole AS bigint[]))
              ORDER BY level.sku_id FOR NO KEY UPDATE),
    locked AS (SELECT asked.* FROM asked JOIN whole USING (sku_id)),
    aside AS (SELECT s.sku_id, least(s.qty, locked.qty) AS qty FROM stock_set_aside s JOIN locked USING (sku_id)
              WHERE s.store_id = :store AND s.promotion_id = :promotion AND s.qty > 0
              ORDER BY s.sku_id FOR NO KEY UPDATE OF s),
    taken AS (UPDATE stock_set_aside s SET qty = s.qty - aside.qty FROM aside
              WHERE s.store_id = :store AND s.promotion_id = :promotion AND s.sku_id = aside.sku_id)
    UPDATE stock_level level SET held = level.held - aside.qty FROM aside
    WHERE level.store_id = :store AND level.sku_id = aside.sku_id RETURNING level.sku_id, aside.qty"""
)
_LEVELS = text("""
    SELECT level.store_id, level.sku_id FROM stock_level level
    JOIN stock_set_aside s ON s.store_id = level.store_id AND s.sku_id = level.sku_id
    WHERE s.promotion_id = :promotion ORDER BY 1, 2 FOR NO KEY UPDATE OF level""")
_FREE = text("""
    WITH locked AS (SELECT * FROM unnest(CAST(:stores AS bigint[]), CAST(:skus AS bigint[])) AS a(store_id, sku_id)),
    gone AS (DELETE FROM stock_set_aside s USING locked WHERE s.store_id = locked.store_id
             AND s.sku_id = locked.sku_id AND s.promotion_id = :promotion RETURNING s.store_id, s.sku_id, s.qty)
    UPDATE stock_level level SET held = level.held - gone.qty FROM gone
    WHERE level.store_id = gone.store_id AND level.sku_id = gone.sku_id
    RETURNING level.store_id, level.sku_id, gone.qty""")


def set_aside(
    session: Session, store_id: int, wants: Mapping[int, int], *, promotion_id: int, actor: str, now: datetime
) -> None:
    """Hold `wants` (sku id -> sale units) of a store for a promotion, all or nothing.  Raises OutOfStock."""
    goods = kits.expand(session, wants)
    given = {**asked(goods), "store": store_id, "promotion": promotion_id}
    moved = {row.sku_id for row in fetch(session, _SET_ASIDE, given)}
    refuse_short(session, store_id, wants, goods.keys() - moved)
    _tell(session, "stock.set_aside", store_id, promotion_id, moved, actor, now)


def draw(
    session: Session, store_id: int, wants: Mapping[int, int], *, promotion_id: int, whole: Iterable[int] = ()
) -> dict[int, int]:
    """Free what is set aside for a promotion, up to `wants`, for the order that takes it in the next statement.

    :param whole: all skus of that order, which are locked here already: locked later, after some of them, they could
        deadlock with an order that locks them in order.
    Returns what was drawn by sku: what is lacking the order takes from what is free to everybody.
    """
    parts = kits.expand(session, wants)
    every = kits.expand(session, dict.fromkeys({*whole, *wants}, 1)).keys()
    given = {**asked(parts), "store": store_id, "promotion": promotion_id, "whole": sorted(every)}
    return {row.sku_id: row.qty for row in fetch(session, _DRAW, given)}


_KEPT = text(
    "SELECT sku_id, qty FROM stock_set_aside WHERE store_id = :store AND sku_id = ANY(:skus)"
    " AND promotion_id = :promotion"
)


def kept(session: Session, store_id: int, sku_ids: Sequence[int], *, promotion_id: int) -> dict[int, int]:
    """What is set aside of some skus for a promotion, by sku; of a kit, how many whole ones."""
    parts = kits.expand(session, dict.fromkeys(sku_ids, 1))
    given = {"store": store_id, "skus": list(parts), "promotion": promotion_id}
    found = {row.sku_id: row.qty for row in fetch(session, _KEPT, given)}
    makes = {sku: kits.known(session).get(sku, {sku: 1}) for sku in sku_ids}
    return {sku: min(found.get(part, 0) // each for part, each in of.items()) for sku, of in makes.items()}


def free(session: Session, promotion_id: int, *, actor: str, now: datetime) -> int:
    """What a promotion did not sell is free again, in every store; returns the units.  A repeat frees nothing."""
    gone: dict[int, dict[int, int]] = {}
    rows = fetch(session, _LEVELS, {"promotion": promotion_id})
    levels = {"stores": [row.store_id for row in rows], "skus": [row.sku_id for row in rows]}
    for row in fetch(session, _FREE, {"promotion": promotion_id, **levels}):
        gone.setdefault(row.store_id, {})[row.sku_id] = row.qty
    for store_id, skus in sorted(gone.items()):
        _tell(session, "stock.set_aside_freed", store_id, promotion_id, skus, actor, now)
    return sum(sum(skus.values()) for skus in gone.values())


def _tell(session: Session, kind: str, store_id: int, promotion_id: int, skus: Any, actor: str, now: datetime) -> None:
    data = {"store_id": store_id, "promotion_id": promotion_id, "sku_ids": sorted(skus)}
    journal.record(session, kind, f"store:{store_id}", actor=actor, now=now, **data)
