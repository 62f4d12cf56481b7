"""One append-only row for each change of state: audit trail and outbox at once.

A row whose kind has an effect elsewhere (see `workers/routes.py`) is offered by the relay until the
consumer marks it done **in the same transaction as its effect**.  Losing all of Redis loses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, Text, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from config.db import Base, changed, fetch

LEASE = timedelta(seconds=12)


class Entry(Base):
    """What happened (`kind`, past tense), to what (`subject`), by whom, when.  `done_at` closes its effect."""

    __tablename__ = "journal"
    __table_args__ = (
        Index("ix_journal_open", "id", postgresql_where=text("done_at IS NULL")),
        Index("ix_journal_subject", "subject", "id"),
        Index("ix_journal_by_hand", "at", postgresql_where=text("kind = 'order.discounted_by_hand'")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    leased_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]


_RECORD = text(
    "INSERT INTO journal (kind, subject, actor, at, data, tries)"
    " VALUES (:kind, :subject, :actor, :now, CAST(:data AS jsonb), 0)"
)


def record(session: Session, kind: str, subject: str, *, actor: str, now: datetime, **data: Any) -> None:
    """Write one fact.  `subject` is `table:key`, for example `order:12`; `data` must be JSON."""
    given = {"kind": kind, "subject": subject, "actor": actor, "now": now, "data": json.dumps(data, ensure_ascii=False)}
    fetch(session, _RECORD, given)


# ARRAY(...) is read once.  With IN the planner may read the rows anew for each row it compares them with, and a row
# this statement already changed is skipped then like one locked by others: more than `most` would be leased.
_LEASE = text("""
    WITH leased AS (
        UPDATE journal SET leased_until = :until, tries = tries + 1
        WHERE id = ANY(ARRAY(SELECT id FROM journal
                             WHERE done_at IS NULL AND kind = ANY(:kinds)
                               AND (leased_until IS NULL OR leased_until < :now)
                             ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED))
        RETURNING id, kind, subject, actor, at, data, tries),
    further AS (
        INSERT INTO journal (kind, subject, actor, at, data, tries)
        SELECT also.effect, leased.subject, leased.actor, leased.at,
               leased.data || jsonb_build_object('fact', leased.kind, 'of', leased.id), 0
        FROM leased JOIN unnest(CAST(:facts AS text[]), CAST(:effects AS text[])) AS also(fact, effect)
             ON also.fact = leased.kind
        WHERE leased.tries = 1)
    SELECT id, kind FROM leased""")


def lease(
    session: Session, kinds: Sequence[str], *, now: datetime, most: int, also: Mapping[str, Sequence[str]] | None = None
) -> list[tuple[int, str]]:
    """Take up to `most` open rows of these kinds for `LEASE`; returns (id, kind).

    Oldest first, but never "above the last one": a row that became visible late is still found.
    Safe in several relays at once (SKIP LOCKED); a lease that runs out offers the row again.

    :param also: fact -> kinds of further rows.  The first lease of a fact writes one row of each, in the same
        statement, with the fact's kind as `fact` and its id as `of` in the data: an effect of its own with a lease
        and an end of its own.
    """
    pairs = [(fact, effect) for fact, effects in (also or {}).items() for effect in effects]
    return [
        (row.id, row.kind)
        for row in session.execute(
            _LEASE,
            {
                "kinds": list(kinds),
                "now": now,
                "until": now + LEASE,
                "most": most,
                "facts": [fact for fact, _ in pairs],
                "effects": [effect for _, effect in pairs],
            },
        )
    ]


_TAKE = text(
    "SELECT id, kind, subject, at, data FROM journal WHERE id = ANY(:ids) AND done_at IS NULL"
    " ORDER BY id FOR UPDATE SKIP LOCKED"
)
_FINISH = text("UPDATE journal SET done_at = :now WHERE id = ANY(:ids)")
_CLOSE = text(
    "UPDATE journal SET done_at = at WHERE id = ANY(ARRAY(SELECT id FROM journal WHERE done_at IS NULL"
    " AND NOT kind = ANY(:kinds) ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED))"
).bindparams(bindparam("kinds"), bindparam("most"))


def take(session: Session, ids: Sequence[int]) -> list[Any]:
    """The rows among `ids` still open, locked; a row another consumer holds is skipped, not awaited."""
    return list(session.execute(_TAKE, {"ids": list(ids)}))


def finish(session: Session, ids: Sequence[int], *, now: datetime) -> None:
    """Mark rows done.  Call it in the transaction of their effect and nowhere else."""
    session.execute(_FINISH, {"ids": list(ids), "now": now})


def close_without_effect(session: Session, kinds_with_effect: Sequence[str], *, most: int = 1000) -> int:
    """Close rows of kinds that no route names, so that the open index stays small; returns how many."""
    return changed(session, _CLOSE, {"kinds": list(kinds_with_effect), "most": most})


_OPEN_AMONG = text(
    "SELECT id, kind, subject, at, tries, data FROM journal WHERE id = ANY(:ids) AND done_at IS NULL ORDER BY id"
)
_TRIED = text(
    "SELECT count(*) AS many, min(at) AS since FROM journal"
    " WHERE done_at IS NULL AND kind = ANY(:kinds) AND tries >= :tries"
)
_OFFER_NOW = text("UPDATE journal SET leased_until = NULL WHERE done_at IS NULL AND kind = ANY(:kinds)")


def still_open(session: Session, ids: Sequence[int]) -> list[Any]:
    """The rows among `ids` whose effect is not done, oldest first, with how often they were offered; not locked."""
    return fetch(session, _OPEN_AMONG, {"ids": list(ids)})


def tried(session: Session, kinds: Sequence[str], tries: int) -> Any:
    """How many open rows of these kinds were offered so often (`many`), and since when the oldest waits (`since`)."""
    return fetch(session, _TRIED, {"kinds": list(kinds), "tries": tries})[0]


def offer_now(session: Session, kinds: Sequence[str]) -> int:
    """Let the next relay offer the open rows of these kinds without waiting for their leases; returns how many."""
    return changed(session, _OFFER_NOW, {"kinds": list(kinds)})
