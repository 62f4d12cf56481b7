"""Routing as the head office sets it: the weights, and what they would have changed."""

from __future__ import annotations

from flask import g
from pydantic import AwareDatetime, Field
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from trade.fulfilment import replayed, rules
from trade.fulfilment.weights import Weights

bp = blueprint("routing", "/api/desk/routing", who.identify)


class WeightsForm(WriteForm):
    """The weights from a moment on, or from now."""

    weights: Weights
    from_at: AwareDatetime | None = None


class TriedForm(Form):
    """Weights that are tried on the decisions of the last days."""

    weights: Weights
    days: int = Field(7, ge=1, le=31)


@bp.get("/rules")
@permit("office.read")
def in_force() -> Reply:
    """The weights in force and their version; version 0 are the ones built in."""
    version, weights = rules.in_force(session(), g.now)
    return {"version": version, "weights": weights.model_dump(mode="json")}, 200


@bp.post("/rules")
@permit("office.routing")
@bp.input(WeightsForm)
def publish(json_data: WeightsForm) -> Reply:
    """Publish weights: 201 with their version.  What was routed before stays as it was."""

    def work(opened: Session) -> Reply:
        from_at = json_data.from_at or g.now
        version = rules.publish(opened, json_data.weights, from_at=from_at, actor=who.me().actor, now=g.now)
        return {"version": version}, 201

    return once(json_data, work)


@bp.post("/simulate")
@permit("office.routing")
@bp.input(TriedForm)
def simulate(json_data: TriedForm) -> Reply:
    """What the last days' decisions would have been with other weights; changes nothing.

    `old` and `new`: parcels, late, away from the home store, cost_fen, unroutable; `stores` what each sends, `moves`
    from which store to which; `decisions` were asked again of the `of` there were.
    """
    return {"replay": replayed.replay(session(), json_data.weights, days=json_data.days, now=g.now)}, 200
