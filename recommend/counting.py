"""From events to counts: each event once, each visit as it stands now; a report equals a recount.

Events are counted by id: what was stored is noted in `behaviour_owed` in the same statement, and counted and deleted
there in one transaction.  Visits are compared: what a visit came to is worked out anew from all of its events, and the
counts move by the difference to what it was.  One counter works at a time (a lock of PostgreSQL's), so that late
events, joins, orders and forgetting need no order of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from contextlib import suppress
from datetime import date
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import NotFound
from recommend import shapes
from trade.stores.scenes import codes
from trade.stores.scenes import moves as scenes

_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('behaviour_counts'))")
_TAKE = text("""
    DELETE FROM behaviour_owed WHERE id IN (SELECT id FROM behaviour_owed ORDER BY id LIMIT :most)
    RETURNING day, events, visits""")


def _adding(sign: int) -> TextClause:
    """One pass over the given events of a day: every count that an event changes by itself moves by `sign`."""
    picked = "SELECT * FROM behaviour_event WHERE day = :day AND id = ANY(:ids)"
    parts = [f"e AS MATERIALIZED ({picked})"]
    for name, shape in shapes.BY_EVENT.items():
        figures = ", ".join(f"{sign} * {figure} AS {figure}" for figure in shape.figures)
        rows = f"SELECT {', '.join(shape.keys)}, {figures} FROM ({shape.select}) AS counted"
        parts.append(f"{name} AS ({shapes.add(shape, rows)})")
    return text(f"WITH {', '.join(parts)} SELECT 1")


_ADD, _SUBTRACT = _adding(1), _adding(-1)

_VISITS = text(f"""
    WITH e AS MATERIALIZED (SELECT * FROM behaviour_event WHERE day = :day AND visit_id = ANY(:visits)),
    fresh AS MATERIALIZED ({shapes.VISITS}),
    was AS MATERIALIZED (SELECT * FROM behaviour_visit WHERE day = :day AND id = ANY(:visits)),
    gone AS (DELETE FROM behaviour_visit v USING was
             WHERE v.day = was.day AND v.id = was.id AND NOT EXISTS (SELECT FROM fresh WHERE fresh.id = was.id)),
    put AS (INSERT INTO behaviour_visit ({", ".join(shapes.VISIT)}) SELECT {", ".join(shapes.VISIT)} FROM fresh
            ON CONFLICT (day, id) DO UPDATE SET {", ".join(f"{c} = excluded.{c}" for c in shapes.VISIT[2:])}),
    moved AS MATERIALIZED (SELECT 1 AS sign, * FROM fresh UNION ALL SELECT -1, * FROM was),
    source AS ({shapes.add(shapes.SOURCE, shapes.SOURCE.select)}),
    keyword AS ({shapes.add(shapes.KEYWORD, shapes.FOUND)})
    SELECT 1""")

_TOUCHED = text("""
    SELECT e.day, e.visit_id FROM behaviour_event e WHERE e.day = :day AND e.id = ANY(:ids) AND e.visit_id IS NOT NULL
    UNION
    SELECT v.day, v.id FROM behaviour_event e JOIN behaviour_visit v ON v.member_id = e.member_id
        AND v.began_at <= e.at AND v.ended_at >= e.at - interval '24 hours'
    WHERE e.day = :day AND e.id = ANY(:ids) AND e.kind IN ('order_placed', 'order_paid', 'till_sale')""")


def lock(session: Session) -> None:
    """Be the only one who counts until the transaction ends."""
    fetch(session, _LOCK, {})


def count(session: Session, *, most: int = 400) -> int:
    """Count what is owed, at most so many notes (about 50 events each); returns how many.  In a transaction."""
    lock(session)
    owed = fetch(session, _TAKE, {"most": most})
    visits: dict[date, set[UUID]] = defaultdict(set)
    events: dict[date, list[UUID]] = defaultdict(list)
    for row in owed:
        events[row.day] += row.events
        visits[row.day].update(row.visits)
    for day, ids in sorted(events.items()):
        given = {"day": day, "ids": ids}
        fetch(session, _ADD, given)
        for touched in fetch(session, _TOUCHED, given):
            visits[touched.day].add(touched.visit_id)
    for day, some in sorted(visits.items()):
        look_again(session, day, some)
    return len(owed)


def look_again(session: Session, day: date, visits: Collection[UUID]) -> None:
    """Work out what these visits of a day came to, and move the counts by what changed.  Under `lock`."""
    if visits:
        given = {"day": day, "visits": list(visits)}
        for row in fetch(session, _SCENES, given):
            _resolve(session, row.scene)
        fetch(session, _VISITS, given)


_SCENES = text("""
    SELECT DISTINCT e.scene FROM behaviour_event e WHERE e.day = :day AND e.visit_id = ANY(:visits)
    AND e.scene IS NOT NULL AND NOT EXISTS (SELECT FROM behaviour_scene s WHERE s.code = e.scene)""")
_SCENE = text(
    "INSERT INTO behaviour_scene (code, kind, staff_id) VALUES (:code, :kind, CAST(:staff AS bigint))"
    " ON CONFLICT DO NOTHING"
)


def _resolve(session: Session, code: str) -> None:
    """Note what stood behind a code when its first visit was counted: it stays so, or a recount would differ."""
    with suppress(NotFound):
        codes.read(code)  # a code of nobody's is no row of ours
        kind, staff_id = "", None
        with suppress(NotFound):
            behind = scenes.resolve(session, code)
            kind, staff_id = behind.kind, behind.staff_id
        fetch(session, _SCENE, {"code": code, "kind": kind, "staff": staff_id})


def subtract(session: Session, day: date, events: Collection[UUID]) -> None:
    """Take counted events out of the counts again, before they are deleted.  Under `lock`."""
    fetch(session, _SUBTRACT, {"day": day, "ids": list(events)})


def recount(session: Session, first: date, last: date) -> dict[str, int]:
    """Which counts of these days differ from a recount of their events: table -> rows; empty is the proof.

    In a transaction.  What is owed is counted first; events that come while it runs are left out of both.
    """
    while count(session):
        pass
    given = {"first": first, "last": last}
    found = {name: fetch(session, statement, given)[0].differ for name, statement in _RECOUNT.items()}
    return {name: rows for name, rows in found.items() if rows}


_EVENTS = """e AS MATERIALIZED (SELECT * FROM behaviour_event e WHERE day BETWEEN :first AND :last AND NOT EXISTS
    (SELECT FROM behaviour_owed o WHERE o.day = e.day AND e.id = ANY(o.events)))"""
_MOVED = f"{_EVENTS}, moved AS MATERIALIZED (SELECT 1 AS sign, * FROM ({shapes.VISITS}) AS fresh)"

_RECOUNT = {name: shapes.differ(shape, shape.select, _EVENTS) for name, shape in shapes.BY_EVENT.items()}
_RECOUNT["source"] = shapes.differ(shapes.SOURCE, shapes.SOURCE.select, _MOVED)
_RECOUNT["keyword"] = shapes.differ(shapes.KEYWORD, f"{shapes.KEYWORD.select} UNION ALL {shapes.FOUND}", _MOVED)
