"""拼团 as the head office sees it: its offers with how their groups fared, the groups of one, goods to offer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.catalogue import words
from trade.pricing.prices import price_now

PAGE = 20
MOST_GOODS = 20

_OFFERS = text("""
    SELECT p.id, p.name, p.state, v.from_at, v.until_at - interval '1 minute' AS last_at, v.total_units, v.member_units,
        v.prices,
        (v.body ->> 'people')::int AS people, (v.body ->> 'fill_minutes')::int AS fill_minutes,
        CASE WHEN p.state <> 'live' THEN p.state WHEN v.from_at > :now THEN 'scheduled'
             WHEN v.until_at <= :now THEN 'over' ELSE 'running' END AS stands
    FROM promotion p JOIN LATERAL (
        SELECT *, body -> 'prices' AS prices FROM promotion_version
        WHERE promotion_id = p.id AND version = p.version) v ON true
    WHERE p.kind = 'group' AND (CAST(:before AS bigint) IS NULL OR p.id < :before) ORDER BY p.id DESC LIMIT :most""")
_COUNTS = text("""
    SELECT promotion_id, state, count(*) AS groups, sum(taken)::bigint AS people FROM group_buy
    WHERE promotion_id = ANY(:offers) GROUP BY 1, 2""")
_NAMES = text("""
    SELECT sku.id, product.name, sku.spec, sku.unit, sku.weighed FROM sku JOIN product ON product.id = sku.product_id
    WHERE sku.id = ANY(:skus) ORDER BY sku.id""")
_GROUPS = text("""
    SELECT g.id, g.state, g.taken, g.people, g.opened_at, g.fill_by, g.ended_at, store.name AS store_name
    FROM group_buy g JOIN store ON store.id = g.store_id
    WHERE g.promotion_id = :offer AND (CAST(:before AS bigint) IS NULL OR g.id < :before)
    ORDER BY g.id DESC LIMIT :most""")
_GOODS = text(f"""
    SELECT sku.id AS sku_id, product.name, sku.spec, sku.unit, sku.weighed, book.price_fen AS list_fen
    FROM sku JOIN product ON product.id = sku.product_id {price_now("'mall'")}
    WHERE product.said LIKE ALL(:words) OR EXISTS (SELECT FROM barcode b WHERE b.sku_id = sku.id AND b.code = :code)
    ORDER BY product.name, sku.id LIMIT :most""")


def _plain(row: Any) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row._asdict().items()}


def offers(session: Session, *, before: int | None = None, most: int = PAGE, now: datetime) -> list[dict[str, Any]]:
    """Group offers that were published, newest first, in the version in force; `before` pages on.

    `last_at` is the last minute in which it runs; `groups` are how many are open, formed and failed, `waiting` how many
    people have paid and wait; `goods` is what is offered, `price_fen` per piece, or per kilogram of weighed goods.
    """
    rows = fetch(session, _OFFERS, {"before": before, "most": most, "now": now})
    counts = {(one.promotion_id, one.state): one for one in fetch(session, _COUNTS, {"offers": [r.id for r in rows]})}
    skus = {int(sku) for row in rows for sku in row.prices}
    goods = {one.id: one for one in fetch(session, _NAMES, {"skus": sorted(skus)})}
    found = []
    for row in rows:
        of = {state: counts.get((row.id, state)) for state in ("open", "formed", "failed")}
        named = [(goods[int(sku)], fen) for sku, fen in row.prices.items()]
        found.append({
            **{name: value for name, value in _plain(row).items() if name != "prices"},
            "groups": {state: count.groups if count else 0 for state, count in of.items()},
            "waiting": of["open"].people if of["open"] else 0,
            "goods": [
                {"sku_id": sku.id, "name": sku.name, "spec": sku.spec, "unit": sku.unit, "price_fen": fen}
                for sku, fen in named
            ],
        })  # fmt: skip
    return found


def groups(session: Session, promotion_id: int, *, before: int | None = None, most: int = PAGE) -> list[dict[str, Any]]:
    """The groups of an offer, newest first: where, how many are in, until when; `before` pages on."""
    return [_plain(row) for row in fetch(session, _GROUPS, {"offer": promotion_id, "before": before, "most": most})]


def goods(session: Session, asked: str, *, now: datetime) -> list[dict[str, Any]]:
    """Goods by name, pinyin or barcode, at most MOST_GOODS, with the chain's price in the mall; nothing for nothing."""
    said = words.words(asked)
    if not said:
        return []
    given = {"words": [f"%{word}%" for word in said], "code": asked.strip(), "store": 0, "now": now}
    return [row._asdict() for row in fetch(session, _GOODS, {**given, "most": MOST_GOODS})]
