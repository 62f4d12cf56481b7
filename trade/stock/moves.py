"""The only writer of stock, with its parts: `set_aside.py` (what a promotion keeps), `facts.py`, `quarantine.py`,
`count_due.py`, `rejects.py` and `expiry.py`.

    what happens            from       to          on_hand
    hold                    free       held
    commit (paid)           held       committed
    pick, unpick            committed  picked      and back
    consume (handed over)   any        gone        falls
    release, move           any        free, or another store's

Wherever goods are named, a kit stands for its components (`trade/catalogue/kits.py`): only they have stock, and
promises name them.  Every function takes all its rows in one statement; levels are locked by store, then sku, and
always before the promises made from them, so that two orders cannot deadlock.  Every change of `on_hand` leaves a
movement whose key makes a repeat impossible.  Where what an order holds decides how much moves, the locks are a
statement of their own before it: what is read after them cannot be stale.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch
from config.errors import Refused
from trade.catalogue import kits


class OutOfStock(Refused):
    """The store has less free than asked; `sku_ids` are the short ones.  Nothing was promised."""

    code = "out_of_stock"


class NotHeld(Refused):
    """The order holds less than is asked of it there; `short` says per sku how much is lacking.  Nothing moved."""

    code = "not_held"


ASKED = """
    WITH asked AS (SELECT * FROM unnest(CAST(:skus AS bigint[]), CAST(:qtys AS bigint[])) AS a(sku_id, qty)),
    locked AS (SELECT level.sku_id, asked.qty FROM stock_level level JOIN asked USING (sku_id)
               WHERE level.store_id = :store ORDER BY level.sku_id FOR NO KEY UPDATE OF level)"""

_HOLD = text(
    ASKED
    + """,
    moved AS (UPDATE stock_level level SET held = level.held + locked.qty FROM locked
              WHERE level.store_id = :store AND level.sku_id = locked.sku_id AND level.free_online >= locked.qty
              RETURNING level.sku_id, locked.qty),
    kept AS (INSERT INTO stock_hold AS h (order_id, store_id, sku_id, bucket, qty, held_until)
             SELECT :order, :store, sku_id, 'held', qty, CAST(:until AS timestamptz) FROM moved
             ON CONFLICT (order_id, store_id, sku_id, bucket)
             DO UPDATE SET qty = h.qty + excluded.qty, held_until = excluded.held_until)
    SELECT sku_id FROM moved"""
)

_HOLD_AT_TILL = text(str(_HOLD).replace("free_online", "free_till"))

_LOCK_LEVELS = text(f"{ASKED} SELECT sku_id FROM locked")

_SELL = text(
    ASKED
    + """,
    moved AS (UPDATE stock_level level SET on_hand = level.on_hand - locked.qty FROM locked
              WHERE level.store_id = :store AND level.sku_id = locked.sku_id AND level.free_till >= locked.qty
              RETURNING level.sku_id, locked.qty),
    noted AS (INSERT INTO stock_movement (store_id, sku_id, qty, key, actor, at)
              SELECT :store, sku_id, -qty, :key, :actor, :now FROM moved)
    SELECT sku_id FROM moved"""
)

_LOCK = text("""
    SELECT level.store_id, level.sku_id FROM stock_level level JOIN (
        SELECT DISTINCT coalesce(at.store_id, h.store_id) AS store_id, h.sku_id
        FROM stock_hold h CROSS JOIN unnest(CAST(:stores AS bigint[])) at(store_id) WHERE h.order_id = :order) promised
        ON promised.store_id = level.store_id AND promised.sku_id = level.sku_id
    ORDER BY level.store_id, level.sku_id FOR NO KEY UPDATE OF level""")
"""The levels of all skus an order holds anywhere, in the stores named, or with a NULL in those where it holds.

