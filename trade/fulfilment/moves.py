"""The only writer of parcels, their lines and who was asked to do them.

Every change is guarded in its UPDATE, so of two people at once exactly one succeeds.  Callers lock the order's row
first (`trade/orders/fulfil.py`), then come here, then to the stock, then to what the member holds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, WrongState
from trade.fulfilment.states import CLOSED, IN_HAND, MOVES, WAITING, Outcome

_OPEN = text("""
    WITH born AS (INSERT INTO parcel (store_id, order_id, at_store_id, mode, state, promise_at, opened_at, case_id)
            VALUES (:store, :order, :at, :mode, 'routing', :promise, :now, CAST(:case AS bigint)) RETURNING id),
    filled AS (INSERT INTO parcel_line (store_id, parcel_id, line_no, order_id, sku_id, qty)
        SELECT :store, born.id, line.line_no, :order, line.sku_id, line.qty
        FROM born, unnest(CAST(:lines AS bigint[]), CAST(:skus AS bigint[]), CAST(:qtys AS bigint[]))
            AS line(line_no, sku_id, qty))
    SELECT id FROM born""")


def open_parcel(
    session: Session,
    store_id: int,
    order_id: int,
    lines: Mapping[int, tuple[int, int]],
    *,
    at_store_id: int | None,
    mode: str,
    promise_at: datetime | None,
    case_id: int | None = None,
    now: datetime,
) -> int:
    """A new parcel in `routing` with (sku id, units) by line number; returns its id.  The order's fact tells of it.

    :param case_id: the after-sales case that it is for, beside what the lines of the order say.
    """
    assert lines and all(qty > 0 for _, qty in lines.values()), lines
    given: dict[str, Any] = {
        "store": store_id,
        "order": order_id,
        "at": at_store_id,
        "mode": mode,
        "promise": promise_at,
        "case": case_id,
        "now": now,
    }
    ordered = [(line_no, *what) for line_no, what in sorted(lines.items())]
    for name, column in zip(("lines", "skus", "qtys"), zip(*ordered, strict=True), strict=True):
        given[name] = list(column)
    return int(fetch(session, _OPEN, given)[0].id)


_MOVE = text("""
    WITH moved AS (UPDATE parcel SET state = :target,
            accepted_at = CASE WHEN :event = 'accept' THEN :now
                WHEN :target = 'assigned' THEN NULL ELSE accepted_at END,
            picked_at = CASE WHEN :event = 'fill' THEN :now WHEN :target = 'assigned' THEN NULL ELSE picked_at END,
            ready_at = CASE WHEN :event IN ('ready', 'pack') THEN :now ELSE ready_at END,
            handed_at = CASE WHEN :event IN ('hand', 'collect', 'carry_out') THEN :now ELSE handed_at END,
            closed_at = CASE WHEN :target = ANY(:closed) THEN :now ELSE closed_at END,
            accept_by = CASE WHEN :target = 'assigned' THEN accept_by END,
            alarm = CASE WHEN :target = 'assigned' THEN 0 ELSE alarm END,
            cancel_by = NULL
        WHERE store_id = :store AND id = :parcel AND state = ANY(:sources)
          AND (CAST(:at AS bigint) IS NULL OR at_store_id = :at) RETURNING *),
    emptied AS (UPDATE parcel_line line SET picked_qty = 0, over_qty = 0 FROM moved
        WHERE :target = 'routing' AND line.store_id = moved.store_id AND line.parcel_id = moved.id),
    told AS (INSERT INTO journal (kind, subject, actor, at, data, tries)
        SELECT :fact, 'order:' || order_id, :actor, :now, CAST(:data AS jsonb) || jsonb_build_object(
            'store_id', store_id, 'order_id', order_id, 'parcel_id', id, 'at_store_id', at_store_id), 0
        FROM moved)
    SELECT * FROM moved""")
_ONE = text("SELECT * FROM parcel WHERE store_id = :store AND id = :parcel")


def move(
    session: Session,
    store_id: int,
    parcel_id: int,
    event: str,
    *,
    at_store_id: int | None = None,
    actor: str,
    now: datetime,
    **data: Any,
) -> Any:
    """Fire one event; returns the parcel's row as it stands then.

    :param at_store_id: only while this store does the work: a parcel that went to another is not its any more.
    :raises WrongState: the parcel is not where MOVES says it must be; facts name its state.
    :raises NotFound: there is no such parcel, or it is another store's now.
    """
    sources, target, fact = MOVES[event]
    given: dict[str, Any] = {
        "store": store_id,
        "parcel": parcel_id,
        "at": at_store_id,
        "event": event,
        "fact": fact,
        "actor": actor,
    }
    given |= {"target": target, "sources": sorted(sources), "closed": sorted(CLOSED), "now": now}
    moved = first(session, _MOVE, given | {"data": json.dumps(data, ensure_ascii=False)})
    if moved is None:
        found = first(session, _ONE, {"store": store_id, "parcel": parcel_id})
        if found is None or at_store_id not in (None, found.at_store_id):
            raise NotFound(parcel_id=parcel_id)
        raise WrongState(parcel_id=parcel_id, state=found.state, event=event)
    return moved


_CARRIED = text("""
    WITH who AS (UPDATE parcel SET handed_by = :staff WHERE store_id = :store AND id = :parcel)
    UPDATE parcel_line SET picked_qty = qty, handed_qty = qty WHERE store_id = :store AND parcel_id = :parcel""")


def carry_out(
    session: Session, store_id: int, parcel_id: int, staff_id: int | None, *, actor: str, now: datetime
) -> None:
    """A parcel that nobody has to put together: the customer has all of it in hand.  Raises WrongState."""
    move(session, store_id, parcel_id, "carry_out", actor=actor, now=now)
    fetch(session, _CARRIED, {"store": store_id, "parcel": parcel_id, "staff": staff_id})


_ASSIGN = text("""
    WITH asked AS (UPDATE parcel SET at_store_id = :at, hop = hop + 1, assigned_at = :now, accept_by = :accept_by,
            promise_at = coalesce(:promise, promise_at), ask_by = NULL
        WHERE store_id = :store AND id = :parcel RETURNING *)
    INSERT INTO assignment (store_id, parcel_id, order_id, at_store_id, hop, assigned_at, accept_by)
    SELECT store_id, id, order_id, at_store_id, hop, :now, accept_by FROM asked""")


def assign(
    session: Session,
    store_id: int,
    parcel_id: int,
    at_store_id: int,
    *,
    accept_by: datetime | None,
    promise_at: datetime | None = None,
    actor: str,
    now: datetime,
) -> Any:
    """Ask a store to do a parcel, until `accept_by`; returns the parcel.  Raises WrongState."""
    given = {"store": store_id, "parcel": parcel_id, "at": at_store_id, "now": now}
    fetch(session, _ASSIGN, given | {"accept_by": accept_by, "promise": promise_at})
    return move(session, store_id, parcel_id, "assign", actor=actor, now=now)


_ANSWER = text("""
    UPDATE assignment SET outcome = :outcome, reason = :reason, answered_at = :now, actor = :actor
    WHERE store_id = :store AND id = (SELECT max(id) FROM assignment
                                      WHERE store_id = :store AND parcel_id = :parcel)
      AND (outcome IS NULL OR :outcome <> 'cancelled')""")


def answer(
    session: Session, store_id: int, parcel_id: int, outcome: Outcome, *, reason: str = "", actor: str, now: datetime
) -> None:
    """What the store that was asked last said; a later word of the same store takes the place of the earlier.

    That the parcel was cancelled is no word of its own: what the store had said before stays.
    """
    given = {"store": store_id, "parcel": parcel_id, "outcome": outcome, "reason": reason, "actor": actor, "now": now}
    fetch(session, _ANSWER, given)


_PICK = text("""
    UPDATE parcel_line line SET picked_qty = least(:picked, line.qty - line.short_qty),
        over_qty = greatest(:picked - (line.qty - line.short_qty), 0)
    FROM parcel
    WHERE line.store_id = :store AND line.parcel_id = :parcel AND line_no = :line
      AND :picked BETWEEN 0 AND line.qty - line.short_qty + CAST(:over AS bigint)
      AND parcel.store_id = :store AND parcel.id = :parcel AND parcel.state = 'picking' AND parcel.at_store_id = :at
    RETURNING line_no""")


def pick(
    session: Session, parcel: Any, line_no: int, picked_qty: int, *, over: int = 0, actor: str, now: datetime
) -> None:
    """Set how much of a line lies in the tote (absolute, so a repeat changes nothing), at most `over` above its units.

    :raises WrongState: nobody is picking this parcel now.
    :raises NotFound: it has no such line, or not so much of it.
    """
    given = {"store": parcel.store_id, "parcel": parcel.id, "at": parcel.at_store_id}
    if first(session, _PICK, given | {"line": line_no, "picked": picked_qty, "over": over}) is None:
        found = first(session, _ONE, given)
        if found is not None and found.state != "picking":
            raise WrongState(parcel_id=parcel.id, state=found.state, event="pick")
        raise NotFound(parcel_id=parcel.id, line_no=line_no)
    data = {"order_id": parcel.order_id, "parcel_id": parcel.id, "line_no": line_no, "picked_qty": picked_qty}
    journal.record(session, "parcel.picked", f"order:{parcel.order_id}", actor=actor, now=now, **data)


_SHORT = text("""
    UPDATE parcel_line line SET short_qty = short_qty + :qty FROM parcel
    WHERE line.store_id = :store AND line.parcel_id = :parcel AND line_no = :line
      AND picked_qty + short_qty + :qty <= line.qty AND parcel.store_id = :store AND parcel.id = :parcel
      AND parcel.state = ANY(:states) AND parcel.at_store_id = :at
    RETURNING line.sku_id""")
SHORTABLE = ("accepted", "picking")


def short(session: Session, parcel: Any, line_no: int, qty: int, *, actor: str, now: datetime) -> int:
    """Give up units of a line that the store does not find; returns the sku.

    :raises WrongState: the parcel is not being picked.
    :raises NotFound: it has no such line, or not so many units of it that are not picked.
    """
    assert qty > 0, qty
    given = {"store": parcel.store_id, "parcel": parcel.id, "at": parcel.at_store_id, "states": list(SHORTABLE)}
    found = first(session, _SHORT, given | {"line": line_no, "qty": qty})
    if found is None:
        stands = fetch(session, _ONE, given)[0]
        if stands.state not in SHORTABLE:
            raise WrongState(parcel_id=parcel.id, state=stands.state, event="short")
        raise NotFound(parcel_id=parcel.id, line_no=line_no)
    data = {"order_id": parcel.order_id, "parcel_id": parcel.id, "line_no": line_no, "qty": qty}
    journal.record(session, "parcel.short", f"order:{parcel.order_id}", actor=actor, now=now, **data)
    return int(found.sku_id)


_LEAVE_OUT = text("""
    WITH asked AS (SELECT * FROM unnest(CAST(:lines AS bigint[]), CAST(:qtys AS bigint[])) AS a(line_no, qty)),
    open AS (
        SELECT line.parcel_id, line.line_no, parcel.at_store_id, line.qty - line.short_qty - line.handed_qty AS free,
               asked.qty AS wanted, coalesce(sum(line.qty - line.short_qty - line.handed_qty) OVER sooner, 0) AS before
        FROM parcel_line line JOIN parcel ON parcel.store_id = line.store_id AND parcel.id = line.parcel_id
        JOIN asked ON asked.line_no = line.line_no
        WHERE line.store_id = :store AND line.order_id = :order AND parcel.state = ANY(:states)
        WINDOW sooner AS (PARTITION BY line.line_no ORDER BY line.picked_qty, line.parcel_id
                          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),
    part AS (SELECT *, least(free, wanted - before)::bigint AS less FROM open WHERE free > 0 AND wanted > before)
    UPDATE parcel_line line SET short_qty = short_qty + part.less,
        picked_qty = least(picked_qty, line.qty - short_qty - part.less)
    FROM part WHERE line.store_id = :store AND line.parcel_id = part.parcel_id AND line.line_no = part.line_no
    RETURNING part.at_store_id, line.parcel_id, line.sku_id, part.less""")


def leave_out(session: Session, store_id: int, order_id: int, units: Mapping[int, int]) -> list[Any]:
    """Take units by line number out of an order's open parcels, those that nobody has picked first.

    Returns rows of (at_store_id, parcel_id, sku_id, less); fewer units than asked when the parcels hold fewer.
    """
    ordered = sorted(units.items())
    given = {"lines": [line_no for line_no, _ in ordered], "qtys": [qty for _, qty in ordered]}
    states = sorted(WAITING | IN_HAND)
    return fetch(session, _LEAVE_OUT, given | {"store": store_id, "order": order_id, "states": states})


_LAY = text("UPDATE parcel SET shelf = :shelf WHERE store_id = :store AND id = :parcel")
_HANDED = text("""
    WITH who AS (UPDATE parcel SET handed_by = :staff WHERE store_id = :store AND id = :parcel),
    asked AS (SELECT * FROM unnest(CAST(:lines AS bigint[]), CAST(:qtys AS bigint[])) AS a(line_no, qty)),
    given AS (SELECT line.line_no, line.sku_id, line.over_qty, CASE WHEN CAST(:everything AS boolean)
                  THEN line.picked_qty - line.handed_qty ELSE asked.qty END AS qty
              FROM parcel_line line LEFT JOIN asked ON asked.line_no = line.line_no
              WHERE line.store_id = :store AND line.parcel_id = :parcel)
    UPDATE parcel_line line SET handed_qty = line.handed_qty + given.qty FROM given
    WHERE line.store_id = :store AND line.parcel_id = :parcel AND line.line_no = given.line_no
      AND given.qty > 0 AND line.handed_qty + given.qty <= line.picked_qty
    RETURNING line.line_no, line.sku_id, given.qty, line.over_qty""")


def lay(session: Session, store_id: int, parcel_id: int, shelf: str) -> None:
    """Say where a parcel lies."""
    fetch(session, _LAY, {"store": store_id, "parcel": parcel_id, "shelf": shelf})


def handed(
    session: Session, store_id: int, parcel_id: int, staff_id: int | None, lines: Mapping[int, int] | None = None
) -> list[Any]:
    """Units by line, or with None all that was picked, have left by the hands of this person.

    Returns rows of (line_no, sku_id, qty, over_qty); a line of which less lies there is not among them.
    """
    ordered = sorted((lines or {}).items())
    given: dict[str, Any] = {"store": store_id, "parcel": parcel_id, "staff": staff_id, "everything": lines is None}
    given |= {"lines": [line_no for line_no, _ in ordered], "qtys": [qty for _, qty in ordered]}
    return fetch(session, _HANDED, given)


_BACK = text("""
    UPDATE parcel_line SET picked_qty = CASE WHEN :away THEN 0 ELSE handed_qty END,
        handed_qty = CASE WHEN :away THEN 0 ELSE handed_qty END, over_qty = 0,
        short_qty = CASE WHEN :away THEN qty ELSE qty - handed_qty END
    WHERE store_id = :store AND parcel_id = :parcel""")
_CARRY = text("""
    UPDATE parcel SET bags = coalesce(CAST(:bags AS bigint), bags), seals = coalesce(CAST(:seals AS jsonb), seals),
        carrier = coalesce(:carrier, carrier), tracking_no = coalesce(:tracking_no, tracking_no),
        failed_because = coalesce(:failed_because, failed_because), cancel_by = :cancel_by
    WHERE store_id = :store AND id = :parcel""")


def bring_back(session: Session, store_id: int, parcel_id: int, *, away: bool) -> None:
    """Its lines say that what was not handed over, or with `away` all of it, stays with the store."""
    fetch(session, _BACK, {"store": store_id, "parcel": parcel_id, "away": away})


def note_carrying(
    session: Session,
    parcel: Any,
    *,
    bags: int | None = None,
    seals: list[str] | None = None,
    carrier: str | None = None,
    tracking_no: str | None = None,
    failed_because: str | None = None,
    cancel_by: datetime | None = None,
) -> None:
    """Write what is said of its way; what is not said stays, but for the customer's wish to cancel."""
    given = {"store": parcel.store_id, "parcel": parcel.id, "bags": bags, "carrier": carrier, "cancel_by": cancel_by}
    given |= {"seals": None if seals is None else json.dumps(seals), "tracking_no": tracking_no}
    fetch(session, _CARRY, given | {"failed_because": failed_because})


_OPEN_ONES = text("""
    SELECT id, state FROM parcel WHERE store_id = :store AND order_id = :order AND NOT state = ANY(:closed)
    ORDER BY id""")
_UNSEAL = text("UPDATE parcel SET pickup_sealed = NULL WHERE store_id = :store AND order_id = :order")


def cancel_all(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime) -> None:
    """Every open parcel of an order ends, its store is told so, and no code opens anything any more.

    :raises WrongState: one of them is on its way, or has been handed over.
    """
    key = {"store": store_id, "order": order_id}
    for parcel in fetch(session, _OPEN_ONES, key | {"closed": sorted(CLOSED)}):
        move(session, store_id, parcel.id, "cancel", actor=actor, now=now)
        answer(session, store_id, parcel.id, Outcome.CANCELLED, actor=actor, now=now)
    fetch(session, _UNSEAL, key)


_SPLIT = text("""
    WITH asked AS (SELECT * FROM unnest(CAST(:lines AS bigint[]), CAST(:qtys AS bigint[])) AS a(line_no, qty)),
    born AS (INSERT INTO parcel (store_id, order_id, at_store_id, mode, state, hop, promise_at, opened_at)
        SELECT store_id, order_id, at_store_id, mode, state, hop, promise_at, :now FROM parcel
        WHERE store_id = :store AND id = :parcel RETURNING id),
    filled AS (INSERT INTO parcel_line (store_id, parcel_id, line_no, order_id, sku_id, qty)
        SELECT :store, born.id, line.line_no, line.order_id, line.sku_id, asked.qty
        FROM born, asked JOIN parcel_line line USING (line_no)
        WHERE line.store_id = :store AND line.parcel_id = :parcel),
    gone AS (DELETE FROM parcel_line line USING asked
        WHERE line.store_id = :store AND line.parcel_id = :parcel AND line.line_no = asked.line_no
          AND line.qty = asked.qty),
    less AS (UPDATE parcel_line line SET qty = line.qty - asked.qty FROM asked
        WHERE line.store_id = :store AND line.parcel_id = :parcel AND line.line_no = asked.line_no
          AND line.qty > asked.qty)
    SELECT id FROM born""")
_PLACE = text("UPDATE parcel SET at_store_id = CAST(:at AS bigint) WHERE store_id = :store AND id = :parcel")
_ASK_UNTIL = text("UPDATE parcel SET ask_by = CAST(:until AS timestamptz) WHERE store_id = :store AND id = :parcel")
_CHANGE_MODE = text("UPDATE parcel SET mode = :mode WHERE store_id = :store AND id = :parcel")


def split(session: Session, store_id: int, parcel_id: int, lines: Mapping[int, int], *, now: datetime) -> int:
    """Take units of some lines out of a parcel that nobody has begun, into a new one beside it; returns its id.

    It stands where the other stands, and has asked as many stores.
    """
    assert lines and all(qty > 0 for qty in lines.values()), lines
    ordered = sorted(lines.items())
    given: dict[str, Any] = {"store": store_id, "parcel": parcel_id, "now": now}
    given |= {"lines": [line_no for line_no, _ in ordered], "qtys": [qty for _, qty in ordered]}
    return int(fetch(session, _SPLIT, given)[0].id)


def place(session: Session, store_id: int, parcel_id: int, at_store_id: int | None) -> None:
    """Where its goods are promised while a store is looked for; None is nowhere."""
    fetch(session, _PLACE, {"store": store_id, "parcel": parcel_id, "at": at_store_id})


def ask_until(session: Session, store_id: int, parcel_id: int, until: datetime | None) -> None:
    """Until when the customer may say what should become of it."""
    fetch(session, _ASK_UNTIL, {"store": store_id, "parcel": parcel_id, "until": until})


def change_mode(session: Session, store_id: int, parcel_id: int, mode: str) -> None:
    """The customer wants it brought, or fetches it after all."""
    fetch(session, _CHANGE_MODE, {"store": store_id, "parcel": parcel_id, "mode": mode})
