"""Checkout and after: quote, place, pay, look, cancel."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote as url_quote

from flask import g
from pydantic import AwareDatetime, Field
from sqlalchemy.orm import Session

from config.db import let_go
from config.errors import NotFound
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from config.settings import settings
from config.wechat.ready import pay as wechat_pay
from mall.http import who
from member import address_book
from paying import online
from trade.orders import addresses, cancelling, close, place, read, seckill, shown, story, ways
from trade.orders.groups import read as groups
from trade.orders.ways import Mode, Way
from trade.pricing.freight import MODES
from trade.pricing.quoted import Want

bp = blueprint("orders", "/api/mall", who.identify)


class LineForm(Form):
    """A sku and how much of it: pieces, or grams of weighed goods."""

    sku_id: int
    qty: int = Field(gt=0, le=100_000)


class BasketForm(Form):
    """What is wanted of one store, how many points and how much stored value pay, which promotions are not wanted.

    `mode` says how it reaches the customer; what is brought or sent goes to `address_id` of their book.
    `offer_id` asks for the price of a group (拼团), of its goods alone.
    """

    store_id: int
    lines: list[LineForm] = Field(min_length=1, max_length=100)
    points: int = Field(0, ge=0, le=100_000_000)
    wallet_fen: int = Field(0, ge=0, le=100_000_000)
    coupon_ids: list[int] = Field(default_factory=list, max_length=10)
    barred: list[int] = Field(default_factory=list, max_length=50)
    mode: Mode = "pickup"
    address_id: int | None = None
    offer_id: int | None = None

    def way(self, opened: Session, member_id: int | None) -> Way:
        """How it reaches the customer; an address that is not theirs is NotFound."""
        if self.mode == "pickup" or self.address_id is None or member_id is None:
            return Way(self.mode)
        return Way(self.mode, address_book.one(opened, member_id, self.address_id))

    def basket(self, opened: Session, member_id: int | None) -> place.Basket:
        """The form as the domain's basket."""
        wants = [Want(line.sku_id, line.qty) for line in self.lines]
        paid: dict[str, Any] = {"wallet_fen": self.wallet_fen, "coupon_ids": self.coupon_ids}
        more = {**paid, "barred": self.barred, "channel": "mall", "way": self.way(opened, member_id)}
        more |= {"offer_id": self.offer_id}
        return place.Basket(self.store_id, wants, member_id, self.points, **more)


class OrderForm(WriteForm, BasketForm):
    """A basket, what the customer was shown, and when; `token` is the quote's.

    `promise_at` is where the slot begins in which they fetch it, or it is brought; what is sent has none.
    `may_substitute`: something like it is welcome where the store lacks it, never for more than was paid.
    `may_split`: several stores may send it, each a part; a bundle stays whole.
    `group_id`: the group that it joins once it is paid; with `offer_id` alone it opens one.
    """

    expected_payable_fen: int = Field(ge=0)
    token: str | None = Field(None, max_length=shown.MOST)
    promise_at: AwareDatetime | None = None
    remark: str = Field("", max_length=200)
    may_substitute: bool = False
    may_split: bool = False
    group_id: int | None = None


class PageQuery(Form):
    """Where the last page ended."""

    before: int | None = None


@bp.post("/quote")
@permit("public")
@bp.input(BasketForm)
def quote(json_data: BasketForm) -> Reply:
    """Price a basket of one store; changes nothing.  A guest gets the price without points.

    The quote's `token` is good for ten minutes (`until_at`).
    """
    wanted = json_data.basket(session(), g.caller.member_id if g.caller else None)
    priced = place.price(session(), wanted, now=g.now, explain=True)
    return {"quote": shown.as_json(wanted, priced, now=g.now)}, 200


def _slot(opened: Session, form: OrderForm) -> datetime | None:
    """What is promised of the slot that begins then: its beginning to whoever fetches, else its end."""
    store_id, mode, from_at = form.store_id, form.mode, form.promise_at
    if mode == "ship":
        return None
    then = groups.from_when(opened, store_id, form.offer_id, form.group_id, g.now)
    for slot in ways.slots(opened, store_id, mode, now=then):
        if slot.from_at == from_at and slot.open:
            return slot.from_at if mode == "pickup" else slot.to_at
    raise place.SlotFull(promise_at=from_at.isoformat() if from_at else None)


@bp.post("/orders")
@permit("mall.order")
@bp.input(OrderForm)
def order(json_data: OrderForm) -> Reply:
    """Place an order: stock and points are held until it is paid or expires.  201; 409 with `code`."""
    shopper = who.me()

    def work(opened: Session) -> Reply:
        promise_at = _slot(opened, json_data)
        order_id = place.online(
            opened,
            json_data.basket(opened, shopper.member_id),
            promise_at=promise_at,
            remark=json_data.remark,
            may_substitute=json_data.may_substitute,
            may_split=json_data.may_split,
            group_id=json_data.group_id,
            expected_payable_fen=json_data.expected_payable_fen,
            token=json_data.token,
            unpaid_for=timedelta(minutes=settings().unpaid_minutes),
            actor=shopper.actor,
            now=g.now,
        )
        return {"order": read.one_of_member(opened, shopper.member_id, order_id)}, 201

    ticket = f"{shopper.actor}:{json_data.request_id.lower()}"
    with seckill.gate_for(session(), json_data.store_id, json_data.token, ticket=ticket, now=g.now):
        return once(json_data, work)


