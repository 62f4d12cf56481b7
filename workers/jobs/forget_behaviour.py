"""A member no longer wants what they do to be used: what was recorded of it is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import open_session, transaction
from member import leaving
from recommend import forgetting, lists
from recommend.definitions import PURPOSE


def run(ids: Sequence[int], new_session: Callable[[], Session] = open_session) -> int:
    """Forget what the given withdrawals ask for, each in its transaction; on queue `clock`; returns how many events.

    Whoever said yes again before it ran is forgotten all the same: they said no in between.
    """
    gone = 0
    for row_id in ids:
        with new_session() as session, transaction(session):
            for row in journal.take(session, [row_id]):
                member_id = int(row.subject.partition(":")[2])
                if row.data["purpose"] == PURPOSE:
                    selves = leaving.selves(session, member_id)
                    gone += forgetting.forget(session, selves)
                    lists.drop(selves)
            journal.finish(session, [row_id], now=clock.now())
    return gone
