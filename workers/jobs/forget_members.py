"""Members who asked to be forgotten, and whose time to think is over, are forgotten."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from config.logs import log
from member import leaving as asked
from recommend import forgetting, lists
from trade.orders import leaving

ACTOR, BATCH = "job:forget_members", 50


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Erase who is due, at most BATCH a run, each in a transaction of its own that proves it; hourly; returns how many.

    Safe to run twice, or in two workers at once: one locks the member, the other skips them.
    """
    with new_session() as session:
        due = asked.due(session, now=clock.now(), most=BATCH)
    gone = 0
    for member_id in due:
        with new_session() as session, transaction(session):
            selves = asked.selves(session, member_id)
            if leaving.leave(session, member_id, actor=ACTOR, now=clock.now()):
                forgetting.forget(session, selves)
                lists.drop(selves)
                left = leaving.prove_erased(session, member_id) | forgetting.prove_forgotten(session, selves)
                assert not left, f"member {member_id} is not erased: {left}"
                gone += 1
    if gone:
        log.info("members_forgotten", count=gone)
    return gone
