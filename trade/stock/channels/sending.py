"""What is owed to a channel, taken in batches, and what it answered.  The calls themselves are the adapters'.

    owed  --take-->  sent, an answer is awaited  --acknowledge-->  known to the channel
      ^                 | no answer in time              \\-> rejected: waits for its next change or a person
      '-----------------'

A batch is only ever the newest figures.  One sender at a time has a channel's lease; a lease that runs out lets the
next one try.  Nothing here is kept in Redis: the sender may die, and Redis be emptied, at any moment.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from member.secrets import open_sealed
from trade.exceptions import cases
from trade.stock.channels.figures import Figure

LEASE = timedelta(seconds=60)
ANSWER_BY = {"webhook": timedelta(seconds=60), "files": timedelta(minutes=30)}
"""How long a figure that was sent waits for its answer before it is sent again."""
BACK_OFF_S = (2, 5, 10, 30, 60, 120, 300, 600)
BATCH = {"webhook": 100, "files": 5000}
ALARM_AFTER = 3
"""So many calls in a row that did not come through are an exception."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as its adapter sees it."""

    id: int
    code: str
    kind: str
    endpoint: str
    encoding: str
    secret: str

    def __repr__(self) -> str:
        return f"Channel({self.code})"


def of(row: Any) -> Channel:
    """From a row of `sales_channel`."""
    secret = open_sealed(bytes(row.secret_sealed)).decode()
    return Channel(row.id, row.code, row.kind, row.endpoint, row.encoding, secret)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a channel says of one figure: taken (at the version that was sent), or why not; and what it now shows."""

    sku_id: int
    version: int
    accepted: bool
    reason: str = ""
    theirs_qty: int | None = None


_OWED = text("""
    SELECT DISTINCT k.channel_id FROM channel_stock k JOIN sales_channel c ON c.id = k.channel_id
    WHERE k.acked_version < k.version AND NOT k.rejected AND NOT c.paused
      AND (k.next_try_at IS NULL OR k.next_try_at <= :now) AND (c.next_try_at IS NULL OR c.next_try_at <= :now)
    ORDER BY 1""")
_LEASE = text("""
    UPDATE sales_channel SET sending_until = :until WHERE id = :channel AND NOT paused
      AND (sending_until IS NULL OR sending_until <= :now) AND (next_try_at IS NULL OR next_try_at <= :now)
    RETURNING *""")
_RELEASE = text("UPDATE sales_channel SET sending_until = NULL WHERE id = :channel AND sending_until = :until")


def owed(session: Session, *, now: datetime) -> list[int]:
    """The channels that have something to be told now."""
    return [row.channel_id for row in fetch(session, _OWED, {"now": now})]


def lease(session: Session, channel_id: int, *, now: datetime) -> Channel | None:
    """Become the one who sends to a channel; None when it is paused, waits after a failure, or another one is."""
    row = first(session, _LEASE, {"channel": channel_id, "now": now, "until": now + LEASE})
    return of(row) if row else None


def release(session: Session, channel_id: int, *, leased_at: datetime) -> None:
    """Give the lease back; one that ran out and was taken by another is left alone."""
    fetch(session, _RELEASE, {"channel": channel_id, "until": leased_at + LEASE})


_CALL = text("""
    UPDATE sales_channel SET
        window_at = CASE WHEN window_at > :minute_ago THEN window_at ELSE :now END,
        window_calls = CASE WHEN window_at > :minute_ago THEN window_calls + 1 ELSE 1 END
    WHERE id = :channel AND (window_at IS NULL OR window_at <= :minute_ago OR window_calls < per_minute)
      AND EXISTS (SELECT FROM channel_stock WHERE channel_id = :channel AND acked_version < version AND NOT rejected
                  AND (next_try_at IS NULL OR next_try_at <= :now))
    RETURNING id""")
_TAKE = text("""
    WITH due AS (
        SELECT sku_id FROM channel_stock
        WHERE channel_id = :channel AND acked_version < version AND NOT rejected
          AND (next_try_at IS NULL OR next_try_at <= :now)
        ORDER BY version LIMIT :most),
    taken AS (
        UPDATE channel_stock k SET sent_qty = k.wanted_qty, sent_version = k.version, sent_at = :now,
            tries = k.tries + 1, next_try_at = :answer_by
        FROM due WHERE k.channel_id = :channel AND k.sku_id = due.sku_id
        RETURNING k.sku_id, k.wanted_qty, k.version)
    SELECT taken.*, l.external_sku FROM taken
    JOIN channel_listing l ON l.channel_id = :channel AND l.sku_id = taken.sku_id ORDER BY taken.version""")


def take(session: Session, channel: Channel, *, now: datetime) -> list[Figure]:
    """The next batch for a channel, counted as one call; empty when nothing is owed or the minute's calls are used.

    What is taken is owed again when no answer came by `ANSWER_BY`.
    """
    if first(session, _CALL, {"channel": channel.id, "now": now, "minute_ago": now - timedelta(minutes=1)}) is None:
        return []
    answer_by = now + ANSWER_BY[channel.kind]
    given = {"channel": channel.id, "now": now, "answer_by": answer_by, "most": BATCH[channel.kind]}
    return [Figure(row.sku_id, row.external_sku, row.wanted_qty, row.version) for row in fetch(session, _TAKE, given)]


_CAME_THROUGH = text(
    "UPDATE sales_channel SET fails = 0, next_try_at = NULL, last_ok_at = :now WHERE id = :channel RETURNING code"
)
_ACKNOWLEDGE = text("""
    WITH told AS (
        SELECT * FROM jsonb_to_recordset(CAST(:answers AS jsonb)) AS a(
            sku_id bigint, version bigint, accepted boolean, reason text, theirs_qty bigint)),
    taken AS (
        UPDATE channel_stock k SET acked_qty = k.sent_qty, acked_version = k.sent_version, acked_at = :now, error = '',
            wanted_at = CASE WHEN k.version > k.sent_version THEN k.sent_at ELSE k.wanted_at END,
            next_try_at = NULL, tries = 0, theirs_qty = coalesce(told.theirs_qty, k.theirs_qty),
            compared_at = CASE WHEN told.theirs_qty IS NULL THEN k.compared_at ELSE :now END
        FROM told WHERE k.channel_id = :channel AND k.sku_id = told.sku_id AND told.accepted
          AND k.sent_version = told.version AND k.acked_version < told.version
        RETURNING k.sku_id, true AS accepted, '' AS reason),
    refused AS (
        UPDATE channel_stock k SET rejected = true, error = left(told.reason, 200), next_try_at = NULL
        FROM told WHERE k.channel_id = :channel AND k.sku_id = told.sku_id AND NOT told.accepted
          AND k.version = told.version AND k.acked_version < told.version
        RETURNING k.sku_id, false AS accepted, told.reason)
    SELECT * FROM taken UNION ALL SELECT * FROM refused ORDER BY sku_id""")


def acknowledge(session: Session, channel_id: int, answers: Sequence[Answer], *, now: datetime) -> int:
    """Note what a channel answered; returns how many figures it now knows.

    An answer for a version that was overtaken counts for what was sent, and the newer figure stays owed.  A rejected
    sku is an exception until a later figure of it is taken.
    """
    code = fetch(session, _CAME_THROUGH, {"channel": channel_id, "now": now})[0].code
    told = json.dumps([asdict(one) for one in answers], ensure_ascii=False)
    given = {"channel": channel_id, "answers": told, "now": now}
    settled = fetch(session, _ACKNOWLEDGE, given)
    cases.clear(session, "adapter_rejected", f"channel:{channel_id}", now=now)
    rejected = [row for row in settled if not row.accepted]
    for row in rejected:
        facts = {"channel": code, "sku_id": row.sku_id, "reason": row.reason[:200]}
        subject = f"channel_sku:{channel_id}:{row.sku_id}"
        cases.open(session, "adapter_rejected", subject, money_fen=0, facts=facts, cause="sku_rejected", now=now)
    taken = [f"channel_sku:{channel_id}:{row.sku_id}" for row in settled if row.accepted]
    for row in fetch(session, _OPEN_OF, {"subjects": taken}):
        cases.clear(session, "adapter_rejected", row.subject, now=now)
    return len(settled) - len(rejected)


_OPEN_OF = text(
    "SELECT subject FROM exception_case WHERE resolved_at IS NULL AND kind = 'adapter_rejected'"
    " AND subject = ANY(:subjects) ORDER BY subject"
)


_FAILED = text("""
    UPDATE sales_channel SET fails = fails + 1, last_error = left(:error, 200), last_error_at = :now,
        next_try_at = greatest(CAST(:wait_until AS timestamptz), :now + make_interval(secs =>
            CAST((CAST(:waits AS integer[]))[least(fails + 1, array_length(CAST(:waits AS integer[]), 1))] AS float)))
    WHERE id = :channel RETURNING code, fails, next_try_at""")
_OWED_AGAIN = text("""
    UPDATE channel_stock SET next_try_at = NULL, error = left(:error, 200)
    WHERE channel_id = :channel AND sent_at = :sent_at AND acked_version < sent_version AND NOT rejected""")


def failed(
    session: Session, channel_id: int, error: str, *, sent_at: datetime, now: datetime, wait: timedelta | None = None
) -> None:
    """A call did not come through: the whole channel waits, longer each time, and its batch is owed again at once.

    :param wait: what the channel asked for, where it is longer than the back-off.
    """
    until = now + wait if wait else None
    given = {"channel": channel_id, "error": error, "now": now, "wait_until": until, "waits": list(BACK_OFF_S)}
    row = fetch(session, _FAILED, given)[0]
    fetch(session, _OWED_AGAIN, {"channel": channel_id, "error": error, "sent_at": sent_at})
    if row.fails >= ALARM_AFTER:
        facts = {"channel": row.code, "error": error[:200], "fails": row.fails}
        cases.open(
            session,
            "adapter_rejected",
            f"channel:{channel_id}",
            money_fen=0,
            facts=facts,
            cause="unreachable",
            next_try_at=row.next_try_at,
            now=now,
        )
