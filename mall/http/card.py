"""The member card on the phone, and what its holder agreed to."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Literal

from flask import g
from pydantic import Field
from redis import RedisError
from sqlalchemy.orm import Session

from config.db import transaction
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from mall.http import who
from member import codes, consent, identity, tier_card
from recommend import lists
from recommend.definitions import PURPOSE

bp = blueprint("card", "/api/mall", who.identify)

STEPS = 10


@bp.get("/card")
@permit("mall.order")
def card() -> Reply:
    """The card: `{"card": {no, name, phone, tier, tier_progress, points, pending_points, now, code}}`.

    `now` is the server's clock in unix seconds, to correct the phone's.  `code`: `step_s`, `ref` (null until a secret
    was issued: then POST /api/mall/card/secret), and `steps`, the codes of the next five minutes, for a client that
    keeps no secret: [{step, code, from_at, until_at}].  A client whose kept `ref` differs asks for a new secret.
    """
    member_id = who.me().member_id
    found = identity.card(session(), member_id)
    steps = codes.upcoming(session(), member_id, steps=STEPS, now=g.now)
    shown: dict[str, Any] = {
        "no": found.no,
        "name": found.masked_name,
        "phone": found.masked_phone,
        "tier": found.tier,
        "tier_progress": tier_card.progress(session(), [member_id], now=g.now)[member_id],
        "points": found.points,
        "pending_points": found.pending_points,
        "now": int(g.now.timestamp()),
        "code": {
            "step_s": codes.STEP_S,
            "ref": codes.ref_of(steps[0][1]) if steps else None,
            "steps": [
                {"step": step, "code": code, "from_at": _at(step), "until_at": _at(step + 1)} for step, code in steps
            ],
        },
    }
    return {"card": shown}, 200


def _at(step: int) -> str:
    return datetime.fromtimestamp(step * codes.STEP_S, UTC).isoformat()


@bp.post("/card/secret")
@permit("mall.order")
@bp.input(WriteForm)
def secret(json_data: WriteForm) -> Reply:
    """What this phone needs to make its codes without a network: `{ref, secret, step_s, now}`, told once.

    `member/codes.py` publishes the algorithm.  The codes of the member's former phone end.  It is stored nowhere in
    clear, so a retry makes a new one.
    """
    shopper = who.me()
    with transaction(session()) as opened:
        ref, key = codes.issue(opened, shopper.member_id, actor=shopper.actor, now=g.now)
    return {"ref": ref, "secret": key, "step_s": codes.STEP_S, "now": int(g.now.timestamp())}, 200


class Choice(Form):
    """One answer to one text."""

    purpose: Literal["terms", "privacy", "personalisation", "marketing"]
    version: str = Field(max_length=20)
    given: bool


class ConsentForm(WriteForm):
    """What the customer chose."""

    choices: list[Choice] = Field(min_length=1, max_length=4)


@bp.get("/consents")
@permit("mall.order")
def consents() -> Reply:
    """`{purposes: [{purpose, required, version, given, answered_version, at, ask}], history: [...]}`.

    `ask` is true where the text was never answered or changed since a yes: ask for those only.
    """
    return _consents(session(), who.me().member_id), 200


def _consents(opened: Session, member_id: int) -> dict[str, Any]:
    return {"purposes": consent.state(opened, member_id), "history": consent.history(opened, member_id)}


@bp.post("/consents")
@permit("mall.order")
@bp.input(ConsentForm)
def choose(json_data: ConsentForm) -> Reply:
    """Write answers, all or none; the same as GET after.  409 `consent_outdated`, `consent_required`."""
    shopper = who.me()

    def work(opened: Session) -> Reply:
        for choice in json_data.choices:
            consent.answer(
                opened,
                shopper.member_id,
                choice.purpose,
                given=choice.given,
                version=choice.version,
                channel="mall",
                actor=shopper.actor,
                now=g.now,
            )
        return _consents(opened, shopper.member_id), 200

    reply = once(json_data, work)
    if any(choice.purpose == PURPOSE and not choice.given for choice in json_data.choices):
        with suppress(RedisError):  # What is served asks for consent all the same.
            lists.drop([shopper.member_id])
    return reply
