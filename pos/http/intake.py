"""How a store does and how much it takes on: the manager's strip above the queue (till-and-store-desk.md 6.4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import g
from pydantic import AwareDatetime, Field
from sqlalchemy.orm import Session

from config.errors import Malformed
from config.http import Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from trade.fulfilment import scoreboard
from trade.stores import intake, shops

bp = blueprint("intake", "/api/desk", who.identify)
DAYS = 7
LONGEST_PAUSE = timedelta(hours=24)


class PauseForm(WriteForm):
    """For so many minutes no new parcel comes here; 0 ends the pause."""

    minutes: int = Field(ge=0, le=1440)


class CapacityForm(WriteForm):
    """Minutes of work in an hour that the store is open."""

    minutes: int = Field(ge=0, le=6000)


class CloseForm(WriteForm):
    """When the store shuts today; none takes it back."""

    at: AwareDatetime | None = None


@bp.get("/scoreboard")
@permit("desk.intake")
def score() -> Reply:
    """One's own store over the last seven days, in counts and median seconds, and how it stands with its intake."""
    store_id = who.own_store()
    found = scoreboard.of(session(), store_id, since=g.now - timedelta(days=DAYS))
    return {"days": DAYS, "score": found, "intake": intake.read(session(), store_id)}, 200


@bp.get("/next-window")
@permit("desk.read")
def next_window() -> Reply:
    """The next hour in which orders may be fetched here; null when none is open."""
    found = next((one for one in shops.slots(session(), who.own_store(), now=g.now) if one.open), None)
    return {"window": found and found.as_json()}, 200


@bp.get("/stores")
@permit("stock.read")
def stores() -> Reply:
    """The stores to ask for goods."""
    return {"stores": shops.names(session())}, 200


def _change(form: WriteForm, work: Any, *given: Any) -> Reply:
    store_id, actor = who.own_store(), who.me().actor

    def do(opened: Session) -> Reply:
        return {"intake": work(opened, store_id, *given, actor=actor, now=g.now)}, 200

    return once(form, do)


@bp.post("/intake/pause")
@permit("desk.intake")
@bp.input(PauseForm)
def pause(json_data: PauseForm) -> Reply:
    """Stop new parcels for a while, or let them come again.  What is assigned stays."""
    until = g.now + timedelta(minutes=json_data.minutes) if json_data.minutes else None
    return _change(json_data, intake.pause, until)


@bp.post("/intake/capacity")
@permit("desk.intake")
@bp.input(CapacityForm)
def capacity(json_data: CapacityForm) -> Reply:
    """Set how much work the store takes on."""
    return _change(json_data, intake.set_capacity, json_data.minutes)


@bp.post("/intake/close-early")
@permit("desk.intake")
@bp.input(CloseForm)
def close_early(json_data: CloseForm) -> Reply:
    """Shut before the regular hour: clocks stand still until the next opening.  422 for a moment past or a day away."""
    if json_data.at and not g.now <= json_data.at <= g.now + LONGEST_PAUSE:
        raise Malformed(fields={"at": "a moment within the next 24 hours"})
    return _change(json_data, intake.close_early, json_data.at)
