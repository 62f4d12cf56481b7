"""Open, take, note, resolve and clear exceptions: the only writer of the desk's table.

Whoever finds something wrong calls `open` in the transaction of the finding, and `clear` in the transaction that puts
it right.  Both may be called any number of times: one open row stands for one (kind, subject).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused
from trade.exceptions.kinds import KINDS

VANISHED = "vanished"
"""The note of what a proof no longer finds; a code, as every note of the machine's."""


class ExceptionClosed(Refused):
    """Somebody, or the machine, closed the exception already; facts name who and when."""

    code = "exception_closed"


class ExceptionTaken(Refused):
    """A colleague answers for the exception already; facts name who and since when."""

    code = "exception_taken"


_OPEN = text("""
    WITH found AS (
        SELECT * FROM jsonb_to_recordset(CAST(:found AS jsonb)) AS f(subject text, store_id bigint, order_id bigint,
            at_store_id bigint, money_fen bigint, at_stake bigint, unit text, cause text, facts jsonb,
            next_try_at timestamptz)
        ORDER BY subject),
    seen AS (
        INSERT INTO exception_case AS c (kind, subject, store_id, order_id, at_store_id, money_fen, at_stake, unit,
            cause, facts, opened_at, seen_at, due_at, owner, next_try_at, tries, note)
        SELECT :kind, subject, store_id, order_id, coalesce(at_store_id, store_id), money_fen, at_stake, unit, cause,
            facts, :now, :now, :due, :owner, next_try_at, 0, '' FROM found
        ON CONFLICT (kind, subject) WHERE resolved_at IS NULL
        DO UPDATE SET seen_at = excluded.seen_at, money_fen = excluded.money_fen, at_stake = excluded.at_stake,
            unit = excluded.unit, cause = excluded.cause, facts = excluded.facts,
            at_store_id = excluded.at_store_id, next_try_at = coalesce(excluded.next_try_at, c.next_try_at)
        RETURNING id, subject, store_id, order_id, money_fen, xmax = 0 AS fresh),
    told AS (
        INSERT INTO journal (kind, subject, actor, at, data, tries)
        SELECT 'exception.opened', 'exception:' || id, :actor, :now, jsonb_build_object('kind', CAST(:kind AS text),
            'subject', subject, 'store_id', store_id, 'order_id', order_id, 'money_fen', money_fen), 0
        FROM seen WHERE fresh)
    SELECT id, fresh FROM seen""")


def _found(kind: str, subject: str, now: datetime, given: Mapping[str, Any]) -> dict[str, Any]:
    known = KINDS[kind]
    money_fen, unit = given.get("money_fen", 0), given.get("unit") or known.unit
    next_try_at = given.get("next_try_at") or (now + known.again if known.again else None)
    return {
        "subject": subject,
        "store_id": given.get("store_id"),
        "order_id": given.get("order_id"),
        "at_store_id": given.get("at_store_id"),
        "money_fen": money_fen,
        "at_stake": money_fen if unit == "fen" else given.get("at_stake") or 0,
        "unit": unit,
        "cause": given.get("cause", ""),
        "facts": given.get("facts", {}),
        "next_try_at": next_try_at,
    }


def _write(session: Session, kind: str, found: list[dict[str, Any]], *, actor: str, now: datetime) -> list[Any]:
    known = KINDS[kind]
    return fetch(
        session,
        _OPEN,
        {
            "kind": kind,
            "found": json.dumps(found, ensure_ascii=False, default=str),
            "now": now,
            "due": now + known.due,
            "owner": known.owner,
            "actor": actor,
        },
    )


