"""The demo chain's stores, tills, staff, range and members."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from config.db import transaction
from member import consent, identity, points, segments, tier_rules
from member.tier_rules import Level, Rules
from tests.demo.goods import Article
from tests.wechat_stand_in.world import PEOPLE
from trade.catalogue.models import Barcode, Category, Product, Sku, StoreSku
from trade.catalogue.words import spelled
from trade.pricing import freight
from trade.pricing.freight import Band, Delivery, Terms, Zone
from trade.pricing.models import Price
from trade.stock import moves as stock
from trade.stores import staff
from trade.stores.models import Role, Staff, Store, Till
from trade.stores.scenes import moves as scenes

PASSWORD, PIN = "tongdian2026", "258025"
MEMBERS, DAYS = 500, 60
Say = Callable[[str], None]

STORES = (
    ("HZ01", "通店·文三路店", "杭州市西湖区文三路 478 号", "0571-88001001", 30_281_400, 120_128_800),
    ("HZ02", "通店·滨江江南大道店", "杭州市滨江区江南大道 288 号", "0571-88001002", 30_208_900, 120_212_300),
    ("HZ03", "通店·武林广场店", "杭州市拱墅区环城北路 169 号", "0571-88001003", 30_274_600, 120_164_100),
)
TEMPERATURES = {"肉禽蛋品": "chilled", "乳品冷饮": "chilled", "海鲜水产": "frozen"}
PATIENT = {"pickup": 180}
"""Whoever looks around finds the orders of this chain's desks still waiting."""
LOGINS = {Role.CASHIER: "cashier", Role.STORE_STAFF: "staff", Role.STORE_MANAGER: "manager"}
NAMES = {
    Role.CASHIER: "陈思雨林晓彤赵一鸣",
    Role.STORE_STAFF: "孙浩然周子轩吴佳宁",
    Role.STORE_MANAGER: "郑文博冯雅琴沈建明",
}
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰涛明超秀兰霞平刚桂英华玉梅鑫波雪琳浩宇晨欣怡子轩梓涵佳琪思远一诺"


@dataclass
class Shop:
    """One store of the chain with its keys."""

    id: int
    tills: list[int]
    people: dict[Role, int]


@dataclass
class Chain:
    """What later steps need to know: keys only."""

    shops: list[Shop] = field(default_factory=list)
    skus: list[tuple[int, bool, int]] = field(default_factory=list)
    """Sku id, weighed, price in fen."""
    members: list[int] = field(default_factory=list)
    offers: list[int] = field(default_factory=list)
    """Coupons that may be claimed."""
    shoppers: list[tuple[int, str]] = field(default_factory=list)
    """Member id and openid of those who order in WeChat."""


def _area(lat_e6: int, lng_e6: int) -> list[list[int]]:
    return [[lat_e6 + y, lng_e6 + x] for y, x in ((-30000, -32000), (-30000, 32000), (30000, 32000), (30000, -32000))]


def open_stores(session: Session, chain: Chain) -> None:
    """Three stores with two tills each, and log-ins for every role."""
    password, pin = staff.hash_secret(PASSWORD), staff.hash_secret(PIN)
    with transaction(session):
        session.add(Staff(login="office", name="顾明远", role=Role.HEAD_OFFICE, store_id=None, password_hash=password))
        for index, (code, name, address, phone, lat_e6, lng_e6) in enumerate(STORES):
            store = Store(
                code=code, name=name, address=address, phone=phone, lat_e6=lat_e6, lng_e6=lng_e6,
                opens_minute=420, closes_minute=1350, area=_area(lat_e6, lng_e6), accept_minutes=PATIENT,
            )  # fmt: skip
            session.add(store)
            session.flush()
            tills = [Till(store_id=store.id, name=f"{number}号收银台") for number in (1, 2)]
            people = {
                role: Staff(
                    login=f"{login}{index + 1}", name=NAMES[role][index * 3 : index * 3 + 3], role=role,
                    store_id=store.id, password_hash=password, pin_hash=pin,
                )
                for role, login in LOGINS.items()
            }  # fmt: skip
            session.add_all([*tills, *people.values()])
            session.flush()
            chain.shops.append(
                Shop(store.id, [till.id for till in tills], {role: who.id for role, who in people.items()})
            )


def publish_freight(session: Session, *, now: datetime) -> None:
    """The chain brings from 20 yuan on and sends to all but the islands; East China is nearest."""
    east = ("31", "32", "33", "34")
    far = ("15", "54", "62", "63", "64", "65")
    zones = (
        Zone(name="江浙沪皖", regions=east, first_fen=600, more_fen=150, free_from_fen=6900),
        Zone(name="偏远地区", regions=far, first_fen=1800, more_fen=1200),
    )
    bands = (Band(to_m=2000, fee_fen=300), Band(to_m=4000, fee_fen=500), Band(to_m=6000, fee_fen=800))
    terms = Terms(
        delivery=Delivery(minimum_fen=2000, free_from_fen=7900, bands=bands),
        zones=zones,
        elsewhere=Zone(name="全国", first_fen=1000, more_fen=500, free_from_fen=12900),
    )
    with transaction(session):
        freight.publish(session, terms, from_at=now - timedelta(days=DAYS), actor="demo", now=now)


def hang_codes(session: Session, chain: Chain, *, now: datetime) -> None:
    """Each store's poster, a shelf of it and a guide; WeChat draws them when somebody looks."""
    with transaction(session):
        for shop in chain.shops:
            by: dict[str, Any] = {"store_id": shop.id, "actor": "demo", "now": now}
            scenes.make(session, "S", **by)
            scenes.make(session, "T", label="生鲜 A1", **by)
            scenes.make(session, "G", staff_id=shop.people[Role.STORE_STAFF], **by)


