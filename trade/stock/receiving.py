"""Goods from suppliers and distribution centres: expected, counted at the door, on hand as counted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused
from trade.catalogue import kits
from trade.stock import arrivals
from trade.stock.arrivals import Arrived
from trade.stock.moves import asked
from trade.stock.papers import differences, moves
from trade.stock.transfers import NothingToSettle

TABLE = "stock_delivery"


class DeliveryKnown(Refused):
    """The supplier's delivery with this number is here already; `delivery_id` is ours."""

    code = "delivery_known"


_OPEN = text("""
    INSERT INTO stock_delivery (store_id, supplier, external_no, state, due_at, note, actor, at)
    SELECT :store, :supplier, :number, 'expected', CAST(:due AS timestamptz), :note, :actor, :now
    WHERE EXISTS (SELECT FROM store WHERE id = :store)
    ON CONFLICT (store_id, supplier, external_no) WHERE external_no <> '' DO NOTHING RETURNING id""")
_KNOWN = text("""
    SELECT id FROM stock_delivery WHERE store_id = :store AND supplier = :supplier AND external_no = :number
      AND external_no <> ''""")
_LINES = text("""
    INSERT INTO stock_delivery_line (store_id, delivery_id, sku_id, expected)
    SELECT :store, :id, sku_id, qty FROM unnest(CAST(:skus AS bigint[]), CAST(:qtys AS bigint[])) AS a(sku_id, qty)""")
_RECEIVED = text("""
    INSERT INTO stock_delivery_line AS l (store_id, delivery_id, sku_id, expected, received, damaged)
    SELECT :store, :id, sku_id, 0, qty, damaged FROM unnest(CAST(:skus AS bigint[]), CAST(:qtys AS bigint[]),
        CAST(:damaged AS bigint[])) AS a(sku_id, qty, damaged)
    ON CONFLICT (store_id, delivery_id, sku_id)
    DO UPDATE SET received = excluded.received, damaged = excluded.damaged""")
_LINES_OF = text(
    "SELECT sku_id, expected, received FROM stock_delivery_line WHERE store_id = :store AND delivery_id = :id"
)
_SETTLE = text("""
    UPDATE stock_delivery SET settled = :outcome, settled_note = :note
    WHERE store_id = :store AND id = :id AND state = 'received' AND settled IS NULL RETURNING id""")


def expect(
    session: Session,
    store_id: int,
    goods: Mapping[int, int],
    *,
    supplier: str,
    external_no: str = "",
    due_at: datetime | None = None,
    note: str = "",
    actor: str,
    now: datetime,
) -> int:
    """A store will get goods; returns the delivery.  `goods` may be empty: then everything is a surprise.

    :raises DeliveryKnown: the supplier's number was taken in before.  :raises NotFound: there is no such store.
    """
    given = {"store": store_id, "supplier": supplier, "number": external_no, "due": due_at, "note": note}
    made = first(session, _OPEN, {**given, "actor": actor, "now": now})
    if made is None:
        known = first(session, _KNOWN, given)
        if known is None:
            raise NotFound(store_id=store_id)
        raise DeliveryKnown(delivery_id=known.id)
    if goods:
        fetch(session, _LINES, {**asked(kits.expand(session, goods)), "store": store_id, "id": made.id})
    told_of = {"store_id": store_id, "paper_id": made.id, "supplier": supplier}
    journal.record(session, "delivery.expected", f"delivery:{store_id}:{made.id}", actor=actor, now=now, **told_of)
    return int(made.id)


def receive(
    session: Session, store_id: int, delivery_id: int, counted: Mapping[int, Arrived], *, actor: str, now: datetime
) -> dict[int, int]:
    """The goods came as `counted`, once; returns the differences (received - expected) by sku.

    What is not named did not come.  :raises WrongState, NotFound, Malformed: nothing moved.
    """
    arrivals.sound(counted)
    moves.move(session, TABLE, store_id, delivery_id, "receive", actor=actor, now=now)
    expected = {row.sku_id: row.expected for row in fetch(session, _LINES_OF, {"store": store_id, "id": delivery_id})}
    skus = sorted(counted)
    given = {"store": store_id, "id": delivery_id, "skus": skus, "qtys": [counted[sku].qty for sku in skus]}
    fetch(session, _RECEIVED, {**given, "damaged": [counted[sku].damaged for sku in skus]})
    by: dict[str, Any] = {"key": f"delivery:{delivery_id}", "cause": "delivery_received", "actor": actor, "now": now}
    arrivals.arrive(session, store_id, counted, coming={}, **by)
    differs = {
        sku: qty
        for sku in sorted(expected.keys() | counted.keys())
        if (qty := (counted[sku].qty if sku in counted else 0) - expected.get(sku, 0))
    }
    differences.differs(session, f"delivery:{store_id}:{delivery_id}", store_id, differs, actor=actor, now=now)
    return differs


def cancel(session: Session, store_id: int, delivery_id: int, *, actor: str, now: datetime) -> None:
    """It does not come.  :raises WrongState, NotFound: it is here already, or there is none."""
    moves.move(session, TABLE, store_id, delivery_id, "cancel", actor=actor, now=now)


def settle(
    session: Session, store_id: int, delivery_id: int, outcome: str, *, note: str, actor: str, now: datetime
) -> None:
    """Say what the supplier said to a delivery's differences, once: `credited`, `follows` or `accepted`.

    No figure changes: on hand is what was counted.  :raises NothingToSettle: there is no open difference.
    """
    assert outcome in ("credited", "follows", "accepted"), outcome
    given = {"store": store_id, "id": delivery_id, "outcome": outcome, "note": note}
    if first(session, _SETTLE, given) is None or all(
        row.expected == row.received for row in fetch(session, _LINES_OF, given)
    ):
        raise NothingToSettle(delivery_id=delivery_id)
    differences.settled(session, f"delivery:{store_id}:{delivery_id}", outcome, note, actor=actor, now=now)
