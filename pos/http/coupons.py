"""Coupons at the counter: a code on paper becomes the member's coupon.  Which apply the quote says."""

from __future__ import annotations

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.db import transaction
from config.http import Reply, WriteForm, blueprint, once, permit, session
from member.coupons import claim as claiming
from member.coupons import read
from pos.http import who

bp = blueprint("till_coupons", "/api/pos/coupons", who.identify)


class CodeForm(WriteForm):
    """A member at the counter and the code they hold."""

    member_id: int
    code: str = Field(min_length=16, max_length=24)


@bp.post("/claim")
@permit("pos.sell")
@bp.input(CodeForm)
def claim(json_data: CodeForm) -> Reply:
    """Claim a bearer code for the member at the counter.  201 with the coupon; refusals as in the mall."""
    member_id, actor = json_data.member_id, who.me().actor

    def work(opened: Session) -> Reply:
        coupon_id = claiming.claim_by_code(opened, json_data.code, member_id, actor=actor, now=g.now)
        return {"coupon": read.one(opened, member_id, coupon_id)}, 201

    try:
        return once(json_data, work)
    except claiming.CouponCodeUnknown:
        with transaction(session()) as opened:
            claiming.note_wrong_code(opened, member_id, now=g.now)
        raise
