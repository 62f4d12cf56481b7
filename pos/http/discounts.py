"""What is cheaper by hand at a till: within the role's limits, or by a manager's word; always written down."""

from __future__ import annotations

from typing import Any

from flask import g
from sqlalchemy.orm import Session

from config.errors import Refused
from pos.http import who
from pos.http.approving import Elevated, elevated
from pos.http.baskets import CounterForm
from trade.orders import moves, place
from trade.orders.held import compare
from trade.orders.held import moves as held
from trade.pricing import by_hand, limits
from trade.pricing.by_hand import HELD_PRICE, DiscountTooLarge
from trade.pricing.quoted import Quote
from trade.stores import staff
from trade.stores.approvals.moves import ApprovalOver
from trade.stores.approvals.states import Action


class DiscountNeedsApproval(Refused):
    """A discount by hand is above the role's limits; a manager may approve it.

    `action`, `max_fen`, and `line_no` of a line.
    """

    code = "discount_needs_approval"


class CounterSale(CounterForm, Elevated):
    """A basket with what a manager approved of it."""


def over(opened: Session, form: CounterForm, priced: Quote) -> dict[str, Any] | None:
    """What of a basket a manager must approve before it is sold: null, or `action`, `max_fen` and perhaps `line_no`."""
    if not form.by_hand:
        return None
    mine = limits.of(opened, who.me().role, [line.item.sku_id for line in priced.lines])
    return by_hand.above(priced, mine)


def approve(opened: Session, form: CounterSale, wanted: place.Basket, held_id: str | None) -> dict[str, Any] | None:
    """Check what is cheaper by hand and use up the approvals it needs; returns what the journal tells of it.

    :raises DiscountNeedsApproval, ApprovalMissing, ApprovalOver: a manager must say so first, or again.
    :raises DiscountTooLarge: it is above the manager's limits, too.
    """
    if not form.by_hand:
        return None
    priced = place.price(opened, wanted, now=g.now)
    told, words = by_hand.told(priced), []
    if any(line.hand and line.hand.reason == HELD_PRICE for line in form.lines):
        words.append(_old_prices(opened, form, priced, held_id))
    if above := over(opened, form, priced):
        if not form.approval_ids:
            raise DiscountNeedsApproval(**above)
        given = elevated(opened, form, Action(above["action"]), subject="basket", discounts=told)
        off_fen = sum(row["off_fen"] for row in told if row["reason"] != HELD_PRICE)
        if given.what.get("before_fen", 0) - given.what.get("after_fen", 0) < off_fen:
            raise ApprovalOver(action=above["action"])
        manager = staff.card(opened, given.approver_id, who.till().store_id)
        theirs = limits.of(opened, manager.role, [line.item.sku_id for line in priced.lines])
        if too_much := by_hand.above(priced, theirs, floors=False):
            raise DiscountTooLarge(**too_much)
        words.append(given.actor)
    return {
        "approved_by": words[-1] if words else None,
        "till_id": who.till().id,
        "store_id": who.till().store_id,
        "discounts": told,
    }


def _old_prices(opened: Session, form: CounterSale, priced: Quote, held_id: str | None) -> str:
    """Lines cost what they did when they were held, and not less; whose word that is."""
    if held_id is None:
        raise ApprovalOver(action=Action.OLD_PRICE.value)
    then = held.one(opened, who.till().store_id, held_id).lines
    for want, line in zip(form.lines, priced.lines, strict=False):
        if want.hand and want.hand.reason == HELD_PRICE:
            least_fen = [compare.at_least(one, want.qty) for one in then if one["sku_id"] == want.sku_id]
            if not least_fen or line.net_fen < min(least_fen):
                raise ApprovalOver(action=Action.OLD_PRICE.value)
    told = [row for row in by_hand.told(priced) if row["reason"] == HELD_PRICE]
    return elevated(opened, form, Action.OLD_PRICE, subject=f"held:{held_id}", prices=told).actor


def note(opened: Session, order_id: int, told: dict[str, Any] | None) -> None:
    """Write down with an order what was cheaper by hand."""
    if told and told["discounts"]:
        moves.note(opened, order_id, "order.discounted_by_hand", actor=who.me().actor, now=g.now, **told)