def _own(order_id: int) -> dict[str, Any]:
    found = read.one_of_member(session(), who.me().member_id, order_id)
    if found["channel"] != "mall":
        raise NotFound(order_id=order_id)
    return found


@bp.post("/orders/<int:order_id>/pay")
@permit("mall.order")
@bp.input(WriteForm)
def pay(order_id: int, json_data: WriteForm) -> Reply:
    """Open a payment at WeChat, or give the open one again; the client then calls WeChat with it."""
    mine = _own(order_id)
    prepay_id = online.open_payment(session(), mine["store_id"], order_id, openid=who.me().openid, now=g.now)
    base = settings().wechat_phone_base
    page = f"{base}/phone/pay?package={url_quote(f'prepay_id={prepay_id}', safe='')}" if base else None
    return {"payment": wechat_pay().sign_for_client(prepay_id), "pay_page": page}, 200


@bp.get("/orders")
@permit("mall.order")
@bp.input(PageQuery, location="query")
def orders(query_data: PageQuery) -> Reply:
    """The customer's orders, at the till and in the mall, newest first; 20 a page."""
    return {"orders": read.of_member(session(), who.me().member_id, before=query_data.before)}, 200


@bp.get("/orders/by-trade-no/<trade_no>")
@permit("public")
def glance(trade_no: str) -> Reply:
    """An order by the number WeChat's order centre knows, for whoever opens it there: nothing is asked first.

    `{"order": {no, state, mode, store_name, store_address, kinds, order_id}}`: no goods, no money, no code; `order_id`
    only for the member whose order it is, who goes on to the whole page.  The number is easily guessed.
    """
    member_id = g.caller.member_id if g.caller else None
    return {"order": read.glance(session(), trade_no, member_id)}, 200


@bp.get("/orders/<int:order_id>")
@permit("mall.order")
def one_order(order_id: int) -> Reply:
    """One order.  While a payment is open WeChat is asked, so that a lost notice does not keep anyone waiting."""
    mine = read.one_of_member(session(), who.me().member_id, order_id)
    let_go(session())
    waits = mine["state"] == "placed" and mine["channel"] == "mall"
    if waits and online.ask_if_due(session(), mine["store_id"], order_id, now=g.now):
        mine = read.one_of_member(session(), who.me().member_id, order_id)
    return {"order": mine | {"address": _address(mine)}}, 200


@bp.get("/orders/<int:order_id>/story")
@permit("mall.order")
def one_story(order_id: int) -> Reply:
    """What has happened to an order, its parcels and its cases, why this store, and what `may` come next.

    `{"story": {steps, why, cases, may}}`; the words are the screen's.
    """
    return {"story": story.of(session(), who.me().member_id, order_id, now=g.now)}, 200


def _address(mine: dict[str, Any]) -> dict[str, Any] | None:
    """Where it goes, for whoever ordered it and here alone: no kept answer has it.  None when it goes nowhere."""
    if mine["mode"] not in MODES:
        return None
    try:
        kept = addresses.read(session(), mine["store_id"], mine["id"])
    except NotFound:
        return None
    return {"name": kept.name, "phone": kept.phone_masked, "region_name": kept.region_name, "street": kept.street}


class CancelForm(WriteForm):
    """Why; for the order's story, and for whoever counts reasons."""

    reason: Literal["", "changed_mind", "wrong_goods", "wrong_way", "too_slow", "dearer", "other"] = ""


@bp.post("/orders/<int:order_id>/cancel")
@permit("mall.order")
@bp.input(CancelForm)
def cancel(order_id: int, json_data: CancelForm) -> Reply:
    """Cancel before the store takes it on; a payment that is open is closed at WeChat first."""
    shopper, mine = who.me(), _own(order_id)
    let_go(session())
    if mine["state"] == "placed":
        online.close_payment(session(), mine["store_id"], order_id, now=g.now)

    def work(opened: Session) -> Reply:
        close.cancel(opened, mine["store_id"], order_id, reason=json_data.reason, actor=shopper.actor, now=g.now)
        return {"order": read.one_of_member(opened, shopper.member_id, order_id)}, 200

    return once(json_data, work)


@bp.post("/orders/<int:order_id>/ask-to-cancel")
@permit("mall.order")
@bp.input(WriteForm)
def ask_to_cancel(order_id: int, json_data: WriteForm) -> Reply:
    """Ask the stores to let an order go that they are picking: they have three minutes to say no (`cancel_by`)."""
    shopper, mine = who.me(), _own(order_id)

    def work(opened: Session) -> Reply:
        cancelling.ask(opened, mine["store_id"], order_id, actor=shopper.actor, now=g.now)
        return {"order": read.one_of_member(opened, shopper.member_id, order_id)}, 200

    return once(json_data, work)
