"""Growth: what a member's purchases, visits and tasks add up to; it is counted and never spent (3.3).

It stands on the lot ledger under the account `growth`: one lot a source, on its way until the after-sale window of
the source is over.  A lot never leaves by time; whether it still counts follows from the moment of its source, so
that a change of the window needs no change of the ledger.  What a refund takes leaves the lot of its own order and
therefore the window of that order, however late the refund is.

An order of basis B earns floor(B / 1 yuan); after R of B is refunded, floor(E x R / B) have been taken in all:

    B       E    refund   R       taken in all   lot's rest
    9990    99   3330     3330    33             66
                 3330     6660    66             33
                 3330     9990    99             0
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from member import lots
from member.ledger import Step

GROWTH = "growth"
FEN_PER_GROWTH = 100
A_VISIT = 1
"""What the first visit of a business day brings."""


def earned(basis_fen: int) -> int:
    """What an order brings: one for each yuan of its points basis, floored once, without multipliers."""
    return basis_fen // FEN_PER_GROWTH


def taken(earned: int, basis_fen: int, back_fen: int) -> int:
    """How much of it is taken back in all once `back_fen` of its basis came back."""
    return earned * min(back_fen, basis_fen) // basis_fen if basis_fen else 0


@dataclass(frozen=True, slots=True)
class Deed:
    """What one source means for growth now: it brought `earns` at `at`, of which `taken` in all were lost again.

    `confirmed_at` is when its after-sale window ends; None while that is not known (goods not handed over).
    `source` is a key of its own in the whole house (`order:12`, `visit:7:2026-11-24`); a merge keeps it apart.
    """

    member_id: int
    source: str
    at: datetime
    earns: int
    taken: int
    confirmed_at: datetime | None


_OPEN = text("""
    INSERT INTO lot_account (member_id, account, balance, pending, held, deficit)
    SELECT id, 'growth', 0, 0, 0, 0 FROM unnest(CAST(:members AS bigint[])) AS m(id) ORDER BY id
    ON CONFLICT (member_id, account) DO NOTHING""")
_LOCK = text(
    "SELECT member_id FROM lot_account WHERE member_id = ANY(:members) AND account = 'growth'"
    " ORDER BY member_id FOR NO KEY UPDATE"
)
_LOTS = text(
    "SELECT id, source, initial, remaining, state, available_at FROM lot WHERE member_id = ANY(:members)"
    " AND account = 'growth' AND source = ANY(:sources)"
)
_ARRIVES = text("UPDATE lot SET available_at = :at WHERE member_id = :member AND id = :lot")


def settle(session: Session, deeds: Collection[Deed], *, actor: str, now: datetime) -> int:
    """Bring the ledger to what the deeds say; returns how many entries that took.

    A deed says where its source stands, not what changed, so deeds may come twice, late and in any order, and each
    entry has a key behind that.  Accounts are opened and locked in the order of members.
    """
    if not deeds:
        return 0
    members = sorted({deed.member_id for deed in deeds})
    fetch(session, _OPEN, {"members": members})
    fetch(session, _LOCK, {"members": members})
    given = {"members": members, "sources": [deed.source for deed in deeds]}
    known = {row.source: row for row in fetch(session, _LOTS, given)}
    return sum(_settle(session, deed, known.get(deed.source), actor, now) for deed in deeds)


def _settle(session: Session, deed: Deed, lot: Any | None, actor: str, now: datetime) -> int:
    if not deed.earns:
        return 0
    done, ready = 0, deed.confirmed_at is not None and deed.confirmed_at <= now
    if lot is None:
        step = Step(deed.member_id, GROWTH, "earn", deed.source, f"{deed.source}:earn", actor, deed.at)
        arrives_at = None if ready else deed.confirmed_at
        done += lots.earn(session, step, deed.earns, pending=not ready, expires_at=None, available_at=arrives_at)
    gone = lot.initial - lot.remaining if lot else 0
    if deed.taken > gone:
        step = Step(deed.member_id, GROWTH, "claw", deed.source, f"{deed.source}:less:{deed.taken}", actor, now)
        lots.claw(session, step, deed.taken - gone)
        done += 1
    if lot is None or lot.state != "pending" or lot.initial <= deed.taken:
        return done
    if ready:
        return done + _confirm(session, deed.member_id, deed.source, actor, now)
    if deed.confirmed_at != lot.available_at:
        fetch(session, _ARRIVES, {"at": deed.confirmed_at, "member": deed.member_id, "lot": lot.id})
    return done


def _confirm(session: Session, member_id: int, source: str, actor: str, now: datetime) -> int:
    step = Step(member_id, GROWTH, "confirm", source, f"{source}:confirm", actor, now)
    return 1 if lots.confirm(session, step, expires_at=None) else 0


_ARRIVING = text(
    "SELECT member_id, source FROM lot WHERE account = 'growth' AND state = 'pending' AND available_at <= :now"
    " AND remaining > 0 ORDER BY available_at LIMIT :most"
)
_STILL = text(
    "SELECT member_id, source FROM lot WHERE member_id = ANY(:members) AND account = 'growth' AND state = 'pending'"
    " AND available_at <= :now AND remaining > 0 ORDER BY member_id, id"
)


def arriving(session: Session, *, now: datetime, most: int) -> list[int]:
    """Members with growth whose after-sale window is over and which is not confirmed yet."""
    return sorted({row.member_id for row in fetch(session, _ARRIVING, {"now": now, "most": most})})


def arrive(session: Session, members: Collection[int], *, actor: str, now: datetime) -> int:
    """Confirm what arrived of these members, whose rows are locked; returns how many lots.  A repeat finds none."""
    fetch(session, _LOCK, {"members": list(members)})
    due = fetch(session, _STILL, {"members": list(members), "now": now})
    return sum(_confirm(session, row.member_id, row.source, actor, now) for row in due)


@dataclass(frozen=True, slots=True)
class Sums:
    """Growth that counts at a moment: confirmed, and still on its way."""

    ready: int = 0
    waiting: int = 0

    @property
    def total(self) -> int:
        """Both together."""
        return self.ready + self.waiting


_COUNTED = """
    SELECT l.member_id, l.source, l.state, l.remaining, e.at, CASE CAST(:counted AS text)
        WHEN 'rolling' THEN (e.at AT TIME ZONE 'Asia/Shanghai' + interval '12 months') AT TIME ZONE 'Asia/Shanghai'
        WHEN 'year' THEN m.created_at + (extract(year FROM age(e.at, m.created_at)) + 1) * interval '1 year'
        ELSE 'infinity' END AS counts_until
    FROM lot l JOIN member m ON m.id = l.member_id
    JOIN lot_entry e ON e.member_id = l.member_id AND e.source = l.source AND e.account = 'growth' AND e.event = 'earn'
    WHERE l.member_id = ANY(:members) AND l.account = 'growth' AND l.remaining > 0"""
_SUMS = text(f"""
    SELECT member_id, coalesce(sum(remaining) FILTER (WHERE state = 'available'), 0)::bigint AS ready,
           coalesce(sum(remaining) FILTER (WHERE state = 'pending'), 0)::bigint AS waiting
    FROM ({_COUNTED}) counted WHERE counts_until > :at AND at <= :until GROUP BY 1""")
_LEAVING = text(f"""
    SELECT counts_until, sum(remaining)::bigint AS growth FROM ({_COUNTED}) counted
    WHERE counts_until > :at AND counts_until <= :until GROUP BY 1 ORDER BY 1""")
_OF_SOURCE = text(f"SELECT at, counts_until FROM ({_COUNTED}) counted WHERE source = :source")


def sums(
    session: Session, members: Iterable[int], *, counted: str, at: datetime, until: datetime | None = None
) -> dict[int, Sums]:
    """What counts at a moment, by member; a member without growth is missing.

    A source of moment t counts in [t, t + 12 months), or to the end of the member's own year, or for ever.

    :param until: sources up to here are counted, with the window that holds at `at`; a grace period ends here.
    """
    given = {"members": list(members), "counted": counted, "at": at, "until": until or at}
    return {row.member_id: Sums(row.ready, row.waiting) for row in fetch(session, _SUMS, given)}


def leaving(session: Session, member_id: int, *, counted: str, at: datetime, until: datetime) -> Sequence[Any]:
    """What leaves the window between two moments: rows of `counts_until` and `growth`, soonest first."""
    return fetch(session, _LEAVING, {"members": [member_id], "counted": counted, "at": at, "until": until})


def window_of(session: Session, member_id: int, source: str, *, counted: str) -> Any | None:
    """From when (`at`) and until when (`counts_until`) a source with something left counts."""
    found = fetch(session, _OF_SOURCE, {"members": [member_id], "counted": counted, "source": source})
    return found[0] if found else None
