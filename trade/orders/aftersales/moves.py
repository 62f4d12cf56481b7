"""The only writer of after-sales cases."""

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
from trade.orders.aftersales.states import CLOSED, MOVES, State

_OPEN = text("""
    WITH made AS (INSERT INTO aftersale_case (store_id, order_id, kind, cause, words, state, fault,
            at_store_id, asked_fen, asked_at, answer_by, changed_at)
        VALUES (:store_id, :order_id, :kind, :cause, :words, 'applied', :fault, :at_store_id, :asked_fen,
            :now, :answer_by, :now)
        RETURNING id),
    lines AS (INSERT INTO aftersale_line (store_id, case_id, line_no, order_id, qty, amount_fen)
        SELECT :store_id, made.id, l.line_no, :order_id, l.qty, l.amount_fen
        FROM made, jsonb_to_recordset(CAST(:lines AS jsonb)) AS l(line_no bigint, qty bigint, amount_fen bigint))
    SELECT id FROM made""")


def open_case(
    session: Session,
    head: Mapping[str, Any],
    units: Mapping[int, int],
    fens: Mapping[int, int],
    *,
    actor: str,
    now: datetime,
) -> int:
    """Write a case with its lines (line number -> units, or -> fen); returns its id.  The caller locks the order."""
    lines = [{"line_no": no, "qty": units.get(no, 0), "amount_fen": fens.get(no, 0)} for no in sorted({*units, *fens})]
    case_id = int(fetch(session, _OPEN, {**head, "lines": json.dumps(lines), "now": now})[0].id)
    facts = {"wish": head["kind"], "asked_fen": head["asked_fen"]}
    _tell(session, "aftersale.applied", head["store_id"], case_id, head["order_id"], actor=actor, now=now, **facts)
    return case_id


_MOVE = text("""
    UPDATE aftersale_case SET state = :target, changed_at = :now,
        closed_at = CASE WHEN :ended THEN CAST(:now AS timestamptz) END,
        fault = coalesce(CAST(:fault AS boolean), fault), reason = coalesce(CAST(:reason AS text), reason),
        freight_fen = coalesce(CAST(:freight_fen AS bigint), freight_fen),
        at_store_id = coalesce(CAST(:at_store_id AS bigint), at_store_id),
        carrier = coalesce(CAST(:carrier AS text), carrier),
        tracking_no = coalesce(CAST(:tracking_no AS text), tracking_no),
        decided_by = coalesce(CAST(:decided_by AS bigint), decided_by),
        inspected_by = coalesce(CAST(:inspected_by AS bigint), inspected_by),
        return_id = coalesce(CAST(:return_id AS bigint), return_id),
        parcel_id = coalesce(CAST(:parcel_id AS bigint), parcel_id),
        send_by = coalesce(CAST(:send_by AS timestamptz), send_by),
        appealed_at = CASE WHEN :target = 'arbitration' AND state = 'rejected' THEN CAST(:now AS timestamptz)
            ELSE appealed_at END
    WHERE store_id = :store AND id = :id AND state = ANY(:sources) AND kind = ANY(:kinds) RETURNING *""")
_CASE = text("SELECT * FROM aftersale_case WHERE store_id = :store AND id = :id")
_SAID = (
    "fault", "reason", "freight_fen", "at_store_id", "carrier", "tracking_no", "decided_by", "inspected_by",
    "return_id", "parcel_id", "send_by",
)  # fmt: skip


def move(session: Session, store_id: int, case_id: int, event: str, *, actor: str, now: datetime, **said: Any) -> Any:
    """Fire one event; returns the case's row.  `said` are columns that this step sets.

    The guard is in the UPDATE, so of two people firing at once exactly one succeeds.

    :raises WrongState: the case is not where, or not of a kind for which, MOVES has the event; facts name its state.
    :raises NotFound: there is no such case of this store's orders.
    """
    assert said.keys() <= set(_SAID), said
    step = MOVES[event]
    given = {"store": store_id, "id": case_id, "target": step.target, "ended": step.target in CLOSED, "now": now}
    given |= {"sources": sorted(step.sources), "kinds": sorted(step.kinds)} | dict.fromkeys(_SAID) | said
    moved = first(session, _MOVE, given)
    if moved is None:
        found = first(session, _CASE, {"store": store_id, "id": case_id})
        if found is None:
            raise NotFound(case_id=case_id)
        raise WrongState(case_id=case_id, kind=found.kind, state=found.state, event=event)
    told = {name: said[name] for name in ("reason", "tracking_no", "return_id", "parcel_id") if said.get(name)}
    _tell(session, step.fact, store_id, case_id, moved.order_id, actor=actor, now=now, wish=moved.kind, **told)
    return moved


_INSPECTED = text("""
    UPDATE aftersale_line l SET sellable_qty = found.sellable, quarantine_qty = found.quarantine,
        written_off_qty = found.written_off
    FROM unnest(CAST(:lines AS bigint[]), CAST(:sellable AS bigint[]), CAST(:quarantine AS bigint[]),
        CAST(:written_off AS bigint[])) AS found(line_no, sellable, quarantine, written_off)
    WHERE l.store_id = :store AND l.case_id = :id AND l.line_no = found.line_no
      AND found.sellable + found.quarantine + found.written_off <= l.qty RETURNING l.line_no""")


def note_inspected(session: Session, store_id: int, case_id: int, found: Mapping[int, tuple[int, int, int]]) -> bool:
    """Put down where the units of each line go: shelf, quarantine, written off; False when a line has not so many."""
    columns = zip(*found.values(), strict=True)
    given = dict(zip(("sellable", "quarantine", "written_off"), map(list, columns), strict=True))
    noted = fetch(session, _INSPECTED, {"store": store_id, "id": case_id, "lines": list(found), **given})
    return len(noted) == len(found)


_OPEN_ONES = text("""
    SELECT id FROM aftersale_case WHERE store_id = :store AND order_id = :order AND state = ANY(:states)
    ORDER BY id FOR NO KEY UPDATE""")


def drop_all(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime) -> int:
    """The order ends and gives everything back, so what was asked of it is moot; returns how many cases that closed.

    The order is locked by the caller, so nothing new is asked meanwhile.
    """
    given = {"store": store_id, "order": order_id, "states": sorted(MOVES["cancel"].sources)}
    found = fetch(session, _OPEN_ONES, given)
    for row in found:
        move(session, store_id, row.id, "cancel", actor=actor, now=now, reason="order_ended")
    return len(found)


def _tell(
    session: Session, fact: str, store_id: int, case_id: int, order_id: int, *, actor: str, now: datetime, **data: Any
) -> None:
    facts = {"store_id": store_id, "case_id": case_id, "order_id": order_id, **data}
    journal.record(session, fact, f"aftersale:{store_id}:{case_id}", actor=actor, now=now, **facts)


__all__ = ["State", "drop_all", "move", "note_inspected", "open_case"]
