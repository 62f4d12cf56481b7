"""The only writer of tickets: asked, answered, handed on, closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused, WrongState
from member import photos as pictures
from trade.exceptions import cases
from trade.orders import telling
from trade.orders.service.states import DUE, MOVES, QUIET, Kind, State

MOST_OPEN = 10
LATE = "ticket_overdue"


class TooManyTickets(Refused):
    """The member has `most` open tickets: one of them may be written in instead."""

    code = "too_many_tickets"


_LOCK = text("SELECT id FROM member WHERE id = :member FOR NO KEY UPDATE")
_OPEN = text("SELECT count(*) AS n FROM service_ticket WHERE member_id = :member AND state <> 'closed'")
_ASK = text("""
    INSERT INTO service_ticket (member_id, store_id, order_id, kind, state, office, asked_at, changed_at, due_at)
    VALUES (:member, CAST(:store AS bigint), CAST(:order AS bigint), :kind, 'waiting',
        CAST(:store AS bigint) IS NULL, :now, :now, :due) RETURNING id""")
_SAY = text("""
    INSERT INTO ticket_message (ticket_id, staff_id, words, at) VALUES (:ticket, CAST(:staff AS bigint), :words, :now)
    RETURNING id""")
_ONE = text("SELECT * FROM service_ticket WHERE id = :id")
_MOVE = text("""
    UPDATE service_ticket SET state = :target, changed_at = :now, office = office OR :office,
        due_at = CASE WHEN :target = 'waiting' THEN coalesce(CAST(:due AS timestamptz), due_at) END,
        close_at = CASE WHEN :target = 'answered' THEN CAST(:close AS timestamptz) END,
        closed_at = CASE WHEN :target = 'closed' THEN CAST(:now AS timestamptz) END, closed_by = :by,
        alarmed_at = CASE WHEN :target = 'waiting' THEN alarmed_at END
    WHERE id = :id AND state = ANY(:sources) RETURNING *""")


def ask(
    session: Session, member_id: int, kind: Kind, words: str, *, photos: Sequence[str] = (),
    store_id: int | None = None, order_id: int | None = None, actor: str, now: datetime,
) -> int:  # fmt: skip
    """A member asks something, about one of their orders or not; returns the ticket.

    :param photos: tokens of those that they sent before.
    :raises TooManyTickets, PhotosGone: nothing was asked.
    """
    fetch(session, _LOCK, {"member": member_id})
    if fetch(session, _OPEN, {"member": member_id})[0].n >= MOST_OPEN:
        raise TooManyTickets(most=MOST_OPEN)
    given = {"member": member_id, "store": store_id, "order": order_id, "kind": kind, "due": now + DUE[kind]}
    ticket_id = int(fetch(session, _ASK, {**given, "now": now})[0].id)
    _say(session, ticket_id, words, member_id=member_id, photos=photos, now=now)
    about = {"ticket_id": ticket_id, "about": kind, "store_id": store_id, "order_id": order_id}
    journal.record(session, "ticket.asked", f"ticket:{ticket_id}", actor=actor, now=now, **about)
    return ticket_id


def _say(
    session: Session, ticket_id: int, words: str, *, member_id: int | None = None, staff_id: int | None = None,
    photos: Sequence[str] = (), now: datetime,
) -> int:  # fmt: skip
    said = {"ticket": ticket_id, "staff": staff_id, "words": words, "now": now}
    message_id = int(fetch(session, _SAY, said)[0].id)
    if member_id is not None:
        pictures.attach(session, member_id, photos, f"ticket_message:{message_id}")
    return message_id


def _move(
    session: Session,
    ticket_id: int,
    event: str,
    *,
    due: datetime | None = None,
    by: str = "",
    actor: str,
    now: datetime,
) -> Any:
    """Fire one event; the guard is in the UPDATE.  Raises NotFound, WrongState: nothing moved."""
    sources, target, fact = MOVES[event]
    given = {"id": ticket_id, "target": target, "sources": sorted(sources), "due": due, "close": now + QUIET, "by": by}
    moved = first(session, _MOVE, {**given, "office": event == "hand_on", "now": now})
    if moved is None:
        found = first(session, _ONE, {"id": ticket_id})
        if found is None:
            raise NotFound(ticket_id=ticket_id)
        raise WrongState(ticket_id=ticket_id, state=found.state, event=event)
    journal.record(session, fact, f"ticket:{ticket_id}", actor=actor, now=now, ticket_id=ticket_id, by=by)
    if target != State.WAITING:
        cases.clear(session, LATE, f"ticket:{ticket_id}", now=now)
    return moved


def write(
    session: Session, ticket_id: int, words: str, *, photos: Sequence[str] = (), actor: str, now: datetime
) -> None:
    """The member writes again; we are to answer anew.  One that we owe an answer keeps its time."""
    found = first(session, _ONE, {"id": ticket_id})
    due = now + DUE[Kind(found.kind)] if found is not None and found.state == State.ANSWERED else None
    moved = _move(session, ticket_id, "write", due=due, actor=actor, now=now)
    _say(session, ticket_id, words, member_id=moved.member_id, photos=photos, now=now)


def answer(session: Session, ticket_id: int, words: str, *, staff_id: int, actor: str, now: datetime) -> None:
    """Staff answer; the customer is told by message."""
    moved = _move(session, ticket_id, "answer", actor=actor, now=now)
    message_id = _say(session, ticket_id, words, staff_id=staff_id, now=now)
    telling.answered(session, moved, message_id, actor=actor, now=now)


def hand_on(session: Session, ticket_id: int, *, actor: str, now: datetime) -> None:
    """A store leaves it to the head office; its time goes on."""
    _move(session, ticket_id, "hand_on", actor=actor, now=now)


def close(session: Session, ticket_id: int, by: str, *, actor: str, now: datetime) -> None:
    """It is done.  :param by: member, staff or clock."""
    _move(session, ticket_id, "close", by=by, actor=actor, now=now)


_LATE = text("""
    UPDATE service_ticket SET alarmed_at = :now WHERE id IN (
        SELECT id FROM service_ticket WHERE state = 'waiting' AND due_at <= :now AND alarmed_at IS NULL
        ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED) RETURNING *""")
_QUIET = text("""
    SELECT id FROM service_ticket WHERE state = 'answered' AND close_at <= :now ORDER BY close_at, id LIMIT :most""")


def alarm(session: Session, *, actor: str, now: datetime, most: int = 100) -> int:
    """Tell the desk of what was not answered in time, once for each time; returns of how many."""
    late = sorted(fetch(session, _LATE, {"now": now, "most": most}), key=lambda row: f"ticket:{row.id}")
    for row in late:
        facts = {"ticket_id": row.id, "kind": row.kind, "due_at": row.due_at.isoformat()}
        of = {"store_id": row.store_id if row.order_id else None, "order_id": row.order_id, "at_store_id": row.store_id}
        cases.open(session, LATE, f"ticket:{row.id}", money_fen=0, at_stake=1, facts=facts, actor=actor, now=now, **of)
    return len(late)


def quiet(session: Session, *, now: datetime, most: int = 100) -> list[int]:
    """Answered tickets whose customer said nothing any more."""
    return [row.id for row in fetch(session, _QUIET, {"now": now, "most": most})]
