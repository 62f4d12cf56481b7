"""The rule book as it goes to tills and mini-programs: what is in force, and what will be without asking again.

A book changes when a version of a promotion begins; those that begin within `AHEAD` are sent as well, each with its
end (exclusive), so that a till without a network turns to them at their minute.  `offsets` turn a moment into the
store's weekday and minute without a table of time zones.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import epoch_ms
from config.db import first
from member import segments
from trade.pricing.promotions import book
from trade.pricing.promotions.book import InForce
from trade.pricing.rules import book_as_json

AHEAD = timedelta(days=2)
MOST = 12
"""Books sent at once; `until_ms` of the last is when to ask again."""
_QUARTER = timedelta(minutes=15)
_TIER = text("SELECT tier FROM member WHERE id = :id")


def to_till(session: Session, store_id: int, now: datetime) -> dict[str, Any]:
    """The books of a store from now on: `{store_id, version, offsets, books: [{until_ms, book}], member: None}`.

    `book` is what `rules.book_from_json` and `config/web/pricing` read; it holds no quota, budget or funding.

    :raises NotFound: there is no such store.
    """
    return _written(store_id, _windows(session, store_id, now), now)


def to_member(session: Session, store_id: int, member_id: int | None, now: datetime) -> dict[str, Any]:
    """The same without the rules of segments that this member is not in, and with `member: {tier, segment_ids}`.

    A guest (`member_id` None) gets no rule of a segment.

    :raises NotFound: there is no such store.
    """
    windows = _windows(session, store_id, now)
    named = sorted({segment for _, known in windows for segment in known.segment_ids})
    mine = segments.treated_among(session, member_id, named) if member_id and named else []
    who = first(session, _TIER, {"id": member_id}) if member_id else None
    answer = _written(store_id, [(until, _for(mine, known)) for until, known in windows], now)
    return answer | {"member": {"tier": who.tier, "segment_ids": sorted(mine)} if who else None}


_Windows = list[tuple[datetime, InForce]]


def _windows(session: Session, store_id: int, now: datetime) -> _Windows:
    """What is in force until when; no statement while nothing turns within `AHEAD` and the book is fresh."""
    _, until, known = book.window(session, store_id, now)
    found = [(until, known)]
    while until < now + AHEAD and len(found) < MOST:
        _, until, later = book.read(session, store_id, until)
        found.append((until, later))
    return found


def _for(mine: Collection[int], known: InForce) -> InForce:
    kept = (rule for rule in known.rules.rules if not rule.segment_ids or set(rule.segment_ids) & set(mine))
    return replace(known, rules=replace(known.rules, rules=tuple(kept)))


def _written(store_id: int, windows: _Windows, now: datetime) -> dict[str, Any]:
    return {
        "store_id": store_id,
        "version": windows[0][1].rules.version,
        "offsets": offsets(windows[0][1].zone, now),
        "books": [{"until_ms": epoch_ms(until), "book": book_as_json(known.rules)} for until, known in windows],
        "member": None,
    }


def offsets(zone: ZoneInfo, now: datetime) -> list[tuple[int, int]]:
    """From which moment (epoch ms) on the store's clock is so many minutes ahead of UTC, from yesterday to `AHEAD`."""
    at = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    found: list[tuple[int, int]] = []
    while at < now + AHEAD:
        minutes = (at.astimezone(zone).utcoffset() or timedelta()) // timedelta(minutes=1)
        if not found or found[-1][1] != minutes:
            found.append((epoch_ms(at), minutes))
        at += _QUARTER
    return found
