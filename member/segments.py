"""Segments: groups of members by definition, with a holdout that every campaign leaves alone.

The holdout of a segment is a fixed share of it, drawn by a hash of segment and member: the same member is in it at
every refresh, in every process and for ever, and two segments draw independently.  A campaign asks `treated` or
`is_treated` and never the table.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import md5
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound
from member.segment_terms import compiled, understood

HOLDOUT_BP = 1_000
_DRAW = "('x' || substr(md5({segment} || ':' || found.id), 1, 8))::bit(32)::bigint % 10000 < {bp}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a refresh found: how many, how many of them held out, who came and who went."""

    size: int
    held_out: int
    came: int
    gone: int


def held_out(segment_id: int, member_id: int, holdout_bp: int) -> bool:
    """Whether a member would be in a segment's holdout; the same answer as the statement's."""
    drawn = md5(f"{segment_id}:{member_id}".encode(), usedforsecurity=False).hexdigest()[:8]
    return int(drawn, 16) % 10_000 < holdout_bp


def preview(session: Session, definition: dict[str, Any], *, now: datetime) -> int:
    """How many members a definition means now; raises BadSegment.  Changes nothing; one statement."""
    select, given = compiled(definition)
    return int(session.execute(text(f"SELECT count(*) FROM ({select}) found"), {**given, "now": now}).scalar_one())


_MAKE = text("""
    INSERT INTO segment (name, definition, holdout_bp, kept, made_at, actor, size, held_out)
    VALUES (:name, CAST(:definition AS jsonb), :holdout_bp, true, :now, :actor, 0, 0) RETURNING id""")
_CHANGE = text(
    "UPDATE segment SET name = :name, definition = CAST(:definition AS jsonb), refreshed_at = NULL"
    " WHERE id = :segment AND kept RETURNING id"
)
_DROP = text("UPDATE segment SET kept = false WHERE id = :segment AND kept RETURNING id")
_ONE = text("SELECT * FROM segment WHERE id = :segment AND kept FOR NO KEY UPDATE")
_LIST = text("SELECT * FROM segment WHERE kept ORDER BY id")


def make(
    session: Session, name: str, definition: dict[str, Any], *, holdout_bp: int = HOLDOUT_BP, actor: str, now: datetime
) -> int:
    """A new segment, empty until it is refreshed; returns its id.  Raises BadSegment."""
    understood(definition)
    given = {"name": name, "definition": json.dumps(definition), "holdout_bp": holdout_bp, "actor": actor, "now": now}
    segment_id = int(fetch(session, _MAKE, given)[0].id)
    _tell(session, segment_id, "made", actor, now, name=name)
    return segment_id


def change(
    session: Session, segment_id: int, name: str, definition: dict[str, Any], *, actor: str, now: datetime
) -> None:
    """Another definition; the holdout stays who it was.  Raises BadSegment, NotFound."""
    understood(definition)
    given = {"name": name, "definition": json.dumps(definition), "segment": segment_id}
    if first(session, _CHANGE, given) is None:
        raise NotFound(segment_id=segment_id)
    _tell(session, segment_id, "changed", actor, now, name=name)


def drop(session: Session, segment_id: int, *, actor: str, now: datetime) -> None:
    """Use a segment no more; its members stay for the books.  Raises NotFound."""
    if first(session, _DROP, {"segment": segment_id}) is None:
        raise NotFound(segment_id=segment_id)
    _tell(session, segment_id, "dropped", actor, now)


def _tell(session: Session, segment_id: int, what: str, actor: str, now: datetime, **data: Any) -> None:
    journal.record(
        session, f"segment.{what}", f"segment:{segment_id}", actor=actor, now=now, segment_id=segment_id, **data
    )


_REFRESH = """
    WITH found AS MATERIALIZED ({select}),
    gone AS (DELETE FROM segment_member s WHERE s.segment_id = :segment AND s.member_id NOT IN (SELECT id FROM found)
             RETURNING 1),
    came AS (INSERT INTO segment_member (segment_id, member_id, held_out, since_at)
        SELECT :segment, found.id, {draw}, :now FROM found ORDER BY found.id
        ON CONFLICT (segment_id, member_id) DO NOTHING RETURNING 1),
    counted AS (SELECT count(*) AS size, count(*) FILTER (WHERE {draw}) AS held_out FROM found)
    UPDATE segment SET size = counted.size, held_out = counted.held_out, refreshed_at = :now FROM counted
    WHERE segment.id = :segment
    RETURNING counted.size, counted.held_out, (SELECT count(*) FROM came) AS came, (SELECT count(*) FROM gone) AS gone
"""


