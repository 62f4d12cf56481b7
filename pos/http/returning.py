"""Returns at the counter."""

from __future__ import annotations

from typing import Any

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.errors import Malformed
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from pos.http.approving import Elevated, elevated
from trade.orders import returns, tier_effect
from trade.orders.blind import terms
from trade.orders.offline.read import order_of
from trade.orders.refund_plan import Preview
from trade.orders.shifts import read as shifts
from trade.stores.approvals.states import Action

bp = blueprint("return", "/api/pos", who.identify)


class BackLine(Form):
    """Units of one line that come back, and how many of them are not for sale."""

    line_no: int = Field(ge=1)
    qty: int = Field(gt=0)
    aside: int = Field(0, ge=0)


def aside_of(lines: list[BackLine]) -> dict[int, int]:
    """Units by line number that are not for sale."""
    if any(line.aside > line.qty for line in lines):
        raise Malformed(fields={"lines": "no more aside than comes back"})
    return {line.line_no: line.aside for line in lines if line.aside}


def needed(done: Preview, window: dict[str, Any]) -> list[Action]:
    """What of a return a manager must approve: that points are owed, that it comes late and not by our fault."""
    late = window["late"] and not done.anew.fault
    return [Action.RETURN] * done.borne.asks_manager + [Action.LATE_RETURN] * late


def shown(done: Preview, window: dict[str, Any]) -> dict[str, Any]:
    """A return as tills show it before it is done."""
    asks = needed(done, window)
    return {**done.as_json(), "window": window, "approvals": asks, "needs_approval": bool(asks)}


def allowed(opened: Session, form: Elevated, order_no: str, done: Preview, window: dict[str, Any]) -> int | None:
    """Use up the manager's words that a return needs; whose they are.

    :raises ApprovalMissing, ApprovalOver: nothing may come back.
    """
    given = [
        elevated(opened, form, action, subject=f"order:{order_no}", refund_fen=done.refund_fen)
        for action in needed(done, window)
    ]
    return given[-1].approver_id if given else None


class PreviewForm(Form):
    """An order by its printed number, and what comes back of it; `fault`: it is the merchant's."""

    order_no: str = Field(min_length=12, max_length=13)
    lines: list[BackLine] = Field(min_length=1, max_length=200)
    fault: bool = False

    def wants(self) -> dict[int, int]:
        """Units by line number."""
        return {line.line_no: line.qty for line in self.lines}


class ReturnForm(WriteForm, PreviewForm, Elevated):
    """The same, with the refund (and the points owed) that the customer was shown, and the manager's words for it."""

    expected_refund_fen: int = Field(ge=0)
    expected_points_deficit: int | None = Field(None, ge=0)


@bp.post("/returns/preview")
@permit("pos.return")
@bp.input(PreviewForm)
def preview(json_data: PreviewForm) -> Reply:
    """What a return would give back and take; changes nothing.

    `refund_fen` is paid out: `goods_fen` less `deducted_fen`, which pays for `points_paid` points that were spent
    already, less `coupons_withheld_fen`, the `withheld_fen` of all `coupons_given_spent`, less
    `promotions_withheld_fen` and `withheld_gift_fen`, negative where they are given back, and with `rounding_fen`.
    Of `points_clawed` the member will owe `points_deficit`.  A manager must agree to each of `approvals` (`return`,
    `late_return`), with subject `order:<order_no>`; `window` says until when it would not have been late.
    `keep_fen` and `re_evaluate_fen` are what the goods give back with promotions kept, and with those that say so
    asked again for what stays; `on_return` says which counts.  `promotions_lost` take off less now, `gifts_kept` are
    not earned any more and not back.
    `tier_after`: null, or {code, name_zh, name_en, at, at_once, missing}: the tier the member falls to by it, and when.
    """
    store_id, order_id = order_of(session(), who.till().store_id, json_data.order_no)
    plan = returns.preview(session(), store_id, order_id, json_data.wants(), now=g.now, fault=json_data.fault)
    falls = tier_effect.after(session(), store_id, order_id, plan, now=g.now)
    window = terms.window(session(), store_id, order_id, now=g.now)
    return {"preview": {**shown(plan, window), "tier_after": falls}}, 200


@bp.post("/returns")
@permit("pos.return")
@bp.input(ReturnForm)
def take_back(json_data: ReturnForm) -> Reply:
    """Take units back: money and points by what was stored at the sale.  201 with the document.

    409 `approval_missing`, `approval_over`, `refund_changed`: nothing came back.
    """
    till, me, form = who.till(), who.me(), json_data

    def work(opened: Session) -> Reply:
        key, wants = order_of(opened, till.store_id, form.order_no), form.wants()
        plan = returns.preview(opened, *key, wants, now=g.now, fault=form.fault)
        approver_id = allowed(opened, form, form.order_no, plan, terms.window(opened, *key, now=g.now))
        return_id, done = returns.take_back(
            opened,
            *key,
            wants,
            aside=aside_of(form.lines),
            expected_refund_fen=form.expected_refund_fen,
            expected_points_deficit=form.expected_points_deficit,
            approver_id=approver_id,
            fault=form.fault,
            at_store_id=till.store_id,
            shift_id=shifts.held_open(opened, till),
            staff_id=me.id,
            actor=me.actor,
            now=g.now,
        )
        return {"return": {"no": f"R{return_id}", "at": g.now.isoformat(), **done.as_json()}}, 201

    return once(form, work)
