"""What is recommended to whom, learned anew each night."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session
from config.logs import log


def run(new_session: Callable[[], Session] = open_session, *, now: datetime | None = None) -> int:
    """Make and serve new lists; on queue `learning`; returns how many members have one.

    Safe to run twice, or in two workers at once: each makes lists under a version of its own, and the last is served.
    """
    from recommend import learning  # NumPy and scikit-learn are for this worker alone.

    now = now or clock.now()
    with new_session() as session:
        made = learning.run(session, now=now, told=lambda what, n: log.info("learning", step=what, n=n))
    judged = made.judged
    log.info(
        "learned", version=made.version, members=made.members, products=made.products, stores=made.stores,
        asked=judged.questions, ndcg=judged.ndcg, counting=judged.counting, low=judged.low,
    )  # fmt: skip
    return made.members
