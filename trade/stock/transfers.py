"""Transfers between stores: asked for, shipped, received as counted; a difference waits until somebody explains it.

    step       sender               receiver
    request    nothing              nothing
    ship       on_hand - shipped    in_transit + shipped
    receive    nothing              in_transit - shipped, on_hand + received
    settle     stayed: on_hand + (shipped - received)     lost: nothing more

Lines name components: a kit that is asked for is its parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import Malformed, NotFound, Refused
from trade.catalogue import kits
from trade.stock import arrivals, facts, told
from trade.stock.arrivals import Arrived
from trade.stock.facts import Broken
from trade.stock.moves import asked, refuse_short
from trade.stock.moves import take_in as put_back
from trade.stock.papers import differences, moves

TABLE = "stock_transfer"


class NotOnTransfer(Refused):
    """More is shipped than was asked for, or something else; `sku_ids` are those."""

    code = "not_on_transfer"


class NothingToSettle(Refused):
    """The document has no difference that waits for a word, or none of this kind."""

    code = "nothing_to_settle"


_OPEN = text("""
    INSERT INTO stock_transfer (store_id, to_store_id, state, note, actor, at)
    SELECT :store, :to, 'requested', :note, :actor, :now
    WHERE (SELECT count(*) FROM store WHERE id IN (:store, :to)) = 2 RETURNING id""")
_LINES = text("""
    INSERT INTO stock_transfer_line (store_id, transfer_id, sku_id, asked)
    SELECT :store, :id, sku_id, qty FROM unnest(CAST(:skus AS bigint[]), CAST(:qtys AS bigint[])) AS a(sku_id, qty)""")
_SHIP = text("""
    WITH asked AS (SELECT * FROM unnest(CAST(:skus AS bigint[]), CAST(:qtys AS bigint[])) AS a(sku_id, qty)),
    moved AS (UPDATE stock_level level SET on_hand = level.on_hand - asked.qty FROM asked
              WHERE level.store_id = :store AND level.sku_id = asked.sku_id AND level.free_till >= asked.qty
              RETURNING level.sku_id, asked.qty),
    noted AS (INSERT INTO stock_movement (store_id, sku_id, qty, key, actor, at)
              SELECT :store, sku_id, -qty, :key, :actor, :now FROM moved),
    coming AS (UPDATE stock_level level SET in_transit = level.in_transit + moved.qty FROM moved
               WHERE level.store_id = :to AND level.sku_id = moved.sku_id),
    lines AS (UPDATE stock_transfer_line l SET shipped = moved.qty FROM moved
              WHERE l.store_id = :store AND l.transfer_id = :id AND l.sku_id = moved.sku_id)
    SELECT sku_id FROM moved""")
_RECEIVED = text("""
    INSERT INTO stock_transfer_line AS l (store_id, transfer_id, sku_id, asked, received, damaged)
    SELECT :store, :id, sku_id, 0, qty, damaged FROM unnest(CAST(:skus AS bigint[]), CAST(:qtys AS bigint[]),
        CAST(:damaged AS bigint[])) AS a(sku_id, qty, damaged)
    ON CONFLICT (store_id, transfer_id, sku_id)
    DO UPDATE SET received = excluded.received, damaged = excluded.damaged""")
_LINES_OF = text("""
    SELECT sku_id, asked, shipped, received FROM stock_transfer_line WHERE store_id = :store AND transfer_id = :id
    ORDER BY sku_id""")
_SETTLE = text("""
    UPDATE stock_transfer SET settled = :outcome, settled_note = :note
    WHERE store_id = :store AND id = :id AND state = 'received' AND settled IS NULL RETURNING id""")
_SENDER = text(
    "SELECT store_id, to_store_id FROM stock_transfer WHERE id = :id AND :mine IN (store_id, to_store_id, 0)"
)


def request(
    session: Session,
    from_store_id: int,
    to_store_id: int,
    goods: Mapping[int, int],
    *,
    note: str = "",
    actor: str,
    now: datetime,
) -> int:
    """Ask a store to send goods to another; returns the transfer.  Nothing is promised: the sender may ship less.

    :raises NotFound: one of the stores does not exist.
    """
    if from_store_id == to_store_id:
        raise Malformed(fields={"to_store_id": "must be another store"})
    made = first(session, _OPEN, {"store": from_store_id, "to": to_store_id, "note": note, "actor": actor, "now": now})
    if made is None:
        raise NotFound(store_ids=[from_store_id, to_store_id])
    fetch(session, _LINES, {**asked(kits.expand(session, goods)), "store": from_store_id, "id": made.id})
    told_of = {"store_id": from_store_id, "to_store_id": to_store_id, "paper_id": made.id}
    subject = f"transfer:{from_store_id}:{made.id}"
    journal.record(session, "transfer.requested", subject, actor=actor, now=now, **told_of)
    return int(made.id)


def sender(session: Session, transfer_id: int, *, mine: int) -> tuple[int, int]:
    """Sending and receiving store of a transfer; NotFound when `mine` is neither (0 is the head office)."""
    found = first(session, _SENDER, {"id": transfer_id, "mine": mine})
    if found is None:
        raise NotFound(transfer_id=transfer_id)
    return int(found.store_id), int(found.to_store_id)


def ship(
    session: Session, store_id: int, transfer_id: int, goods: Mapping[int, int], *, actor: str, now: datetime
) -> None:
    """The goods leave the sending store, all or nothing; what is asked for and not named stays.

    :raises OutOfStock: what is promised to customers is not sent away.
    :raises NotOnTransfer, WrongState, NotFound: nothing moved either.
    """
    paper = moves.move(session, TABLE, store_id, transfer_id, "ship", actor=actor, now=now)
    parts = kits.expand(session, goods)
    may = {row.sku_id: row.asked for row in fetch(session, _LINES_OF, {"store": store_id, "id": transfer_id})}
    if wrong := sorted(sku for sku, qty in parts.items() if qty > may.get(sku, 0)):
        raise NotOnTransfer(sku_ids=wrong)
    for store in sorted((store_id, paper.to_store_id)):
        arrivals.lock(session, store, list(parts))
    given = {**asked(parts), "store": store_id, "to": paper.to_store_id, "id": transfer_id}
    given |= {"key": f"transfer:{transfer_id}:ship", "actor": actor, "now": now}
    moved = {row.sku_id for row in fetch(session, _SHIP, given)}
    refuse_short(session, store_id, goods, parts.keys() - moved)
    told.changed(session, store_id, parts, cause="transfer_shipped", actor=actor, now=now)


def cancel(session: Session, store_id: int, transfer_id: int, *, actor: str, now: datetime) -> None:
    """Nobody sends it.  :raises WrongState, NotFound: it is on its way already, or there is none."""
    moves.move(session, TABLE, store_id, transfer_id, "cancel", actor=actor, now=now)


def receive(
    session: Session, store_id: int, transfer_id: int, counted: Mapping[int, Arrived], *, actor: str, now: datetime
) -> dict[int, int]:
    """The goods are there as `counted`, also what nobody sent; returns the differences (received - shipped) by sku.

    What is not named did not come.  :raises WrongState, NotFound, Malformed: nothing moved.
    """
    arrivals.sound(counted)
    paper = moves.move(session, TABLE, store_id, transfer_id, "receive", actor=actor, now=now)
    rows = {row.sku_id: row for row in fetch(session, _LINES_OF, {"store": store_id, "id": transfer_id})}
    skus = sorted(counted)
    given = {"store": store_id, "id": transfer_id, "skus": skus, "qtys": [counted[sku].qty for sku in skus]}
    fetch(session, _RECEIVED, {**given, "damaged": [counted[sku].damaged for sku in skus]})
    coming = {sku: row.shipped for sku, row in rows.items() if row.shipped}
    by: dict[str, Any] = {
        "key": f"transfer:{transfer_id}:receive",
        "cause": "transfer_received",
        "actor": actor,
        "now": now,
    }
    arrivals.arrive(session, paper.to_store_id, counted, coming=coming, **by)
    differs = {
        sku: qty
        for sku in sorted(rows.keys() | counted.keys())
        if (qty := (counted[sku].qty if sku in counted else 0) - coming.get(sku, 0))
    }
    subject = f"transfer:{store_id}:{transfer_id}"
    differences.differs(session, subject, paper.to_store_id, differs, actor=actor, now=now, from_store_id=store_id)
    return differs


def settle(
    session: Session, store_id: int, transfer_id: int, outcome: str, *, note: str, actor: str, now: datetime
) -> list[Broken]:
    """Say what became of a transfer's differences, once; returns what of other orders broke by it.

    `stayed`: the sender never loaded what lacks, or loaded what is too much, so its figure is put right.  `lost`: what
    lacks is gone, and no figure changes.

    :raises NothingToSettle: there is no open difference, or goods are too many and so not lost.
    """
    assert outcome in ("stayed", "lost"), outcome
    given = {"store": store_id, "id": transfer_id, "outcome": outcome, "note": note}
    if first(session, _SETTLE, given) is None:
        raise NothingToSettle(transfer_id=transfer_id)
    lacking = {row.sku_id: row.shipped - row.received for row in fetch(session, _LINES_OF, given)}
    more = {sku: -qty for sku, qty in lacking.items() if qty < 0}
    less = {sku: qty for sku, qty in lacking.items() if qty > 0}
    if not (more or less) or (outcome == "lost" and more):
        raise NothingToSettle(transfer_id=transfer_id)
    broken: list[Broken] = []
    by: dict[str, Any] = {"key": f"transfer:{transfer_id}:settle", "actor": actor, "now": now}
    if outcome == "stayed":
        arrivals.lock(session, store_id, [*more, *less])
        if less:
            put_back(session, store_id, less, **by)
        if more:
            broken = facts.lost(session, store_id, more, **by)
    differences.settled(session, f"transfer:{store_id}:{transfer_id}", outcome, note, actor=actor, now=now)
    return broken
