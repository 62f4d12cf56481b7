"""Exchanges at the counter: goods of one sale back, others bought, one net amount (`trade/orders/exchange/`)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.errors import Malformed
from config.http import Form, Reply, blueprint, once, permit, session
from paying import code
from pos.http import discounts, members, payments, sale, tickets, who
from pos.http.baskets import CounterForm, basket
from pos.http.returning import BackLine, allowed, aside_of, shown
from trade.orders import place, read, returns, tier_effect
from trade.orders import shown as quotes
from trade.orders.blind import terms
from trade.orders.exchange import placing
from trade.orders.exchange.placing import Back
from trade.orders.held import moves as held
from trade.orders.offline.read import order_of
from trade.orders.receipts import book as receipts
from trade.orders.returns import ShiftNotOpen
from trade.orders.shifts import read as shifts
from trade.payments.codes import moves as codes
from trade.stores.tills import TillCard

bp = blueprint("exchange", "/api/pos", who.identify)


class BackForm(Form):
    """A sale by its printed number and what comes back of it; `fault`: it is the merchant's."""

    order_no: str = Field(min_length=12, max_length=13)
    back: list[BackLine] = Field(min_length=1, max_length=200)
    fault: bool = False

    def brought(self, opened: Session, store_id: int) -> Back:
        """The form as the domain's return side."""
        store, order = order_of(opened, store_id, self.order_no)
        wants = {line.line_no: line.qty for line in self.back}
        return Back(store, order, wants, aside_of(self.back), self.fault, "exchange")


class ExchangeLookForm(CounterForm, BackForm):
    """What comes back, and what is bought instead."""

    by_code: bool = False


class ExchangeForm(sale.SaleForm, BackForm):
    """The same with what the customer was shown: the refund of the goods, the points owed, and the net.

    `tenders` pay a net above 0; `wallet_fen` is stored value that pays beside what comes back of it.
    """

    expected_payable_fen: int = 0
    expected_refund_fen: int = Field(ge=0)
    expected_points_deficit: int | None = Field(None, ge=0)
    expected_net_fen: int
    tenders: list[sale.Tender] = Field(default_factory=list, max_length=3)


@bp.post("/exchanges/preview")
@permit("pos.return")
@bp.input(ExchangeLookForm)
def preview(json_data: ExchangeLookForm) -> Reply:
    """What an exchange comes to; changes nothing.  `preview` is of the goods that come back, `quote` of the new ones.

    `exchange`: `net_fen` is collected (`collect_fen`), or given back where negative, to the tenders of `back`.  Of the
    refund `brought_fen` pays for the new goods and `respent_fen` of stored value is spent anew.  A payment code
    (`by_code`) is never rounded.
    """
    till, form = who.till(), json_data
    wanted, back = basket(form, till.store_id), form.brought(session(), till.store_id)
    proved = members.authorised(session(), form.member_id, form.authorisation)
    place.check_possession(wanted, authorised=proved)
    net = placing.look(session(), back, wanted, by_code=form.by_code, explain=True, now=g.now)
    over = discounts.over(session(), form, net.priced)
    quoted = quotes.as_json(wanted, net.priced, now=g.now) | {"needs_approval": over}
    window = terms.window(session(), *back.key, now=g.now)
    falls = tier_effect.after(session(), *back.key, net.back, now=g.now)
    return {"preview": shown(net.back, window) | {"tier_after": falls}, "quote": quoted, "exchange": net.as_json()}, 200


@bp.post("/exchanges")
@permit("pos.return")
@bp.input(ExchangeForm)
def exchange(json_data: ExchangeForm) -> Reply:
    """Take goods back and sell others for one net amount.  201 with one receipt that shows both.

    A repeat of `request_id` is answered with the first receipt.  409 `exchange_changed`, `refund_changed`,
    `approval_needed`, `tender_short`, and whatever a sale or a return alone is refused for: nothing moved.  With a
    payment code 202 with the `payment` to follow: nothing of either side moves until it is paid.
    """
    till, auth_code = who.till(), json_data.auth_code()

    def work(opened: Session) -> Reply:
        form = json_data
        at, back, wanted = _counter(opened, form, till)
        hand = discounts.approve(opened, form, replace(wanted, wallet_fen=0), form.held.id if form.held else None)
        order_id, tender_id = _swap(opened, form, at, back, wanted, auth_code)
        discounts.note(opened, order_id, hand)
        tickets.keep(opened, form, form, order_id)
        if form.held:
            mine = held.Hand(form.held.id, form.held.version)
            held.sell(opened, till.store_id, mine, order_id, till_id=till.id, staff_id=who.me().id, now=g.now)
        receipts.give(opened, till.store_id, order_id, form.request_id, now=g.now)
        if tender_id is not None:
            return {"tender_id": tender_id}, 202
        return {"receipt": read.receipt(opened, till.store_id, order_id)}, 201

    answer, status = once(json_data.to_remember(), work)
    if not auth_code:
        return answer, status
    code.start(session(), till.store_id, answer["tender_id"], auth_code)
    return payments.stands(till.store_id, answer["tender_id"])


def _counter(opened: Session, form: ExchangeForm, till: TillCard) -> tuple[place.TillSale, Back, place.Basket]:
    """Where it is rung, what comes back, and what is bought: here, for another store's goods are no exchange."""
    shift_id = shifts.sells_in(opened, till, now=g.now)
    if shift_id is None:
        raise ShiftNotOpen()
    codes.refuse_open(opened, till.store_id, till.id)
    wanted = replace(basket(form, till.store_id), wallet_fen=form.paid_with()[0])
    if any(want.at_store_id for want in wanted.wants):
        raise Malformed(fields={"lines": "of this store"})
    proved = members.authorised(opened, form.member_id, form.authorisation, use=True)
    at = place.TillSale(till.id, shift_id, who.me().id, authorised=proved)
    return at, form.brought(opened, till.store_id), wanted


def _swap(
    opened: Session, form: ExchangeForm, at: place.TillSale, back: Back, wanted: place.Basket, auth_code: str | None
) -> tuple[int, int | None]:
    """The order, and the attempt of a payment code if one pays."""
    plan = returns.preview(opened, *back.key, back.wants, fault=back.fault, now=g.now)
    approver_id = allowed(opened, form, form.order_no, plan, terms.window(opened, *back.key, now=g.now))
    agreed = placing.Shown(
        form.expected_refund_fen, form.expected_net_fen, form.expected_points_deficit, approver_id, form.token
    )
    by: dict[str, Any] = {"actor": who.me().actor, "now": g.now}
    received_fen = form.paid_with()[1]
    if auth_code:
        paid: dict[str, Any] = {"cash_fen": received_fen, "code_hash": sale.code_hash(auth_code)}
        return placing.by_code(opened, back, wanted, at, agreed, **paid, **by)
    return placing.at_till(opened, back, wanted, at, agreed, received_fen=received_fen, **by), None
