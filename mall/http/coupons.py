"""The customer's coupons: what they have, what they may claim, claiming."""

from __future__ import annotations

from typing import Literal

from flask import g
from pydantic import Field, model_validator
from sqlalchemy.orm import Session

from config.db import transaction
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from config.wechat.risk import Scene
from mall import trust
from mall.http import who
from member import identity, risk
from member.coupons import claim as claiming
from member.coupons import read

bp = blueprint("coupons", "/api/mall/coupons", who.identify)


class TabQuery(Form):
    """Which tab, and where the last page ended."""

    tab: Literal["usable", "used", "expired"] = "usable"
    before: int | None = None


class CentreQuery(Form):
    """Where the last page ended."""

    after: int = 0


class ClaimForm(WriteForm):
    """An offer of the centre, or a code from paper: one of the two.  `device` is a number the phone made itself."""

    template_id: int | None = None
    code: str | None = Field(None, min_length=16, max_length=24)
    device: str | None = Field(None, min_length=16, max_length=64)

    @model_validator(mode="after")
    def one_of_two(self) -> ClaimForm:
        """Refuse both and neither."""
        if (self.template_id is None) == (self.code is None):
            raise ValueError("template_id or code")
        return self


@bp.get("")
@permit("mall.order")
@bp.input(TabQuery, location="query")
def mine(query_data: TabQuery) -> Reply:
    """My coupons of a tab, newest first, 20 a page; `before` of the answer asks for the next, null at the end.

    Each: `{id, state, name, kind, stack_class, threshold_fen, face_fen, rate_bp, cap_fen, goods, scope, store_ids,
    channels, from_at, until_at, claimed_at, store_id, order_id}`; the last two name the order that locked or used it.
    """
    member_id = who.me().member_id
    found = read.mine(session(), member_id, query_data.tab, now=g.now, before=query_data.before)
    return {"coupons": found, "before": found[-1]["id"] if len(found) == read.PAGE else None}, 200


@bp.get("/centre")
@permit("public")
@bp.input(CentreQuery, location="query")
def centre(query_data: CentreQuery) -> Reply:
    """What may be claimed now, 20 a page; a member sees how they stand to each.

    Each: `{template_id, name, kind, stack_class, threshold_fen, face_fen, rate_bp, cap_fen, goods, scope, store_ids,
    channels, valid_days, from_at, until_at, claim_until_at, left, claimed, claims_per_member, status}` with `status`
    `open`, `claimed` or `gone`; `left` is null when there is no limit.
    """
    member_id = g.caller.member_id if g.caller else None
    found = read.centre(session(), member_id, "mall", now=g.now, after=query_data.after)
    return {"offers": found, "after": found[-1]["template_id"] if len(found) == read.PAGE else None}, 200


@bp.post("/claim")
@permit("mall.order")
@bp.input(ClaimForm)
def claim(json_data: ClaimForm) -> Reply:
    """Claim one.  201 with the coupon; 409 `coupons_gone`, `coupon_limit`, `coupon_device_limit`,
    `coupon_not_on_offer`, `phone_needed`, `risk_limit`; 403 `risk_blocked`; 422 `coupon_code_unknown`; 429
    `coupon_code_locked` after five wrong codes in five minutes.
    """
    shopper = who.me()
    given = {"actor": shopper.actor, "now": g.now}
    phone, came_from = identity.phone_of(session(), shopper.member_id), who.address()
    rank = trust.rank(session(), Scene.MARKETING, openid=shopper.openid, phone=phone, client_ip=came_from)

    def work(opened: Session) -> Reply:
        risk.check_claim(opened, shopper.member_id, rank, **given)
        if json_data.code is not None:
            coupon_id = claiming.claim_by_code(opened, json_data.code, shopper.member_id, **given)
        else:
            assert json_data.template_id is not None
            coupon_id = claiming.claim(
                opened, json_data.template_id, shopper.member_id, channel="mall", device=json_data.device, **given
            )
        return {"coupon": read.one(opened, shopper.member_id, coupon_id)}, 201

    try:
        return once(json_data, work)
    except claiming.CouponCodeUnknown:
        with transaction(session()) as opened:
            claiming.note_wrong_code(opened, shopper.member_id, now=g.now)
        raise
