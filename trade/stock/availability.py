"""What the mall shows as free: a projection in Redis, recomputed from the table, never written beside it.

A missing projection is not an answer of zero: it is read from the table and written then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from redis import Redis, RedisError
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from config.db import fetch
from config.redis import connection, key
from trade.catalogue import kits

_FREE = text(
    "SELECT sku_id, greatest(free_online, 0) AS free FROM stock_level WHERE store_id = :store AND sku_id = ANY(:skus)"
)
_OF_KITS = text(
    f"SELECT a.sku_id, {kits.free('free_online', ':store', 'a.sku_id')} AS free"
    " FROM unnest(CAST(:skus AS bigint[])) AS a(sku_id)"
)
_ALL = text(f"""
    SELECT store_id, sku_id, greatest(free_online, 0) AS free FROM stock_level
    UNION ALL SELECT s.store_id, s.sku_id, {kits.free("free_online", "s.store_id", "s.sku_id")} FROM store_sku s
    WHERE s.sku_id IN (SELECT sku_id FROM kit) ORDER BY store_id""")


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
    given = {"store": store_id, "skus": list(sku_ids)}
    rows = {row.sku_id: row.free for row in fetch(session, _FREE, given)}
    if whole := sorted(kits.known(session).keys() & set(sku_ids)):
        rows |= {row.sku_id: row.free for row in fetch(session, _OF_KITS, {**given, "skus": whole})}
    return {sku: rows.get(sku, 0) for sku in sku_ids}


_ALONE = text("SELECT pg_advisory_xact_lock(7401, CAST(:store AS integer))")


def project(session: Session, store_id: int, sku_ids: Iterable[int], *, redis: Redis | None = None) -> int:
    """Recompute the projection of these skus, and of the kits they touch, from the table; returns how many.

    In a transaction, whoever projects the same store waits for its end: what was read first is also written first, so
    no older figure covers a newer one.  Who projects several stores goes in their order.
    """
    fetch(session, _ALONE, {"store": store_id})
    figures = _from_table(session, store_id, sorted(kits.touched(session, sku_ids)))
    if figures:
        (redis or connection()).hset(_name(store_id), mapping={str(k): v for k, v in figures.items()})
    return len(figures)


_FIGURE = {"online": "free_online", "till": "free_till"}


def _across(figure: str, *, kit: bool, aged: bool) -> TextClause:
    whole = kits.free(figure, "s.store_id", "s.sku_id") if kit else "NULL"
    age = """
    LEFT JOIN LATERAL (SELECT at FROM stock_movement m WHERE m.store_id = s.store_id AND m.sku_id = s.sku_id
                       ORDER BY m.id DESC LIMIT 1) last ON true"""
    return text(f"""
    SELECT s.sku_id, s.store_id, greatest(coalesce(l.{figure}, {whole}, 0), 0) AS free,
           coalesce(l.on_hand, 0) AS on_hand, coalesce(l.in_transit, 0) AS in_transit,
           coalesce(l.count_due, false) AS count_due,
           {"last.at" if aged else "NULL"} AS moved_at, l.counted_at
    FROM store_sku s LEFT JOIN stock_level l ON l.store_id = s.store_id AND l.sku_id = s.sku_id{age if aged else ""}
    WHERE s.sku_id = ANY(CAST(:skus AS bigint[])) AND s.sellable
      AND (CAST(:stores AS bigint[]) IS NULL OR s.store_id = ANY(CAST(:stores AS bigint[])))
    ORDER BY 1, 3 DESC, 2""")


_ACROSS = {
    (figure, kit, aged): _across(figure, kit=kit, aged=aged)
    for figure in _FIGURE.values()
    for kit in (False, True)
    for aged in (False, True)
}


def across(
    session: Session,
    sku_ids: Iterable[int],
    *,
    store_ids: Sequence[int] | None = None,
    to: str = "online",
    aged: bool = True,
) -> list[Any]:
    """What every store that sells them has free of some skus, the most first; one statement, from the table itself.

    Rows of `sku_id, store_id, free, on_hand, in_transit, count_due, moved_at, counted_at`; of a kit `free` is how many
    whole ones its parts make, and the other figures are empty.

    :param store_ids: only these stores; None is all.
    :param to: `online` or `till`: who asks what is free.
    :param aged: also when the figure last moved, which costs a look at the movements per row: not for routing.
    """
    skus = sorted(set(sku_ids))
    kit = not kits.known(session).keys().isdisjoint(skus)
    given = {"skus": skus, "stores": None if store_ids is None else list(store_ids)}
    return fetch(session, _ACROSS[_FIGURE[to], kit, aged], given)


def compare(session: Session, *, mend: bool = False) -> list[dict[str, Any]]:
    """Every store and sku whose projection differs from the table; `mend` projects those, and what is not shown yet."""
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
        if mend and (odd := [int(sku) for sku in figures if sku in wrong or sku not in known]):
            project(session, store_id, odd)
    return found
