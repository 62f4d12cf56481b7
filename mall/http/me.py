"""The customer: signing in by WeChat, phone, points."""

from __future__ import annotations

from typing import Any

from flask import g
from pydantic import Field

from config.db import transaction
from config.http import Reply, WriteForm, blueprint, permit, session
from config.wechat_ready import open_platform
from mall.http import who
from member import identity, points, secrets, sessions
from trade.orders import holder

bp = blueprint("me", "/api/mall", who.identify)


class CodeForm(WriteForm):
    """A single-use code that WeChat gave the client."""

    code: str = Field(min_length=4, max_length=200)


def _me(member_id: int) -> dict[str, Any]:
    found = identity.card(session(), member_id)
    return {
        "member_id": found.id,
        "no": found.no,
        "name": found.masked_name,
        "phone": found.masked_phone,
        "tier": found.tier,
        "points": found.points,
        "pending_points": found.pending_points,
    }


@bp.post("/login")
@permit("public")
@bp.input(CodeForm)
def login(json_data: CodeForm) -> Reply:
    """Sign in with the code of `wx.login`; a person unknown to us becomes a guest member."""
    openid = open_platform().code_to_session(json_data.code).openid
    with transaction(session()) as opened:
        member_id = identity.by_openid(opened, openid, actor="wechat", now=g.now)
        token = sessions.sign_in(opened, member_id, secrets.seal(openid.encode()), now=g.now)
    return {"token": token, "me": _me(member_id)}, 200


@bp.post("/logout")
@permit("signed_in")
@bp.input(WriteForm)
def logout(json_data: WriteForm) -> Reply:
    """Sign out on this device."""
    with transaction(session()) as opened:
        sessions.sign_out(opened, who.bearer())
    return {}, 200


@bp.post("/phone")
@permit("mall.order")
@bp.input(CodeForm)
def phone(json_data: CodeForm) -> Reply:
    """Bind the phone that the customer agreed to give; joins the till's member of that phone."""
    number = open_platform().phone_number(json_data.code)
    shopper = who.me()
    with transaction(session()) as opened:
        member_id = identity.bind_phone(opened, shopper.member_id, number, actor=shopper.actor, now=g.now)
        if member_id != shopper.member_id:
            holder.take_over(opened, shopper.member_id, member_id, actor=shopper.actor, now=g.now)
    return {"me": _me(member_id)}, 200


@bp.get("/me")
@permit("mall.order")
def me() -> Reply:
    """The member's card."""
    with transaction(session()) as opened:
        sessions.slide(opened, who.bearer(), now=g.now)
    return {"me": _me(who.me().member_id)}, 200


@bp.get("/points")
@permit("mall.order")
def my_points() -> Reply:
    """What is there, what is on its way, what expires next, and every entry."""
    member_id = who.me().member_id
    held = points.balance(session(), member_id)
    return {
        "points": {
            "available": held.available,
            "pending": held.pending,
            "expiring": held.expiring,
            "expiring_at": held.expiring_at.isoformat() if held.expiring_at else None,
        },
        "entries": points.history(session(), member_id, most=50),
    }, 200
