"""Routing as the head office sets it: the weights, and what they would have changed; a store's own intake."""

from __future__ import annotations

from typing import Any

from flask import g
from pydantic import AwareDatetime, Field
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from trade.fulfilment import replayed, rules
from trade.fulfilment.weights import Weights
from trade.stores import intake

bp = blueprint("routing", "/api/desk", who.identify)


class WeightsForm(WriteForm):
    """The weights from a moment on, or from now."""

    weights: Weights
    from_at: AwareDatetime | None = None


class TriedForm(Form):
    """Weights that are tried on the decisions of the last days."""

    weights: Weights
    days: int = Field(7, ge=1, le=31)


class PauseForm(WriteForm):
    """Until when no new parcel comes; none ends the pause."""

    paused_until: AwareDatetime | None


class ShutForm(WriteForm):
    """When the store shuts until its next opening; none takes it back."""

    closes_early_at: AwareDatetime | None


class CapacityForm(WriteForm):
    """Minutes of work in an hour that the store is open: two people are 120, 0 takes nothing."""

    capacity_minutes: int = Field(ge=0, le=6000)


@bp.get("/routing/rules")
@permit("office.read")
def in_force() -> Reply:
    """The weights in force and their version; version 0 are the ones built in."""
    version, weights = rules.in_force(session(), g.now)
    return {"version": version, "weights": weights.model_dump(mode="json")}, 200


@bp.post("/routing/rules")
@permit("office.routing")
@bp.input(WeightsForm)
def publish(json_data: WeightsForm) -> Reply:
    """Publish weights: 201 with their version.  What was routed before stays as it was."""

    def work(opened: Session) -> Reply:
        from_at = json_data.from_at or g.now
        version = rules.publish(opened, json_data.weights, from_at=from_at, actor=who.me().actor, now=g.now)
        return {"version": version}, 201

    return once(json_data, work)


@bp.post("/routing/simulate")
@permit("office.routing")
@bp.input(TriedForm)
def simulate(json_data: TriedForm) -> Reply:
    """What the last days' decisions would have been with other weights; changes nothing.

    `old` and `new`: parcels, late, away from the home store, cost_fen, unroutable; `stores` what each sends, `moves`
    from which store to which; `decisions` were asked again of the `of` there were.
    """
    return {"replay": replayed.replay(session(), json_data.weights, days=json_data.days, now=g.now)}, 200


@bp.get("/intake")
@permit("desk.read")
def stands() -> Reply:
    """How much one's own store takes on."""
    return {"intake": intake.read(session(), who.own_store())}, 200


@bp.post("/intake/pause")
@permit("desk.intake")
@bp.input(PauseForm)
def pause(json_data: PauseForm) -> Reply:
    """No new parcel comes to one's own store until then; what it has it keeps."""
    until = json_data.paused_until
    return once(json_data, lambda s: ({"intake": intake.pause(s, who.own_store(), until, **_by())}, 200))


@bp.post("/intake/close-early")
@permit("desk.intake")
@bp.input(ShutForm)
def close_early(json_data: ShutForm) -> Reply:
    """One's own store shuts then until its next opening, and its clocks stand still."""
    at = json_data.closes_early_at
    return once(json_data, lambda s: ({"intake": intake.close_early(s, who.own_store(), at, **_by())}, 200))


@bp.post("/intake/capacity")
@permit("desk.intake")
@bp.input(CapacityForm)
def capacity(json_data: CapacityForm) -> Reply:
    """How many minutes of work an hour one's own store does."""
    minutes = json_data.capacity_minutes
    return once(json_data, lambda s: ({"intake": intake.set_capacity(s, who.own_store(), minutes, **_by())}, 200))


def _by() -> dict[str, Any]:
    return {"actor": who.me().actor, "now": g.now}
