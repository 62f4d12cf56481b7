"""满赠券: a coupon that adds goods at nothing when what the basket costs after all other coupons reaches its threshold.

Its goods come back to the shop with the order, like any gift.  One of a class an order, as for every coupon.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from member.coupons.states import Kind
from member.coupons.worth import At, Held, not_here
from trade.pricing.offers import Offers
from trade.pricing.quoted import Item, Line, add_gift


def apart(coupons: Sequence[Held]) -> tuple[list[Held], list[Held]]:
    """Those that give goods, and all others."""
    gifts = [held for held in coupons if held.kind is Kind.GIFT]
    return gifts, [held for held in coupons if held.kind is not Kind.GIFT]


def use(
    lines: list[Line],
    items: Mapping[int, Item],
    gifts: Sequence[Held],
    asked: Sequence[int] | None,
    at: At | None,
    others: Offers,
    used: Sequence[Held],
) -> tuple[Offers, list[int]]:
    """Add the goods of the coupons asked for (None: of all that may be used); the offers with theirs among them.

    :param others: what the engine says of the other coupons, `used` those of them that it applied.
    :return: also the ids of the coupons that gave something, in their order.
    """
    base_fen = sum(line.net_fen for line in lines)
    classes = {held.stack_class: held.id for held in used}
    rows, refused, given, best = [], [], [], []
    for held in gifts:
        why_not = _why_not(held, lines, items, at, base_fen)
        worth_fen = 0 if why_not else sum(items[one["sku_id"]].unit_price_fen * one["qty"] for one in held.goods)
        if why_not is None and held.stack_class in classes:
            why_not = {"code": "class_taken", "coupon_id": classes[held.stack_class]}
        if why_not is None:
            best.append(held.id)
        wanted = asked is None or held.id in asked
        if wanted and why_not is None:
            classes[held.stack_class] = held.id
            given.append(held.id)
            for one in held.goods:
                add_gift(lines, items[one["sku_id"]], one["qty"], "coupon", held.id)
        elif asked and wanted:
            refused.append({**(why_not or {}), "coupon_id": held.id})
        more = {"applied": held.id in given, "usable": why_not is None, "best": held.id in best}
        rows.append(
            {**held.as_json(), "off_fen": worth_fen, "lost_fen": 0, "why_not": why_not, "dearer_by_fen": 0, **more}
        )
    found = Offers((*others.offers, *rows), (*others.refused, *refused), (*others.best_ids, *best))
    return found, given


def _why_not(
    held: Held, lines: Sequence[Line], items: Mapping[int, Item], at: At | None, base_fen: int
) -> dict[str, Any] | None:
    reason = not_here(held, at) if at else {"code": "nothing_to_use_it_on"}
    if reason is None and base_fen < held.threshold_fen:
        reason = {"code": "short", "short_fen": held.threshold_fen - base_fen}
    for one in held.goods if reason is None else ():
        item = items.get(one["sku_id"])
        taken = sum(line.qty for line in lines if line.item.sku_id == one["sku_id"])
        if item is None or item.free < taken + one["qty"]:
            reason = {"code": "gift_out_of_stock", "sku_id": one["sku_id"]}
    return reason
