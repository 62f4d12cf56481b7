"""Members are told what will expire, and once a day what became of their points."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from member import liability
from member.reach import reminders


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Write what is to be told of points and coupons, each once (`member/reach/reminders.py`).

    Hourly; returns how many."""
    told = 0
    with new_session() as session:
        for tell in (liability.tell_expiring, reminders.coupons, reminders.changed):
            with transaction(session):
                told += tell(session, now=clock.now())
    return told
