"""What does this basket cost, and why?  The one pure function behind till, mall, dealer orders and the offline till.

`DECISIONS.md` beside this file is the algorithm in words, with its worked tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from member.coupons.worth import At, Held
from trade.pricing.case import Case, Wish
from trade.pricing.offers import Offers, offers, refused
from trade.pricing.rules import NO_RULES, Here, Left, Rule, RuleBook
from trade.pricing.search import Found, search
from trade.pricing.segments import Good
from trade.pricing.trace import Step, steps
from trade.pricing.weigh import Plan
from trade.pricing.why_not import reasons


@dataclass(frozen=True, slots=True)
class Priced:
    """A basket with every fen explained, up to coupons; per line in the order of the goods.

    list_fen - sum of the steps' shares = nets_fen, per line.  `points_fen` is what of a line points may pay.
    `why_not` has a row for each rule that did nothing, `coupons` says what each coupon takes off, or why nothing.
    `optimal`: no other choice is cheaper.
    """

    units_fen: tuple[int, ...]
    list_fen: tuple[int, ...]
    nets_fen: tuple[int, ...]
    points_fen: tuple[int, ...]
    steps: tuple[Step, ...]
    plan: Plan
    freight_fen: int
    gifts: tuple[tuple[Rule, int, int], ...] = ()
    priced: int = 1
    optimal: bool = True
    why_not: tuple[dict[str, Any], ...] = ()
    coupons: Offers = Offers()  # noqa: RUF009 -- frozen

    @property
    def payable_fen(self) -> int:
        """Goods after coupons, and freight."""
        return sum(self.nets_fen) + self.freight_fen

    @property
    def coupon_ids(self) -> list[int]:
        """Coupons that take something off, in the order they apply."""
        return [step.source_id for step in self.steps if step.source == "coupon"]


@dataclass(frozen=True, slots=True)
class Purse:
    """The member's coupons, and the place and moment they would be used."""

    coupons: Sequence[Held] = ()
    at: At | None = None


def price(
    goods: Sequence[Good],
    book: RuleBook = NO_RULES,
    here: Here | None = None,
    *,
    left: Mapping[int, Left] | None = None,
    purse: Purse = Purse(),
    wish: Wish = Wish(),  # noqa: B008 -- frozen
    freight_fen: int = 0,
    explain: bool = False,
) -> Priced:
    """Price a basket at its best, or as the shopper wishes.

    :param goods: at least one line, each with its price steps.
    :param book: the rules; `here` says where, when and for whom they are asked, `left` what their quotas still allow.
    :param wish: coupons chosen (None: the best), rules barred, rules or coupons that must take part.
    :param freight_fen: what delivery would cost.
    :param explain: also find what every other rule and coupon would cost; a search each.
    :raises NoSuchPlan: what the wish requires cannot be had.
    """

    def case_of(wished: Wish) -> Case:
        case = Case(goods, book, here or _NOWHERE, left or {}, wished, freight_fen)
        if purse.coupons:
            assert purse.at is not None
            case.add_coupons(purse.coupons, purse.at)
        return case

    case = case_of(wish)
    found = search(case)
    if found.plan is None:
        raise NoSuchPlan(wish.required)
    answer = _answer(case, found, found.plan, purse)
    if not explain:
        return answer

    def again(other: Wish) -> Plan | None:
        return search(case_of(other)).plan

    asked = offers(case, found.plan, purse.coupons, again) if purse.coupons else answer.coupons
    return replace(answer, why_not=tuple(reasons(case, found.plan, again)), coupons=asked)


def _answer(case: Case, found: Found, plan: Plan, purse: Purse) -> Priced:
    nets, points = [0] * len(case.goods), [0] * len(case.goods)
    for segment, net_fen in zip(plan.segments, plan.nets, strict=True):
        nets[segment.line] += net_fen
        if (segment.cls, "points") not in case.closed:
            points[segment.line] += net_fen
    return Priced(
        tuple(case.units_fen),
        tuple(case.list_fen),
        tuple(nets),
        tuple(points),
        steps(case, plan),
        plan,
        plan.freight.fen,
        tuple(_gifts(case, plan)),
        found.priced,
        found.optimal,
        tuple(reasons(case, plan)),
        Offers(refused=refused(case, plan, purse.coupons)),
    )


_NOWHERE = Here(0, "", 0, 1, 1, 0)


class NoSuchPlan(Exception):
    """What was required cannot take part in any price of this basket."""


def _gifts(case: Case, plan: Plan) -> list[tuple[Rule, int, int]]:
    """What 满赠 gives: thresholds are measured after phases 1 and 2, or after all deductions."""
    groups = {step.rule.group for step in plan.applied} | {
        rule.group for rule in case.book.rules if any(one.rule_id == rule.id for one in plan.segments)
    }
    found = []
    for rule in case.gifts:
        lines = case.covered(rule)
        before = rule.measured == "before"
        base_fen = sum(
            segment.net_fen if before else net_fen
            for segment, net_fen in zip(plan.segments, plan.nets, strict=True)
            if segment.line in lines and (segment.cls, rule.stack) not in case.closed
        )
        if base_fen >= rule.steps[0][0] and not (rule.group and rule.group in groups):
            groups.add(rule.group)
            found += [(rule, sku_id, qty) for sku_id, qty in rule.gifts]
    return found
