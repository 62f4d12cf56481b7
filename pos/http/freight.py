"""What bringing and sending cost, as the head office sets it."""

from __future__ import annotations

from flask import g
from pydantic import AwareDatetime
from sqlalchemy.orm import Session

from config.http import Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from trade.pricing import freight
from trade.pricing.freight import Terms

bp = blueprint("freight", "/api/desk/freight", who.identify)


class FreightForm(WriteForm):
    """The terms from a moment on, or from now."""

    terms: Terms
    from_at: AwareDatetime | None = None


@bp.get("/terms")
@permit("office.read")
def in_force() -> Reply:
    """The terms in force and their version; version 0 are the ones built in."""
    version, terms = freight.in_force(session(), g.now)
    return {"version": version, "terms": terms.model_dump(mode="json")}, 200


@bp.post("/terms")
@permit("office.routing")
@bp.input(FreightForm)
def publish(json_data: FreightForm) -> Reply:
    """Publish terms: 201 with their version.  Orders keep the freight they were placed with."""

    def work(opened: Session) -> Reply:
        from_at = json_data.from_at or g.now
        version = freight.publish(opened, json_data.terms, from_at=from_at, actor=who.me().actor, now=g.now)
        return {"version": version}, 201

    return once(json_data, work)
