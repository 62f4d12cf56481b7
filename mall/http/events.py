"""What people did in the mall, told by their devices in batches."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g
from pydantic import AwareDatetime, Field
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from config import clock
from config.db import transaction
from config.errors import NotSignedIn
from config.http import Reply, WriteForm, blueprint, permit, session
from mall.http import who
from member import consent, sessions
from recommend import behaviour, bridge, forgetting
from recommend.definitions import BATCH, PURPOSE

bp = blueprint("events", "/api/mall", lambda: None)
"""Nobody is identified before the view: that asks PostgreSQL, and a batch is taken while it is away."""


class Batch(WriteForm):
    """Up to 50 events of one device.  `recommend.behaviour.Event` says what each holds."""

    anon_id: UUID
    sent_at: AwareDatetime
    consent_version: str | None = Field(None, max_length=20)
    app_version: str = Field(max_length=20)
    events: list[dict[str, Any]] = Field(max_length=BATCH)


class Device(WriteForm):
    """A device's own number."""

    anon_id: UUID


def _member(token: str) -> int | None:
    if not token:
        return None
    found = sessions.who(session(), token, now=g.now)
    if found is None:
        raise NotSignedIn()
    return found[0]


@bp.get("/events/consent")
@permit("public")
def asked() -> Reply:
    """`{"consent": {version, given}}`: the text in force, and a member's answer to it; null where there is none."""
    member_id, text = _member(who.bearer()), consent.PURPOSES[PURPOSE]
    answers = {one["purpose"]: one for one in consent.state(session(), member_id)} if member_id else {}
    said = answers.get(PURPOSE)
    return {"consent": {"version": text.version, "given": said["given"] if said and said["at"] else None}}, 200


@bp.post("/events")
@permit("public")
@bp.input(Batch)
def tell(json_data: Batch) -> Reply:
    """Take a batch: 200 `{stored, known, dropped: {reason: n}, held}`; the client may then forget it.

    `held` with 202: PostgreSQL is away, and the batch waits in Redis.  503 when neither can hold it: keep it and send
    it again, in any composition: events are known by their `id`, as long as it and `at` stay.  409 `clock_differs`
    (nothing was taken; set `at` right), `behaviour_not_agreed` (forget them).  401: the token is of nobody any more.
    """
    behaviour.check_clock(json_data.sent_at, now=g.now)
    told = json_data.model_dump(mode="json", exclude={"request_id", "sent_at"})
    token = who.bearer()
    try:
        sender = behaviour.Sender(json_data.anon_id, _member(token), json_data.consent_version, json_data.app_version)
        taken = behaviour.take(session(), sender, json_data.events, now=g.now)
    except (OperationalError, PoolTimeout):
        if not bridge.hold(told, token_hash=sessions.hash_of(token) if token else None, now=clock.now()):
            raise
        return {"stored": 0, "known": 0, "dropped": {}, "held": True}, 202
    return {"stored": taken.stored, "known": taken.known, "dropped": taken.dropped, "held": False}, 200


@bp.post("/events/forget")
@permit("public")
@bp.input(Device)
def forget(json_data: Device) -> Reply:
    """A guest no longer agrees: what this device told as nobody is deleted, `{"gone": n}`; a repeat finds none."""
    with transaction(session()) as opened:
        return {"gone": forgetting.forget(opened, [], devices=[json_data.anon_id])}, 200
