"""What happens to cases by the clock (members-mall-orders.md 3.10).

nobody answered by `answer_by`      up to the limit of the terms it is granted, above it the head office decides
nothing was sent by `send_by`       it closes
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.orders.aftersales import answer, moves, refunding
from trade.orders.aftersales.terms import terms_at

_UNANSWERED = text("""
    SELECT store_id, id FROM aftersale_case WHERE state = 'applied' AND answer_by <= :now
    ORDER BY answer_by, id LIMIT :most""")
_UNSENT = text("""
    SELECT store_id, id FROM aftersale_case WHERE state = 'wait_return' AND send_by <= :now
    ORDER BY send_by, id LIMIT :most""")


def unanswered(session: Session, *, now: datetime, most: int) -> list[tuple[int, int]]:
    """Cases that nobody answered in time, as (store, case)."""
    return [(row.store_id, row.id) for row in fetch(session, _UNANSWERED, {"now": now, "most": most})]


def unsent(session: Session, *, now: datetime, most: int) -> list[tuple[int, int]]:
    """Cases whose goods were not sent in time, as (store, case)."""
    return [(row.store_id, row.id) for row in fetch(session, _UNSENT, {"now": now, "most": most})]


def answer_for_the_store(session: Session, store_id: int, case_id: int, *, actor: str, now: datetime) -> Any:
    """Grant one that is worth no more than the terms allow, or hand it to the head office; returns its row.

    Raises what `answer.approve` raises, for example when a manager must agree; then `escalate` it.
    """
    case = refunding.locked(session, store_id, case_id)
    if case.asked_fen > terms_at(session, now).approve_up_to_fen or not case.asked_fen:
        return escalate(session, store_id, case_id, actor=actor, now=now)
    return answer.approve(session, store_id, case_id, staff_id=None, actor=actor, now=now)


def escalate(session: Session, store_id: int, case_id: int, *, actor: str, now: datetime) -> Any:
    """The head office decides what the store did not."""
    return moves.move(session, store_id, case_id, "escalate", actor=actor, now=now)


def close_unsent(session: Session, store_id: int, case_id: int, *, actor: str, now: datetime) -> Any:
    """The goods never came; their units are free again."""
    return moves.move(session, store_id, case_id, "time_out", actor=actor, now=now)
