"""Orders lost goods that a store had promised them: they find another store, or the customer is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import open_session, transaction
from trade.orders import rerouting

ACTOR = "job:reroute_broken"


def run(ids: Sequence[int], new_session: Callable[[], Session] = open_session, *, now: datetime | None = None) -> int:
    """Route the parcels of these journal rows anew; returns how many left their store or went to the desk.

    On queue `effects`, one transaction a row: the order's own row is locked first.  Safe to run twice, late and in any
    order: a parcel that lacks nothing any more stays where it is.
    """
    now, done = now or clock.now(), 0
    with new_session() as session:
        for row_id in sorted(ids):
            with transaction(session):
                for row in journal.take(session, [row_id]):
                    lost = row.data["order_id"], row.data["at_store_id"], row.data["sku_ids"]
                    done += len(rerouting.leave(session, *lost, actor=ACTOR, now=now))
                    journal.finish(session, [row_id], now=clock.now())
    return done