def list_goods(session: Session, chain: Chain, goods: list[Article], *, since: datetime) -> None:
    """Categories, products, SKUs, barcodes, prices, and which store sells what."""
    kinds: dict[str, int] = {}
    with transaction(session):
        for one in goods:
            if one.category not in kinds:
                number = len(kinds) + 1
                kind = Category(name=one.category, picture=f"/pictures/c{number:02d}.svg", position=number)
                session.add(kind)
                session.flush()
                kinds[one.category] = kind.id
            initials, full = spelled(one.name)
            product = Product(
                category_id=kinds[one.category], name=one.name, pinyin=initials, pinyin_full=full, brand=one.brand,
                description=one.description, picture=one.picture,
                temperature=TEMPERATURES.get(one.category, "ambient"),
            )  # fmt: skip
            session.add(product)
            session.flush()
            for variant in one.variants:
                sku = Sku(product_id=product.id, spec=variant.spec, unit=variant.unit, weighed=variant.weighed,
                    weight_g=variant.weight_g)  # fmt: skip
                session.add(sku)
                session.flush()
                session.add(Barcode(code=variant.barcode, sku_id=sku.id))
                session.add(Price(sku_id=sku.id, store_id=0, price_fen=variant.price_fen, from_at=since))
                chain.skus.append((sku.id, variant.weighed, variant.price_fen))
        _on_shelves(session, chain)


def _on_shelves(session: Session, chain: Chain) -> None:
    for shop in chain.shops:
        for index, (sku_id, _, _) in enumerate(chain.skus):
            if (index * 7 + shop.id) % 41:  # a few things not every store carries
                session.add(
                    StoreSku(store_id=shop.id, sku_id=sku_id, shelf=f"{'ABCDEF'[index // 100]}-{index % 100:02d}")
                )


def fill_shelves(session: Session, chain: Chain, dice: random.Random, *, now: datetime) -> None:
    """The opening stock of every store."""
    for shop in chain.shops:
        with transaction(session):
            goods = {
                sku_id: dice.randrange(30_000, 90_000, 500) if weighed else dice.randrange(40, 160)
                for sku_id, weighed, _ in chain.skus
            }
            stock.take_in(session, shop.id, goods, key="opening", actor="system:demo", now=now)


def _phones(dice: random.Random) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < MEMBERS - len(PEOPLE):
        found[f"1{dice.choice(('35', '37', '39', '50', '58', '87', '88'))}{dice.randrange(10**8):08d}"] = None
    return list(found)


def _name(dice: random.Random) -> str:
    return dice.choice(_SURNAMES) + "".join(dice.sample(_GIVEN, dice.choice((1, 2, 2))))


TIERS = Rules(
    (
        Level("standard", "普通会员", "Member", 0, 0, 10_000, ({"zh": "消费累积分", "en": "Points on what you buy"},)),
        Level("silver", "银卡会员", "Silver", 800, 600, 12_000, ({"zh": "1.2 倍积分", "en": "1.2 times the points"},)),
        Level("gold", "金卡会员", "Gold", 1_500, 1_200, 15_000, ({"zh": "1.5 倍积分", "en": "1.5 times the points"},)),
        Level("black", "黑卡会员", "Black", 3_000, 2_400, 20_000, ({"zh": "双倍积分", "en": "Twice the points"},)),
    )
)
"""What this chain asks of its members: it is young, so it asks little."""

SEGMENTS: dict[str, dict[str, Any]] = {
    "近 30 天未到店的金银卡": {
        "all": [{"kind": "tier", "codes": ["silver", "gold", "black"]}, {"not": {"kind": "recency", "max": 30}}]
    },
    "本月买过两次以上的会员": {"kind": "frequency", "within_days": 30, "min": 2},
    "高价值会员（RFM）": {"kind": "rfm", "f": [4, 5], "m": [5]},
}


def set_tiers(session: Session, *, now: datetime) -> None:
    """The chain's own tier rules, and the groups its campaigns speak to."""
    with transaction(session):
        tier_rules.publish(session, TIERS, from_at=now, actor="system:demo", now=now)
        for name, definition in SEGMENTS.items():
            segments.make(session, name, definition, actor="system:demo", now=now)


AGREE_OF_TEN = 7
"""So many of ten members let what they do be used for recommendations."""


def enrol(session: Session, chain: Chain, dice: random.Random, *, now: datetime) -> None:
    """500 members with phones and a welcome gift; the first are the people of the stand-in's phones."""
    known = [(one["phone"], one["name"]) for one in PEOPLE] + [(phone, _name(dice)) for phone in _phones(dice)]
    for index, (phone, name) in enumerate(known):
        at = now + timedelta(hours=index % 24)
        store_id = chain.shops[index % len(chain.shops)].id
        with transaction(session):
            member = identity.join(session, phone=phone, name=name, store_id=store_id, actor="system:demo", now=at)
            gift = 800 if index < len(PEOPLE) else 100
            points.earn(
                session, member.id, gift, source=f"gift:{member.id}", key=f"gift:{member.id}", pending=False,
                actor="system:demo", now=at,
            )  # fmt: skip
            if index % 10 < AGREE_OF_TEN:
                consent.answer(
                    session, member.id, "personalisation", given=True,
                    version=consent.PURPOSES["personalisation"].version, channel="mall",
                    actor=f"member:{member.id}", now=at,
                )  # fmt: skip
        chain.members.append(member.id)
    with transaction(session):
        for number in range(1, 41):
            openid = f"oDemoShopper{number:04d}"
            guest = identity.by_openid(session, openid, actor="system:demo", now=now)
            stays = identity.bind_phone(session, guest, known[60 + number][0], actor="system:demo", now=now)
            chain.shoppers.append((stays, openid))
