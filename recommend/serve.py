"""What is recommended, at each place, to whom, in which store, and why (recommend.md 5.6, 5.7).

Lists are made by night (`learning.py`) and read here: consent is asked at every read, only what the store can sell now
is named, and what was just bought is left out until its time comes again.  Without consent, without lists, and for
the twentieth part of members that is held out to measure what all this is worth, it is what the store sells most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from member import consent
from recommend.definitions import PURPOSE
from recommend.lists import Found, Named, find
from trade.orders import facts
from trade.pricing import listing

MOST = 20
HINTS = 3
PENDING_FOR = timedelta(days=14)
LOOK_BACK = timedelta(days=60)
ONCE_DAYS = 28
"""What was bought once is not named again for so long."""
IN_A_CATEGORY, OF_A_BRAND = 3, 2
HELD_OUT_PERCENT = 5

_PENDING = text("""
    SELECT product_id, max(at) AS at FROM behaviour_event
    WHERE member_id = :member AND kind = 'cart_change' AND product_id IS NOT NULL AND day >= :day AND at >= :since
    GROUP BY product_id HAVING sum(qty) > 0 ORDER BY max(at) DESC LIMIT 20""")
_PRODUCTS = text("SELECT DISTINCT product_id FROM sku WHERE id = ANY(:skus)")
_NAMES = text("SELECT id, name FROM product WHERE id = ANY(:ids)")


@dataclass(frozen=True, slots=True)
class Shelf:
    """Cards in their order, each with its `reason` {kind, name, days}; `model` says what chose them."""

    model: str
    cards: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Asked:
    store_id: int
    member_id: int | None
    now: datetime
    basket: frozenset[int] = frozenset()


def held_out(member_id: int) -> bool:
    """Whether this member is shown what the store sells most, so that the others can be compared with somebody."""
    return int.from_bytes(sha256(f"recommend:{member_id}".encode()).digest()[:4]) % 100 < HELD_OUT_PERCENT


def feed(session: Session, store_id: int, member_id: int | None, *, now: datetime, most: int = MOST) -> Shelf:
    """For you: what waits in the cart, what is due, what goes with what was bought, what the store sells most."""
    asked = _Asked(store_id, _personal(session, member_id), now)
    found = find(store_id=store_id, member_id=asked.member_id)
    pending = _pending(session, asked)
    model = found.version if asked.member_id and (found.member or pending) else _popular(member_id)
    return Shelf(model, _cards(session, asked, [*pending, *found.member, *found.store], most))


def beside(session: Session, store_id: int, product_ids: Sequence[int], *, now: datetime, most: int = 10) -> Shelf:
    """What is bought with these products, the same for everybody: a product's page, or a cart."""
    asked = _Asked(store_id, None, now, frozenset(product_ids))
    found = find(store_id=store_id, product_ids=list(product_ids))
    return Shelf(found.version, _cards(session, asked, _mixed(found), most))


def hint(session: Session, store_id: int, member_id: int | None, sku_ids: Sequence[int], *, now: datetime) -> Shelf:
    """For the cashier: what a recognised member buys about now, and what goes with the basket; at most HINTS."""
    products = [row.product_id for row in fetch(session, _PRODUCTS, {"skus": list(sku_ids)})] if sku_ids else []
    asked = _Asked(store_id, _personal(session, member_id), now, frozenset(products))
    found = find(store_id=store_id, member_id=asked.member_id, product_ids=products)
    due = [one for one in found.member if one.kind == "usual" and one.about]
    return Shelf(found.version, _cards(session, asked, [*due[:HINTS], *_mixed(found), *due[HINTS:]], HINTS))


def _personal(session: Session, member_id: int | None) -> int | None:
    """The member, if what they did may be used now."""
    if member_id is None or held_out(member_id) or not consent.allows(session, member_id, PURPOSE):
        return None
    return member_id


def _popular(member_id: int | None) -> str:
    return "held out" if member_id is not None and held_out(member_id) else "popular"


def _pending(session: Session, asked: _Asked) -> list[Named]:
    """What the member put into the cart in these days and did not buy since, the newest first."""
    if asked.member_id is None:
        return []
    since = asked.now - PENDING_FOR
    given = {"member": asked.member_id, "since": since, "day": since.date()}
    rows = fetch(session, _PENDING, given)
    bought = facts.bought_since(session, asked.member_id, since) if rows else {}
    left = (row for row in rows if row.product_id not in bought or bought[row.product_id] < row.at)
    return [Named(row.product_id, "pending", (asked.now - row.at).days) for row in left]


def _mixed(found: Found) -> list[Named]:
    """The products' lists as one: the best of each before the second of any."""
    return [one[place] for place in range(max(map(len, found.products), default=0)) for one in found.products
            if place < len(one)]  # fmt: skip


def _cards(session: Session, asked: _Asked, wishes: Sequence[Named], most: int) -> list[dict[str, Any]]:
    reasons: dict[int, Named] = {}
    for one in _due(session, asked, wishes):
        if one.product_id not in asked.basket:
            reasons.setdefault(one.product_id, one)
    cards = _mixed_shelf(listing.named(session, asked.store_id, list(reasons), now=asked.now), most)
    _explain(session, cards, reasons)
    return cards


def _due(session: Session, asked: _Asked, wishes: Sequence[Named]) -> Iterator[Named]:
    """Without what was bought less than half of its own usual time ago."""
    if asked.member_id is None:
        yield from wishes
        return
    last = facts.bought_since(session, asked.member_id, asked.now - LOOK_BACK)
    usual = {one.product_id: one.about for one in wishes if one.kind == "usual"}
    for one in wishes:
        at = last.get(one.product_id)
        gap = usual.get(one.product_id) or 2 * ONCE_DAYS
        if one.kind == "pending" or at is None or asked.now - at >= timedelta(days=gap) / 2:
            yield one


def _mixed_shelf(cards: Sequence[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Not all of one kind: so many of a category and of a brand come first, the others after them."""
    kinds: Counter[int] = Counter()
    brands: Counter[str] = Counter()
    first, later = [], []
    for card in cards:
        brand = card.pop("brand")
        if kinds[card["category_id"]] < IN_A_CATEGORY and (not brand or brands[brand] < OF_A_BRAND):
            kinds[card["category_id"]] += 1
            brands[brand] += 1
            first.append(card)
        else:
            later.append(card)
    return [*first, *later][:most]


def _explain(session: Session, cards: Collection[dict[str, Any]], reasons: dict[int, Named]) -> None:
    why = {card["product_id"]: reasons[card["product_id"]] for card in cards}
    cited = {one.about for one in why.values() if one.kind == "with"}
    names = {row.id: row.name for row in fetch(session, _NAMES, {"ids": list(cited)})} if cited else {}
    for card in cards:
        one = why[card["product_id"]]
        days = one.about if one.kind in ("usual", "pending") else 0
        card["reason"] = {
            "kind": one.kind,
            "name": names.get(one.about, "") if one.kind == "with" else "",
            "days": days,
        }
