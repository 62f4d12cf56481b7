"""Phase 1: exclusive unit prices, and the ladders of them that a line may choose (会员价, 限时抢购, 清仓价, 秒杀)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from config.money import half_up
from trade.pricing.rules import UNLIMITED, Left, Rule
from trade.pricing.segments import LIST, Good, Segment


class Offer(NamedTuple):
    """An exclusive price of one line: `most` units of it, None for all."""

    rule: Rule
    unit_fen: int
    most: int | None


class Ladder(NamedTuple):
    """One way to price the units of a line."""

    net_fen: int
    segments: tuple[Segment, ...]


NOTHING = Ladder(0, ())
"""For a line of which nothing is left."""


def offers(
    goods: Sequence[Good], units_fen: Sequence[int], rules: Sequence[Rule], left: Mapping[int, Left], *, first: bool
) -> list[list[Offer]]:
    """Per line the exclusive prices below its list price, cheapest first; the activity first where `first` says so.

    Limited units go to the lines in the order of saving per unit, then line; weighed goods get none of them.
    """
    found: list[list[Offer]] = [[] for _ in goods]
    for rule in rules:
        cheaper = [
            (line, fen)
            for line, good in enumerate(goods)
            if rule.covers(good.sku_id, good.category_id)
            and (fen := unit_fen(rule, good.sku_id, units_fen[line])) < units_fen[line]
        ]
        limit = _limit(rule, left.get(rule.id, UNLIMITED))
        if limit is None:
            for line, fen in cheaper:
                found[line].append(Offer(rule, fen, None))
            continue
        for line, fen in sorted(cheaper, key=lambda pair: pair[1] - units_fen[pair[0]]):
            most = 0 if goods[line].weighed else min(limit, goods[line].qty)
            limit -= most
            if most:
                found[line].append(Offer(rule, fen, most))
    for one in found:
        one.sort(key=lambda offer: (first and offer.rule.stack == "member", offer.unit_fen, offer.rule.id))
    return found


def unit_fen(rule: Rule, sku_id: int, list_fen: int) -> int:
    """What a rule of phase 1 makes of a unit price, in fen per piece or kilogram."""
    if rule.prices:
        return rule.prices[sku_id]
    if rule.rate_bp:
        return half_up(list_fen * rule.rate_bp, 10_000)
    return max(list_fen - rule.off_fen, 0)


def _limit(rule: Rule, left: Left) -> int | None:
    limits = [most for most in (rule.most_per_order or None, left.units) if most is not None]
    return min(limits) if limits else None


def ladders(
    line: int, good: Good, list_fen: int, units: int, on_offer: Sequence[Offer], *, first: bool
) -> list[Ladder]:
    """Every ladder of a line for so many of its units: a subset of the classes on offer; lowest net first."""
    classes = sorted({offer.rule.stack for offer in on_offer})
    found: dict[tuple[Segment, ...], int] = {}
    for mask in range((1 << len(classes)) - 1, -1, -1):
        chosen = {cls for bit, cls in enumerate(classes) if mask >> bit & 1}
        if first and "member" in chosen and "flash" in classes and "flash" not in chosen:
            continue
        segments = _climb(line, good, list_fen, units, [offer for offer in on_offer if offer.rule.stack in chosen])
        found.setdefault(segments, sum(one.net_fen for one in segments))
    return sorted((Ladder(net, segments) for segments, net in found.items()), key=lambda one: one.net_fen)


def _climb(line: int, good: Good, list_fen: int, units: int, on_offer: Sequence[Offer]) -> tuple[Segment, ...]:
    segments, rest = [], units
    for offer in on_offer:
        take = rest if offer.most is None else min(rest, offer.most)
        if take:
            net_fen = good.cost_fen(offer.unit_fen, take)
            segments.append(Segment(line, take, net_fen, offer.rule.stack, offer.rule.id))
            rest -= take
    if rest:
        segments.append(Segment(line, rest, good.cost_fen(list_fen, rest), LIST, 0))
    return tuple(segments)
