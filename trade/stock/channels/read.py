"""How the channels stand, as the head office sees it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch

_STANDING = text("""
    SELECT c.id, c.code, c.name, c.platform, c.kind, c.endpoint, c.encoding, c.default_store_id, c.per_minute, c.paused,
           c.version, c.fails, c.last_error, c.last_error_at, c.last_ok_at, c.next_try_at,
           ARRAY(SELECT store_id FROM channel_store s WHERE s.channel_id = c.id ORDER BY position) AS store_ids,
           (SELECT count(*) FROM channel_listing l WHERE l.channel_id = c.id) AS listings,
           coalesce(k.backlog, 0) AS backlog, coalesce(k.rejected, 0) AS rejected, coalesce(k.drift, 0) AS drift,
           greatest(coalesce(extract(epoch FROM :now - k.oldest_at), 0), 0)::bigint AS lag_s
    FROM sales_channel c LEFT JOIN (
        SELECT channel_id, count(*) FILTER (WHERE acked_version < version AND NOT rejected) AS backlog,
               min(wanted_at) FILTER (WHERE acked_version < version AND NOT rejected) AS oldest_at,
               count(*) FILTER (WHERE rejected) AS rejected,
               count(*) FILTER (WHERE acked_version = version AND theirs_qty <> acked_qty) AS drift
        FROM channel_stock GROUP BY 1) k ON k.channel_id = c.id
    WHERE CAST(:code AS text) IS NULL OR c.code = :code ORDER BY c.code""")
_SKUS = text("""
    SELECT l.sku_id, l.external_sku, l.share_bp, l.safety_units, l.active, product.name, sku.spec, k.wanted_qty,
           k.version, k.sent_qty, k.sent_at, k.acked_qty, k.acked_version, k.acked_at, k.tries, k.next_try_at,
           coalesce(k.rejected, false) AS rejected, coalesce(k.error, '') AS error, k.theirs_qty, k.compared_at
    FROM channel_listing l JOIN sku ON sku.id = l.sku_id JOIN product ON product.id = sku.product_id
    LEFT JOIN channel_stock k ON k.channel_id = l.channel_id AND k.sku_id = l.sku_id
    WHERE l.channel_id = :channel AND l.sku_id > :after
      AND (CAST(:words AS text) IS NULL OR l.external_sku = :words OR strpos(product.name, :words) > 0)
      AND (NOT :troubled OR k.rejected OR k.acked_version < k.version OR k.theirs_qty <> k.acked_qty)
    ORDER BY l.sku_id LIMIT :most""")


def _plain(row: Any) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row._asdict().items()}


def standing(session: Session, code: str | None = None, *, now: datetime) -> list[dict[str, Any]]:
    """Every channel with lag (seconds), backlog, drift and last errors; or the one of this code."""
    return [_plain(row) for row in fetch(session, _STANDING, {"code": code, "now": now})]


def skus(
    session: Session, channel_id: int, *, words: str | None = None, troubled: bool = False, after: int = 0, most: int
) -> list[dict[str, Any]]:
    """A channel's listings and how far each has followed, by sku; `troubled` leaves out those in order."""
    given = {"channel": channel_id, "words": words, "troubled": troubled, "after": after, "most": most}
    return [_plain(row) for row in fetch(session, _SKUS, given)]
