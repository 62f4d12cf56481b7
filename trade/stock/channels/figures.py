"""What every channel should show of our stock, and what of that it does not know yet.

The figure is absolute, so a later one makes an earlier one needless and a repeat does no harm:

    told = max(0, sum over the channel's stores of what is free online - safety_units) * share_bp div 10000

Worked: stores with 7 and 5 free, 2 kept back, a share of 80 %: (12 - 2) * 8000 div 10000 = 8.

Whoever writes these rows holds the channel's row first, so that versions become visible in their order and a figure
read before a newer one cannot overwrite it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch
from trade.catalogue import kits

CHANGED = "channel.stock_changed"

_TOUCHED = text("""
    SELECT c.id FROM sales_channel c WHERE c.id IN (
        SELECT s.channel_id FROM channel_store s JOIN channel_listing l ON l.channel_id = s.channel_id
        JOIN unnest(CAST(:stores AS bigint[]), CAST(:skus AS bigint[])) AS t(store_id, sku_id)
            ON t.store_id = s.store_id AND t.sku_id = l.sku_id)
    ORDER BY c.id FOR NO KEY UPDATE""")
_LOCK = text("SELECT id FROM sales_channel WHERE id = :channel FOR NO KEY UPDATE")

_REFRESH = text(f"""
    WITH figures AS (
        SELECT l.channel_id, l.sku_id, CASE WHEN l.active THEN
            (greatest(coalesce(sum(greatest(coalesce(level.free_online,
                {kits.free("free_online", "s.store_id", "l.sku_id")}), 0)), 0) - l.safety_units, 0)
                * l.share_bp)::bigint / 10000 ELSE 0 END AS qty
        FROM channel_listing l LEFT JOIN channel_store s ON s.channel_id = l.channel_id
        LEFT JOIN stock_level level ON level.store_id = s.store_id AND level.sku_id = l.sku_id
        WHERE l.channel_id = ANY(:channels) AND (CAST(:skus AS bigint[]) IS NULL OR l.sku_id = ANY(:skus))
        GROUP BY l.channel_id, l.sku_id),
    moved AS (
        SELECT f.*, row_number() OVER (PARTITION BY f.channel_id ORDER BY f.sku_id) AS n
        FROM figures f LEFT JOIN channel_stock k ON k.channel_id = f.channel_id AND k.sku_id = f.sku_id
        WHERE k.wanted_qty IS DISTINCT FROM f.qty OR (:again AND k.sku_id = ANY(:skus))),
    counted AS (
        UPDATE sales_channel c SET version = c.version + m.n
        FROM (SELECT channel_id, count(*) AS n FROM moved GROUP BY 1) m WHERE c.id = m.channel_id
        RETURNING c.id, c.version - m.n AS base)
    INSERT INTO channel_stock AS k (channel_id, sku_id, wanted_qty, version, wanted_at)
    SELECT m.channel_id, m.sku_id, m.qty, counted.base + m.n, :since
    FROM moved m JOIN counted ON counted.id = m.channel_id
    ON CONFLICT (channel_id, sku_id) DO UPDATE SET wanted_qty = excluded.wanted_qty, version = excluded.version,
        wanted_at = CASE WHEN k.acked_version < k.version THEN k.wanted_at ELSE excluded.wanted_at END,
        tries = 0, next_try_at = NULL, rejected = false, error = ''
    RETURNING channel_id""")


def _refresh(
    session: Session, channels: Sequence[int], skus: Collection[int] | None, since: datetime, *, again: bool
) -> dict[int, int]:
    asked = {"channels": list(channels), "skus": None if skus is None else sorted(skus), "since": since}
    found: dict[int, int] = {}
    for row in fetch(session, _REFRESH, {**asked, "again": again}):
        found[row.channel_id] = found.get(row.channel_id, 0) + 1
    return found


def _tell(session: Session, moved: Mapping[int, int], actor: str, now: datetime) -> None:
    for channel_id, skus in sorted(moved.items()):
        told = {"channel_id": channel_id, "skus": skus}
        journal.record(session, CHANGED, f"channel:{channel_id}", actor=actor, now=now, **told)


def follow(session: Session, touched: Mapping[int, Collection[int]], *, since: datetime, now: datetime) -> int:
    """Recompute the figures of whoever sells what was touched (store id -> sku ids); returns how many changed.

    Set-based: two statements whatever the number of skus and channels, one when no channel sells any of them.  Each
    channel with a change gets one journal row, which wakes the sender.

    :param since: when the oldest of these changes happened; the lag is counted from it.
    """
    pairs = sorted((store, sku) for store, skus in touched.items() for sku in kits.touched(session, skus))
    if not pairs:
        return 0
    given = {"stores": [store for store, _ in pairs], "skus": [sku for _, sku in pairs]}
    channels = [row.id for row in fetch(session, _TOUCHED, given)]
    if not channels:
        return 0
    moved = _refresh(session, channels, {sku for _, sku in pairs}, since, again=False)
    _tell(session, moved, "job:project_availability", now)
    return sum(moved.values())


def recompute(
    session: Session, channel_id: int, *, skus: Collection[int] | None = None, again: bool = False, actor: str,
    now: datetime,
) -> int:  # fmt: skip
    """As `follow` for one channel, after its terms changed; returns how many figures changed.

    :param again: also tell these `skus` once more whose figure did not change: after a drift, or by a person's wish.
    """
    assert not again or skus is not None, "say which skus to tell again"
    fetch(session, _LOCK, {"channel": channel_id})
    moved = _refresh(session, [channel_id], skus, now, again=again)
    _tell(session, moved, actor, now)
    return sum(moved.values())


@dataclass(frozen=True, slots=True)
class Figure:
    """One absolute figure for one channel; of two versions of a sku the higher counts."""

    sku_id: int
    external_sku: str
    qty: int
    version: int


_FEED = text("""
    SELECT k.sku_id, l.external_sku, k.wanted_qty, k.version FROM channel_stock k
    JOIN channel_listing l ON l.channel_id = k.channel_id AND l.sku_id = k.sku_id
    WHERE k.channel_id = :channel AND k.version > :after ORDER BY k.version LIMIT :most""")


def feed(session: Session, channel_id: int, *, after: int, most: int = 500) -> list[Figure]:
    """The newest figures that changed after a version, in their order: for whoever fetches, and may fetch again."""
    rows = fetch(session, _FEED, {"channel": channel_id, "after": after, "most": most})
    return [Figure(row.sku_id, row.external_sku, row.wanted_qty, row.version) for row in rows]


_SKUS = text("SELECT external_sku, sku_id FROM channel_listing WHERE channel_id = :channel")


def skus_of(session: Session, channel_id: int) -> dict[str, int]:
    """Our sku of each of the channel's."""
    return {row.external_sku: row.sku_id for row in fetch(session, _SKUS, {"channel": channel_id})}


def as_json(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Figures as a channel reads them."""
    return [{"sku": one.external_sku, "qty": one.qty, "version": one.version} for one in figures]
