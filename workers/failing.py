"""A job that fails three times opens an exception, and closes it again when it works: nothing is only logged.

RQ tries a job three times at once.  A job by the clock that failed so is on the desk at once.  A job of journal rows
is offered again by the lease; at the third offer its rows go one by one, so that one bad row does not hold up the rest
of its batch, and a row that fails alone is on the desk.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from redis import RedisError
from rq.job import Job
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config import clock, journal
from config.db import open_session, transaction
from config.errors import Refused
from config.logs import log
from config.queues import queue
from config.settings import ROOT
from trade.exceptions import cases
from workers.routes import OFFERED
from workers.schedule import EVERY

TRIES = 3
CROWDED = 1000
"""With so many jobs waiting, rows are not taken apart: it would make them more."""

ACTOR = "worker"
PERIODS = {job.rsplit(".", 1)[1]: timedelta(seconds=seconds) for job, _, seconds in EVERY}


def _name(job: Job) -> str:
    return str(job.func_name).split(".")[-2]


def _ids(job: Job) -> list[int]:
    """The journal rows a job is for; a job by the clock has none."""
    return list(job.args[0]) if job.args and isinstance(job.args[0], list) else []


def _kinds(name: str) -> list[str]:
    return [kind for kind, (_, job) in OFFERED.items() if job == name]


def fails(job: Job, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """RQ's exception handler: before the job is tried again, or for the last time."""
    if job.should_retry:
        return
    name, ids = _name(job), _ids(job)
    log.error("job_failed", job=name, error=kind.__name__, rows=len(ids))
    try:
        with open_session() as session:
            rows = journal.still_open(session, ids)
            if ids and max((row.tries for row in rows), default=0) < TRIES:
                return  # done meanwhile, or the lease offers it again
            if len(rows) > 1 and _one_by_one(name, [row.id for row in rows]):
                return
            with transaction(session):
                _open(session, name, rows, _said(kind, error, trace))
    except (SQLAlchemyError, RedisError, OSError) as away:
        log.error("job_failure_not_noted", job=name, error=type(away).__name__)


def _one_by_one(name: str, ids: Sequence[int]) -> bool:
    where = next(where for where, job in OFFERED.values() if job == name)
    crowded = queue(where).count >= CROWDED
    if not crowded:
        for one in ids:
            queue(where).enqueue(f"workers.jobs.{name}.run", [one], result_ttl=60, failure_ttl=600)
    return not crowded


def _said(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> dict[str, Any]:
    """What failed and where, without the text of the error: it may carry what nobody should read."""
    frames = [frame for frame in traceback.extract_tb(trace) if Path(frame.filename).is_relative_to(ROOT)]
    at = f"{Path(frames[-1].filename).relative_to(ROOT)}:{frames[-1].lineno}" if frames else ""
    return {"error": error.code if isinstance(error, Refused) else kind.__name__, "at": at}


def _open(session: Session, name: str, rows: Sequence[Any], said: dict[str, Any]) -> None:
    now = clock.now()
    facts, stuck = {"job": name, **said}, 1
    if rows:
        tried = journal.tried(session, _kinds(name), TRIES)
        stuck = tried.many
        facts |= {"kinds": _kinds(name), "fact": rows[0].kind, "row": rows[0].id, "since": tried.since.isoformat()}
    only = rows[0].data if len(rows) == stuck == 1 else {}
    cases.open(
        session,
        "job_failed",
        f"job:{name}",
        money_fen=0,
        at_stake=stuck,
        facts=facts,
        store_id=only.get("store_id"),
        order_id=only.get("order_id"),
        cause="rows" if rows else "by_the_clock",
        actor=ACTOR,
        now=now,
    )
    wait = journal.LEASE if rows else PERIODS.get(name)
    cases.plan_next_try(session, "job_failed", f"job:{name}", at=now + wait if wait else None, now=now)


def works(job: Job) -> None:
    """A job went through: its case closes, unless rows of it still fail."""
    name = _name(job)
    try:
        with open_session() as session:
            if not cases.is_open(session, "job_failed", f"job:{name}"):
                return
            if _ids(job) and journal.tried(session, _kinds(name), TRIES).many:
                return
            with transaction(session):
                cases.clear(session, "job_failed", f"job:{name}", actor=ACTOR, now=clock.now(), note="works_again")
    except SQLAlchemyError as away:
        log.warning("job_success_not_noted", job=name, error=type(away).__name__)
