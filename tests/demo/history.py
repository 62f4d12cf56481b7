"""Sixty days of trade, rung up and fulfilled through the domain functions, at the hours they happened."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import transaction
from config.errors import Refused
from tests import factories as make
from tests.demo.chain import DAYS, Chain, Say, Shop
from tests.demo.coupons import Wallets as Coupons
from tests.demo.wallets import Purses
from tests.wechat_stand_in.world import World
from trade.orders import fulfil, place, returns
from trade.orders.pay import receive
from trade.orders.review import deciding
from trade.payments import moves as payments
from trade.payments.moves import Paid
from trade.pricing.quoted import Want
from trade.stores.models import Role
from trade.stores.tills import TillCard

ZONE = ZoneInfo("Asia/Shanghai")
SALES_A_SHIFT, ONLINE_A_DAY = (6, 12), (1, 4)
UNPAID_FOR = timedelta(minutes=15)


class Past:
    """One run of the chain's past; `dice` makes it the same each time."""

    def __init__(self, session: Session, chain: Chain, world: World, dice: random.Random) -> None:
        self.session, self.chain, self.world, self.dice = session, chain, world, dice
        self.popular = [1 / (1 + rank * 0.02) for rank in range(len(chain.skus))]
        self.shuffled = dice.sample(chain.skus, len(chain.skus))
        self.purses = Purses(session, dice)
        self.coupons = Coupons(session, dice, chain.offers)

    def basket(self, most: int) -> list[Want]:
        """What one customer takes: popular things more often, weighed things by weight."""
        chosen = self.dice.choices(self.shuffled, self.popular, k=self.dice.randint(1, most))
        wants = {
            sku_id: self.dice.randrange(180, 1600, 5) if weighed else self.dice.choice((1, 1, 1, 2, 2, 3))
            for sku_id, weighed, _ in chosen
        }
        return [Want(sku_id, qty) for sku_id, qty in wants.items()]

    def shift(self, shop: Shop, till_id: int, opens_at: datetime, until: datetime) -> int:
        """One till's day: float, sales, a return now and then, the count.  Returns how many sales."""
        card = TillCard(till_id, "", shop.id, "")
        cashier = shop.people[Role.CASHIER]
        actor = f"staff:{cashier}"
        with transaction(self.session):
            shift_id = make.open_shift(self.session, card, cashier, 50_000, opens_at)
        sale = place.TillSale(till_id, shift_id, cashier, authorised=True)
        self.purses.begin(self.chain, sale, shop.id, actor, opens_at)
        moments = sorted(
            opens_at + timedelta(minutes=self.dice.randint(5, 780)) for _ in range(self.dice.randint(*SALES_A_SHIFT))
        )
        rung = 0
        for at in moments:
            if at < until:
                rung += self.till_sale(shop, sale, actor, at)
        closes_at = opens_at + timedelta(hours=14, minutes=self.dice.randint(0, 20))
        if closes_at < until:
            with transaction(self.session):
                off = self.dice.choice((0,) * 9 + (-500, 100, -1000))
                make.close_shift(self.session, shop.id, shift_id, self.expected(shop.id, shift_id) + off, closes_at)
        return rung

    def expected(self, store_id: int, shift_id: int) -> int:
        """What the drawer holds; the cashier counts it."""
        return int(self.session.execute(_DRAWER, {"store": store_id, "shift": shift_id}).scalar_one())

    def till_sale(self, shop: Shop, sale: place.TillSale, actor: str, at: datetime) -> bool:
        """One customer at the counter; False when something was sold out and nothing was bought."""
        member_id = self.dice.choice(self.chain.members) if self.dice.random() < 0.6 else None
        self.purses.perhaps_top_up(shop.id, sale, member_id, actor, at)
        self.coupons.perhaps_claim(member_id, at)
        basket = place.Basket(shop.id, self.basket(6), member_id)
        try:
            with transaction(self.session):
                basket = self.coupons.uses(basket, place.price(self.session, basket, now=at, explain=True))
                quote = place.price(self.session, basket, now=at)
                if member_id and quote.redeemable.most >= 100 and self.dice.random() < 0.2:
                    basket = replace(basket, points=quote.redeemable.most // 100 * 100)
                    quote = place.price(self.session, basket, now=at)
                basket = self.purses.pays(basket, quote.payable_fen)
                due = quote.payable_fen - basket.wallet_fen
                given = -(-due // 1000) * 1000 if self.dice.random() < 0.5 else due
                order_id = place.at_till(
                    self.session, basket, sale, received_fen=given, expected_payable_fen=quote.payable_fen,
                    actor=actor, now=at,
                )  # fmt: skip
        except Refused:
            return False
        if self.dice.random() < 0.015:
            self.give_back(shop, sale, order_id, at + timedelta(minutes=20), actor)
        return True

    def give_back(self, shop: Shop, sale: place.TillSale, order_id: int, at: datetime, actor: str) -> None:
        """The customer comes back with the first line."""
        with transaction(self.session):
            qty = self.session.execute(_FIRST_LINE, {"store": shop.id, "order": order_id}).scalar_one()
            plan = returns.preview(self.session, shop.id, order_id, {1: qty})
            returns.take_back(
                self.session, shop.id, order_id, {1: qty}, expected_refund_fen=plan.refund_fen, at_store_id=shop.id,
                shift_id=sale.shift_id, staff_id=sale.staff_id, actor=actor, now=at,
            )  # fmt: skip

    def online_order(
        self, shop: Shop, at: datetime, *, promise_at: datetime, stage: str = "done", remark: str = ""
    ) -> bool:
        """One mall order, taken as far as `stage`: paid, preparing, ready or done; some remarks hold it for review."""
        member_id, openid = self.dice.choice(self.chain.shoppers)
        basket = place.Basket(shop.id, self.basket(4), member_id, channel="mall")
        self.coupons.perhaps_claim(member_id, at)
        actor = f"member:{member_id}"
        try:
            with transaction(self.session):
                basket = self.coupons.uses(basket, place.price(self.session, basket, now=at, explain=True))
                due = place.price(self.session, basket, now=at).payable_fen
                order_id = place.online(
                    self.session, basket, promise_at=promise_at, remark=remark, expected_payable_fen=due,
                    unpaid_for=UNPAID_FOR, actor=actor, now=at,
                )  # fmt: skip
        except Refused:
            return False
        if due:
            self.pay(shop.id, order_id, due, openid, at)
        if stage == "paid":
            return True
        staff_id = shop.people[Role.STORE_STAFF]
        if self.session.execute(_HELD, {"order": order_id}).first():
            with transaction(self.session):
                deciding.release(self.session, shop.id, order_id, actor=f"staff:{staff_id}", now=at)
        self.fulfil(shop.id, order_id, staff_id, at, stage, collected_at=promise_at + timedelta(minutes=10))
        return True

    def pay(self, store_id: int, order_id: int, due: int, openid: str, at: datetime) -> None:
        """The customer pays at once; the stand-in knows the payment too, so that it can be refunded."""
        with transaction(self.session):
            tender = payments.intend(
                self.session, store_id, order_id, due, payer=openid, now=at, expires_at=at + UNPAID_FOR
            )
        paid = self.remember(tender.trade_no, due, openid, at)
        with transaction(self.session):
            payments.prepaid(self.session, store_id, tender.id, paid["prepay_id"])
            fact = Paid(tender.trade_no, paid["transaction_id"], due, openid)
            receive(self.session, fact, actor="wechat", now=at + timedelta(minutes=1))

    def remember(self, trade_no: str, total: int, openid: str, at: datetime) -> dict[str, str]:
        """One paid order in the stand-in's books."""
        kept = {
            "out_trade_no": trade_no, "prepay_id": "wx" + secrets.token_hex(17), "state": "SUCCESS", "openid": openid,
            "transaction_id": f"42000{secrets.randbelow(10**20):020d}", "description": "通店订单", "notify_url": "",
            "success_time": at.astimezone(ZONE).isoformat(timespec="seconds"),
        }  # fmt: skip
        self.world.orders[trade_no] = {**kept, "total": total, "expires": at.timestamp()}
        return kept

    def fulfil(
        self, store_id: int, order_id: int, staff_id: int, at: datetime, stage: str, *, collected_at: datetime
    ) -> None:
        """The store accepts, picks, packs and hands over, as far as `stage`."""
        actor = f"staff:{staff_id}"
        with transaction(self.session):
            fulfil.accept(self.session, self.parcel(order_id), actor=actor, now=at + timedelta(minutes=4))
        if stage == "preparing":
            return
        lines = self.session.execute(_LINES, {"store": store_id, "order": order_id}).all()
        with transaction(self.session):
            for line in lines:
                picked_at = at + timedelta(minutes=12)
                taken = (line.line_no, line.qty)
                fulfil.pick(self.session, self.parcel(order_id), *taken, actor=actor, now=picked_at)
            fulfil.ready(self.session, self.parcel(order_id), actor=actor, now=at + timedelta(minutes=14))
        if stage == "done":
            with transaction(self.session):
                parcel = self.parcel(order_id)
                fulfil.collect(self.session, parcel, staff_id=staff_id, actor=actor, now=collected_at)

    def parcel(self, order_id: int) -> Any:
        """The parcel of an online order, as it stands."""
        return self.session.execute(_PARCEL, {"order": order_id}).one()


REMARKS = ("孩子对花生过敏，请不要放含花生的赠品", "麻烦开一张发票，抬头到店再报")
"""What a person must read before the store packs: these orders wait in the order centre."""

_FIRST_LINE = text("SELECT qty FROM order_line WHERE store_id = :store AND order_id = :order AND line_no = 1")
_LINES = text("SELECT line_no, qty FROM order_line WHERE store_id = :store AND order_id = :order ORDER BY line_no")
_HELD = text("SELECT 1 FROM order_review WHERE order_id = :order AND state = 'hold'")
_PARCEL = text("SELECT * FROM parcel WHERE order_id = :order")
_DRAWER = text("""
    SELECT float_fen
        + coalesce((SELECT sum(t.amount_fen) FROM tender t JOIN sale_order o ON o.store_id = t.store_id
            AND o.id = t.order_id WHERE o.store_id = :store AND o.shift_id = :shift AND t.kind = 'cash'), 0)
        + coalesce((SELECT sum(t.amount_fen) FROM tender t JOIN top_up u ON u.store_id = t.store_id
            AND u.id = t.top_up_id WHERE u.store_id = :store AND u.shift_id = :shift AND t.kind = 'cash'), 0)
        - coalesce((SELECT sum(r.amount_fen) FROM refund r WHERE r.shift_id = :shift AND r.kind = 'cash'), 0)
    FROM shift WHERE store_id = :store AND id = :shift""")


def days(now: datetime) -> Iterator[datetime]:
    """Local midnight of each of the last DAYS days and today, oldest first."""
    today = now.astimezone(ZONE).date()
    for back in range(DAYS, -1, -1):
        yield datetime.combine(today - timedelta(days=back), time(), ZONE).astimezone(UTC)


def live(past: Past, *, now: datetime, say: Say, settle: Callable[[datetime], None]) -> None:
    """Everything that happened until `now`, and the orders that wait at the desks at this moment.

    `settle` lets each day's effects happen in the night after it, so that tiers rise when they would have.
    """
    sales = orders = 0
    for number, midnight in enumerate(days(now)):
        opens_at = midnight + timedelta(hours=7)
        for shop in past.chain.shops:
            for till_id in shop.tills:
                if opens_at + timedelta(hours=15) < now:
                    sales += past.shift(shop, till_id, opens_at, now)
            for _ in range(past.dice.randint(*ONLINE_A_DAY)):
                at = midnight + timedelta(hours=8, minutes=past.dice.randint(0, 600))
                if at + timedelta(hours=3) < now:
                    orders += past.online_order(shop, at, promise_at=at + timedelta(hours=2))
        settle(min(midnight + timedelta(hours=24), now))
        say(f"day {number + 1} of {DAYS + 1}: {sales} sales at the tills, {orders} orders in the mall")
    for shop in past.chain.shops:
        for minutes, stage in ((3, "paid"), (9, "paid"), (21, "preparing"), (38, "ready")):
            orders += past.online_order(
                shop, now - timedelta(minutes=minutes), promise_at=now + timedelta(minutes=75 - minutes), stage=stage
            )
    for shop, remark in zip(past.chain.shops, REMARKS, strict=False):
        orders += past.online_order(
            shop, now - timedelta(minutes=14), promise_at=now + timedelta(hours=2), stage="paid", remark=remark
        )
    settle(now)
    past.world.keep()
