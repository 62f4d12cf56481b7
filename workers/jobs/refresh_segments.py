"""Who is in which segment, once a day: first the scores of buyers, then every segment."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from config.errors import NotFound
from config.logs import log
from member import rfm, segments
from member.segment_terms import BadSegment

AGE = timedelta(hours=20)
MOST = 500


def run(new_session: Callable[[], Session] = open_session, *, now: datetime | None = None) -> int:
    """Refresh what was not refreshed for 20 hours, each segment in its transaction; returns how many.

    Safe to run twice and in two workers at once: a segment's row is locked while its members change.
    """
    now = now or clock.now()
    done = 0
    with new_session() as session:
        with transaction(session):
            due = segments.due(session, before=now - AGE, most=MOST)
            if due:
                rfm.score(session, now=now)
        for segment_id in due:
            try:
                with suppress(NotFound), transaction(session):
                    segments.refresh(session, segment_id, now=now)
                    done += 1
            except BadSegment as bad:  # written by an older version; the others go on
                log.error("segment_not_understood", segment_id=segment_id, **bad.facts)
    return done