def refresh(session: Session, segment_id: int, *, now: datetime) -> Snapshot:
    """Find the members of a segment anew; one statement behind the segment's lock.  Raises NotFound.

    Two refreshes wait for each other; members are neither lost nor doubled.
    """
    segment = first(session, _ONE, {"segment": segment_id})
    if segment is None:
        raise NotFound(segment_id=segment_id)
    select, given = compiled(segment.definition)
    draw = _DRAW.format(segment="CAST(CAST(:segment AS bigint) AS text)", bp="CAST(:holdout_bp AS bigint)")
    statement = text(_REFRESH.format(select=select, draw=draw))
    known = {**given, "segment": segment_id, "holdout_bp": segment.holdout_bp, "now": now}
    row = session.execute(statement, known).one()
    return Snapshot(row.size, row.held_out, row.came, row.gone)


_DUE = text(
    "SELECT id FROM segment WHERE kept AND (refreshed_at IS NULL OR refreshed_at <= :before) ORDER BY id LIMIT :most"
)


def due(session: Session, *, before: datetime, most: int) -> list[int]:
    """Segments not refreshed since a moment."""
    return [row.id for row in fetch(session, _DUE, {"before": before, "most": most})]


def known(session: Session) -> list[dict[str, Any]]:
    """Every segment in use with its definition and its last snapshot."""
    return [
        {
            "id": row.id,
            "name": row.name,
            "definition": row.definition,
            "holdout_bp": row.holdout_bp,
            "size": row.size,
            "held_out": row.held_out,
            "refreshed_at": row.refreshed_at.isoformat() if row.refreshed_at else None,
        }
        for row in fetch(session, _LIST, {})
    ]


_TREATED = text(
    "SELECT member_id FROM segment_member WHERE segment_id = :segment AND NOT held_out AND member_id > :after"
    " ORDER BY member_id LIMIT :most"
)
_REACHABLE = text("""
    SELECT s.member_id, NOT EXISTS (SELECT FROM unnest(CAST(:purposes AS text[])) AS p(purpose)
        WHERE NOT coalesce((SELECT c.given FROM consent c WHERE c.member_id = s.member_id AND c.purpose = p.purpose
                            ORDER BY c.id DESC LIMIT 1), false)) AS agreed
    FROM segment_member s WHERE s.segment_id = :segment AND NOT s.held_out AND s.member_id > :after
    ORDER BY s.member_id LIMIT :most""")
_IS_TREATED = text(
    "SELECT 1 AS yes FROM segment_member WHERE segment_id = :segment AND member_id = :member AND NOT held_out"
)


def treated(session: Session, segment_id: int, *, after: int = 0, most: int = 1000) -> list[int]:
    """Members a campaign may reach, without the holdout; the last of them as `after` gives the next page."""
    return [row.member_id for row in fetch(session, _TREATED, {"segment": segment_id, "after": after, "most": most})]


def reachable(
    session: Session, segment_id: int, purposes: Sequence[str], *, after: int = 0, most: int = 1000
) -> list[tuple[int, bool]]:
    """The same, each with whether they said yes to every one of the purposes; silence is no.

    Whatever sells or chooses people by what they did asks this and leaves the others alone.
    """
    given = {"segment": segment_id, "purposes": list(purposes), "after": after, "most": most}
    return [(row.member_id, row.agreed) for row in fetch(session, _REACHABLE, given)]


def is_treated(session: Session, segment_id: int, member_id: int) -> bool:
    """Whether a campaign on this segment may reach this member."""
    return first(session, _IS_TREATED, {"segment": segment_id, "member": member_id}) is not None


_TREATED_AMONG = text(
    "SELECT segment_id FROM segment_member WHERE member_id = :member AND segment_id = ANY(:ids) AND NOT held_out"
    " ORDER BY segment_id"
)


def treated_among(session: Session, member_id: int, segment_ids: Sequence[int]) -> list[int]:
    """Those of some segments through which a campaign may reach this member; one statement."""
    return [row.segment_id for row in fetch(session, _TREATED_AMONG, {"member": member_id, "ids": list(segment_ids)})]
