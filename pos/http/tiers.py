"""Tier rules, and tiers given by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from flask import g
from pydantic import AwareDatetime, Field
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from member import tier_card, tier_rules, tiers
from member.tier_rules import Level, Rules
from pos.http import who

bp = blueprint("tiers", "/api/desk", who.identify)


class LevelForm(Form):
    """One tier; `benefits` are sentences in both languages, `gift_coupons` ids of offers."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{1,19}$")
    name_zh: str = Field(min_length=1, max_length=20)
    name_en: str = Field(min_length=1, max_length=40)
    entry_growth: int = Field(ge=0, le=10**9)
    keep_growth: int = Field(ge=0, le=10**9)
    multiplier_bp: int = Field(ge=10_000, le=100_000)
    benefits: list[dict[Literal["zh", "en"], str]] = Field(default_factory=list, max_length=20)
    gift_points: int = Field(0, ge=0, le=1_000_000)
    gift_coupons: list[int] = Field(default_factory=list, max_length=10)


class RulesForm(WriteForm):
    """A version of the rules, levels from the lowest, in force from a moment on."""

    from_at: AwareDatetime
    levels: list[LevelForm] = Field(min_length=1, max_length=12)
    counted: Literal["rolling", "year", "lifetime"] = "rolling"
    downgrade: Literal["one_down", "balance_based"] = "one_down"
    grace_days: int = Field(default=30, ge=0, le=366)
    provisional: bool = True


class GrantForm(WriteForm):
    """A tier given by hand: at least this one until a date, and why."""

    tier: str = Field(min_length=1, max_length=20)
    until: AwareDatetime
    reason: str = Field(min_length=1, max_length=200)


@bp.get("/tiers")
@permit("office.read")
def rules() -> Reply:
    """The rules in force: `{"rules": {counted, downgrade, grace_days, provisional, levels: [...]}}`."""
    return {"rules": tier_card.rules_json(tier_rules.at(session(), g.now))}, 200


@bp.post("/tiers")
@permit("office.tiers")
@bp.input(RulesForm)
def publish(json_data: RulesForm) -> Reply:
    """Put new rules in force from `from_at` on; 422 `bad_tier_rules` says what contradicts."""
    actor = who.me().actor
    levels = tuple(Level(**level.model_dump()) for level in json_data.levels)
    asked = Rules(levels, json_data.counted, json_data.downgrade, json_data.grace_days, json_data.provisional)
    from_at: datetime = json_data.from_at

    def work(opened: Session) -> Reply:
        tier_rules.publish(opened, asked, from_at=from_at, actor=actor, now=g.now)
        return {"rules": tier_card.rules_json(asked)}, 201

    return once(json_data, work)


@bp.get("/members/<int:member_id>/tier")
@permit("office.read")
def page(member_id: int) -> Reply:
    """The member's tier page, as the mall shows it (`GET /api/mall/tier`)."""
    return {"tier": tier_card.page(session(), member_id, now=g.now)}, 200


@bp.post("/members/<int:member_id>/tier")
@permit("office.tiers")
@bp.input(GrantForm)
def grant(member_id: int, json_data: GrantForm) -> Reply:
    """Give a member at least a tier until a date, at most two years on: `{"tier": code now}`."""
    actor = who.me().actor

    def work(opened: Session) -> Reply:
        code = tiers.grant(
            opened, member_id, json_data.tier, until=json_data.until, reason=json_data.reason, actor=actor, now=g.now
        )
        return {"tier": code}, 200

    return once(json_data, work)
