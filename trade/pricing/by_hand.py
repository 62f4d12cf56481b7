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
    if not 0 <= off_fen <= line.net_fen:
        raise DiscountTooLarge(max_fen=line.net_fen)
    return off_fen


def above(priced: Quote, limit_bp: int) -> dict[str, int] | None:
    """What is above a limit, in basis points of the list price: of a line what was taken off it, of the order all.

    :return: None when it is within; else `max_fen`, with the `line_no` where a line is above.
    """
    for row in priced.trace:
        if row["source"] == "manual" and "line_no" in row:
            line = priced.lines[row["line_no"] - 1]
            if -row["delta_fen"] > line.list_fen * limit_bp // 10_000:
                return {"line_no": line.line_no, "max_fen": line.list_fen * limit_bp // 10_000}
    most_fen = priced.list_fen * limit_bp // 10_000
    return {"max_fen": most_fen} if priced.discount_fen > most_fen else None


def told(priced: Quote) -> list[dict[str, Any]]:
    """Every discount by hand with its line and reason, before and after, in fen: for the journal."""
    rows = [row for row in priced.trace if row["source"] == "manual"]
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