With NULL whoever moves the order between stores at the same time must hold the order's own row, as `orders` does.
"""

_OF_ORDER = """
    WITH asked AS (SELECT * FROM unnest(CAST(:skus AS bigint[]), CAST(:qtys AS bigint[])) AS a(sku_id, qty)),
    have AS (SELECT h.store_id, h.sku_id, h.bucket, h.qty, h.held_until,
                    CASE WHEN CAST(:everything AS boolean) THEN h.qty ELSE least(h.qty, greatest(asked.qty
                        - coalesce(sum(h.qty) OVER sooner, 0)::bigint, 0)) END AS taken
             FROM unnest(CAST(:locked_stores AS bigint[]), CAST(:locked_skus AS bigint[])) AS locked(store_id, sku_id)
             JOIN stock_hold h ON h.order_id = :order AND h.store_id = locked.store_id AND h.sku_id = locked.sku_id
             LEFT JOIN asked ON asked.sku_id = h.sku_id
             WHERE (CAST(:store AS bigint) IS NULL OR h.store_id = :store)
               AND h.bucket = ANY(CAST(:buckets AS text[]))
             WINDOW sooner AS (PARTITION BY h.sku_id
                 ORDER BY array_position(CAST(:buckets AS text[]), h.bucket), h.store_id
                 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),
    gone AS (DELETE FROM stock_hold h USING have
             WHERE h.order_id = :order AND h.store_id = have.store_id AND h.sku_id = have.sku_id
               AND h.bucket = have.bucket AND have.taken = have.qty
             RETURNING h.store_id, h.sku_id, h.bucket, h.qty, h.held_until),
    less AS (UPDATE stock_hold h SET qty = h.qty - have.taken FROM have
             WHERE h.order_id = :order AND h.store_id = have.store_id AND h.sku_id = have.sku_id
               AND h.bucket = have.bucket AND have.taken > 0 AND have.taken < have.qty
             RETURNING h.store_id, h.sku_id, h.bucket, have.taken, h.held_until),
    part AS (SELECT store_id, sku_id, sum(qty)::bigint AS qty,
                    coalesce(sum(qty) FILTER (WHERE bucket = 'held'), 0)::bigint AS held,
                    coalesce(sum(qty) FILTER (WHERE bucket = 'committed'), 0)::bigint AS committed,
                    coalesce(sum(qty) FILTER (WHERE bucket = 'picked'), 0)::bigint AS picked,
                    min(held_until) AS held_until
             FROM (SELECT * FROM gone UNION ALL SELECT * FROM less) taken(store_id, sku_id, bucket, qty, held_until)
             GROUP BY 1, 2)"""
"""What is taken of an order's promises, bucket by bucket in the order of :buckets, where its levels are locked.

What the order came to hold while the locks were waited for is left alone: another may be at it.
"""

_TAKE = text(
    _OF_ORDER
    + """,
    kept AS (INSERT INTO stock_hold AS h (order_id, store_id, sku_id, bucket, qty)
             SELECT :order, store_id, sku_id, CAST(:target AS text), qty FROM part WHERE CAST(:target AS text) <> ''
             ON CONFLICT (order_id, store_id, sku_id, bucket) DO UPDATE SET qty = h.qty + excluded.qty),
    noted AS (INSERT INTO stock_movement (store_id, sku_id, qty, key, actor, at)
              SELECT store_id, sku_id, -qty, CAST(:key AS text), CAST(:actor AS text), CAST(:now AS timestamptz)
              FROM part WHERE CAST(:key AS text) <> '')
    UPDATE stock_level level SET held = level.held - part.held,
        committed = level.committed - part.committed + CASE :target WHEN 'committed' THEN part.qty ELSE 0 END,
        picked = level.picked - part.picked + CASE :target WHEN 'picked' THEN part.qty ELSE 0 END,
        on_hand = level.on_hand - CASE WHEN CAST(:key AS text) = '' THEN 0 ELSE part.qty END
    FROM part WHERE level.store_id = part.store_id AND level.sku_id = part.sku_id
    RETURNING level.store_id, level.sku_id, part.qty"""
)

_MOVE = text(
    _OF_ORDER
    + """,
    there AS (UPDATE stock_level level SET held = level.held + part.held,
                  committed = level.committed + part.committed + part.picked
              FROM part WHERE level.store_id = :to AND level.sku_id = part.sku_id AND level.free_online >= part.qty
              RETURNING level.sku_id),
    kept AS (INSERT INTO stock_hold AS h (order_id, store_id, sku_id, bucket, qty, held_until)
             SELECT :order, :to, part.sku_id, b.bucket, b.qty, CASE b.bucket WHEN 'held' THEN part.held_until END
             FROM part CROSS JOIN LATERAL (VALUES ('held', part.held), ('committed', part.committed + part.picked))
                 AS b(bucket, qty)
             WHERE b.qty > 0
             ON CONFLICT (order_id, store_id, sku_id, bucket)
             DO UPDATE SET qty = h.qty + excluded.qty, held_until = least(h.held_until, excluded.held_until)),
    here AS (UPDATE stock_level level SET held = level.held - part.held,
                 committed = level.committed - part.committed, picked = level.picked - part.picked
             FROM part WHERE level.store_id = part.store_id AND level.sku_id = part.sku_id)
    SELECT part.sku_id, part.qty, there.sku_id IS NOT NULL AS found FROM part LEFT JOIN there USING (sku_id)"""
)

_TAKE_IN = text("""
    WITH asked AS (SELECT * FROM unnest(CAST(:skus AS bigint[]), CAST(:qtys AS bigint[])) AS a(sku_id, qty)),
    noted AS (INSERT INTO stock_movement (store_id, sku_id, qty, key, actor, at)
              SELECT :store, sku_id, qty, :key, :actor, :now FROM asked
              ON CONFLICT (store_id, key, sku_id) DO NOTHING RETURNING sku_id, qty)
    INSERT INTO stock_level (store_id, sku_id, on_hand, held)
    SELECT :store, sku_id, qty, 0 FROM noted ORDER BY sku_id
    ON CONFLICT (store_id, sku_id) DO UPDATE SET on_hand = stock_level.on_hand + excluded.on_hand
    RETURNING sku_id""")


def asked(wants: Mapping[int, int]) -> dict[str, list[int]]:
    """What `ASKED` takes: skus in order, and the units of each."""
    assert wants and all(qty > 0 for qty in wants.values()), wants
    ordered = sorted(wants.items())
    return {"skus": [sku_id for sku_id, _ in ordered], "qtys": [qty for _, qty in ordered]}


def _skus(session: Session, statement: TextClause, given: Mapping[str, Any]) -> list[int]:
    return [row[0] for row in fetch(session, statement, given)]


def hold(
    session: Session,
    store_id: int,
    wants: Mapping[int, int],
    *,
    order_id: int,
    until: datetime | None = None,
    at_till: bool = False,
) -> None:
    """Promise `wants` (sku id -> sale units) of one store to an order, all or nothing, `until` then or till it is paid.

    `at_till`: they lie on the counter, so what the mall must leave in the shop may be promised, too.

    Raises OutOfStock naming every short sku; the caller's transaction then rolls back.  The order's own
    journal row tells of it, so no row of its own is written.
    """
    goods = kits.expand(session, wants)
    moved = _skus(
        session,
        _HOLD_AT_TILL if at_till else _HOLD,
        {**asked(goods), "store": store_id, "order": order_id, "until": until},
    )
    refuse_short(session, store_id, wants, goods.keys() - set(moved))


def sell(session: Session, store_id: int, wants: Mapping[int, int], *, key: str, actor: str, now: datetime) -> None:
    """Hand goods over the counter: lowers `on_hand` by `wants`, all or nothing.  Raises OutOfStock."""
    goods = kits.expand(session, wants)
    moved = _skus(session, _SELL, {**asked(goods), "store": store_id, "key": key, "actor": actor, "now": now})
    refuse_short(session, store_id, wants, goods.keys() - set(moved))


def refuse_short(
    session: Session, store_id: int, wants: Mapping[int, int], lacking: Iterable[int], kind: type[Refused] = OutOfStock
) -> None:
    """Raise `kind` naming those of `wants` that are short, kits by their own sku, when any part is lacking."""
    if short := set(lacking):
        raise kind(store_id=store_id, sku_ids=kits.short_of(session, wants, short))


Goods = Mapping[int, int]
"""Sale units by sku id."""


def commit(session: Session, store_id: int | None, *, order_id: int) -> dict[int, int]:
    """The order is paid: what it holds in a store, or with None in all of them, no longer ends by itself.

    Returns the units by sku that were unpaid until now: fewer than the order's lines say when a promise ended before.
    """
    units: Counter[int] = Counter()
    for (_, sku_id), qty in _take(session, store_id, None, order_id, ("held",), target="committed").items():
        units[sku_id] += qty
    return dict(units)


def pick(session: Session, store_id: int, goods: Goods | None, *, order_id: int) -> None:
    """Paid units lie in the tote.  Raises NotHeld."""
    _take(session, store_id, goods, order_id, ("committed",), target="picked")


def unpick(session: Session, store_id: int, goods: Goods | None, *, order_id: int) -> None:
    """Picked units are back on the shelf and still promised.  Raises NotHeld."""
    _take(session, store_id, goods, order_id, ("picked",), target="committed")


def consume(
    session: Session, store_id: int, goods: Goods | None, *, order_id: int, key: str, actor: str, now: datetime
) -> list[int]:
    """Promised goods leave the shop, those picked first: the promise and `on_hand` fall together; returns the skus.

    `key` names document and event and is unique in the store.  Raises NotHeld.
    """
    taken = _take(session, store_id, goods, order_id, ("picked", "committed", "held"), key=key, actor=actor, now=now)
    return sorted(sku_id for _, sku_id in taken)


def release(
    session: Session, store_id: int | None, *, order_id: int, goods: Goods | None = None
) -> dict[int, list[int]]:
    """Free what an order still holds in a store, or with None in all of them; returns the skus by store.

    Of `goods` what is least far on is freed first.  A second call frees nothing; with `goods` it raises NotHeld.
    """
    found: dict[int, list[int]] = {}
    for store, sku_id in sorted(_take(session, store_id, goods, order_id, ("held", "committed", "picked"))):
        found.setdefault(store, []).append(sku_id)
    return found


def move(
    session: Session, from_store_id: int, to_store_id: int, goods: Goods | None, *, order_id: int
) -> dict[int, int]:
    """Promise to an order in another store what it holds in this one, at once; returns the units by sku.

    Buckets stay, but what was picked here is only paid for there.  All or nothing.

    :raises OutOfStock: the other store has less free to online customers; :raises NotHeld: nothing moved either.
    """
    assert from_store_id != to_store_id, from_store_id
    goods = None if goods is None else kits.expand(session, goods)
    given = _of_order(from_store_id, goods, order_id, ("held", "committed", "picked"), to=to_store_id)
    rows = fetch(session, _MOVE, given | _locked(session, given))
    if short := sorted(row.sku_id for row in rows if not row.found):
        raise OutOfStock(store_id=to_store_id, sku_ids=short)
    moved = {row.sku_id: row.qty for row in rows}
    _refuse_unheld(from_store_id, goods, order_id, moved)
    return moved


def _of_order(
    store_id: int | None, goods: Goods | None, order_id: int, buckets: tuple[str, ...], **more: Any
) -> dict[str, Any]:
    asks = {"skus": [], "qtys": []} if goods is None else asked(goods)
    of = {"store": store_id, "order": order_id, "buckets": list(buckets), "everything": goods is None}
    return {**asks, **of, "stores": [store_id, *([more["to"]] if "to" in more else [])], **more}


def _locked(session: Session, given: Mapping[str, Any]) -> dict[str, list[int]]:
    rows = fetch(session, _LOCK, given)
    return {"locked_stores": [row.store_id for row in rows], "locked_skus": [row.sku_id for row in rows]}


def _take(
    session: Session,
    store_id: int | None,
    goods: Goods | None,
    order_id: int,
    buckets: tuple[str, ...],
    *,
    target: str = "",
    key: str = "",
    actor: str = "",
    now: datetime | None = None,
) -> dict[tuple[int, int], int]:
    """Take `goods`, or all there is, of what an order holds in `buckets`; returns units by store and sku."""
    goods = None if goods is None else kits.expand(session, goods)
    given = _of_order(store_id, goods, order_id, buckets, target=target, key=key, actor=actor, now=now)
    rows = fetch(session, _TAKE, given | _locked(session, given))
    taken = {(row.store_id, row.sku_id): row.qty for row in rows}
    units: Counter[int] = Counter()
    for (_, sku_id), qty in taken.items():
        units[sku_id] += qty
    _refuse_unheld(store_id, goods, order_id, units)
    return taken


def _refuse_unheld(store_id: int | None, goods: Goods | None, order_id: int, taken: Mapping[int, int]) -> None:
    wants = goods or {}
    if short := {sku_id: qty - taken.get(sku_id, 0) for sku_id, qty in wants.items() if taken.get(sku_id, 0) < qty}:
        raise NotHeld(store_id=store_id, order_id=order_id, short=short)


def lock(session: Session, store_id: int, goods: Mapping[int, int]) -> None:
    """Lock the levels of goods that come and go in several statements of one document, before the first of them."""
    fetch(session, _LOCK_LEVELS, {**asked(kits.expand(session, goods)), "store": store_id})


def take_in(
    session: Session, store_id: int, goods: Mapping[int, int], *, key: str, actor: str, now: datetime
) -> list[int]:
    """Goods enter the shop (receiving, or a return): raises `on_hand`; returns the skus.

    `key` names the document; a repeat of it changes nothing.
    """
    given = {**asked(kits.expand(session, goods)), "store": store_id, "key": key, "actor": actor, "now": now}
    taken = _skus(session, _TAKE_IN, given)
    if taken:
        journal.record(
            session,
            "stock.taken_in",
            f"store:{store_id}",
            actor=actor,
            now=now,
            store_id=store_id,
            sku_ids=taken,
            key=key,
        )
    return taken
