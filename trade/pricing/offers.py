"""The member's coupons as the faces show them: what each takes off, or would, and why it does nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from member.coupons.worth import Held, Worth, value
from trade.pricing.case import Case, Voucher
from trade.pricing.weigh import Plan, parts
from trade.pricing.why_not import Again


@dataclass(frozen=True, slots=True)
class Offers:
    """`refused` were asked for and take nothing off; `best_ids` is what the search would choose."""

    offers: tuple[dict[str, Any], ...] = ()
    refused: tuple[dict[str, Any], ...] = ()
    best_ids: tuple[int, ...] = ()


def refused(case: Case, plan: Plan, coupons: Sequence[Held]) -> tuple[dict[str, Any], ...]:
    """Why of each coupon asked for that takes nothing off; cheap, for a sale that must not go through."""
    known, done = {held.id: held for held in coupons}, parts(plan)
    rows = []
    for asked in case.wish.coupon_ids or ():
        if asked not in known:
            rows.append({"coupon_id": asked, "code": "not_yours"})
        elif ("coupon", asked) not in done:
            why_not = _worth(case, plan, known[asked])[1] or {"code": "class_taken"}
            rows.append({**why_not, "coupon_id": asked})
    return tuple(rows)


def offers(case: Case, plan: Plan, coupons: Sequence[Held], again: Again) -> Offers:
    """Every coupon with what it would take off now; the best first, then those that take off most."""
    best = plan if case.wish.coupon_ids is None else again(replace(case.wish, coupon_ids=None))
    best_ids = tuple(held.id for held in coupons if best and ("coupon", held.id) in parts(best))
    rows = []
    for held in coupons:
        worth, why_not = _worth(case, plan, held)
        applied = ("coupon", held.id) in parts(plan)
        rows.append(
            {
                **held.as_json(),
                "off_fen": worth.off_fen,
                "lost_fen": worth.lost_fen,
                "applied": applied,
                "usable": why_not is None,
                "why_not": why_not,
                "best": held.id in best_ids,
                "dearer_by_fen": _dearer(case, best, held, again) if worth.off_fen and held.id not in best_ids else 0,
            }
        )
    rows.sort(key=lambda one: (not one["best"], not one["off_fen"], -one["off_fen"], one["until_at"], one["id"]))
    return Offers(tuple(rows), refused(case, plan, coupons), best_ids)


def _dearer(case: Case, best: Plan | None, held: Held, again: Again) -> int:
    """What the basket would cost more with this coupon than with the best ones."""
    other = again(replace(case.wish, coupon_ids=None, required=frozenset({("coupon", held.id)})))
    return other.rank[0] - best.rank[0] if other and best else 0


def _worth(case: Case, plan: Plan, held: Held) -> tuple[Worth, dict[str, Any] | None]:
    """What it takes off or would take off now, and why it does not."""
    for used in plan.used:
        if used.voucher.held.id == held.id:
            return used.worth, None
    if plan.freight.voucher and plan.freight.voucher.held.id == held.id:
        return Worth(plan.freight.off_fen), None
    unfit = case.why_unfit(held)
    if unfit:
        return Worth(), unfit
    if held in [voucher.held for voucher in case.freight_vouchers]:
        return Worth(), {"code": "nothing_to_use_it_on"}
    holder = next((used.voucher for used in plan.used if used.voucher.held.stack_class is held.stack_class), None)
    worth = _would(case, plan, held, holder)
    if holder and not worth.why_not:
        return worth, {"code": "class_taken", "coupon_id": holder.held.id}
    return worth, worth.why_not


def _would(case: Case, plan: Plan, held: Held, holder: Voucher | None) -> Worth:
    """On the goods as they are now; where its class is taken, as they were before any coupon."""
    nets = list(plan.nets)
    for used in plan.used if holder else ():
        nets = [fen + share for fen, share in zip(nets, used.worth.shares, strict=True)]
    covers = case.coupon_covers(held)
    cls = held.stack_class.value
    fits = [covers[one.line] and (one.cls, cls) not in case.closed for one in plan.segments]
    skus = [case.goods[one.line].sku_id for one in plan.segments]
    return value(held, fits, nets, skus, [one.units for one in plan.segments])
