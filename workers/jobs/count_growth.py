"""Members bought, returned or came by: their growth follows, the tier that it makes, and what segments know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import open_session, transaction
from member import activity, growth, tiers
from member.activity import Bought
from member.terms import Terms, terms_at
from trade.orders import facts

ACTOR = "job:count_growth"


def run(ids: Sequence[int], new_session: Callable[[], Session] = open_session, *, now: datetime | None = None) -> int:
    """Bring growth, tiers and activity to where things stand for the given journal rows; returns how many entries.

    On queue `effects`, about 100 rows a job.  Safe to run twice, late, in any order and in two workers at once: an
    order's growth is computed from where it stands and not from what happened to it.  Members are locked before
    their accounts, as in a merge; a row whose member is being merged waits for its next offer.
    """
    now = now or clock.now()
    with new_session() as session, transaction(session):
        rows = journal.take(session, ids)
        visits = [row for row in rows if row.kind == "member.visited"]
        orders = facts.paid(session, [_key(row) for row in rows if row.kind != "member.visited"])
        concerned = {order.member_id for order in orders} | {row.data["member_id"] for row in visits}
        terms = terms_at(now, session)
        live = set(tiers.lock(session, concerned))
        mine = [order for order in orders if order.member_id in live]
        came = [row for row in visits if row.data["member_id"] in live]
        done = growth.settle(
            session, [*(of_order(order, terms) for order in mine), *map(_of_visit, came)], actor=ACTOR, now=now
        )
        activity.note(session, [bought(order) for order in mine])
        tiers.judge(session, sorted(live), actor=ACTOR, now=now)
        waiting = {(order.store_id, order.id) for order in orders if order.member_id not in live}
        closed = [row.id for row in rows if row.kind == "member.visited" or _key(row) not in waiting]
        journal.finish(session, closed, now=clock.now())
    return done


def _key(row: Any) -> tuple[int, int]:
    return row.data["store_id"], row.data["order_id"]


def _refunded_fen(order: Any) -> int:
    return int(order.paid_fen if order.state == "cancelled" else order.refunded_fen)


def of_order(order: Any, terms: Terms) -> growth.Deed:
    """What an order means for growth: its basis less the refunded share, confirmed when its points arrive."""
    earns = growth.earned(order.basis_fen)
    back_fen = order.basis_fen if order.state == "cancelled" else order.basis_back_fen
    lost = growth.taken(earns, order.basis_fen, back_fen)
    confirmed_at = None
    if order.state == "done":
        confirmed_at = terms.arrives(order.channel, order.closed_at) or order.closed_at
    return growth.Deed(order.member_id, f"order:{order.id}", order.paid_at, earns, lost, confirmed_at)


def _of_visit(row: Any) -> growth.Deed:
    source = f"visit:{row.data['member_id']}:{row.data['day']}"
    return growth.Deed(row.data["member_id"], source, row.at, growth.A_VISIT, 0, row.at)


def bought(order: Any) -> Bought:
    """What an order means for segments: what was kept of it, and of which goods."""
    kept_fen = max(order.paid_fen - _refunded_fen(order), 0)
    goods = (order.sku_ids or [], order.category_ids or [])
    return Bought(order.member_id, order.id, order.store_id, order.channel, order.paid_at, kept_fen, *goods)
