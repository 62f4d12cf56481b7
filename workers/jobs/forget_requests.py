"""Request ids older than the longest offline time of a till are forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.orm import Session

from config import clock, requests
from config.db import open_session, transaction

KEPT = timedelta(days=30)


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Delete stored answers older than 30 days; daily, in batches; returns how many."""
    gone = 0
    with new_session() as session:
        while True:
            with transaction(session):
                batch = requests.forget(session, before=clock.now() - KEPT)
            gone += batch
            if not batch:
                return gone
