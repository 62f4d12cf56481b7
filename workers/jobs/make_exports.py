"""A member asked for a copy of everything held about them: it is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import open_session, transaction
from member import export
from recommend import forgetting
from trade.orders import read
from trade.orders.aftersales import read as aftersales
from trade.orders.service import read as service


def run(ids: Sequence[int], new_session: Callable[[], Session] = open_session) -> int:
    """Make the copies that the given journal rows ask for, each in its transaction; returns how many.

    On queue `effects`.  Safe to run twice: a copy is put where one is waited for, and the row is closed with it.
    """
    made = 0
    for row_id in ids:
        with new_session() as session, transaction(session):
            for row in journal.take(session, [row_id]):
                member_id = int(row.subject.partition(":")[2])
                found = {"orders": _orders(session, member_id), "aftersales": _cases(session, member_id)}
                found["tickets"] = _tickets(session, member_id)
                found["behaviour"] = forgetting.of_member(session, member_id)
                document = {**export.gather(session, member_id), **found}
                made += export.put(session, member_id, document, now=clock.now())
            journal.finish(session, [row_id], now=clock.now())
    return made


def _cases(session: Session, member_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    before: int | None = None
    while page := aftersales.of_member(session, member_id, before=before):
        found += page
        before = page[-1]["id"]
    return found


def _tickets(session: Session, member_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    before: int | None = None
    while page := service.of_member(session, member_id, before=before):
        found += [service.one(session, ticket["id"], member_id=member_id) for ticket in page]
        before = page[-1]["id"]
    return found


def _orders(session: Session, member_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    before: int | None = None
    while page := read.of_member(session, member_id, before=before):
        found += page
        before = page[-1]["id"]
    return found
