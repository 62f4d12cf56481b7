"""Tickets as their members and as the desk see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound
from member import leaving, photos
from member.masking import masked_name
from trade.orders.numbers import number

PAGE = 20

_HEAD = """
    SELECT t.*, store.name AS store_name, m.name AS member_name, m.phone_tail,
        (SELECT words FROM ticket_message WHERE ticket_id = t.id ORDER BY id DESC LIMIT 1) AS last_words,
        (SELECT staff_id IS NOT NULL FROM ticket_message WHERE ticket_id = t.id ORDER BY id DESC LIMIT 1) AS last_ours
    FROM service_ticket t LEFT JOIN store ON store.id = t.store_id JOIN member m ON m.id = t.member_id"""
_OF_MEMBER = text(f"""{_HEAD}
    WHERE t.member_id = ANY(:ids) AND (CAST(:before AS bigint) IS NULL OR t.id < :before)
    ORDER BY t.id DESC LIMIT :most""")
_ONE = text(f"{_HEAD} WHERE t.id = :id")
_DESK = text(f"""{_HEAD}
    WHERE (t.state = 'closed') = :closed AND (CAST(:store AS bigint) IS NULL OR t.store_id = :store)
      AND (CAST(:before AS bigint) IS NULL OR NOT :closed OR t.id < :before)
    ORDER BY CASE WHEN :closed THEN -t.id END, t.due_at NULLS LAST, t.id OFFSET :skip LIMIT :most""")
_COUNT = text("""
    SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE due_at <= :now) AS overdue
    FROM service_ticket WHERE state <> 'closed' AND (CAST(:store AS bigint) IS NULL OR store_id = :store AND NOT office)
      AND (CAST(:store AS bigint) IS NOT NULL OR office OR due_at <= :now)""")
_SAID = text("""
    SELECT s.id, s.words, s.at, s.staff_id IS NOT NULL AS ours, staff.name AS staff_name
    FROM ticket_message s LEFT JOIN staff ON staff.id = s.staff_id WHERE s.ticket_id = :id ORDER BY s.id""")


def _plain(row: Any) -> dict[str, Any]:
    at = ("asked_at", "changed_at", "due_at", "close_at", "closed_at")
    told = {
        name: getattr(row, name) for name in ("id", "kind", "state", "office", "order_id", "store_name", "closed_by")
    }
    no = number(row.store_id, row.order_id) if row.order_id else ""
    moments = {name: value.isoformat() if (value := getattr(row, name)) else None for name in at}
    return {**told, **moments, "order_no": no, "last_words": row.last_words or "", "last_ours": bool(row.last_ours)}


def of_member(session: Session, member_id: int, *, before: int | None = None) -> list[dict[str, Any]]:
    """A member's tickets, newest first, 20 a page."""
    given = {"ids": leaving.selves(session, member_id), "before": before, "most": PAGE}
    return [_plain(row) for row in fetch(session, _OF_MEMBER, given)]


def one(
    session: Session, ticket_id: int, *, member_id: int | None = None, store_id: int | None = None
) -> dict[str, Any]:
    """One ticket with all that was `said`; of a member or of a store where they are given.

    :raises NotFound: there is none of theirs.
    """
    row = first(session, _ONE, {"id": ticket_id})
    if row is None or (member_id is not None and row.member_id not in leaving.selves(session, member_id)):
        raise NotFound(ticket_id=ticket_id)
    if store_id is not None and row.store_id != store_id:
        raise NotFound(ticket_id=ticket_id)
    said = fetch(session, _SAID, {"id": ticket_id})
    shown = photos.of(session, [f"ticket_message:{one.id}" for one in said])
    thread = [
        {
            "id": one.id,
            "ours": one.ours,
            "who": (one.staff_name or "") if one.ours and member_id is None else "",
            "words": one.words,
            "photos": shown[f"ticket_message:{one.id}"],
            "at": one.at.isoformat(),
        }
        for one in said
    ]
    return {**_plain(row), **(_person(row) if member_id is None else {}), "said": thread}


def _person(row: Any) -> dict[str, Any]:
    return {"member": masked_name(row.member_name), "phone_tail": row.phone_tail or ""}


def at_desk(
    session: Session, *, store_id: int | None, closed: bool = False, before: int | None = None, skip: int = 0,
    now: datetime,
) -> list[dict[str, Any]]:  # fmt: skip
    """Tickets of a store, or of all where it is None: open ones by their clock, closed ones newest first; 20 a page."""
    given = {"store": store_id, "closed": closed, "before": before, "skip": skip, "most": PAGE}
    rows = fetch(session, _DESK, given)
    return [{**_plain(row), **_person(row), "late": bool(row.due_at and row.due_at <= now)} for row in rows]


def waiting(session: Session, *, store_id: int | None, now: datetime) -> dict[str, int]:
    """How many wait for this store, or for the head office (None), and how many of those are late."""
    row = fetch(session, _COUNT, {"store": store_id, "now": now})[0]
    return {"waiting": int(row.waiting), "overdue": int(row.overdue)}
