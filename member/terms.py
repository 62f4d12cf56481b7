"""What points are worth: the programme's terms, by date."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

_TIER_BP = {"standard": 10_000, "silver": 12_000, "gold": 15_000, "black": 20_000}


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of the terms.  Rates in basis points, money in fen.

    `earn_bp` 100 is one point for each yuan paid.  Points are redeemed in steps, for at most
    `redeem_max_bp` of what is to pay.
    """

    earn_bp: int = 100
    tier_bp: dict[str, int] = field(default_factory=lambda: dict(_TIER_BP))
    redeem_fen_per_point: int = 1
    redeem_step: int = 100
    redeem_max_bp: int = 5_000
    valid_months: int = 12
    reinstate_for: timedelta = timedelta(days=30)
    release_grace: timedelta = timedelta(days=3)


_FIRST = Terms()


def terms_at(_now: datetime) -> Terms:
    """The terms in force at a moment.  There is one version so far."""
    return _FIRST


def earns(terms: Terms, basis_fen: int, tier: str) -> int:
    """Points for an order: floored once per order (members-mall-orders.md 3.1)."""
    return basis_fen * terms.earn_bp * terms.tier_bp.get(tier, 10_000) // (10_000 * 10_000)
