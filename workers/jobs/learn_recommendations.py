"""What is recommended to whom, learned anew each night."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from config.logs import log
from recommend import runs


def run(new_session: Callable[[], Session] = open_session, *, now: datetime | None = None) -> int:
    """Make and serve new lists; on queue `learning`; returns how many members have one.

    Safe to run twice, or in two workers at once: each makes lists under a version of its own, and the last is served.
    """
    from recommend import learning  # NumPy and scikit-learn are for this worker alone.

    now, began = now or clock.now(), time.monotonic()
    with new_session() as session:
        made = learning.run(session, now=now, told=lambda what, n: log.info("learning", step=what, n=n))
    row = made.as_row() | {"took_ms": round((time.monotonic() - began) * 1000)}
    log.info("learned", **row)
    if made.version:
        with new_session() as session, transaction(session):
            runs.note(session, row, now=now)
    return made.members
