"""The other clocks of parcels: alarms, the customer who cancels, what is offered instead, and what nobody fetches."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from config.errors import NotFound, WrongState
from trade.fulfilment import alarms, parcels, rules
from trade.orders import cancelling, no_show, substituting
from trade.orders.refund_plan import AftersaleOpen

ACTOR = "job:keep_parcel_clocks"
BATCH = 50


def run(new_session: Callable[[], Session] = open_session, *, now: datetime | None = None) -> int:
    """Do what is due, at most BATCH of each clock; returns how many things were done.

    Every five seconds on queue `clock`, one transaction a thing.  Safe to run twice and in two workers at once: each
    step is guarded by the state that it starts from, and an answer that came a moment before counts.
    """
    now, done = now or clock.now(), 0
    with new_session() as session:
        for work in _due(session, now):
            with suppress(WrongState, NotFound, AftersaleOpen), transaction(session):
                done += work(session, actor=ACTOR, now=now) is not False
    return done


def _due(session: Session, now: datetime) -> list[Callable[..., Any]]:
    most: dict[str, Any] = {"now": now, "most": BATCH}
    weights = rules.in_force(session, now)[1]
    found: list[Callable[..., Any]] = []
    for row, alarm in alarms.due(session, **most):
        found.append(partial(_tell, row, alarm))
    found += [partial(_of, cancelling.agree, key) for key in cancelling.unanswered(session, **most)]
    found += [partial(_lapse, key) for key in substituting.unanswered(session, **most)]
    for row in no_show.waiting(session, weights, **most):
        found.append(
            partial(_remind, row) if row.reminded < len(weights.remind_hours) else partial(_of, no_show.miss, row)
        )
    found += [partial(_of, no_show.put_back, key) for key in no_show.missed(session, weights, **most)]
    return found


def _of(step: Callable[..., Any], key: Any, session: Session, **by: Any) -> Any:
    return step(session, parcels.one(session, key.store_id, key.id), **by)


def _tell(row: Any, alarm: int, session: Session, **by: Any) -> bool:
    return alarms.tell(session, row, alarm, **by)


def _lapse(key: Any, session: Session, **by: Any) -> None:
    substituting.lapse(session, key, **by)


def _remind(row: Any, session: Session, **by: Any) -> bool:
    return no_show.remind(session, row, **by)
