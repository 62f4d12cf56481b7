"""Payments nobody watches any more: WeChat is asked on a plan, so that a lost notice repairs itself."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import clock
from config.db import let_go, open_session
from paying import online

BATCH = 20
_DUE = text(
    "SELECT * FROM tender WHERE way = 'jsapi' AND state IN ('created', 'prepaid') AND ask_at <= :now"
    " ORDER BY ask_at LIMIT :most"
)


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Ask about every open attempt that is due, BATCH a run, every 5 s; returns how many were paid.

    Safe to run twice at once: a success is applied by a guarded update.
    """
    with new_session() as session:
        due = session.execute(_DUE, {"now": clock.now(), "most": BATCH}).all()
        let_go(session)
        return sum(online.ask(session, tender, now=clock.now()) for tender in due)
