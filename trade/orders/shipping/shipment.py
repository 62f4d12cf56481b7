"""What WeChat is told of one order's parcels; pure (wechat.md 2.10).

mode       parcels        told when                     as
pickup     any            the last one was collected    4, unified, `item_desc` alone
delivery   any            the last one was handed out   2, unified, `item_desc` alone
ship       one            it was handed out             1, unified, number and company
ship       two to 15      each time one was handed out  1, split: all of them so far, `is_all_delivered` at the last
top-up                    at once                       3, unified, `item_desc` alone

Only express may be split, and a change from unified to split would cost the one correction: so an order that is known
to go in several parcels is split from its first.  A parcel that came back, or never left, is not told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from trade.fulfilment.states import Mode, State
from trade.orders.shipping import carriers

MOST_PARCELS = 15
MOST_WORDS = 120
_GONE = {State.HANDED, State.DELIVERED, State.RETURNING}
_OVER = {State.RETURNED, State.CANCELLED}


class Logistics(IntEnum):
    """WeChat's ways of delivery."""

    EXPRESS = 1
    SAME_CITY = 2
    VIRTUAL = 3
    PICKUP = 4


UNIFIED, SPLIT = 1, 2
BY_MODE = {Mode.PICKUP: Logistics.PICKUP, Mode.DELIVERY: Logistics.SAME_CITY, Mode.SHIP: Logistics.EXPRESS}


class Unsound(Exception):
    """The parcels say too little for WeChat to take it; `code` says what is missing."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Shipment:
    """One telling: `whole` when nothing follows it."""

    body: dict[str, Any]
    whole: bool


def words(goods: Sequence[Mapping[str, Any]]) -> str:
    """What is in it, in at most 120 characters: names and pieces, the rest as 等 n 件."""
    told = [one["name"] if one["weighed"] or one["qty"] == 1 else f"{one['name']}×{one['qty']}" for one in goods]
    for shown in range(len(told), 0, -1):
        rest = f" 等{len(told)}种" if shown < len(told) else ""
        line = "、".join(told[:shown]) + rest
        if len(line) <= MOST_WORDS:
            return line
    return (told[0][: MOST_WORDS - 1] + "…") if told else "商品"


def of_top_up(no: str) -> Shipment:
    """Stored value is in the wallet the moment it is paid."""
    body = {"logistics_type": int(Logistics.VIRTUAL), "delivery_mode": UNIFIED}
    return Shipment(body | {"shipping_list": [{"item_desc": f"会员储值 {no}"}]}, whole=True)


def of_order(
    parcels: Sequence[Mapping[str, Any]], *, phone: str, before: Mapping[str, Any] | None = None
) -> Shipment | None:
    """What WeChat may be told now, or None while nothing may.

    :param parcels: the order's own, oldest first, each `{id, mode, state, carrier, tracking_no, goods}`.
    :param phone: the receiver's, masked: an express of SF is refused without.
    :param before: the body that WeChat took last: what began as split stays so.
    :raises Unsound: `no_carrier`, `no_tracking`, `no_phone`, `too_many_parcels`.
    """
    stand = [one for one in parcels if one["state"] not in _OVER]
    gone = [one for one in stand if one["state"] in _GONE]
    whole = len(gone) == len(stand)
    if not gone:
        return None
    way = BY_MODE[Mode(gone[0]["mode"])]
    if way is not Logistics.EXPRESS:
        goods = [good for one in gone for good in one["goods"] or ()]
        body = {"logistics_type": int(way), "delivery_mode": UNIFIED, "shipping_list": [{"item_desc": words(goods)}]}
        return Shipment(body, whole=True) if whole else None
    split = len(stand) > 1 or (before or {}).get("delivery_mode") == SPLIT
    if len(gone) > MOST_PARCELS:
        raise Unsound("too_many_parcels")
    body = {
        "logistics_type": int(way),
        "delivery_mode": SPLIT if split else UNIFIED,
        "shipping_list": [_express(one, phone) for one in gone],
    }
    return Shipment(body | ({"is_all_delivered": whole} if split else {}), whole=whole)


def _express(parcel: Mapping[str, Any], phone: str) -> dict[str, Any]:
    company = carriers.code(parcel["carrier"])
    if company is None:
        raise Unsound("no_carrier")
    if not parcel["tracking_no"]:
        raise Unsound("no_tracking")
    told = {"tracking_no": parcel["tracking_no"], "express_company": company, "item_desc": words(parcel["goods"] or ())}
    if company == carriers.WANTS_PHONE:
        if not phone:
            raise Unsound("no_phone")
        told["contact"] = {"receiver_contact": phone}
    return told


def same(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    """Whether WeChat has what we told: way, mode and the parcels' numbers; words are not compared."""
    ways = ("logistics_type", "delivery_mode")
    return all(ours[name] == theirs.get(name) for name in ways) and _numbers(ours) == _numbers(theirs)


def _numbers(body: Mapping[str, Any]) -> set[tuple[str, str]]:
    listed = ((one.get("express_company") or "", one.get("tracking_no") or "") for one in body.get("shipping_list", ()))
    return set(listed) - {("", "")}
