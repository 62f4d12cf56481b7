"""The only writer of held baskets: put aside, taken up under a lease, sold, dropped, expired.

Every change of hands makes the next `version`, and who brings an older one changes nothing (complaint 4.4: a paid sale
is never overwritten by another device's older draft).  The guards are in the statements: of two tills that take one
basket up at once exactly one has it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.clock import day_began
from config.db import fetch, first
from config.errors import NotFound, Refused
from trade.orders.held.states import MOVES

LEASE = timedelta(minutes=10)


class HeldElsewhere(Refused):
    """Another till edits this basket (`till_name`, until `lease_until`): nothing changed."""

    code = "held_elsewhere"


class HeldMovedOn(Refused):
    """The basket was taken over, sold or dropped meanwhile (`state`, `till_name`): this copy of it counts no more."""

    code = "held_moved_on"


@dataclass(frozen=True, slots=True)
class Hand:
    """A basket in hand at a till: its id and the version that this till was given, 0 when it was never shared."""

    id: str
    version: int


@dataclass(frozen=True, slots=True)
class Aside:
    """What is put aside: the basket as JSON, and what its lines cost just now."""

    basket: Mapping[str, Any]
    lines: Sequence[Mapping[str, Any]] = field(default_factory=list)
    payable_fen: int = 0
    rules_version: int = 0
    member_id: int | None = None
    note: str = ""


_UNPAID = """(h.state = 'sold' AND EXISTS (SELECT FROM sale_order o
    WHERE o.store_id = h.store_id AND o.id = h.order_id AND o.state = 'cancelled'))"""
# A basket that was never heard of before (version 0) is the one this till held itself and nobody has taken up since.
_MINE = f"""((h.version = :version AND ((h.state = 'editing' AND h.lease_till_id = :till) OR {_UNPAID}))
    OR (:version = 0 AND h.version = 1 AND h.state = 'held' AND h.till_id = :till))"""
_NEW = text("""
    INSERT INTO held_basket (store_id, id, version, state, till_id, staff_id, member_id, note, basket, lines,
        payable_fen, rules_version, held_at, expires_at, order_id)
    VALUES (:store, :id, 1, :state, :till, :staff, CAST(:member AS bigint), :note, CAST(:basket AS jsonb),
        CAST(:lines AS jsonb), :payable_fen, :rules, :now, :expires, CAST(:order AS bigint))
    ON CONFLICT (store_id, id) DO NOTHING RETURNING *""")
_BACK = text(f"""
    UPDATE held_basket h SET state = 'held', version = h.version + 1, till_id = :till, staff_id = :staff,
        member_id = CAST(:member AS bigint), note = :note, basket = CAST(:basket AS jsonb),
        lines = CAST(:lines AS jsonb), payable_fen = :payable_fen, rules_version = :rules, held_at = :now,
        expires_at = :expires, lease_till_id = NULL, lease_until = NULL, order_id = NULL
    WHERE h.store_id = :store AND h.id = :id AND h.state = ANY(:sources) AND {_MINE} RETURNING h.*""")
_RESUME = text(f"""
    UPDATE held_basket h SET state = 'editing', version = h.version + 1, lease_till_id = :till, lease_until = :until,
        order_id = NULL
    WHERE h.store_id = :store AND h.id = :id AND h.expires_at > :now AND (h.state = 'held' OR {_UNPAID}
        OR (h.state = 'editing' AND (h.lease_until <= :now OR h.lease_till_id = :till OR :forced)))
    RETURNING h.*""")
_RENEW = text("""
    UPDATE held_basket SET lease_until = :until WHERE store_id = :store AND id = :id AND state = 'editing'
      AND version = :version AND lease_till_id = :till RETURNING id""")
_END = text(f"""
    UPDATE held_basket h SET state = :target, version = h.version + 1, lease_till_id = NULL, lease_until = NULL,
        order_id = CAST(:order AS bigint)
    WHERE h.store_id = :store AND h.id = :id AND h.state = ANY(:sources) AND {_MINE} RETURNING h.*""")
_FACT = text("""
    UPDATE held_basket h SET state = 'sold', version = h.version + 1, lease_till_id = NULL, lease_until = NULL,
        order_id = :order
    WHERE h.store_id = :store AND h.id = :id AND h.state = ANY(:sources) AND h.order_id IS DISTINCT FROM :order
    RETURNING h.*, (SELECT o.id FROM held_basket before JOIN sale_order o ON o.store_id = before.store_id
        AND o.id = before.order_id AND o.state <> 'cancelled'
        WHERE before.store_id = h.store_id AND before.id = h.id) AS sold_before""")
_ONE = text("""
    SELECT h.*, till.name AS till_name FROM held_basket h
    JOIN till ON till.store_id = h.store_id AND till.id = coalesce(h.lease_till_id, h.till_id)
    WHERE h.store_id = :store AND h.id = :id""")
_OVER = text("""
    WITH over AS (UPDATE held_basket SET state = 'expired', version = version + 1, lease_till_id = NULL,
            lease_until = NULL
        WHERE state = ANY(:sources) AND expires_at <= :now AND (lease_until IS NULL OR lease_until <= :now)
        RETURNING *)
    SELECT store_id, id, staff_id, till_id, note, payable_fen, held_at FROM over ORDER BY store_id, held_at, id""")


def one(session: Session, store_id: int, held_id: str) -> Any:
    """The row of a held basket, with the name of the till that has or had it."""
    row = first(session, _ONE, {"store": store_id, "id": held_id})
    if row is None:
        raise NotFound(held_id=held_id)
    return row


def hold(
    session: Session, store_id: int, hand: Hand, aside: Aside, *, till_id: int, staff_id: int, now: datetime
) -> Any:
    """Put a basket aside, or back; returns its row.  One that was shared before is answered as it stands.

    :raises HeldMovedOn: it is another's, sold or dropped by now; nothing changed.
    """
    expires = day_began(now) + timedelta(days=1)
    given = _at(store_id, hand, till_id) | {
        "staff": staff_id, "member": aside.member_id, "note": aside.note, "now": now, "expires": expires,
        "basket": json.dumps(aside.basket, ensure_ascii=False), "lines": json.dumps(aside.lines, ensure_ascii=False),
        "payable_fen": aside.payable_fen, "rules": aside.rules_version, "sources": sorted(MOVES["hold"][0]),
    }  # fmt: skip
    actor = f"staff:{staff_id}"
    if hand.version == 0:
        row = first(session, _NEW, given | {"state": "held", "order": None})
        if row is None:
            return one(session, store_id, hand.id)
        _tell(session, "held.held", row, actor, now, payable_fen=row.payable_fen)
        return row
    row = first(session, _BACK, given)
    if row is None:
        raise _moved_on(session, store_id, hand)
    _tell(session, MOVES["hold"][2], row, actor, now, payable_fen=row.payable_fen)
    return row


def resume(
    session: Session, store_id: int, held_id: str, *, till_id: int, staff_id: int, forced: bool = False, now: datetime
) -> Any:
    """Take a basket up at a till, which has it until its lease is over; returns its row with the new version.

    :param forced: a manager lets it be taken from the till that edits it.
    :raises HeldElsewhere: another till edits it.
    :raises HeldMovedOn: it was sold, dropped, or is over; nothing changed.
    """
    given = {"store": store_id, "id": held_id, "till": till_id, "now": now, "until": now + LEASE, "forced": forced}
    before = one(session, store_id, held_id)
    row = first(session, _RESUME, given)
    if row is None:
        found = one(session, store_id, held_id)
        if found.state == "editing":
            raise HeldElsewhere(till_name=found.till_name, lease_until=found.lease_until.isoformat())
        raise _moved_on(session, store_id, Hand(held_id, 0))
    taken = before.lease_till_id if before.state == "editing" and before.lease_till_id != till_id else None
    more = {"from_till_id": taken, "forced": forced} if taken else {}
    _tell(session, MOVES["resume"][2], row, f"staff:{staff_id}", now, at_till_id=till_id, **more)
    return row


def renew(session: Session, store_id: int, hand: Hand, *, till_id: int, now: datetime) -> datetime:
    """The lease of a basket that is still being edited goes on; returns until when.

    :raises HeldMovedOn: another till has it by now.
    """
    until = now + LEASE
    if first(session, _RENEW, _at(store_id, hand, till_id) | {"until": until}) is None:
        raise _moved_on(session, store_id, hand)
    return until


def sell(
    session: Session, store_id: int, hand: Hand, order_id: int, *, till_id: int, staff_id: int, now: datetime
) -> None:
    """The basket became an order, in the transaction that sells it.

    :raises HeldMovedOn: another till took it over, or sold it: nothing is sold here.
    """
    _end(session, store_id, hand, "sell", order_id, till_id=till_id, staff_id=staff_id, now=now)


def drop(session: Session, store_id: int, hand: Hand, *, till_id: int, staff_id: int, now: datetime) -> None:
    """The basket was voided.

    :raises HeldMovedOn: another till has it, or it was sold.
    """
    _end(session, store_id, hand, "drop", None, till_id=till_id, staff_id=staff_id, now=now)


def _end(
    session: Session, store_id: int, hand: Hand, event: str, order_id: int | None, *,
    till_id: int, staff_id: int, now: datetime,
) -> None:  # fmt: skip
    sources, target, fact = MOVES[event]
    given = _at(store_id, hand, till_id) | {"target": target, "sources": sorted(sources), "order": order_id}
    row = first(session, _END, given)
    if row is None and hand.version == 0:
        row = _stone(session, given, staff_id, now)
    if row is None:
        raise _moved_on(session, store_id, hand)
    _tell(session, fact, row, f"staff:{staff_id}", now, order_id=order_id)


def _stone(session: Session, given: Mapping[str, Any], staff_id: int, now: datetime) -> Any | None:
    """A basket that ended before it was shared: what is told of it later finds it ended, and opens nothing."""
    empty = {"member": None, "note": "", "basket": "{}", "lines": "[]", "payable_fen": 0, "rules": 0}
    return first(session, _NEW, {**given, **empty, "state": given["target"], "staff": staff_id, "now": now,
                                 "expires": day_began(now) + timedelta(days=1)})  # fmt: skip


def sell_as_fact(
    session: Session, store_id: int, held_id: str, order_id: int, *, till_id: int, staff_id: int, now: datetime
) -> int | None:
    """A till sold it without network: it happened, whatever another till has done with the basket since.

    Returns the other order when it was sold twice, which two customers may have paid; else None.
    """
    given = {"store": store_id, "id": held_id, "order": order_id, "sources": sorted(MOVES["sell_as_fact"][0])}
    actor = f"staff:{staff_id}"
    row = first(session, _FACT, given)
    if row is None:
        known = first(session, _ONE, given)
        if known is None:
            stone = _stone(session, given | {"target": "sold", "till": till_id}, staff_id, now)
            if stone is not None:
                _tell(session, "held.sold", stone, actor, now, order_id=order_id, alone=True)
        return None
    twice = row.sold_before
    more = {"sold_before": twice} if twice else {}
    _tell(session, "held.sold", row, actor, now, order_id=order_id, alone=True, **more)
    return int(twice) if twice else None


def expire(session: Session, *, now: datetime) -> int:
    """End what was held and whose business day is over, but for what is being edited; returns how many.

    The journal has one row a store with all of them: the report of the day.
    """
    over = fetch(session, _OVER, {"sources": sorted(MOVES["expire"][0]), "now": now})
    by_store: dict[int, list[Any]] = {}
    for row in over:
        by_store.setdefault(row.store_id, []).append(row)
    for store_id, rows in by_store.items():
        told = [
            {"id": row.id, "note": row.note, "payable_fen": row.payable_fen, "till_id": row.till_id,
             "staff_id": row.staff_id, "held_at": row.held_at.isoformat()}
            for row in rows
        ]  # fmt: skip
        more = {"store_id": store_id, "count": len(rows), "payable_fen": sum(row.payable_fen for row in rows)}
        fact = MOVES["expire"][2]
        journal.record(session, fact, f"store:{store_id}", actor="job:expire_held", now=now, baskets=told, **more)
    return len(over)


def _at(store_id: int, hand: Hand, till_id: int) -> dict[str, Any]:
    return {"store": store_id, "id": hand.id, "version": hand.version, "till": till_id}


def _moved_on(session: Session, store_id: int, hand: Hand) -> Refused:
    found = one(session, store_id, hand.id)
    return HeldMovedOn(state=found.state, till_name=found.till_name, version=found.version)


def _tell(session: Session, fact: str, row: Any, actor: str, now: datetime, **more: Any) -> None:
    data = {"store_id": row.store_id, "version": row.version, "till_id": row.till_id, "note": row.note} | more
    journal.record(session, fact, f"held:{row.id}", actor=actor, now=now, **data)
