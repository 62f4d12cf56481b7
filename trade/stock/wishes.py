"""Who wants to hear that a store has a sku again (到货通知): once, within a month."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound, Refused
from member import leaving
from trade.stock import availability

GOOD_FOR = timedelta(days=30)
MOST = 50


class TooManyWishes(Refused):
    """A member waits for at most `most` skus at a time."""

    code = "too_many_wishes"


_SOLD = text("SELECT sku_id FROM store_sku WHERE store_id = :store AND sku_id = :sku AND sellable")
_LOCK = text("SELECT id FROM member WHERE id = :member FOR NO KEY UPDATE")
_OPEN = text(
    "SELECT store_id, sku_id FROM stock_wish WHERE member_id = ANY(:ids) AND told_at IS NULL AND until_at > :now"
)
_PUT = text("""
    INSERT INTO stock_wish (member_id, store_id, sku_id, at, until_at) VALUES (:member, :store, :sku, :now, :until)
    ON CONFLICT (member_id, store_id, sku_id) WHERE told_at IS NULL DO UPDATE SET until_at = excluded.until_at""")
_DROP = text("""
    DELETE FROM stock_wish WHERE member_id = ANY(:ids) AND store_id = :store AND sku_id = :sku AND told_at IS NULL""")
_WAITED_FOR = text("""
    SELECT store_id, array_agg(DISTINCT sku_id ORDER BY sku_id) AS skus FROM stock_wish
    WHERE told_at IS NULL AND until_at > :now GROUP BY store_id ORDER BY store_id""")
_TELL = text("""
    UPDATE stock_wish SET told_at = :now WHERE store_id = :store AND sku_id = ANY(:skus) AND told_at IS NULL
        AND until_at > :now
    RETURNING id, member_id, store_id, sku_id""")
_FORGET = text("DELETE FROM stock_wish WHERE coalesce(told_at, until_at) < :before")


def waits(session: Session, member_id: int, store_id: int, sku_id: int, *, now: datetime) -> bool:
    """Whether a member waits for a sku in a store."""
    rows = fetch(session, _OPEN, {"ids": leaving.selves(session, member_id), "now": now})
    return any((row.store_id, row.sku_id) == (store_id, sku_id) for row in rows)


def put(session: Session, member_id: int, store_id: int, sku_id: int, *, now: datetime) -> datetime:
    """Wait for a sku; until when.  A repeat waits anew.  In a transaction.

    :raises NotFound: this store does not sell it.  :raises TooManyWishes:
    """
    if first(session, _SOLD, {"store": store_id, "sku": sku_id}) is None:
        raise NotFound(sku_id=sku_id)
    fetch(session, _LOCK, {"member": member_id})
    rows = fetch(session, _OPEN, {"ids": [member_id], "now": now})
    if len(rows) >= MOST and not waits(session, member_id, store_id, sku_id, now=now):
        raise TooManyWishes(most=MOST)
    until = now + GOOD_FOR
    fetch(session, _PUT, {"member": member_id, "store": store_id, "sku": sku_id, "now": now, "until": until})
    return until


def drop(session: Session, member_id: int, store_id: int, sku_id: int) -> None:
    """Wait no longer; a repeat changes nothing.  In a transaction."""
    fetch(session, _DROP, {"ids": leaving.selves(session, member_id), "store": store_id, "sku": sku_id})


def come_true(session: Session, *, now: datetime) -> list[Any]:
    """Wishes (id, member_id, store_id, sku_id) whose store has some free now: each is given once.  In a transaction."""
    found: list[Any] = []
    for row in fetch(session, _WAITED_FOR, {"now": now}):
        free = availability.free(session, row.store_id, row.skus)
        there = [sku for sku in row.skus if free.get(sku, 0) > 0]
        if there:
            found += fetch(session, _TELL, {"store": row.store_id, "skus": there, "now": now})
    fetch(session, _FORGET, {"before": now - GOOD_FOR})
    return found
