"""Invitations whose friend has kept a first order are paid; those that never will be are closed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from member import referral
from member.terms import terms_at
from trade.orders import referrals_due

ACTOR, BATCH = "job:pay_referrals", 500


def run(new_session: Callable[[], Session] = open_session, *, now: datetime | None = None) -> int:
    """Close what is void or late, then pay what is due, BATCH a transaction; hourly; returns how many were settled.

    Safe to run twice and in two workers at once.  While the terms promise nothing, nothing is settled.
    """
    now = now or clock.now()
    with new_session() as session:
        terms = terms_at(now, session)
        promised = terms.referral
        if not (promised.points or promised.friend_points or promised.growth):
            return 0
        with transaction(session):
            done = referral.close(session, now=now)
        window = timedelta(days=max(promised.wait_days, *terms.confirm_days.values()))
        while True:
            with transaction(session):
                due = referrals_due.due(session, closed_by=now - window, least_fen=promised.least_fen, most=BATCH)
                batch = referral.pay(session, due, actor=ACTOR, now=now)
            done += batch
            if not batch:
                return done
