"""Small shops for tests, made through the domain functions wherever there is one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import transaction
from member import codes, identity, points, top_up_rules
from member.coupons import claim, templates
from member.coupons import moves as coupon_moves
from member.coupons.states import Kind
from member.coupons.templates import Offer
from trade.catalogue.models import Barcode, Category, Product, Sku, StoreSku
from trade.orders import close, desk, fulfil, place, returns
from trade.orders.pay import Outcome, receive
from trade.orders.review import deciding
from trade.orders.shifts import counts, settle, z
from trade.orders.shifts import moves as shifts
from trade.payments import moves as payments
from trade.payments import top_ups
from trade.payments.moves import Paid
from trade.pricing.models import Price
from trade.pricing.promotions import drafts
from trade.pricing.promotions import moves as promotion_moves
from trade.pricing.quoted import Want
from trade.stock import moves as stock
from trade.stores import tills
from trade.stores.models import Role, Staff, Store, Till

PASSWORD, PIN = "correct horse", "246810"
_CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # the real one costs a log-in 0.1 s of CPU
_HASHES = {secret: _CHEAP.hash(secret) for secret in (PASSWORD, PIN)}


@dataclass
class Shop:
    """One store with a till, its people and what it sells; sku ids by name."""

    store_id: int
    till_id: int
    till_token: str
    shift_id: int
    people: dict[Role, int]
    skus: dict[str, int] = field(default_factory=dict)

    def sale(self) -> place.TillSale:
        """Where a till sale of this shop is rung, the member standing there with their code."""
        return place.TillSale(self.till_id, self.shift_id, self.people[Role.CASHIER], authorised=True)

    def counter(self) -> top_ups.Counter:
        """Where a top-up of this shop is taken."""
        return top_ups.Counter(self.store_id, self.till_id, self.shift_id, self.people[Role.CASHIER])


def pieces(fen: int) -> dict[int, int]:
    """Notes and coins that come to so much, the largest first."""
    counted = {}
    for face in counts.FACES:
        counted[face], fen = divmod(fen, face)
    return {face: n for face, n in counted.items() if n}


def open_shift(
    session: Session, till: tills.TillCard, staff_id: int, fen: int, now: datetime, *, name: str = ""
) -> int:
    """A shift of the till's drawer with that float; its id."""
    return shifts.open_(session, till, name or str(uuid.uuid4()), staff_id, pieces(fen), actor="test", now=now)


def close_shift(session: Session, store_id: int, shift_id: int, fen: int, now: datetime) -> dict[str, Any]:
    """Count a shift, keep the count and settle it, by a manager's word whatever it differs by; its Z."""
    row = shifts.count(session, store_id, shift_id, 1, pieces(fen), actor="test", now=now)
    settle.seal_if_exact(session, row, actor="test", now=now)
    if settle.lock(session, store_id, shift_id).state == "counted":
        shifts.move(session, store_id, shift_id, "keep", {}, actor="test", now=now)
    settle.settle(session, store_id, shift_id, variance=settle.Word(1, "test"), actor="test", now=now)
    return z.read(session, store_id, shift_id)[-1]


GOODS = {"milk": (990, False), "bread": (650, False), "apple": (1198, True)}
BARCODES = {"milk": "6901234567892", "bread": "6901234567908", "apple": "00042"}


def open_shop(session: Session, *, code: str = "S1", stock_of: Mapping[str, int] | None = None, now: datetime) -> Shop:
    """A store that is open, sells GOODS at their prices, and has `stock_of` each (100 by default)."""
    with transaction(session):
        store = Store(
            code=code,
            name=f"通店{code}",
            address="文三路 1 号",
            phone="0571-88880000",
            lat_e6=30_280_000,
            lng_e6=120_130_000,
            opens_minute=480,
            closes_minute=1320,
        )
        session.add(store)
        session.flush()
        till = Till(store_id=store.id, name="1号机")
        people = {
            role: Staff(
                login=f"{role}-{code}",
                name=f"员工{code}",
                role=role,
                store_id=None if role is Role.HEAD_OFFICE else store.id,
                password_hash=_HASHES[PASSWORD],
                pin_hash=_HASHES[PIN],
            )
            for role in Role
        }
        session.add_all([till, *people.values()])
        session.flush()
        card, token = tills.register(session, till.id, store.id, actor="test", now=now)
        cashier = people[Role.CASHIER].id
        shift_id = open_shift(session, card, cashier, 20_000, now)
        shop = Shop(store.id, till.id, token, shift_id, {role: who.id for role, who in people.items()})
        _sell_goods(session, shop, stock_of or {}, now)
    return shop


