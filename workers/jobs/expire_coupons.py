"""Coupons whose time is over."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from member.coupons import moves

BATCH = 500


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Expire due coupons, BATCH at a time, each batch in its transaction; hourly; returns how many.

    A coupon is not usable past its end whether or not this ran; it only tidies the tabs.
    """
    gone = 0
    with new_session() as session:
        while True:
            with transaction(session):
                batch = moves.expire_due(session, now=clock.now(), most=BATCH)
            gone += batch
            if batch < BATCH:
                return gone
