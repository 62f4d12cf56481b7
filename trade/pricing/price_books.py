"""Changes of prices: published ahead, in force at their minute, and on the shelf when the label was printed.

A change (变价单) is for the list, a customer group, a channel or a store, and begins at a whole minute.  What it writes
is never changed, so what was charged can be told for ever; one that has not begun may be withdrawn.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused, WrongState
from trade.pricing.prices import price_now

PAGE = 50


class PriceNotSound(Refused):
    """The change contradicts itself; `fields` name what is wrong, each with the key of its sentence."""

    code, status = "price_not_sound", 422


@dataclass(frozen=True, slots=True)
class Line:
    """A sku's new price in fen per piece or kilogram, and lower ones from a quantity (pieces or grams) on."""

    sku_id: int
    price_fen: int
    steps: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A change of prices of one book: 0 and empty are any store, channel and customer group."""

    name: str
    from_at: datetime
    to_at: datetime | None = None
    store_id: int = 0
    channel: str = ""
    customer_group: str = ""

    @property
    def rank(self) -> int:
        """Which of several books counts: the highest."""
        return 4 * bool(self.store_id) + 2 * bool(self.channel) + bool(self.customer_group)


def _faults(change: Change, lines: Sequence[Line], now: datetime) -> dict[str, str]:
    qtys = [[1, *(qty for qty, _ in line.steps)] for line in lines]
    prices = [[line.price_fen, *(fen for _, fen in line.steps)] for line in lines]
    moments = [at for at in (change.from_at, change.to_at) if at is not None]
    wrong = {
        "from_at": (change.from_at < now, "begins_in_the_past"),
        "to_at": (change.to_at is not None and change.to_at <= change.from_at, "ends_before_it_starts"),
        "minute": (any(at.second or at.microsecond for at in moments), "whole_minutes"),
        "lines": (not lines, "value"),
        "sku_id": (len({line.sku_id for line in lines}) < len(lines), "named_twice"),
        "price_fen": (any(min(fen) <= 0 for fen in prices), "value"),
        "steps": (any(qty != sorted(set(qty)) for qty in qtys), "steps_ascend"),
        "steps_fen": (any(fen != sorted(set(fen), reverse=True) for fen in prices), "steps_worth_price"),
    }
    return {where: code for where, (is_wrong, code) in wrong.items() if is_wrong}


_PUBLISH = text("""
    WITH lines AS (SELECT * FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS l(sku_id bigint, price_fen bigint,
        steps jsonb)),
    change AS (INSERT INTO price_change (name, store_id, channel, customer_group, from_at, to_at, lines,
            published_by, published_at)
        SELECT :name, :store_id, :channel, :customer_group, :from_at, CAST(:to_at AS timestamptz),
            CAST(:lines AS jsonb), :actor, :now
        WHERE NOT EXISTS (SELECT FROM lines WHERE NOT EXISTS (SELECT FROM sku WHERE sku.id = lines.sku_id))
          AND (:store_id = 0 OR EXISTS (SELECT FROM store WHERE store.id = :store_id))
        RETURNING id),
    written AS (INSERT INTO price (sku_id, store_id, channel, customer_group, rank, price_fen, steps, from_at, to_at,
            change_id)
        SELECT lines.sku_id, :store_id, :channel, :customer_group, :rank, lines.price_fen,
            nullif(lines.steps, '[]'::jsonb), :from_at, CAST(:to_at AS timestamptz), change.id
        FROM lines CROSS JOIN change)
    SELECT id FROM change""")


def publish(session: Session, change: Change, lines: Sequence[Line], *, actor: str, now: datetime) -> int:
    """Publish a change of prices: in force everywhere from its minute on; returns its id.

    Of two changes of one book that begin together the later published counts.

    :raises PriceNotSound: it begins in the past, or names a sku or store that is none, or contradicts itself.
    """
    faults = _faults(change, lines, now)
    if faults:
        raise PriceNotSound(fields=faults)
    plain = [{"sku_id": line.sku_id, "price_fen": line.price_fen, "steps": line.steps} for line in lines]
    head = {name: getattr(change, name) for name in (*Change.__dataclass_fields__, "rank")}
    row = first(session, _PUBLISH, head | {"lines": json.dumps(plain), "actor": actor, "now": now})
    if row is None:
        raise PriceNotSound(fields={"lines": "unknown_sku"})
    journal.record(session, "price_change.published", f"price_change:{row.id}", actor=actor, now=now)
    return int(row.id)


_WITHDRAW = text("""
    WITH gone AS (UPDATE price_change SET withdrawn_at = :now
        WHERE id = :id AND withdrawn_at IS NULL AND from_at > :now RETURNING id),
    prices AS (DELETE FROM price USING gone WHERE price.change_id = gone.id)
    SELECT id FROM gone""")
_ONE = text("SELECT * FROM price_change WHERE id = :id")


def withdraw(session: Session, change_id: int, *, actor: str, now: datetime) -> None:
    """Take back a change that has not begun.  Raises WrongState when it has, or was withdrawn; NotFound."""
    if first(session, _WITHDRAW, {"id": change_id, "now": now}) is None:
        found = first(session, _ONE, {"id": change_id})
        if found is None:
            raise NotFound(change_id=change_id)
        state = "withdrawn" if found.withdrawn_at else "begun"
        raise WrongState(change_id=change_id, state=state, event="withdraw")
    journal.record(session, "price_change.withdrawn", f"price_change:{change_id}", actor=actor, now=now)


_LIST = text("""
    SELECT id, name, store_id, channel, customer_group, from_at, to_at, published_by, published_at, withdrawn_at,
           jsonb_array_length(lines)::bigint AS skus
    FROM price_change WHERE CAST(:before AS bigint) IS NULL OR id < :before ORDER BY id DESC LIMIT :most""")


def _shown(row: Any) -> dict[str, Any]:
    plain = row._asdict()
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in plain.items()}


def listed(session: Session, *, before: int | None = None, most: int = PAGE) -> list[dict[str, Any]]:
    """Changes of prices, newest first, with how many skus each; `before` pages on."""
    return [_shown(row) for row in fetch(session, _LIST, {"before": before, "most": most})]


def one(session: Session, change_id: int) -> dict[str, Any]:
    """One change with its lines.  Raises NotFound."""
    row = first(session, _ONE, {"id": change_id})
    if row is None:
        raise NotFound(change_id=change_id)
    return _shown(row)


_OF_SKU = text("""
    SELECT store_id, channel, customer_group, price_fen, steps, from_at, to_at, change_id FROM price
    WHERE sku_id = :sku ORDER BY rank DESC, store_id, channel, customer_group, from_at DESC, id DESC""")


def of_sku(session: Session, sku_id: int) -> list[dict[str, Any]]:
    """Every price a sku ever had and will have, the book that counts first, newest first in each."""
    return [_shown(row) for row in fetch(session, _OF_SKU, {"sku": sku_id})]


_BARCODE = "(SELECT min(code) FROM barcode b WHERE b.sku_id = sku.id) AS barcode"
_TURNS = text(f"""
    SELECT turn.at, sku.id AS sku_id, product.name, sku.spec, sku.unit, sku.weighed, store_sku.shelf, {_BARCODE},
           was.price_fen AS old_fen, book.price_fen AS new_fen, book.steps
    FROM (SELECT DISTINCT p.sku_id, turns.at FROM price p CROSS JOIN LATERAL (VALUES (p.from_at), (p.to_at)) turns(at)
          WHERE p.store_id IN (0, :store) AND p.channel IN ('', 'till') AND p.customer_group = ''
            AND turns.at > :now AND turns.at <= :until) turn
    JOIN sku ON sku.id = turn.sku_id JOIN product ON product.id = sku.product_id
    JOIN store_sku ON store_sku.store_id = :store AND store_sku.sku_id = sku.id AND store_sku.sellable
    {price_now("'till'").replace(":now", "turn.at")}
    LEFT {price_now("'till'").replace(":now", "turn.at - interval '1 microsecond'").replace("book", "was").lstrip()}
    WHERE was.price_fen IS DISTINCT FROM book.price_fen
    ORDER BY turn.at, product.name, sku.id LIMIT 2000""")


def coming(session: Session, store_id: int, *, until: datetime, now: datetime) -> list[dict[str, Any]]:
    """What changes at the counter of a store until a moment: the minute, the old price and the new.

    A till takes the list ahead and switches by its clock; labels are printed from it (till-and-store-desk.md 3.24).
    """
    return [_shown(row) for row in fetch(session, _TURNS, {"store": store_id, "until": until, "now": now})]


_UNLABELLED = text(f"""
    SELECT sku.id AS sku_id, product.name, sku.spec, sku.unit, sku.weighed, store_sku.shelf, {_BARCODE},
           book.price_fen, label.price_fen AS label_fen, label.printed_at,
           (SELECT from_at FROM price_change c WHERE c.id = book.change_id) AS since
    FROM store_sku JOIN sku ON sku.id = store_sku.sku_id JOIN product ON product.id = sku.product_id
    {price_now("'till'").replace("price_fen, steps", "price_fen, change_id")}
    LEFT JOIN price_label label ON label.store_id = :store AND label.sku_id = sku.id
    WHERE store_sku.store_id = :store AND store_sku.sellable
      AND CASE WHEN label.price_fen IS NULL THEN book.change_id IS NOT NULL ELSE label.price_fen <> book.price_fen END
    ORDER BY store_sku.shelf, product.name, sku.id LIMIT 2000""")


def unlabelled(session: Session, store_id: int, *, now: datetime) -> list[dict[str, Any]]:
    """Goods whose label on the shelf is not today's price, by shelf; `label_fen` None was never printed by us.

    `since` is the minute from which the price counts, where a change of prices made it.
    """
    return [_shown(row) for row in fetch(session, _UNLABELLED, {"store": store_id, "now": now})]


_PRINTED = text(f"""
    INSERT INTO price_label AS l (store_id, sku_id, price_fen, printed_by, printed_at)
    SELECT :store, sku.id, book.price_fen, :actor, :now FROM sku {price_now("'till'")}
    WHERE sku.id = ANY(:skus) ORDER BY sku.id
    ON CONFLICT (store_id, sku_id) DO UPDATE SET price_fen = excluded.price_fen, printed_by = excluded.printed_by,
        printed_at = excluded.printed_at
    RETURNING sku_id""")


def label(session: Session, store_id: int, sku_ids: Sequence[int], *, actor: str, now: datetime) -> int:
    """Today's labels of these skus hang on the shelf; returns how many."""
    given = {"store": store_id, "skus": list(sku_ids), "actor": actor, "now": now}
    printed = [row.sku_id for row in fetch(session, _PRINTED, given)]
    journal.record(session, "price_label.printed", f"store:{store_id}", actor=actor, now=now, sku_ids=printed)
    return len(printed)
