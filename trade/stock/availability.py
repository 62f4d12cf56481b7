"""What the mall shows as free: a projection in Redis, recomputed from the table, never written beside it.

A missing projection is not an answer of zero: it is read from the table and written then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from redis import Redis, RedisError
from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.redis import connection, key

_FREE = text(
    "SELECT store_id, sku_id, greatest(free_online, 0) AS free FROM stock_level"
    " WHERE store_id = :store AND sku_id = ANY(:skus)"
)
_ALL = text("SELECT store_id, sku_id, greatest(free_online, 0) AS free FROM stock_level ORDER BY store_id")


def _name(store_id: int) -> str:
    return key(f"free:{store_id}")


def free(session: Session, store_id: int, sku_ids: Sequence[int]) -> dict[int, int]:
    """Free units by sku, from the projection; whatever it lacks, or a Redis that is down, from the table."""
    if not sku_ids:
        return {}
    try:
        known: list[Any] = connection().hmget(_name(store_id), [str(sku) for sku in sku_ids])  # type: ignore[assignment]
    except (RedisError, OSError):
        known = [None] * len(sku_ids)
    found = {sku: int(value) for sku, value in zip(sku_ids, known, strict=True) if value is not None}
    missing = [sku for sku in sku_ids if sku not in found]
    if missing:
        found.update(_from_table(session, store_id, missing))
    return found


def _from_table(session: Session, store_id: int, sku_ids: Sequence[int]) -> dict[int, int]:
    rows = {row.sku_id: row.free for row in fetch(session, _FREE, {"store": store_id, "skus": list(sku_ids)})}
    return {sku: rows.get(sku, 0) for sku in sku_ids}


def project(session: Session, store_id: int, sku_ids: Iterable[int], *, redis: Redis | None = None) -> int:
    """Recompute the projection of these skus from the table; returns how many."""
    figures = _from_table(session, store_id, sorted(set(sku_ids)))
    if figures:
        (redis or connection()).hset(_name(store_id), mapping={str(k): v for k, v in figures.items()})
    return len(figures)


def compare(session: Session, *, mend: bool = False) -> list[dict[str, Any]]:
    """Every store and sku whose projection differs from the table; `mend` writes the table's figure."""
    found = []
    stores: dict[int, dict[str, int]] = {}
    for row in session.execute(_ALL):
        stores.setdefault(row.store_id, {})[str(row.sku_id)] = row.free
    for store_id, figures in stores.items():
        shown: dict[Any, Any] = connection().hgetall(_name(store_id))  # type: ignore[assignment]
        known = {str(name, "ascii"): int(value) for name, value in shown.items() if isinstance(name, bytes)}
        wrong = {sku: value for sku, value in figures.items() if sku in known and known[sku] != value}
        found += [
            {"store_id": store_id, "sku_id": int(sku), "table": value, "projection": known[sku]}
            for sku, value in wrong.items()
        ]
        if mend:
            connection().hset(_name(store_id), mapping={str(k): v for k, v in figures.items()})
    return found
