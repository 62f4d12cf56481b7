"""How the recommendations are learned and what they are worth, for the head office."""

from __future__ import annotations

from datetime import date, timedelta

from flask import g
from sqlalchemy.orm import Session

from config.errors import Malformed
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from recommend import runs

bp = blueprint("recommending", "/api/desk/recommendations", who.identify)
LONGEST = timedelta(days=100)


class Days(Form):
    """Business days, both inclusive."""

    first: date
    last: date


@bp.get("")
@permit("office.behaviour")
def listed() -> Reply:
    """`{"live", "runs": [...]}`: see `recommend/runs.py:listed`; NDCG figures are parts per million."""
    return runs.listed(session()), 200


@bp.post("/back")
@permit("office.behaviour")
@bp.input(WriteForm)
def back(json_data: WriteForm) -> Reply:
    """Serve the run before: `{"live"}`; once more undoes it.  409 `no_version_before`."""

    def work(opened: Session) -> Reply:
        return {"live": runs.go_back(opened, who.me(), now=g.now)}, 200

    return once(json_data, work)


@bp.get("/lift")
@permit("office.behaviour")
@bp.input(Days, location="query")
def lift(query_data: Days) -> Reply:
    """`{"rows": [{side, members, shown, bought, buyers}]}` of at most 100 days: see `recommend/runs.py:lift`."""
    if not timedelta(0) <= query_data.last - query_data.first <= LONGEST:
        raise Malformed(fields={"last": f"from `first` to {LONGEST.days} days later"})
    return {"rows": runs.lift(session(), query_data.first, query_data.last)}, 200
