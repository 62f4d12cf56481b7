"""Orders moved: their members' growth follows, and the tier that it makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import open_session, transaction
from member import growth, tiers
from trade.orders import facts

ACTOR = "job:count_growth"


def run(ids: Sequence[int], new_session: Callable[[], Session] = open_session, *, now: datetime | None = None) -> int:
    """Bring growth and tiers to where the orders of the given journal rows stand; returns how many entries.

    On queue `effects`, about 100 rows a job.  Safe to run twice, late, in any order and in two workers at once: an
    order's growth is computed from where it stands and not from what happened to it.  Members are locked before
    their accounts, as in a merge; an order whose member is being merged waits for its next offer.
    """
    now = now or clock.now()
    with new_session() as session, transaction(session):
        rows = journal.take(session, ids)
        orders = facts.paid(session, [(row.data["store_id"], row.data["order_id"]) for row in rows])
        live = set(tiers.lock(session, {order.member_id for order in orders}))
        waiting = {(order.store_id, order.id) for order in orders if order.member_id not in live}
        deeds = [_deed(order) for order in orders if order.member_id in live]
        done = growth.settle(session, deeds, actor=ACTOR, now=now)
        tiers.judge(session, sorted(live), actor=ACTOR, now=now)
        closed = [row.id for row in rows if (row.data["store_id"], row.data["order_id"]) not in waiting]
        journal.finish(session, closed, now=clock.now())
    return done


def _deed(order: Any) -> growth.Deed:
    earns = growth.earned(order.basis_fen)
    refunded_fen = order.basis_fen if order.state == "cancelled" else order.refunded_fen
    return growth.Deed(
        order.member_id,
        f"order:{order.id}",
        order.paid_at,
        earns,
        growth.taken(earns, order.basis_fen, refunded_fen),
        order.state == "done",
    )
