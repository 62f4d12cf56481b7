"""What members hold and may claim: the read side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import NotFound
from member.coupons.states import Kind, StackClass
from member.coupons.worth import Held

MOST, PAGE = 60, 20

AS_HELD = """json_build_object('id', c.id, 'template_id', t.id, 'name', t.name, 'kind', t.kind,
        'stack_class', t.stack_class, 'from_at', c.valid_from_at, 'until_at', c.valid_until_at,
        'threshold_fen', t.threshold_fen, 'off_fen', t.off_fen, 'rate_bp', t.rate_bp, 'cap_fen', t.cap_fen,
        'goods', t.goods, 'scope', t.scope, 'store_ids', t.store_ids, 'channels', t.channels)"""
"""A coupon `c` of template `t` as JSON for `held`."""

HELD = f"""(SELECT json_agg({AS_HELD} ORDER BY c.valid_until_at, c.id)
    FROM (SELECT * FROM coupon WHERE coupon.member_id = member.id AND coupon.state = 'issued'
              AND coupon.valid_until_at > :now
          ORDER BY coupon.id = ANY(CAST(:coupons AS bigint[])) DESC, coupon.valid_until_at, coupon.id LIMIT {MOST}) c
    JOIN coupon_template t ON t.id = c.template_id)"""
"""A scalar subquery beside a `member` row: the coupons they may use, the {MOST} that end first (and those in
`:coupons`), as JSON for `held`.  Pricing asks it together with the member's tier, at no further round trip."""


def held(found: Sequence[dict[str, Any]] | None) -> list[Held]:
    """The coupons of `HELD`'s answer."""
    return [
        Held(
            **one
            | {
                "kind": Kind(one["kind"]),
                "stack_class": StackClass(one["stack_class"]),
                "from_at": datetime.fromisoformat(one["from_at"]),
                "until_at": datetime.fromisoformat(one["until_at"]),
            }
        )
        for one in found or ()
    ]


_PRINT = """t.name, t.kind, t.stack_class, t.threshold_fen, t.off_fen AS face_fen, t.rate_bp, t.cap_fen, t.goods,
    t.scope, t.store_ids, t.channels"""
_MINE = text(f"""
    SELECT c.id, c.state, c.valid_from_at, c.valid_until_at, c.store_id, c.order_id, c.claimed_at, {_PRINT}
    FROM coupon c JOIN coupon_template t ON t.id = c.template_id
    WHERE c.member_id = :member AND (CAST(:before AS bigint) IS NULL OR c.id < :before)
      AND (CAST(:one AS bigint) IS NULL OR c.id = :one)
      AND CASE :tab WHEN 'usable'
                    THEN c.state = 'locked' OR (c.state IN ('issued', 'frozen') AND c.valid_until_at > :now)
                    WHEN 'used' THEN c.state = 'used'
                    ELSE c.state IN ('expired', 'void') OR (c.state = 'issued' AND c.valid_until_at <= :now) END
    ORDER BY c.id DESC LIMIT :most""")
_CENTRE = text(f"""
    SELECT t.id, t.valid_from_at, t.valid_until_at, t.valid_days, t.claim_until_at, t.issue_limit, t.remaining,
           t.claims_per_member, coalesce(mine.claimed, 0) AS claimed, {_PRINT}
    FROM coupon_template t
    LEFT JOIN coupon_claim mine ON mine.template_id = t.id AND mine.member_id = CAST(:member AS bigint)
    WHERE t.state = 'live' AND t.in_centre AND t.id > :after AND (t.claim_from_at IS NULL OR t.claim_from_at <= :now)
      AND (t.claim_until_at IS NULL OR t.claim_until_at > :now)
      AND (t.valid_until_at IS NULL OR t.valid_until_at > :now)
      AND (jsonb_array_length(t.channels) = 0 OR t.channels ? CAST(:channel AS text))
    ORDER BY t.id LIMIT :most""")


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _printed(row: Any) -> dict[str, Any]:
    names = "name kind stack_class threshold_fen face_fen rate_bp cap_fen goods scope store_ids channels"
    return {name: getattr(row, name) for name in names.split()}


def mine(
    session: Session, member_id: int, tab: str, *, now: datetime, before: int | None = None, most: int = PAGE
) -> list[dict[str, Any]]:
    """A member's coupons of one tab (`usable`, `used`, `expired`), newest first; `before` pages on by id."""
    return _coupons(session, {"member": member_id, "tab": tab, "now": now, "before": before, "one": None, "most": most})


def one(session: Session, member_id: int, coupon_id: int) -> dict[str, Any]:
    """A coupon of this member that is still to be used; NotFound when there is none."""
    start = datetime.min.replace(tzinfo=UTC)
    asked = {"member": member_id, "tab": "usable", "now": start, "before": None, "one": coupon_id, "most": 1}
    found = _coupons(session, asked)
    if not found:
        raise NotFound(coupon_id=coupon_id)
    return found[0]


def _coupons(session: Session, given: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": row.id,
            "state": row.state,
            **_printed(row),
            "from_at": _iso(row.valid_from_at),
            "until_at": _iso(row.valid_until_at),
            "claimed_at": _iso(row.claimed_at),
            "store_id": row.store_id,
            "order_id": row.order_id,
        }
        for row in fetch(session, _MINE, given)
    ]


def centre(
    session: Session, member_id: int | None, channel: str, *, now: datetime, after: int = 0, most: int = PAGE
) -> list[dict[str, Any]]:
    """What may be claimed in a channel now, and how this member stands to each; `after` pages on by id."""
    given = {"member": member_id, "channel": channel, "now": now, "after": after, "most": most}
    return [
        {
            "template_id": row.id,
            **_printed(row),
            "valid_days": row.valid_days,
            "from_at": _iso(row.valid_from_at),
            "until_at": _iso(row.valid_until_at),
            "claim_until_at": _iso(row.claim_until_at),
            "left": row.remaining,
            "claimed": row.claimed,
            "claims_per_member": row.claims_per_member,
            "status": "gone" if row.remaining == 0 else "claimed" if row.claimed >= row.claims_per_member else "open",
        }
        for row in fetch(session, _CENTRE, given)
    ]