def open(
    session: Session,
    kind: str,
    subject: str,
    *,
    money_fen: int,
    facts: Mapping[str, Any],
    now: datetime,
    store_id: int | None = None,
    order_id: int | None = None,
    at_store_id: int | None = None,
    at_stake: int | None = None,
    cause: str = "",
    next_try_at: datetime | None = None,
    actor: str = "system",
) -> int:
    """Put one exception on the desk, or see it again; returns its id.

    Call it in the transaction that found the fault; it commits nothing itself.  Two callers at once meet in the unique
    index of open rows: the second waits and updates what the first opened.  Who opens several in one transaction goes
    in the order of their subjects, so that two such callers cannot deadlock.

    :param kind: one of `kinds.KINDS`; anything else is our own mistake (KeyError).
    :param subject: what it is about, `table:key`, the same each time the same fault is seen: `parcel:7:12`,
        `refund:7:33`, `order:7:12` (store, then id).
    :param money_fen: what may be lost, in fen; not negative.
    :param facts: what the screen says in words (`exceptions.facts.*` in the texts): plain JSON, no names, no phones.
        Seen again, they are replaced whole.
    :param store_id: with `order_id`, the order's key; `at_store_id` is the store that has the work, left out when it is
        the order's own.
    :param at_stake: how much of the kind's unit, where that is not fen.
    :param cause: a short code of why, for example `all_refused`; the texts have its words.
    :param next_try_at: when the machine tries again; left out, the kind says (`Kind.again`).
    """
    given = {
        "money_fen": money_fen,
        "facts": dict(facts),
        "store_id": store_id,
        "order_id": order_id,
        "at_store_id": at_store_id,
        "at_stake": at_stake,
        "cause": cause,
        "next_try_at": next_try_at,
    }
    return int(_write(session, kind, [_found(kind, subject, now, given)], actor=actor, now=now)[0].id)


_IS_OPEN = text("SELECT 1 FROM exception_case WHERE kind = :kind AND subject = :subject AND resolved_at IS NULL")


def is_open(session: Session, kind: str, subject: str) -> bool:
    """Does it wait on the desk at this moment?"""
    return bool(fetch(session, _IS_OPEN, {"kind": kind, "subject": subject}))


_SEEN_TO = text(
    "SELECT 1 FROM exception_case WHERE kind = :kind AND subject = :subject AND resolved_at IS NOT NULL"
    " AND facts @> CAST(:facts AS jsonb) LIMIT 1"
)


def was_seen_to(session: Session, kind: str, subject: str, facts: Mapping[str, Any]) -> bool:
    """Did somebody close one with these facts before?  For what may come again word for word."""
    given = {"kind": kind, "subject": subject, "facts": json.dumps(facts, ensure_ascii=False)}
    return bool(fetch(session, _SEEN_TO, given))


_PLAN = text("""
    UPDATE exception_case SET tries = tries + 1, next_try_at = :at, seen_at = :now
    WHERE kind = :kind AND subject = :subject AND resolved_at IS NULL RETURNING tries""")


def plan_next_try(session: Session, kind: str, subject: str, *, at: datetime | None, now: datetime) -> int:
    """An automatic try failed; the next is `at`, or none any more (None).  Returns the tries so far, 0 when closed."""
    found = first(session, _PLAN, {"kind": kind, "subject": subject, "at": at, "now": now})
    return int(found.tries) if found else 0


_CLEARED = """
    WITH gone AS (
        UPDATE exception_case SET resolved_at = :now, resolver = :actor, note = :note, next_try_at = NULL
        WHERE id IN (SELECT id FROM exception_case WHERE resolved_at IS NULL AND {which} ORDER BY kind, subject
            FOR UPDATE)
        RETURNING id, kind, subject, store_id, order_id),
    told AS (
        INSERT INTO journal (kind, subject, actor, at, data, tries)
        SELECT 'exception.cleared', 'exception:' || id, :actor, :now, jsonb_build_object('kind', kind,
            'subject', subject, 'store_id', store_id, 'order_id', order_id, 'note', CAST(:note AS text)), 0 FROM gone)
    SELECT id FROM gone"""
_CLEAR = text(
    _CLEARED.format(
        which="""kind = :kind AND CASE WHEN CAST(:scope AS text) IS NULL THEN subject = ANY(CAST(:subjects AS text[]))
            ELSE starts_with(subject, CAST(:scope AS text)) AND NOT subject = ANY(CAST(:subjects AS text[])) END"""
    )
)
_CLEAR_ORDER = text(_CLEARED.format(which="store_id = :store AND order_id = :order AND kind = ANY(:kinds)"))


def clear(session: Session, kind: str, subject: str, *, now: datetime, actor: str = "system", note: str = "") -> bool:
    """The fault is gone, so its open case closes by itself; False when there was none.  Never refused.

    :param note: a code of why, whose words are `centre.cleared.*` in the texts of the screens.
    """
    given = {"kind": kind, "scope": None, "subjects": [subject], "actor": actor, "note": note, "now": now}
    return bool(fetch(session, _CLEAR, given))


