"""Orders of other channels become ours, are changed and cancelled: whatever is due, one transaction each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import let_go, open_session, transaction
from config.logs import log
from trade.orders.intake import taking

ACTOR = "job:take_orders"
BATCH = 100
TURN_S = 30


def run(ids: Sequence[int] = (), new_session: Callable[[], Session] = open_session) -> int:
    """Take in what is due, the oldest first; returns how many orders it dealt with.

    Woken by the channels' facts and by the clock; what is due is read from the table.  Safe in several workers at once:
    each order's row is locked, and one that another has is skipped.  An order that fails by a fault of ours is left to
    the next run and stops none behind it.
    """
    done, ends = 0, time.monotonic() + TURN_S
    failed: set[tuple[int, str]] = set()
    with new_session() as session:
        while time.monotonic() < ends:
            batch = [one for one in taking.due(session, now=clock.now(), most=BATCH) if one not in failed]
            if not batch:
                break
            goods: taking.Goods = {}
            for channel_id, external_no in batch:
                if _take(session, channel_id, external_no, goods):
                    done += 1
                else:
                    failed.add((channel_id, external_no))
        let_go(session)
        if ids:
            with transaction(session):
                journal.finish(session, [row.id for row in journal.take(session, ids)], now=clock.now())
    return done


def _take(session: Session, channel_id: int, external_no: str, goods: taking.Goods) -> bool:
    try:
        with transaction(session):
            by: dict[str, Any] = {"goods": goods, "actor": ACTOR, "now": clock.now()}
            return taking.take(session, channel_id, external_no, **by) != "skipped"
    except Exception as error:  # whatever it is, the orders behind it are not to blame
        why = type(error).__name__
        log.warning("order_not_taken", external_no=external_no, error=why, exc_info=error)
    with transaction(session):
        taking.failed(session, channel_id, external_no, why, actor=ACTOR, now=clock.now())
    return False
