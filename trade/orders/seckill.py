"""秒杀 with goods of its own: set aside before it begins, drawn by its orders, free again when it is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound, WrongState
from trade.pricing.promotions import moves
from trade.pricing.rules import Kind
from trade.stock import set_aside

_KIND = text("SELECT kind, state FROM promotion WHERE id = :id FOR SHARE")
_OVER = text("""
    SELECT p.id, p.state FROM promotion p
    LEFT JOIN LATERAL (SELECT max(until_at) AS until_at FROM promotion_version WHERE promotion_id = p.id) v ON true
    WHERE (p.state IN ('live', 'paused') AND v.until_at <= :over)
       OR ((p.state = 'ended' OR v.until_at <= :now)
           AND EXISTS (SELECT FROM stock_set_aside s WHERE s.promotion_id = p.id))
    ORDER BY p.id LIMIT :most""")


def supply(
    session: Session, promotion_id: int, store_id: int, wants: Mapping[int, int], *, actor: str, now: datetime
) -> None:
    """Set goods of a store aside for a 秒杀; more may be added while it runs.

    :raises OutOfStock: the store has less free; nothing was set aside.
    :raises WrongState, NotFound: it is over, or it is no 秒杀.
    """
    found = first(session, _KIND, {"id": promotion_id})
    if found is None or found.kind != Kind.SECKILL:
        raise NotFound(promotion_id=promotion_id)
    if found.state == "ended":
        raise WrongState(promotion_id=promotion_id, state=found.state, event="supply")
    set_aside.set_aside(session, store_id, wants, promotion_id=promotion_id, actor=actor, now=now)


def draw(session: Session, store_id: int, uses: Mapping[int, Mapping[int, int]]) -> None:
    """Before an order's stock is held or sold: free what its 秒杀 units may draw on, in the same transaction.

    :param uses: by promotion, units by sku that the order has at its price.
    """
    for promotion_id, wants in sorted(uses.items()):
        set_aside.draw(session, store_id, wants, promotion_id=promotion_id)


def end(session: Session, promotion_id: int, *, actor: str, now: datetime) -> int:
    """End a promotion for good; what it did not sell is free again.  Returns the book's new version."""
    version = moves.move(session, promotion_id, "end", actor=actor, now=now)
    set_aside.free(session, promotion_id, actor=actor, now=now)
    return version


def over(session: Session, *, now: datetime, remembered_until: datetime, most: int) -> list[int]:
    """Promotions that are over: since `remembered_until` (they are to be ended), or with goods still set aside."""
    given = {"now": now, "over": remembered_until, "most": most}
    return [row.id for row in fetch(session, _OVER, given)]


def tidy(session: Session, promotion_id: int, *, remembered_until: datetime, actor: str, now: datetime) -> None:
    """Free what a promotion that is over did not sell; end it once it is over long enough.  Repeats change nothing."""
    set_aside.free(session, promotion_id, actor=actor, now=now)
    last = first(session, _LAST, {"id": promotion_id})
    if last is not None and last.state in ("live", "paused") and last.until_at <= remembered_until:
        moves.move(session, promotion_id, "end", actor=actor, now=now)


_LAST = text(
    "SELECT p.state, (SELECT max(until_at) FROM promotion_version v WHERE v.promotion_id = p.id) AS until_at"
    " FROM promotion p WHERE p.id = :id"
)
