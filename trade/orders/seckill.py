"""秒杀 and 拼团 with goods of their own: set aside before, drawn by their orders, free when they are over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound, Refused, WrongState
from trade.orders import shown
from trade.pricing.promotions import book, gate, moves
from trade.pricing.promotions.book import InForce
from trade.pricing.quoted import Quote
from trade.pricing.rules import Kind
from trade.stock import set_aside

KEEPS = (Kind.SECKILL, Kind.GROUP)
"""Kinds that may keep goods of a store for their orders."""
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
    """Set goods of a store aside for a 秒杀 or a 拼团; more may be added while it runs.

    :raises OutOfStock: the store has less free; nothing was set aside.
    :raises WrongState, NotFound: it is over, or it keeps no goods.
    """
    found = first(session, _KIND, {"id": promotion_id})
    if found is None or found.kind not in KEEPS:
        raise NotFound(promotion_id=promotion_id)
    if found.state == "ended":
        raise WrongState(promotion_id=promotion_id, state=found.state, event="supply")
    set_aside.set_aside(session, store_id, wants, promotion_id=promotion_id, actor=actor, now=now)


def _seckills(known: InForce) -> set[int]:
    return {rule.id for rule in known.rules.rules if rule.kind in KEEPS}


def units(known: InForce, priced: Quote) -> dict[int, dict[int, int]]:
    """What a priced basket has at the price of a 秒杀: units by sku, by promotion.  Pure."""
    rush = _seckills(known)
    found: dict[int, dict[int, int]] = {}
    for use in priced.uses if rush else ():
        left = use.units if use.promotion_id in rush else 0
        for line in priced.lines if left else ():
            of_it = any(s.source == "promotion" and s.source_id == use.promotion_id for s in line.shares)
            taken = min(line.qty, left) if of_it else 0
            if taken:
                skus = found.setdefault(use.promotion_id, {})
                skus[line.item.sku_id] = skus.get(line.item.sku_id, 0) + taken
                left -= taken
    return found


def _rush(known: InForce, token: str) -> dict[int, int]:
    """Units by 秒杀 that the price of a shown quote rests on."""
    limited, found = _seckills(known) & known.limits.keys(), dict[int, int]()
    for _, qty, *_, shares in shown.opened(token).lines if limited else ():
        for source, source_id, _ in shares:
            if source == "promotion" and source_id in limited:
                found[source_id] = found.get(source_id, 0) + qty
    return found


@contextmanager
def gate_for(session: Session, store_id: int, token: str | None, *, ticket: str, now: datetime) -> Iterator[None]:
    """Around an order's transaction: in by the gate of every 秒杀 that its quote rests on, out again if it is refused.

    Who was shown another price is not asked.

    :param ticket: the request's id: a retry of an order that went through goes through.
    :raises QuotaUsed: sold out; the database was not asked.
    :raises QuoteForged: the token is not ours.
    """
    known = book.at(session, store_id, now)
    rush = _rush(known, token) if token else {}
    inside: list[int] = []
    try:
        for promotion_id in sorted(rush):
            gate.enter(session, known, promotion_id, rush[promotion_id], ticket=ticket, now=now)
            inside.append(promotion_id)
        yield
    except Refused:
        for promotion_id in inside:
            gate.leave(known, promotion_id, rush[promotion_id], ticket=ticket)
        raise


def show(session: Session, known: InForce, priced: Quote) -> None:
    """Count what is set aside for its 秒杀 among what is free to a priced basket; no statement without one."""
    for promotion_id, wants in units(known, priced).items():
        kept = set_aside.kept(session, known.store_id, list(wants), promotion_id=promotion_id)
        for line in priced.lines:
            if more := kept.get(line.item.sku_id):
                line.item = replace(line.item, free=line.item.free + more)


def draw(session: Session, known: InForce, priced: Quote) -> None:
    """Before an order's stock is held or sold: free what its 秒杀 units may draw on, in the same transaction."""
    whole = {line.item.sku_id for line in priced.lines}
    for promotion_id, wants in sorted(units(known, priced).items()):
        set_aside.draw(session, known.store_id, wants, promotion_id=promotion_id, whole=whole)


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