def _sell_goods(session: Session, shop: Shop, stock_of: Mapping[str, int], now: datetime) -> None:
    for name, (price_fen, weighed) in GOODS.items():
        known = session.get(Barcode, BARCODES[name])
        if known is None:
            category = Category(name=f"类{name}", picture="/pictures/c01.svg", position=1)
            session.add(category)
            session.flush()
            product = Product(
                category_id=category.id,
                name=f"商品{name}",
                pinyin=f"sp{name}",
                brand="山野",
                description="",
                picture="/pictures/p0001.svg",
            )
            session.add(product)
            session.flush()
            sku = Sku(product_id=product.id, spec="250ml", unit="kg" if weighed else "盒", weighed=weighed)
            session.add(sku)
            session.flush()
            session.add_all(
                [
                    Barcode(code=BARCODES[name], sku_id=sku.id),
                    Price(sku_id=sku.id, store_id=0, price_fen=price_fen, from_at=now - timedelta(days=90)),
                ]
            )
            shop.skus[name] = sku.id
        else:
            shop.skus[name] = known.sku_id
        session.add(StoreSku(store_id=shop.store_id, sku_id=shop.skus[name], shelf="A-01"))
        session.flush()
    goods = {sku: stock_of.get(name, 100 * (1000 if name == "apple" else 1)) for name, sku in shop.skus.items()}
    stock.take_in(
        session, shop.store_id, {sku: qty for sku, qty in goods.items() if qty}, key="opening", actor="test", now=now
    )


def a_member(session: Session, *, phone: str = "13812342046", points_of: int = 0, now: datetime) -> int:
    """A member who joined at the till, with points to spend."""
    with transaction(session):
        found = identity.join(session, phone=phone, name="王小明", store_id=None, actor="test", now=now)
        if points_of:
            points.earn(
                session,
                found.id,
                points_of,
                source="gift:1",
                key=f"gift:{found.id}",
                pending=False,
                actor="test",
                now=now,
            )
    return found.id


def top_up(
    session: Session, shop: Shop, member_id: int, amount_fen: int, now: datetime, *, bonus_fen: int = 0, **rule: Any
) -> int:
    """A member puts cash into the wallet at the shop's till, with a bonus by a rule of its own; returns the id."""
    with transaction(session):
        if bonus_fen:
            code = f"{amount_fen}+{bonus_fen}:{shop.store_id}"
            known = {offer.code for offer in top_up_rules.offers(session, shop.store_id, now=now)}
            more = {"bearer": "hq", "starts_at": now - timedelta(days=90), "store_ids": [shop.store_id], **rule}
            if code not in known:
                top_up_rules.write(
                    session, code, code, amount_fen=amount_fen, bonus_fen=bonus_fen, actor="test", now=now, **more
                )
        return top_ups.at_till(
            session, shop.counter(), member_id, amount_fen, received_fen=amount_fen, actor="test", now=now
        )


def member_code(session: Session, member_id: int, *, now: datetime) -> str:
    """What the member's phone shows at this moment."""
    with transaction(session):
        codes.issue(session, member_id, actor=f"member:{member_id}", now=now)
    return codes.upcoming(session, member_id, steps=1, now=now)[0][1]


def an_offer(session: Session, now: datetime, **of: Any) -> int:
    """A published offer, 5 off from 10 unless told otherwise; returns its id."""
    plain: dict[str, Any] = {"kind": Kind.THRESHOLD_OFF, "threshold_fen": 1000, "off_fen": 500, "valid_days": 7}
    offer = Offer(**{"code": f"c-{of.get('name', '')}", "name": "满10减5"} | plain | of)
    with transaction(session):
        template_id = templates.draft(session, offer, actor="test", now=now)
        coupon_moves.move_template(session, template_id, "publish", actor="test", now=now)
    return template_id


def a_coupon(session: Session, member_id: int, now: datetime, **of: Any) -> int:
    """A coupon of a new offer in a member's hands; returns its id."""
    template_id = an_offer(session, now, **of)
    with transaction(session):
        return claim.claim(session, template_id, member_id, channel=None, actor="test", now=now)


FOREVER = {"starts": "2026-01-01T00:00", "ends": "2099-12-31T23:59"}
OFF_30 = {"name": "满200减30", "kind": "amount_off", "steps": [[20_000, 3_000]]}


def a_promotion(session: Session, now: datetime, **form: Any) -> int:
    """A published promotion, 30 off from 200 for ever unless told otherwise; returns its id."""
    plain = OFF_30 if form.get("kind", "amount_off") == "amount_off" else {"name": f"活动{form['kind']}"}
    with transaction(session):
        promotion_id = promotion_moves.draft(session, drafts.understood(FOREVER | plain | form), actor="test", now=now)
        promotion_moves.publish(session, promotion_id, actor="test", now=now)
    return promotion_id


def end_promotion(session: Session, promotion_id: int, now: datetime) -> None:
    """It takes nothing off any more."""
    with transaction(session):
        promotion_moves.move(session, promotion_id, "end", actor="test", now=now)


