"""The customer's tier: what it is, why, how far to the next, and what keeps it."""

from __future__ import annotations

from flask import g

from config.http import Reply, blueprint, permit, session
from mall.http import who
from member import tier_card

bp = blueprint("tier", "/api/mall", who.identify)


@bp.get("/tier")
@permit("mall.order")
def my_tier() -> Reply:
    """The tier page: `{"tier": {...}}`, see `member/tier_card.py:page`.

    `tier` and each of `levels`: code, name_zh, name_en, entry_growth, keep_growth, multiplier_bp, benefits
    [{zh, en}].  `why`: confirmed, provisional or granted (until `granted_until`).  `growth`: confirmed, pending,
    counted (rolling, year, lifetime).  `next`: code, names, entry_growth, missing; null at the top.  `keep`: growth,
    counted_then, missing, evaluate_at, grace_until, falls_to (null when it would be kept); null on the lowest tier.
    `leaving`: [{at, growth}] within a month.  `history`: [{at, from, to, cause}], newest first.
    """
    return {"tier": tier_card.page(session(), who.me().member_id, now=g.now)}, 200
