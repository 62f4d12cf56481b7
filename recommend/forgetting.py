"""Somebody no longer agrees, or leaves: what was recorded of them goes, out of the counts as well.

What is in the counts after the raw events' time is over names nobody and stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from recommend import counting

_THEIRS = text("""
    SELECT e.day, e.id, e.visit_id,
           EXISTS (SELECT FROM behaviour_owed o WHERE o.day = e.day AND e.id = ANY(o.events)) AS owed
    FROM behaviour_event e WHERE e.member_id = ANY(:members)
    UNION ALL
    SELECT e.day, e.id, e.visit_id,
           EXISTS (SELECT FROM behaviour_owed o WHERE o.day = e.day AND e.id = ANY(o.events))
    FROM behaviour_event e WHERE e.anon_id = ANY(:devices) AND e.member_id IS NULL""")
_DEVICES = text("SELECT DISTINCT anon_id FROM behaviour_device WHERE member_id = ANY(:members)")
_DELETE = text("DELETE FROM behaviour_event WHERE day = :day AND id = ANY(:ids)")
_UNMEET = text("DELETE FROM behaviour_device WHERE member_id = ANY(:members)")
_LEFT = text("""
    SELECT (SELECT count(*) FROM behaviour_event WHERE member_id = ANY(:members)) AS behaviour_event,
           (SELECT count(*) FROM behaviour_visit WHERE member_id = ANY(:members)) AS behaviour_visit,
           (SELECT count(*) FROM behaviour_device WHERE member_id = ANY(:members)) AS behaviour_device""")
_EVENTS = text("""
    SELECT at, kind, store_id, page, product_id, keyword, active_ms, qty, step, scene, campaign
    FROM behaviour_event WHERE member_id = :member ORDER BY at LIMIT :most""")


def forget(session: Session, members: Collection[int], *, devices: Collection[UUID] = ()) -> int:
    """Delete what members did, and guests' history of their devices, and take it out of the counts; how many events.

    In a transaction, which holds the counting lock.  Safe to run twice.
    """
    counting.lock(session)
    asked: dict[str, Any] = {"members": list(members)}
    known = {row.anon_id for row in fetch(session, _DEVICES, asked)} | set(devices)
    counted: dict[date, list[UUID]] = defaultdict(list)
    every: dict[date, list[UUID]] = defaultdict(list)
    visits: dict[date, set[UUID]] = defaultdict(set)
    for row in fetch(session, _THEIRS, {**asked, "devices": list(known)}):
        every[row.day].append(row.id)
        if not row.owed:
            counted[row.day].append(row.id)
        if row.visit_id is not None:
            visits[row.day].add(row.visit_id)
    for day, ids in sorted(every.items()):
        if counted[day]:
            counting.subtract(session, day, counted[day])
        fetch(session, _DELETE, {"day": day, "ids": ids})
        counting.look_again(session, day, visits[day])
    fetch(session, _UNMEET, asked)
    return sum(len(ids) for ids in every.values())


def prove_forgotten(session: Session, members: Collection[int]) -> dict[str, int]:
    """Rows that still tell what members did, by table; empty is the proof that none does."""
    found = fetch(session, _LEFT, {"members": list(members)})[0]
    return {table: rows for table, rows in found._asdict().items() if rows}


def of_member(session: Session, member_id: int, *, most: int = 20_000) -> list[dict[str, Any]]:
    """What is recorded of a member, oldest first, for the copy of everything held about them."""
    rows = fetch(session, _EVENTS, {"member": member_id, "most": most})
    return [{name: value for name, value in row._asdict().items() if value is not None} for row in rows]
