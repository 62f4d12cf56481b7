"""What a cashier takes off by hand: off single lines first, with a reason each, then off the whole order.  Phase 7.

Worked table: line 1 costs 19.80 after all else and is given for 8.00 apiece (two pieces), line 2 costs 6.50; 2.25 off
the whole order are shared by what is left:

    line   before   off the line   left    off the order   net_fen
    1        1980            380   1600              160      1440
    2         650              0    650               65       585

An allocation of source `manual` holds both of a line; the trace has a row each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from config.errors import Refused
from config.money import line_fen, split
from trade.pricing.limits import Limits
from trade.pricing.quoted import ByHand, Line, Quote, Share, Want


class DiscountTooLarge(Refused):
    """The manual discount exceeds the basket or the role's limit."""

    code = "discount_too_large"


def deduct(lines: Sequence[Line], wants: Sequence[Want], discount_fen: int, trace: list[dict[str, Any]]) -> int:
    """Take off what was taken off by hand, and say so in the trace; returns all of it, in fen.

    :raises DiscountTooLarge: it is more than the line, or the goods, cost; or negative.
    """
    offs = [0] * len(lines)
    for at, (line, want) in enumerate(zip(lines, wants, strict=False)):  # gifts come after the wants
        if want.hand is not None:
            offs[at] = _off(line, want.hand)
            row = {"seq": len(trace) + 1, "phase": 7, "source": "manual", "line_no": line.line_no}
            trace.append(row | {"reason": want.hand.reason, "base_fen": line.net_fen, "delta_fen": -offs[at]})
    left = [line.net_fen - off_fen for line, off_fen in zip(lines, offs, strict=True)]
    if not 0 <= discount_fen <= sum(left):
        raise DiscountTooLarge(max_fen=sum(left))
    if discount_fen:
        trace.append({"seq": len(trace) + 1, "source": "manual", "delta_fen": -discount_fen})
        offs = [one + part for one, part in zip(offs, split(discount_fen, left), strict=True)]
    for line, off_fen in zip(lines, offs, strict=True):
        if off_fen:
            line.net_fen -= off_fen
            line.shares.append(Share("manual", off_fen, 0))
    return sum(offs)


def _off(line: Line, hand: ByHand) -> int:
    off_fen = hand.off_fen
    if hand.unit_price_fen is not None:
        off_fen = max(line.net_fen - line_fen(hand.unit_price_fen, line.qty, weighed=line.item.weighed), 0)
    if hand.line_fen is not None:
        off_fen = max(line.net_fen - hand.line_fen, 0)
    if not 0 <= off_fen <= line.net_fen:
        raise DiscountTooLarge(max_fen=line.net_fen)
    return off_fen


HELD_PRICE = "held_price"
"""Why a line is cheaper that was held at that price: a manager's word of its own, and no discount."""
LABEL = "label"
"""Why a line is cheaper whose label says so: by less than the price of a gram it is nobody's discount either."""


def above(priced: Quote, limits: Limits, *, floors: bool = True) -> dict[str, Any] | None:
    """What is above a role's limits, or below a sku's lowest price; what `_is_due` is neither.

    :param floors: False leaves the lowest prices out.
    :return: None when nothing is; else `max_fen`, the most that may be taken off, with the `line_no` of a line, and
        the `action` that a manager would have to approve: `price_floor` or `discount`.
    """
    rows = [row for row in priced.trace if row["source"] == "manual" and not _is_due(row, priced)]
    if not rows:
        return None
    if floors and (low := _below(priced, limits)):
        return low
    for row in rows:
        if "line_no" in row:
            line = priced.lines[row["line_no"] - 1]
            most_fen = line.list_fen * limits.bp(line.item.category_id) // 10_000
            if -row["delta_fen"] > most_fen:
                return {"action": "discount", "line_no": line.line_no, "max_fen": most_fen}
    most_fen = sum(line.list_fen * limits.bp(line.item.category_id) for line in priced.lines) // 10_000
    taken_fen = -sum(row["delta_fen"] for row in rows)
    return {"action": "discount", "max_fen": most_fen} if taken_fen > most_fen else None


def _below(priced: Quote, limits: Limits) -> dict[str, Any] | None:
    held = {row.get("line_no") for row in priced.trace if row["source"] == "manual" and _is_due(row, priced)}
    for line in priced.lines:
        off_fen = sum(share.amount_fen for share in line.shares if share.source == "manual")
        floor_fen = limits.floors.get(line.item.sku_id)
        if floor_fen is None or not off_fen or line.line_no in held:
            continue
        least_fen = line_fen(floor_fen, line.qty, weighed=line.item.weighed)
        if line.net_fen < least_fen:
            most_fen = max(line.net_fen + off_fen - least_fen, 0)
            return {"action": "price_floor", "line_no": line.line_no, "max_fen": most_fen}
    return None


def _is_due(row: dict[str, Any], priced: Quote) -> bool:
    """What costs what it did when it was held, or what the label says of so many grams."""
    if row.get("reason") != LABEL:
        return bool(row.get("reason") == HELD_PRICE)
    line_no: int = row["line_no"]
    item = priced.lines[line_no - 1].item
    return item.weighed and -int(row["delta_fen"]) * 1000 <= item.unit_price_fen


def told(priced: Quote) -> list[dict[str, Any]]:
    """Every discount by hand with its line and reason, before and after, in fen: for the journal."""
    of_labels = {id(row) for row in priced.trace if row.get("reason") == LABEL and _is_due(row, priced)}
    rows = [row for row in priced.trace if row["source"] == "manual" and id(row) not in of_labels]
    return [
        {
            "line_no": row.get("line_no"),
            "reason": row.get("reason"),
            "before_fen": row.get("base_fen"),
            "after_fen": row["base_fen"] + row["delta_fen"] if "base_fen" in row else None,
            "off_fen": -row["delta_fen"],
        }
        for row in rows
    ]
