"""What a store keeps from online customers: `safety` for what figures get wrong, `till_buffer` for who walks in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.stock import arrivals, told

_SET = text("""
    WITH given AS (SELECT * FROM unnest(CAST(:skus AS bigint[]), CAST(:safety AS bigint[]), CAST(:buffer AS bigint[]))
                   AS g(sku_id, safety, till_buffer))
    UPDATE stock_level level SET safety = given.safety, till_buffer = given.till_buffer FROM given
    WHERE level.store_id = :store AND level.sku_id = given.sku_id
      AND (level.safety, level.till_buffer) <> (given.safety, given.till_buffer) RETURNING level.sku_id""")


def keep(
    session: Session, store_id: int, kept: Mapping[int, tuple[int, int]], *, actor: str, now: datetime
) -> list[int]:
    """Keep (`safety`, `till_buffer`) units of each sku from now on; returns the skus that changed.

    Promises made before stay: only what is free online falls, below zero if need be.
    """
    assert kept and all(min(pair) >= 0 for pair in kept.values()), kept
    skus = sorted(kept)
    arrivals.lock(session, store_id, skus)
    given = {"store": store_id, "skus": skus, "safety": [kept[sku][0] for sku in skus]}
    rows = fetch(session, _SET, {**given, "buffer": [kept[sku][1] for sku in skus]})
    changed = sorted(row.sku_id for row in rows)
    told.changed(session, store_id, changed, cause="buffers", actor=actor, now=now)
    return changed
