"""What messages about a member's own points and coupons say, from what was noted when they were asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import first
from config.texts import say
from member.reach.fields import Fact

Facts = dict[str, Fact]

_BALANCE = text("SELECT balance FROM lot_account WHERE member_id = :member AND account = 'points'")


def _points(session: Session, message: Any, language: str, _now: datetime) -> Facts:
    account = first(session, _BALANCE, {"member": message.to_member})
    return {
        "change": f"{message.data['points']:+d}",
        "balance": max(account.balance if account else 0, 0),
        "at": datetime.fromisoformat(message.data["at"]),
        "hint": say("message.points.hint", language),
    }


def _points_expiring(_session: Session, message: Any, language: str, now: datetime) -> Facts | None:
    until = datetime.fromisoformat(message.data["until"])
    if until <= now:
        return None
    return {
        "points": int(message.data["points"]),
        "until": until,
        "hint": say("message.points_expiring.hint", language, days=message.data["days"]),
    }


def _coupon_expiring(_session: Session, message: Any, language: str, now: datetime) -> Facts | None:
    until = datetime.fromisoformat(message.data["until"])
    if until <= now:
        return None
    return {
        "coupon": message.data["name"],
        "count": int(message.data["coupons"]),
        "until": until,
        "hint": say("message.coupon_expiring.hint", language),
    }


Composer = Callable[[Session, Any, str, datetime], Facts | None]

COMPOSE: dict[str, Composer] = {
    "points": _points,
    "points_expiring": _points_expiring,
    "coupon_expiring": _coupon_expiring,
}
"""Kind -> what it says, or None when it is not true any more."""
