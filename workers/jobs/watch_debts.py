"""Large debts of points come onto the desk, and go when they are made good."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from member import points
from trade.exceptions import cases

LEAST = 1000
"""A smaller debt is made good by the next purchases; a person need not look at it."""
MOST = 500


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Make the desk agree with the debts of LEAST points and more, once a day; returns how many there are.

    Safe to run twice and in two workers at once.
    """
    with new_session() as session, transaction(session):
        owing = points.in_debt(session, least=LEAST, most=MOST)
        found = [
            {
                "subject": f"member:{row.member_id}",
                "at_stake": row.deficit,
                "facts": {"member_id": row.member_id, "points": row.deficit},
            }
            for row in owing
        ]
        cases.settle(session, "points_deficit", "member:", found, whole=len(owing) < MOST, now=clock.now())
    return len(owing)
