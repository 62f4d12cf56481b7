"""Searching and narrowing in the mall, beside what `test_browsing.py` shows of a plain list."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from config.redis import connection, key
from tests import factories as make
from trade.catalogue.words import spelled

NAMES = {"milk": "纯牛奶", "bread": "奶香面包", "apple": "红富士苹果"}


@pytest.fixture
def named(shop, session):
    """The three goods under names that people search for, in three categories and two brands."""
    with transaction(session):
        for good, name in NAMES.items():
            initials, full = spelled(name)
            session.execute(
                text(
                    "UPDATE product SET name = :name, pinyin = :initials, pinyin_full = :full, brand = :brand"
                    " WHERE name = :was"
                ),
                {"name": name, "initials": initials, "full": full, "was": f"商品{good}",
                 "brand": "山野" if good == "milk" else "北坡"},
            )  # fmt: skip
    return shop


def _names(guest, shop, query):
    answer = guest.get(f"/api/mall/products?store_id={shop.store_id}&{query}")
    assert answer.status_code == 200, answer.json
    return [card["name"] for card in answer.json["products"]]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=奶", ["奶香面包", "纯牛奶"]),  # what begins with it stands first
        ("q=cnn", ["纯牛奶"]),
        ("q=NiuNai", ["纯牛奶"]),
        ("q=pingguo", ["红富士苹果"]),
        ("q=北坡 奶", ["奶香面包"]),
        ("q=牛奶 面包", []),
        ("q=___", ["纯牛奶", "奶香面包", "红富士苹果"]),
        ("in_stock=true", ["奶香面包", "红富士苹果"]),
        ("brand=北坡,无名", ["奶香面包", "红富士苹果"]),
        ("from_fen=600&to_fen=1000", ["纯牛奶"]),
        ("sort=cheap", ["奶香面包", "纯牛奶", "红富士苹果"]),
        ("sort=dear", ["红富士苹果", "纯牛奶", "奶香面包"]),
        ("sort=new&q=奶", ["奶香面包", "纯牛奶"]),
        ("q=奶&in_stock=true&sort=cheap&from_fen=1&brand=北坡", ["奶香面包"]),
    ],
)
def test_goods_are_found_by_every_spelling_and_narrowed(guest, named, session, query, names):
    make.ring_up(session, named, clock.now(), milk=5)
    with transaction(session):
        session.execute(text("UPDATE price SET price_fen = 550 WHERE sku_id = :sku"), {"sku": named.skus["bread"]})
    assert _names(guest, named, query) == names


@pytest.mark.parametrize("query", ["", "&sort=new", "&sort=cheap", "&sort=dear", "&q=sp", "&q=sp&sort=dear"])
def test_pages_of_any_order_hold_every_card_once(guest, shop, session, query):
    with transaction(session):
        session.execute(
            text("""
            WITH made AS (INSERT INTO product (category_id, name, pinyin, brand, description, picture)
                SELECT 1, '货' || n, 'sp' || n, '', '', '' FROM generate_series(1, 50) n RETURNING id),
            sold AS (INSERT INTO sku (product_id, spec, unit, weighed) SELECT id, '', '件', false FROM made
                RETURNING id),
            priced AS (INSERT INTO price (sku_id, store_id, price_fen, from_at)
                SELECT id, 0, 100 + id % 7, '2026-01-01' FROM sold)
            INSERT INTO store_sku (store_id, sku_id, sellable, shelf) SELECT :store, id, true, '' FROM sold"""),
            {"store": shop.store_id},
        )
    seen, after = [], ""
    while after is not None:
        page = guest.get(f"/api/mall/products?store_id={shop.store_id}{query}&after={after}").json
        assert len(page["products"]) <= 24
        seen += page["products"]
        after = page["after"]
    assert len(seen) == len({card["product_id"] for card in seen}) == 53
    prices = [card["price_fen"] for card in seen]
    if "cheap" in query:
        assert prices == sorted(prices)
    if "dear" in query:
        assert prices == sorted(prices, reverse=True)


def test_only_what_a_promotion_names_is_promoted(guest, named, session):
    assert _names(guest, named, "promoted=true") == []
    flash = {"kind": "flash", "prices": {named.skus["milk"]: 700}}
    make.a_promotion(session, clock.now(), **flash)
    assert _names(guest, named, "promoted=true") == ["纯牛奶"]
    make.a_promotion(session, clock.now())  # counts everything, so it singles out nothing
    assert _names(guest, named, "promoted=true") == ["纯牛奶"]


def test_names_come_while_one_types(guest, named):
    def suggested(said):
        return guest.get(f"/api/mall/search/suggest?store_id={named.store_id}&q={said}").json["names"]

    assert suggested("奶") == ["奶香面包", "纯牛奶"]
    assert suggested("hong") == ["红富士苹果"]
    assert suggested("%25") == suggested("火星") == []


def test_who_found_nothing_is_told_what_comes_near_and_who_has_it(guest, named, session):
    other = make.open_shop(session, code="S2", now=clock.now())

    def instead(said):
        return guest.get(f"/api/mall/search/instead?store_id={named.store_id}&q={said}").json

    near = instead("红富土苹果")
    assert (near["meant"], [kind["name"] for kind in near["categories"]][:1]) == (["红富士苹果"], ["类apple"])
    assert [(card["name"], card["free"]) for card in near["products"]] == [("红富士苹果", 100_000)]
    assert instead("niunay")["meant"] == ["纯牛奶"]
    assert instead("火星车") == {"meant": [], "categories": [], "products": [], "elsewhere": []}
    with transaction(session):
        session.execute(
            text("UPDATE store_sku SET sellable = false WHERE store_id = :store AND sku_id = :sku"),
            {"store": named.store_id, "sku": named.skus["milk"]},
        )
    assert _names(guest, named, "q=纯牛奶") == []
    there = {"store_id": other.store_id, "store_name": "通店S2", "products": 1, "name": "纯牛奶"}
    assert instead("纯牛奶")["elsewhere"] == [there]


def test_hot_words_are_those_meant_and_found_often_enough(guest, named):
    for name in connection().scan_iter(key("hot:*")):
        connection().delete(name)
    for said, times in {"牛奶": 3, "苹果": 2, "火星": 4}.items():
        for _ in range(times):
            _names(guest, named, f"q={said}&meant=true")
    _names(guest, named, "q=面包")
    assert guest.get(f"/api/mall/search?store_id={named.store_id}").json == {"hot": ["牛奶"]}


def test_a_category_says_which_brands_it_has(guest, named):
    answer = guest.get(f"/api/mall/filters?store_id={named.store_id}&category_id=1").json
    assert answer == {"brands": [{"brand": "山野", "products": 1}]}
