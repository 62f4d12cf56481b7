"""Which messages there are.  The table is the whole truth; what each says is in `config/locale`, under `message.`.

A kind is one template at WeChat, so one consent.  None of them sells anything: WeChat forbids it on these ways, and
`marketing` is another consent (`member/consent.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Kind:
    """`page` is where a tap leads, with the names of facts in braces; `good_for` how long the news is worth telling.

    `facts` are what whoever composes the message must give.
    """

    page: str
    good_for: timedelta
    facts: frozenset[str]


def _kind(page: str, good_for: timedelta, facts: str) -> Kind:
    return Kind(page, good_for, frozenset(facts.split()))


ORDER = "pages/order/order?id={order_id}"

KINDS: dict[str, Kind] = {
    "paid": _kind(ORDER, DAY, "order_no amount store at hint"),
    "ready": _kind(ORDER, 7 * DAY, "code store place until hint"),
    "shipped": _kind(ORDER, 2 * DAY, "order_no courier tracking_no at hint"),
    "changed": _kind(ORDER, DAY, "order_no what at hint"),
    "refund": _kind("{page}", 3 * DAY, "order_no amount at hint"),
    "group": _kind("pages/group/group?id={group_id}", DAY, "goods what at hint"),
    "service": _kind("pages/ticket/ticket?id={ticket_id}", 3 * DAY, "about what at hint"),
    "arrival": _kind("pages/product/product?id={product_id}", DAY, "goods store at hint"),
    "pickup_proof": _kind(ORDER, 10 * timedelta(minutes=1), "code until hint"),
    "points": _kind("pages/points/points", DAY, "change balance at hint"),
    "points_expiring": _kind("pages/points/points", DAY, "points until hint"),
    "coupon_expiring": _kind("pages/coupons/coupons", DAY, "coupon count until hint"),
}
