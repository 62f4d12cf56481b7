"""Returns at the counter, and paper."""

from __future__ import annotations

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from pos.http.approving import ApproverForm, approved_by
from trade.orders import returns, tier_effect
from trade.orders.offline.read import order_of
from trade.stores import tills

bp = blueprint("return", "/api/pos", who.identify)


class BackLine(Form):
    """Units of one line that come back."""

    line_no: int = Field(ge=1)
    qty: int = Field(gt=0)


class PreviewForm(Form):
    """An order by its printed number, and what comes back of it; `fault`: it is the merchant's."""

    order_no: str = Field(min_length=12, max_length=12)
    lines: list[BackLine] = Field(min_length=1, max_length=200)
    fault: bool = False

    def wants(self) -> dict[int, int]:
        """Units by line number."""
        return {line.line_no: line.qty for line in self.lines}


class ReturnForm(WriteForm, PreviewForm):
    """The same, with the refund (and the points owed) that the customer was shown."""

    expected_refund_fen: int = Field(ge=0)
    expected_points_deficit: int | None = Field(None, ge=0)
    approver: ApproverForm | None = None


@bp.post("/returns/preview")
@permit("pos.return")
@bp.input(PreviewForm)
def preview(json_data: PreviewForm) -> Reply:
    """What a return would give back and take; changes nothing.

    `refund_fen` is paid out: `goods_fen` less `deducted_fen`, which pays for `points_paid` points that were spent
    already, less `coupons_withheld_fen`, the `withheld_fen` of all `coupons_given_spent`, less
    `promotions_withheld_fen` and `withheld_gift_fen`, negative where they are given back, and with `rounding_fen`.
    Of `points_clawed` the member will owe `points_deficit`.  With `needs_approval` a manager must agree.
    `keep_fen` and `re_evaluate_fen` are what the goods give back with promotions kept, and with those that say so
    asked again for what stays; `on_return` says which counts.  `promotions_lost` take off less now, `gifts_kept` are
    not earned any more and not back.
    `tier_after`: null, or {code, name_zh, name_en, at, at_once, missing}: the tier the member falls to by it, and when.
    """
    store_id, order_id = order_of(session(), who.till().store_id, json_data.order_no)
    plan = returns.preview(session(), store_id, order_id, json_data.wants(), now=g.now, fault=json_data.fault)
    falls = tier_effect.after(session(), store_id, order_id, plan, now=g.now)
    return {"preview": {**plan.as_json(), "tier_after": falls}}, 200


@bp.post("/returns")
@permit("pos.return")
@bp.input(ReturnForm)
def take_back(json_data: ReturnForm) -> Reply:
    """Take units back: money and points by what was stored at the sale.  201 with the document.

    409 `approval_needed`, 401 `wrong_pin`, 403 `not_an_approver`, 409 `refund_changed`: nothing came back.
    """
    till, me = who.till(), who.me()
    approver = approved_by(json_data.approver)

    def work(opened: Session) -> Reply:
        return_id, done = returns.take_back(
            opened,
            *order_of(opened, till.store_id, json_data.order_no),
            json_data.wants(),
            expected_refund_fen=json_data.expected_refund_fen,
            expected_points_deficit=json_data.expected_points_deficit,
            approver_id=approver.id if approver else None,
            fault=json_data.fault,
            at_store_id=till.store_id,
            shift_id=tills.current_shift_id(opened, till),
            staff_id=me.id,
            actor=me.actor,
            now=g.now,
        )
        return {"return": {"no": f"R{return_id}", "at": g.now.isoformat(), **done.as_json()}}, 201

    quiet = json_data.approver and json_data.approver.model_copy(update={"pin": ""})
    return once(json_data.model_copy(update={"approver": quiet}), work)  # not even a hash of the PIN is kept
