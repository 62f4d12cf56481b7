"""Payment codes at the tills: WeChat is asked on a plan until each has its end, whoever still watches."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.orm import Session

from config import clock
from config.db import let_go, open_session
from paying import code
from trade.payments.codes import moves

BATCH, AT_ONCE = 100, 4


def run(new_session: Callable[[], Session] = open_session, at_once: int = AT_ONCE) -> int:
    """Ask about every code payment that is due, BATCH a run, every second; returns how many.

    A few `at_once`, so that one silent answer holds up nobody else's till.  Safe to run twice: each is asked about by
    whoever claims it.
    """
    with new_session() as session:
        due = moves.due(session, now=clock.now(), most=BATCH)
        let_go(session)

    def follow(key: tuple[int, int]) -> None:
        with new_session() as own:
            code.follow(own, *key)

    keys = [(row.store_id, row.id) for row in due]
    if at_once == 1 or len(keys) < 2:
        for key in keys:
            follow(key)
    else:
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(follow, keys))
    return len(keys)