def clear_order(
    session: Session,
    store_id: int,
    order_id: int,
    kinds: Collection[str],
    *,
    actor: str = "system",
    note: str = "",
    now: datetime,
) -> int:
    """An order's cases of these kinds need nobody any more, because it ended; returns how many closed."""
    given = {"store": store_id, "order": order_id, "kinds": list(kinds), "actor": actor, "note": note}
    return len(fetch(session, _CLEAR_ORDER, {**given, "now": now}))


def settle(
    session: Session,
    kind: str,
    scope: str,
    found: Iterable[Mapping[str, Any]],
    *,
    whole: bool = True,
    actor: str = "system",
    now: datetime,
) -> tuple[int, int]:
    """Make the desk agree with a proof: open what it found, clear what it no longer finds; returns how many of each.

    :param scope: how every subject of this proof begins; nothing else is touched.
    :param found: for each fault what `open` takes, with its `subject`, and `unit` where it is not the kind's.
    :param whole: False when the proof did not name everything: then nothing is cleared.
    """
    rows = [_found(kind, one["subject"], now, one) for one in {one["subject"]: one for one in found}.values()]
    assert all(row["subject"].startswith(scope) for row in rows), (scope, rows[:1])
    opened = sum(row.fresh for row in _write(session, kind, rows, actor=actor, now=now)) if rows else 0
    given = {"kind": kind, "scope": scope, "subjects": [row["subject"] for row in rows]}
    cleared = fetch(session, _CLEAR, {**given, "actor": actor, "note": VANISHED, "now": now}) if whole else []
    return opened, len(cleared)


_TAKE = text("""
    UPDATE exception_case SET owner = :actor, taken_at = :now
    WHERE id = :id AND resolved_at IS NULL AND (taken_at IS NULL OR owner = :actor OR :over) RETURNING id""")
_RESOLVE = text("""
    UPDATE exception_case SET resolved_at = :now, resolver = :actor, note = :note, next_try_at = NULL
    WHERE id = :id AND resolved_at IS NULL RETURNING id""")
_WHERE = text("SELECT kind, owner, taken_at, resolver, resolved_at FROM exception_case WHERE id = :id")


def _why_not(session: Session, case_id: int) -> Refused:
    found = first(session, _WHERE, {"id": case_id})
    if found is None:
        return NotFound(exception_id=case_id)
    if found.resolved_at:
        return ExceptionClosed(exception_id=case_id, by=found.resolver, at=found.resolved_at.isoformat())
    return ExceptionTaken(exception_id=case_id, by=found.owner, at=found.taken_at.isoformat())


def _tell(session: Session, fact: str, case_id: int, *, actor: str, now: datetime, **data: Any) -> None:
    journal.record(session, fact, f"exception:{case_id}", actor=actor, now=now, **data)


def take(session: Session, case_id: int, *, over: bool = False, actor: str, now: datetime) -> None:
    """Somebody answers for it from now on; of two at once one succeeds.  `over` takes it from a colleague.

    :raises NotFound: there is none.  :raises ExceptionClosed:, ExceptionTaken: facts name by whom and when.
    """
    if first(session, _TAKE, {"id": case_id, "actor": actor, "over": over, "now": now}) is None:
        raise _why_not(session, case_id)
    _tell(session, "exception.taken", case_id, actor=actor, now=now)


def note(session: Session, case_id: int, words: str, *, remedy: str = "", actor: str, now: datetime) -> None:
    """Write something beside the case, or that a `remedy` was tried, for whoever looks next.  Raises NotFound."""
    assert words or remedy, "a note says something"
    if first(session, _WHERE, {"id": case_id}) is None:
        raise NotFound(exception_id=case_id)
    _tell(session, "exception.noted", case_id, actor=actor, now=now, note=words, remedy=remedy)


def resolve(session: Session, case_id: int, words: str, *, remedy: str = "", actor: str, now: datetime) -> None:
    """Somebody closes it with an explanation, or a `remedy` did.  A fault that is still there is opened anew.

    :raises NotFound: there is none.  :raises ExceptionClosed: of two people at once one succeeds.
    """
    assert words or remedy, "an exception is closed with an explanation"
    if first(session, _RESOLVE, {"id": case_id, "actor": actor, "note": words, "now": now}) is None:
        raise _why_not(session, case_id)
    _tell(session, "exception.resolved", case_id, actor=actor, now=now, note=words, remedy=remedy)
