"""What the customer says of themselves, and whom they brought."""

from __future__ import annotations

from datetime import date
from typing import Literal

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.db import transaction
from config.http import Reply, WriteForm, blueprint, once, permit, session
from mall.http import who
from member import profile, referral
from member.profile import Profile

bp = blueprint("profile", "/api/mall/me", who.identify)


class ProfileForm(WriteForm):
    """All of it as it shall be; null or empty where nothing is said."""

    nickname: str = Field("", max_length=20)
    birthday: date | None = None
    gender: Literal["female", "male", "unsaid"] | None = None


@bp.get("/profile")
@permit("mall.order")
def mine() -> Reply:
    """`{"profile": {nickname, birthday, gender, complete}, "promised": points that completing it would bring}`."""
    me = who.me().member_id
    found = profile.of(session(), me).as_json()
    return {"profile": found, "promised": profile.promised(session(), me, now=g.now)}, 200


@bp.post("/profile")
@permit("mall.order")
@bp.input(ProfileForm)
def edit(json_data: ProfileForm) -> Reply:
    """Say it: `{"profile": {...}, "points": what it brought}`; 409 `birthday_told`, 422 `bad_birthday`."""
    me = who.me()
    said = Profile(json_data.nickname.strip(), json_data.birthday, json_data.gender)

    def work(opened: Session) -> Reply:
        points = profile.edit(opened, me.member_id, said, actor=me.actor, now=g.now)
        return {"profile": profile.of(opened, me.member_id).as_json(), "points": points}, 200

    return once(json_data, work)


@bp.get("/invite")
@permit("mall.order")
def invite() -> Reply:
    """`{"invite": {code, points, friend_points, max_per_month, paid_this_month, friends: [{name, phone, at, state,
    points}]}}`; friends are masked, the newest 50; `state`: joined, bought, paid, capped, late, void.
    """
    me = who.me().member_id
    with transaction(session()) as opened:
        return {"invite": referral.page(opened, me, now=g.now)}, 200
