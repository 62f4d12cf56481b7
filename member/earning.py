"""How many points does this order bring, and which line brings them?  Pure (members-mall-orders.md 3.1).

    basis_fen   a line's net, less what other than earning tenders pays of it; 0 for goods that earn nothing
    points      per rule floor(sum of basis x earn_bp x multiplier), floored once per order and rule
    per line    each rule's points over its lines by largest remainder of their basis

Multipliers add, `1 + sum(mult - 1)`: gold (1.5) in a double week earns 2.5 times.  One that is marked multiplies.
Worked table: gold, 1 point a yuan, a double week, lines of 12.90 and 7.00 of which 3.00 were paid by a bonus:

    line   net_fen   non_earning_fen   basis_fen   share of 42 points (floor of 16.90 x 2.5 = 42.25)
    1         1290                 0        1290   32   (32.06)
    2          700               300         400   10   ( 9.94, the largest remainder)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from config.clock import SHANGHAI
from config.money import split
from member.terms import ONE_BP, Campaign, Terms


@dataclass(frozen=True, slots=True)
class Bought:
    """One line of an order: what is paid for it, and how much of that by tenders that earn nothing."""

    sku_id: int
    category_id: int
    net_fen: int
    non_earning_fen: int = 0


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who buys where and when, and what their orders have brought already this day and this month."""

    tier: str
    channel: str
    store_id: int
    at: datetime
    today: int = 0
    this_month: int = 0


@dataclass(frozen=True, slots=True)
class Earned:
    """What an order brings: in all and per line, by which multiplier; `over` is what the limits cut off."""

    points: int = 0
    per_line: tuple[int, ...] = ()
    line_basis_fen: tuple[int, ...] = ()
    basis_fen: int = 0
    multiplier_bp: int = ONE_BP
    over: int = 0
    why: tuple[dict[str, Any], ...] = field(default=())


def _runs(campaign: Campaign, on: Occasion) -> bool:
    return (
        campaign.from_at <= on.at < campaign.until_at
        and (not campaign.store_ids or on.store_id in campaign.store_ids)
        and (not campaign.channels or on.channel in campaign.channels)
        and (not campaign.weekdays or on.at.astimezone(SHANGHAI).isoweekday() in campaign.weekdays)
    )


def multiplier(terms: Terms, on: Occasion) -> tuple[int, int]:
    """Tier and campaigns together, as a fraction (numerator, denominator); never below 0.

    A tier that the terms do not name earns the plain rate.
    """
    added, times, over = terms.tier_bp.get(on.tier, ONE_BP), 1, ONE_BP
    for campaign in terms.campaigns:
        if _runs(campaign, on):
            if campaign.multiplies:
                times, over = times * campaign.mult_bp, over * ONE_BP
            else:
                added += campaign.mult_bp - ONE_BP
    return max(added, 0) * times, over


def earned(terms: Terms, lines: Sequence[Bought], on: Occasion) -> Earned:
    """What an order brings its member.

    :param lines: one per order line, in their order; an empty order brings nothing.
    """
    times, over = multiplier(terms, on)
    per_line, why = [0] * len(lines), []
    basis = [_basis(terms, line) for line in lines]
    rules = [("basic", terms.earn_bp, basis)]
    for extra in terms.extras:
        named = [line.sku_id in extra.sku_ids or line.category_id in extra.category_ids for line in lines]
        rules.append((extra.code, extra.earn_bp, [fen if yes else 0 for fen, yes in zip(basis, named, strict=True)]))
    for code, earn_bp, of_lines in rules:
        points = sum(of_lines) * earn_bp * times // (ONE_BP * over)
        if points:
            _add(per_line, split(points, of_lines))
            why.append({"rule": code, "basis_fen": sum(of_lines), "points": points})
    multiplier_bp = times * ONE_BP // over
    total = sum(per_line)
    allowed = _allowed(terms, on, total)
    if allowed < total:
        per_line = split(allowed, per_line)
    return Earned(allowed, tuple(per_line), tuple(basis), sum(basis), multiplier_bp, total - allowed, tuple(why))


def _basis(terms: Terms, line: Bought) -> int:
    if line.sku_id in terms.earn_excluded_sku_ids or line.category_id in terms.earn_excluded_category_ids:
        return 0
    assert 0 <= line.non_earning_fen <= line.net_fen, line
    return line.net_fen - line.non_earning_fen


def _add(sums: list[int], more: Sequence[int]) -> None:
    for index, part in enumerate(more):
        sums[index] += part


def _allowed(terms: Terms, on: Occasion, points: int) -> int:
    limits = [(terms.max_per_order, 0), (terms.max_per_day, on.today), (terms.max_per_month, on.this_month)]
    return min([points, *(max(limit - used, 0) for limit, used in limits if limit is not None)])
