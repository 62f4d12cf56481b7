"""A finished order brings its member the coupons it has earned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import open_session, transaction
from member.coupons import claim
from member.coupons.claim import CouponLimit, CouponNotOnOffer, CouponsGone
from trade.orders import coupons_due

ACTOR = "job:give_coupons"


def run(ids: Sequence[int], new_session: Callable[[], Session] = open_session, *, now: datetime | None = None) -> int:
    """Give what the orders of these journal rows have earned; returns how many coupons.

    One transaction an order, because an offer that many orders wait for is counted down.  Safe to run twice: a row is
    finished with its effect, and an order brings one of an offer.  An offer that is used up brings nothing.
    """
    now = now or clock.now()
    with new_session() as session:
        return sum(_one(session, row_id, now) for row_id in sorted(ids))


def _one(session: Session, row_id: int, now: datetime) -> int:
    gone: set[int] = set()
    while True:
        template_id = 0
        try:
            with transaction(session):
                given = 0
                for row in journal.take(session, [row_id]):
                    order = {"store_id": row.data["store_id"], "order_id": row.data["order_id"]}
                    for due in coupons_due.brings(session, **order):
                        template_id = due.template_id
                        if template_id not in gone:
                            claim.give(session, template_id, due.member_id, **order, actor=ACTOR, now=now)
                            given += 1
                    journal.finish(session, [row_id], now=clock.now())
                return given
        except (CouponsGone, CouponLimit, CouponNotOnOffer):
            gone.add(template_id)
