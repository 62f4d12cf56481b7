"""What reaching a tier brings, and what is taken back when a tier held by growth on its way falls (rules 3.3).

    the tier rises to (by growth, by a grant)      points and coupons of every level passed, each once in 12 months
    it falls because goods came back               what was given for the levels lost, since they were reached last:
                                                   unused coupons become void, unused points go; used ones stay used
    it falls at an evaluation, or a grant ends     nothing: the tier was had

Where the member stands now decides, not what the fact said: facts may come twice, late and in any order.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.clock import months_later
from config.db import fetch
from member import ledger, lots, tier_rules, tiers
from member.coupons import issue
from member.coupons import moves as coupons
from member.ledger import Step
from member.points import POINTS
from member.terms import terms_at
from member.tier_rules import Level, Rules

AGAIN_AFTER_MONTHS = 12
RISES = ("growth", "provisional", "granted")

_SELVES = """(WITH RECURSIVE self AS (SELECT CAST(:member AS bigint) AS id
    UNION SELECT m.id FROM member m JOIN self ON m.merged_into_id = self.id) SELECT id FROM self)"""
_KEPT = text(f"SELECT DISTINCT tier FROM tier_gift WHERE member_id IN {_SELVES} AND void_at IS NULL AND at > :since")
_NEW = text("""
    INSERT INTO tier_gift (member_id, tier, provisional, points, coupon_ids, at)
    VALUES (:member, :tier, :provisional, :points, CAST(:coupons AS bigint[]), :now) RETURNING id""")
_LOST = text(f"""
    SELECT g.id, g.points, g.coupon_ids FROM tier_gift g
    WHERE g.member_id IN {_SELVES} AND g.provisional AND g.void_at IS NULL AND g.tier = ANY(:above)
      AND g.at >= coalesce((SELECT max(c.at) FROM tier_change c WHERE c.member_id = :member AND c.to_tier = ANY(:above)
                            AND NOT c.from_tier = ANY(:above)), '-infinity')
    ORDER BY g.id FOR NO KEY UPDATE OF g""")
_VOID = text("UPDATE tier_gift SET void_at = :now, points_back = :back WHERE id = :id")


def follow(session: Session, member_id: int, cause: str, from_tier: str, *, actor: str, now: datetime) -> int:
    """Bring a member's gifts to where their tier stands, after it changed; returns how many came or went.

    Call it in a transaction of its own (offers are counted down).  The member's row is locked, so two calls wait for
    each other; a repeat changes nothing.
    """
    if not tiers.lock(session, [member_id]):
        return 0
    rules = tier_rules.at(session, now)
    standing = tiers.standings(session, [member_id])[member_id]
    rank, before = rules.rank(standing.tier), rules.rank(from_tier)
    if cause in RISES and rank > before:
        firm = max(rules.rank(standing.confirmed), rules.rank(standing.floor) if standing.floor_until else 0)
        return _give(session, member_id, rules.levels[before + 1 : rank + 1], rules, firm, actor, now)
    if cause == "refund" and rank < before:
        return _take_back(session, member_id, [level.code for level in rules.levels[rank + 1 :]], actor, now)
    return 0


def _give(
    session: Session, member_id: int, reached: tuple[Level, ...], rules: Rules, firm: int, actor: str, now: datetime
) -> int:
    """Every coupon before any points: offers are locked before accounts, as in an order."""
    since = months_later(now, -AGAIN_AFTER_MONTHS)
    kept = {row.tier for row in fetch(session, _KEPT, {"member": member_id, "since": since})}
    due = [one for one in reached if one.code not in kept and (one.gift_points or one.gift_coupons)]
    offers = sorted({template_id for level in due for template_id in level.gift_coupons})
    made = {one: (issue.issue(session, one, [member_id], actor=actor, now=now) or {}).get(member_id) for one in offers}
    for level in due:
        coupon_ids = [coupon for one in level.gift_coupons if (coupon := made.pop(one, None)) is not None]
        row = {"member": member_id, "tier": level.code, "points": level.gift_points, "coupons": coupon_ids, "now": now}
        gift_id = int(fetch(session, _NEW, {**row, "provisional": rules.rank(level.code) > firm})[0].id)
        if level.gift_points:
            source = _source(gift_id)
            step = Step(member_id, POINTS, "earn", source, source, actor, now)
            lots.earn(session, step, level.gift_points, pending=False, expires_at=terms_at(now, session).expiry(now))
        _tell(session, "given", member_id, gift_id, actor, now, points=level.gift_points, coupons=len(coupon_ids))
    return len(due)


def _take_back(session: Session, member_id: int, above: list[str], actor: str, now: datetime) -> int:
    lost = fetch(session, _LOST, {"member": member_id, "above": above})
    gone = [
        coupons.step(session, "void", member_id, gift.coupon_ids, key=_source(gift.id), actor=actor, now=now)
        for gift in lost
    ]
    for gift, voided in zip(lost, gone, strict=True):
        key = _source(gift.id)
        back = _unused(session, member_id, key) if gift.points else 0
        if back:
            lots.claw(session, Step(member_id, POINTS, "claw", key, f"{key}:void", actor, now), back)
        fetch(session, _VOID, {"id": gift.id, "back": back, "now": now})
        _tell(session, "taken_back", member_id, gift.id, actor, now, points=back, coupons=voided)
    return len(lost)


def _source(gift_id: int) -> str:
    return f"gift:tier:{gift_id}"


def _unused(session: Session, member_id: int, source: str) -> int:
    """What is left in the gift's own lot; never what the member has from elsewhere."""
    ledger.lock(session, member_id, POINTS)
    found = ledger.lots(session, member_id, POINTS)
    return sum(int(lot.remaining) for lot in found if lot.source == source and lot.state == "available")


def _tell(session: Session, what: str, member_id: int, gift_id: int, actor: str, now: datetime, **data: Any) -> None:
    journal.record(session, f"tier_gift.{what}", f"member:{member_id}", actor=actor, now=now, gift_id=gift_id, **data)
