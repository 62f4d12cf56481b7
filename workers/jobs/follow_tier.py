"""A member's tier changed: what reaching it brings is given, what a fall costs is taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import open_session, transaction
from member import tier_gifts

ACTOR = "job:follow_tier"


def run(ids: Sequence[int], new_session: Callable[[], Session] = open_session, *, now: datetime | None = None) -> int:
    """Bring the gifts of the members of these journal rows to their tiers; returns how many came or went.

    One transaction a row, because an offer that many wait for is counted down.  Safe to run twice, late and in any
    order: a row is finished with its effect, and where the member stands now decides.
    """
    now, done = now or clock.now(), 0
    with new_session() as session:
        for row_id in sorted(ids):
            with transaction(session):
                for row in journal.take(session, [row_id]):
                    fact = row.data
                    done += tier_gifts.follow(
                        session, fact["member_id"], fact["cause"], fact["from"], actor=ACTOR, now=now
                    )
                    journal.finish(session, [row_id], now=clock.now())
    return done
