"""What a coupon takes off these lines, or why it takes nothing.  Pure; which of many is best `trade/pricing` finds.

Worked table, lines of 1990 and 990 fen, the first eligible:

    coupon                       eligible   takes off    why
    满 20 减 3                       1990           0    short, short_fen 10
    满 19.90 减 3                    1990         300    at the threshold itself it counts
    85 折, at most 2.00              1990         200    1990 - half_up(1990 * 0.85) = 298, capped
    代金 25                          1990        1990    never more than the goods cost; 510 of its face is lost
    兑换 1 of a line of 3 for 1990   1990         663    1990 * 1 // 3

A threshold is measured on what the eligible lines cost when the coupon's turn comes: after coupons of the classes
before it (members-mall-orders.md 3.4; the classes apply in the order goods, store, platform, freight).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from typing import Any

from config.money import half_up, split
from member.coupons.states import Kind, StackClass


@dataclass(frozen=True, slots=True)
class Goods:
    """A basket line as coupons see it: what it costs after every earlier deduction."""

    sku_id: int
    category_id: int
    qty: int
    net_fen: int


@dataclass(frozen=True, slots=True)
class At:
    """Where and when a coupon would be used."""

    store_id: int
    channel: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """A coupon its member could use, with what its template says."""

    id: int
    template_id: int
    name: str
    kind: Kind
    stack_class: StackClass
    from_at: datetime
    until_at: datetime
    threshold_fen: int = 0
    off_fen: int = 0
    rate_bp: int = 10_000
    cap_fen: int = 0
    goods: Sequence[Mapping[str, int]] = ()
    scope: Mapping[str, Any] | None = None
    store_ids: Sequence[int] = ()
    channels: Sequence[str] = ()

    def covers(self, line: Goods) -> bool:
        """Whether the coupon's scope holds the line."""
        if self.kind in (Kind.GOODS, Kind.GIFT):
            return any(one["sku_id"] == line.sku_id for one in self.goods)
        scope = self.scope or {}
        include, exclude = scope.get("include") or {}, scope.get("exclude") or {}
        if _names(exclude, line):
            return False
        return _names(include, line) or not (include.get("categories") or include.get("skus"))

    def as_json(self) -> dict[str, Any]:
        """What is printed on the coupon."""
        return {
            "id": self.id,
            "name": self.name,
            "kind": self.kind.value,
            "stack_class": self.stack_class.value,
            "threshold_fen": self.threshold_fen,
            "face_fen": self.off_fen,
            "rate_bp": self.rate_bp,
            "cap_fen": self.cap_fen,
            "until_at": self.until_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Worth:
    """What a coupon takes off each line (`shares`), or `why_not` with its code and facts.

    `lost_fen` is the part of its face that the goods were too cheap for: a coupon is used up whole.
    """

    off_fen: int = 0
    shares: tuple[int, ...] = ()
    lost_fen: int = 0
    why_not: dict[str, Any] | None = None


def _names(part: Mapping[str, Any], line: Goods) -> bool:
    return line.sku_id in (part.get("skus") or ()) or line.category_id in (part.get("categories") or ())


def _no(code: str, **facts: Any) -> Worth:
    return Worth(why_not={"code": code, **facts})


def not_here(held: Held, at: At) -> dict[str, Any] | None:
    """Why the coupon cannot be used at this place and time, whatever the basket; None when it may."""
    if at.now < held.from_at:
        return {"code": "not_yet", "from_at": held.from_at.isoformat()}
    if at.now >= held.until_at:
        return {"code": "over"}
    if held.store_ids and at.store_id not in held.store_ids:
        return {"code": "not_in_this_store"}
    if held.channels and at.channel not in held.channels:
        return {"code": "not_in_this_channel"}
    return None


def value(
    held: Held, fits: Sequence[bool], nets_fen: Sequence[int], sku_ids: Sequence[int], qtys: Sequence[int]
) -> Worth:
    """What a coupon that may be used here takes off goods that cost so much; `fits` says which of them it covers."""
    base_fen = sum(compress(nets_fen, fits))
    if not base_fen:
        return _no("nothing_left_to_pay" if any(fits) else "no_goods_of_it")
    if base_fen < held.threshold_fen:
        return _no("short", short_fen=held.threshold_fen - base_fen)
    nets = [net_fen if fit else 0 for net_fen, fit in zip(nets_fen, fits, strict=True)]
    if held.kind is Kind.GOODS:
        return _free_goods(held, nets, sku_ids, qtys)
    face_fen = _face(held, base_fen)
    off_fen = min(face_fen, base_fen)
    if not off_fen:
        return _no("nothing_left_to_pay")
    lost_fen = face_fen - off_fen if held.kind is not Kind.RATE else 0
    return Worth(off_fen, tuple(split(off_fen, nets)), lost_fen)


def _face(held: Held, base_fen: int) -> int:
    if held.kind is not Kind.RATE:
        return held.off_fen
    off_fen = base_fen - half_up(base_fen * held.rate_bp, 10_000)
    return min(off_fen, held.cap_fen) if held.cap_fen else off_fen


def _free_goods(held: Held, nets_fen: Sequence[int], sku_ids: Sequence[int], qtys: Sequence[int]) -> Worth:
    """The named units are free: each line gives what that many of its units cost."""
    left = {one["sku_id"]: one["qty"] for one in held.goods}
    shares = []
    for net_fen, sku_id, qty in zip(nets_fen, sku_ids, qtys, strict=True):
        units = min(left.get(sku_id, 0), qty) if net_fen else 0
        if units:
            left[sku_id] -= units
        shares.append(net_fen * units // qty)
    if not sum(shares):
        return _no("nothing_left_to_pay")
    return Worth(sum(shares), tuple(shares))
