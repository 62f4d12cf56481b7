"""What happened to goods is a fact: it is never refused, and breaks promises where it must.

A sale that a till made without us, a shelf that is empty where the figures say otherwise, a broken jar: the level
follows what happened.  Where less is left than was promised, promises break in this order, as far as they must:

    1. what a promotion keeps                  the newest promotion first
    2. online promises of unaccepted orders    unpaid before paid before picked, of each the newest order first
    3. those of orders a store has accepted    in the same order

Worked table, 5 on hand, order 7 holds 1 unpaid, order 8 has 2 paid, order 9 has 2 paid and its store accepted it:

    the till sold   on_hand   broken
    1                     4   order 7: 1
    2                     3   order 7: 1, order 8: 1
    4                     1   order 7: 1, order 8: 2, order 9: 1
    6                    -1   everything

Whoever calls finds another store for what broke, or puts it on the exception desk (`stock_broken`).  A count is due
wherever something broke or the figure fell below zero: until it is counted the mall shows none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.catalogue import kits
from trade.stock import count_due, told
from trade.stock.moves import asked

ASIDE = "aside"
_ROUND = {ASIDE: 0, "held": 1, "committed": 2, "picked": 3}


@dataclass(frozen=True, slots=True)
class Promise:
    """Units of one sku promised in one bucket to an order, or kept for a promotion (`bucket` is then `aside`)."""

    sku_id: int
    bucket: str
    of: int
    qty: int


@dataclass(frozen=True, slots=True)
class Broken:
    """What an order no longer holds, and in which bucket it was."""

    order_id: int
    sku_id: int
    bucket: str
    qty: int


def which_break(over: Mapping[int, int], promises: Iterable[Promise], accepted: Collection[int]) -> list[Promise]:
    """The promises, or parts of them, that go when `over` (units by sku) too many are promised.  Pure."""
    left, found = dict(over), []
    for one in sorted(promises, key=lambda p: (p.bucket != ASIDE and p.of in accepted, _ROUND[p.bucket], -p.of)):
        if qty := min(left.get(one.sku_id, 0), one.qty):
            left[one.sku_id] -= qty
            found.append(Promise(one.sku_id, one.bucket, one.of, qty))
    return found


_LEVELS = text("""
    INSERT INTO stock_level (store_id, sku_id, on_hand, held)
    SELECT :store, sku_id, 0, 0 FROM unnest(CAST(:skus AS bigint[])) AS a(sku_id) ORDER BY sku_id
    ON CONFLICT DO NOTHING""")
_LOCK = text("""
    SELECT sku_id, on_hand, quarantine, held + committed + picked AS promised FROM stock_level
    WHERE store_id = :store AND sku_id = ANY(CAST(:skus AS bigint[])) ORDER BY sku_id FOR NO KEY UPDATE""")
_PROMISES = text("""
    SELECT sku_id, 'aside' AS bucket, promotion_id AS of, qty FROM stock_set_aside
    WHERE store_id = :store AND sku_id = ANY(CAST(:skus AS bigint[])) AND qty > 0
    UNION ALL SELECT sku_id, bucket, order_id, qty FROM stock_hold
    WHERE store_id = :store AND sku_id = ANY(CAST(:skus AS bigint[]))""")
_SOLD = text("""
    INSERT INTO stock_movement (store_id, sku_id, qty, key, actor, at)
    SELECT :store, sku_id, -qty, :key, :actor, :now
    FROM unnest(CAST(:skus AS bigint[]), CAST(:qtys AS bigint[])) AS a(sku_id, qty)
    ON CONFLICT (store_id, key, sku_id) DO NOTHING RETURNING sku_id, -qty AS qty""")
_SPOILT = text("""
    INSERT INTO stock_quarantine (store_id, sku_id, qty, key, reason, actor, at)
    SELECT :store, sku_id, qty, :key, :reason, :actor, :now
    FROM unnest(CAST(:skus AS bigint[]), CAST(:qtys AS bigint[])) AS a(sku_id, qty)
    ON CONFLICT (store_id, key, sku_id) DO NOTHING RETURNING sku_id, qty""")
_APPLY = text("""
    WITH broken AS (SELECT * FROM unnest(CAST(:b_skus AS bigint[]), CAST(:b_buckets AS text[]), CAST(:b_of AS bigint[]),
                        CAST(:b_qtys AS bigint[])) AS b(sku_id, bucket, of, qty)),
    aside AS (UPDATE stock_set_aside s SET qty = s.qty - b.qty FROM broken b
              WHERE b.bucket = 'aside' AND s.store_id = :store AND s.sku_id = b.sku_id AND s.promotion_id = b.of),
    gone AS (DELETE FROM stock_hold h USING broken b
             WHERE h.store_id = :store AND h.order_id = b.of AND h.sku_id = b.sku_id AND h.bucket = b.bucket
               AND h.qty = b.qty),
    less AS (UPDATE stock_hold h SET qty = h.qty - b.qty FROM broken b
             WHERE h.store_id = :store AND h.order_id = b.of AND h.sku_id = b.sku_id AND h.bucket = b.bucket
               AND h.qty > b.qty),
    moved AS (SELECT a.sku_id, a.sold, a.spoilt,
                  coalesce(sum(b.qty) FILTER (WHERE b.bucket IN ('aside', 'held')), 0)::bigint AS held,
                  coalesce(sum(b.qty) FILTER (WHERE b.bucket = 'committed'), 0)::bigint AS committed,
                  coalesce(sum(b.qty) FILTER (WHERE b.bucket = 'picked'), 0)::bigint AS picked
              FROM unnest(CAST(:skus AS bigint[]), CAST(:sold AS bigint[]), CAST(:spoilt AS bigint[]))
                  AS a(sku_id, sold, spoilt) LEFT JOIN broken b USING (sku_id) GROUP BY 1, 2, 3)
    UPDATE stock_level level SET on_hand = level.on_hand - m.sold, quarantine = level.quarantine + m.spoilt,
        held = level.held - m.held, committed = level.committed - m.committed, picked = level.picked - m.picked
    FROM moved m WHERE level.store_id = :store AND level.sku_id = m.sku_id""")


def take_as_fact(
    session: Session,
    store_id: int,
    goods: Mapping[int, int],
    *,
    key: str,
    actor: str,
    now: datetime,
    accepted: Collection[int] = (),
    at: datetime | None = None,
) -> list[Broken]:
    """Goods left the shop, whatever the figures say: `on_hand` falls by `goods`; returns which orders lost what.

    For a sale that a till made on its own (till-and-store-desk.md 3.9).  A repeat of `key` changes nothing and breaks
    nothing.  Safe under concurrency: levels are locked in sku order before anything is read.

    :param accepted: orders that a store has accepted; they lose theirs last.
    :param at: when they left, if that was before now: a count compares by it.
    """
    return _happened(session, store_id, goods, _SOLD, "sold_unseen", key, accepted, actor=actor, now=now, at=at)


def lost(
    session: Session,
    store_id: int,
    goods: Mapping[int, int],
    *,
    key: str,
    actor: str,
    now: datetime,
    accepted: Collection[int] = (),
) -> list[Broken]:
    """Goods are not there, whatever the figures say; as `take_as_fact`, but nobody sold them."""
    return _happened(session, store_id, goods, _SOLD, "mismatch", key, accepted, actor=actor, now=now)


def spoilt(
    session: Session,
    store_id: int,
    goods: Mapping[int, int],
    *,
    key: str,
    reason: str,
    actor: str,
    now: datetime,
    accepted: Collection[int] = (),
) -> list[Broken]:
    """Goods are there and cannot be sold: they are in quarantine from now on; otherwise as `take_as_fact`."""
    return _happened(session, store_id, goods, _SPOILT, reason, key, accepted, actor=actor, now=now)


def _happened(
    session: Session,
    store_id: int,
    goods: Mapping[int, int],
    posting: Any,
    cause: str,
    key: str,
    accepted: Collection[int],
    *,
    actor: str,
    now: datetime,
    at: datetime | None = None,
) -> list[Broken]:
    given = {
        **asked(kits.expand(session, goods)),
        "store": store_id,
        "key": key,
        "reason": cause,
        "actor": actor,
        "now": at or now,
    }
    fetch(session, _LEVELS, given)
    levels = {row.sku_id: row for row in fetch(session, _LOCK, given)}
    new = {row.sku_id: row.qty for row in fetch(session, posting, given)}
    if not new:
        return []
    left = {sku: levels[sku].on_hand - levels[sku].quarantine - qty for sku, qty in new.items()}
    over = {sku: levels[sku].promised - max(left[sku], 0) for sku in new}
    broken = _broken(session, store_id, {sku: qty for sku, qty in over.items() if qty > 0}, accepted)
    _apply(session, store_id, new, broken, sold=posting is _SOLD)
    of_orders = [Broken(one.of, one.sku_id, one.bucket, one.qty) for one in broken if one.bucket != ASIDE]
    doubtful = {one.sku_id for one in broken} | {sku for sku in new if left[sku] < 0}
    count_due.raise_due(session, store_id, doubtful, reason=cause, actor=actor, now=now)
    more = {"key": key, "broken": [asdict(one) for one in of_orders]}
    told.changed(session, store_id, new, cause=cause, actor=actor, now=now, **more)
    return of_orders


def _broken(session: Session, store_id: int, over: Mapping[int, int], accepted: Collection[int]) -> Sequence[Promise]:
    if not over:
        return []
    rows = fetch(session, _PROMISES, {"store": store_id, "skus": sorted(over)})
    return which_break(over, [Promise(row.sku_id, row.bucket, row.of, row.qty) for row in rows], accepted)


def _apply(session: Session, store_id: int, new: Mapping[int, int], broken: Sequence[Promise], *, sold: bool) -> None:
    skus = sorted(new)
    units, nothing = [new[sku] for sku in skus], [0] * len(skus)
    given = {
        "store": store_id,
        "skus": skus,
        "sold": units if sold else nothing,
        "spoilt": nothing if sold else units,
        "b_skus": [one.sku_id for one in broken],
        "b_buckets": [one.bucket for one in broken],
        "b_of": [one.of for one in broken],
        "b_qtys": [one.qty for one in broken],
    }
    fetch(session, _APPLY, given)