def wants(shop: Shop, **goods: int) -> list[Want]:
    """A basket by name: `wants(shop, milk=2, apple=530)`."""
    return [Want(shop.skus[name], qty) for name, qty in goods.items()]


def ring_up(
    session: Session,
    shop: Shop,
    now: datetime,
    *,
    member_id: int | None = None,
    points_used: int = 0,
    discount_fen: int = 0,
    wallet_fen: int = 0,
    coupon_ids: Any = (),
    **goods: int,
) -> int:
    """Sell a basket at the shop's till for stored value and the exact cash; returns the order id."""
    basket = place.Basket(
        shop.store_id, wants(shop, **goods), member_id, points_used, discount_fen, wallet_fen, coupon_ids=coupon_ids
    )
    with transaction(session):
        due = place.price(session, basket, now=now)
        given: dict[str, Any] = {"received_fen": due.due_fen, "expected_payable_fen": due.payable_fen}
        return place.at_till(session, basket, shop.sale(), **given, actor="test", now=now)


def give_back(session: Session, shop: Shop, order_id: int, back: Mapping[int, int], now: datetime) -> returns.Preview:
    """Return units by line number over the shop's counter; returns what it did."""
    with transaction(session):
        due = returns.preview(session, shop.store_id, order_id, dict(back)).refund_fen
        given: dict[str, Any] = {"at_store_id": shop.store_id, "shift_id": shop.shift_id, "staff_id": 1}
        given |= {"expected_refund_fen": due, "actor": "test", "now": now}
        return returns.take_back(session, shop.store_id, order_id, dict(back), **given)[1]


def order_online(
    session: Session,
    shop: Shop,
    member_id: int,
    now: datetime,
    *,
    points_used: int = 0,
    wallet_fen: int = 0,
    coupon_ids: Any = (),
    **goods: int,
) -> int:
    """Place a pickup order; returns its id."""
    basket = place.Basket(
        shop.store_id,
        wants(shop, **goods),
        member_id,
        points_used,
        wallet_fen=wallet_fen,
        coupon_ids=coupon_ids,
        channel="mall",
    )
    with transaction(session):
        due = place.price(session, basket, now=now).payable_fen
        return place.online(
            session,
            basket,
            promise_at=now + timedelta(hours=2),
            remark="",
            expected_payable_fen=due,
            unpaid_for=timedelta(minutes=15),
            actor=f"member:{member_id}",
            now=now,
        )


def tender(session: Session, shop: Shop, order_id: int, now: datetime) -> Any:
    """The member opens WeChat's sheet for what is due of an order; returns the attempt's row."""
    order = close.head(session, shop.store_id, order_id)
    due_fen = order.payable_fen - order.wallet_principal_fen - order.wallet_bonus_fen
    until = now + timedelta(minutes=15)
    with transaction(session):
        made = payments.intend(session, shop.store_id, order_id, due_fen, payer="o1", now=now, expires_at=until)
        payments.prepaid(session, shop.store_id, made.id, "prepay")
    return made


def settled(made: Any) -> Paid:
    """What WeChat says once an attempt succeeded."""
    return Paid(made.trade_no, f"42000{made.id}", made.amount_fen, "o1")


def pay_online(session: Session, shop: Shop, order_id: int, now: datetime, *, times: int = 1) -> list[Outcome]:
    """WeChat says `times` that the order is paid; what each came to."""
    fact, outcomes = settled(tender(session, shop, order_id, now)), []
    for _ in range(times):
        with transaction(session):
            outcomes.append(receive(session, fact, actor="wechat", now=now))
    return outcomes


def pass_review(session: Session, shop: Shop, order_id: int, now: datetime) -> None:
    """Somebody looked at a held order and lets it go on."""
    with transaction(session):
        deciding.release(session, shop.store_id, order_id, actor="test", now=now)


def parcel(session: Session, order_id: int) -> Any:
    """The newest parcel of an order, as it stands."""
    statement = text("SELECT * FROM parcel WHERE order_id = :order ORDER BY id DESC LIMIT 1")
    return session.execute(statement, {"order": order_id}).one()


def make_ready(session: Session, shop: Shop, order_id: int, now: datetime) -> None:
    """A paid order is accepted, picked and packed."""
    with transaction(session):
        fulfil.accept(session, parcel(session, order_id), actor="test", now=now)
    for line in desk.one(session, shop.store_id, parcel(session, order_id).id)["lines"]:
        with transaction(session):
            taken = (line["line_no"], line["qty"])
            fulfil.pick(session, parcel(session, order_id), *taken, actor="test", now=now)
    with transaction(session):
        fulfil.ready(session, parcel(session, order_id), actor="test", now=now)


def collect_online(session: Session, shop: Shop, order_id: int, now: datetime) -> None:
    """A paid order is made ready and fetched."""
    make_ready(session, shop, order_id, now)
    with transaction(session):
        fulfil.collect(session, parcel(session, order_id), staff_id=1, actor="test", now=now)
