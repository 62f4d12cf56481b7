"""Reports on what people do in the mall, for the head office."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from pydantic import Field

from config.errors import Malformed, NotFound
from config.http import Form, Reply, blueprint, permit, session
from pos.http import who
from recommend import reports

bp = blueprint("behaviour", "/api/desk", who.identify)

LONGEST = timedelta(days=400)


class Span(Form):
    """Which business days, and which store; of all stores where none is named."""

    first: date
    last: date
    store_id: int | None = Field(None, ge=1)
    most: int = Field(50, ge=1, le=reports.MOST)


@bp.get("/behaviour/<name>")
@permit("office.behaviour")
@bp.input(Span, location="query")
def report(name: Literal["pages", "paths", "spots", "keywords", "sources", "funnel"], query_data: Span) -> Reply:
    """`{"rows": [...]}`; `name` is pages, paths, spots, keywords, sources or funnel.  At most 400 days.

    `recommend/reports.py` says which figures each has, `recommend/definitions.py` what they mean.
    """
    if name not in reports.NAMES:
        raise NotFound(report=name)
    if not timedelta(0) <= query_data.last - query_data.first <= LONGEST:
        raise Malformed(fields={"last": f"from `first` to {LONGEST.days} days later"})
    rows = reports.report(
        session(), name, query_data.first, query_data.last, store_id=query_data.store_id, most=query_data.most
    )
    return {"rows": rows}, 200
