"""Two members became one, or two again: what is derived from their orders follows, and the tier of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import open_session, transaction
from member import activity, tiers
from recommend import behaviour
from trade.orders import facts
from trade.settlement.credits import owners
from workers.jobs.count_growth import bought

ACTOR = "job:follow_merge"


def run(ids: Sequence[int], new_session: Callable[[], Session] = open_session, *, now: datetime | None = None) -> int:
    """Make the activity of both members anew from their orders and judge their tiers; returns how many merges.

    The member who stays keeps the better of both tiers until it is evaluated; after an undoing each is judged by
    their own growth.  Visits and behaviour stay with the one who stays.  Safe to run twice.
    """
    now = now or clock.now()
    with new_session() as session, transaction(session):
        rows = journal.take(session, ids)
        for row in rows:
            source_id, into_id = row.data["source_id"], int(row.subject.partition(":")[2])
            live = tiers.lock(session, [source_id, into_id])
            activity.forget(session, [source_id, into_id])
            orders = facts.paid(session, facts.keys_of(session, [source_id, into_id]))
            activity.note(session, [bought(order) for order in orders])
            if into_id in live and source_id not in live:
                activity.move_visits(session, source_id, into_id)
                behaviour.follow_merge(session, source_id, into_id)
                owners.follow_merge(session, source_id, into_id, now=now)
                tiers.inherit(session, source_id, into_id, actor=ACTOR, now=now)
            tiers.judge(session, live, actor=ACTOR, now=now)
        journal.finish(session, [row.id for row in rows], now=clock.now())
    return len(rows)
