"""Goods arrive: what was on its way is on hand as it was counted, and what is damaged of it is not for sale.

A part of `moves.py`, with its order of locks: the document, then levels by store and sku.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import Malformed
from trade.stock import told


@dataclass(frozen=True, slots=True)
class Arrived:
    """Units of one sku counted at the door; `damaged` are among them."""

    qty: int
    damaged: int = 0


_ROWS = text("""
    INSERT INTO stock_level (store_id, sku_id, on_hand, held)
    SELECT :store, sku_id, 0, 0 FROM unnest(CAST(:skus AS bigint[])) AS a(sku_id) ORDER BY sku_id
    ON CONFLICT DO NOTHING""")
_LOCK = text("""
    SELECT sku_id FROM stock_level WHERE store_id = :store AND sku_id = ANY(CAST(:skus AS bigint[]))
    ORDER BY sku_id FOR NO KEY UPDATE""")
_ARRIVE = text("""
    WITH came AS (SELECT * FROM unnest(CAST(:skus AS bigint[]), CAST(:coming AS bigint[]), CAST(:qtys AS bigint[]),
                      CAST(:damaged AS bigint[])) AS a(sku_id, coming, qty, damaged)),
    noted AS (INSERT INTO stock_movement (store_id, sku_id, qty, key, actor, at)
              SELECT :store, sku_id, qty, :key, :actor, :now FROM came WHERE qty > 0),
    apart AS (INSERT INTO stock_quarantine (store_id, sku_id, qty, key, reason, actor, at)
              SELECT :store, sku_id, damaged, :key, 'arrived_damaged', :actor, :now FROM came WHERE damaged > 0)
    UPDATE stock_level level SET on_hand = level.on_hand + came.qty, quarantine = level.quarantine + came.damaged,
        in_transit = level.in_transit - came.coming
    FROM came WHERE level.store_id = :store AND level.sku_id = came.sku_id""")


def sound(counted: Mapping[int, Arrived]) -> None:
    """Raises Malformed when something cannot have been counted so."""
    if wrong := sorted(sku for sku, one in counted.items() if not 0 <= one.damaged <= one.qty):
        raise Malformed(fields={"lines": f"damaged must be within qty, not below 0: skus {wrong}"})


def lock(session: Session, store_id: int, sku_ids: Sequence[int]) -> None:
    """Lock a store's levels of some skus, making those that lack."""
    given = {"store": store_id, "skus": sorted(sku_ids)}
    fetch(session, _ROWS, given)
    fetch(session, _LOCK, given)


def arrive(
    session: Session,
    store_id: int,
    counted: Mapping[int, Arrived],
    *,
    coming: Mapping[int, int],
    key: str,
    cause: str,
    actor: str,
    now: datetime,
) -> None:
    """Take in what was `counted`, and end what was in transit (`coming`, units by sku); the document guards repeats."""
    skus = sorted(counted.keys() | coming.keys())
    if not skus:
        return
    lock(session, store_id, skus)
    given = {
        "store": store_id,
        "skus": skus,
        "coming": [coming.get(sku, 0) for sku in skus],
        "qtys": [counted[sku].qty if sku in counted else 0 for sku in skus],
        "damaged": [counted[sku].damaged if sku in counted else 0 for sku in skus],
        "key": key,
        "actor": actor,
        "now": now,
    }
    fetch(session, _ARRIVE, given)
    told.changed(session, store_id, skus, cause=cause, actor=actor, now=now, key=key)
