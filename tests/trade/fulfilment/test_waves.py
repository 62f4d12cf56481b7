from __future__ import annotations

from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import NotFound
from tests import factories as make
from tests.trade.fulfilment import chain, hands
from trade.fulfilment import waves
from trade.orders import fulfil
from trade.stores.models import Role

Row = namedtuple("Row", "id promise_at zone temperature")


@pytest.fixture
def shop(session, now):
    shop = make.open_shop(session, stock_of={"milk": 50, "bread": 50}, now=now)
    chain.do(session, "UPDATE store_sku SET shelf = 'B-02' WHERE sku_id = :sku", sku=shop.skus["milk"])
    chain.do(session, "UPDATE store_sku SET shelf = 'A-09' WHERE sku_id = :sku", sku=shop.skus["bread"])
    return shop


def _orders(session, shop, now, count, **goods):
    made = []
    for _ in range(count):
        made.append(chain.ordered(session, shop, now, mode="pickup", **goods))
        hands.accepted(session, made[-1], now)
    return made


def _plan(session, shop, now, **more):
    with transaction(session):
        return waves.plan(session, shop.store_id, actor="test", now=now, **more)


def test_a_wave_is_one_hour_one_zone_one_temperature_and_at_most_twelve(now):
    rows = [Row(i, now, "330106", "ambient") for i in range(13)]
    rows += [Row(20, now + timedelta(minutes=59), "330106", "ambient"), Row(21, now, "", "ambient")]
    rows += [Row(22, now, "330106", "chilled"), Row(23, now + timedelta(hours=1), "330106", "ambient")]
    assert [[row.id for row in wave] for wave in waves.grouped(rows)] == [
        list(range(12)), [12, 20], [21], [22], [23]
    ]  # fmt: skip


def test_the_list_goes_along_the_shelves_with_totals_over_the_totes(session, shop, now):
    _orders(session, shop, now, 2, milk=2, bread=1)
    (wave_id,) = _plan(session, shop, now)
    wave = waves.one(session, shop.store_id, wave_id)
    listed = [
        (item["shelf"], item["qty"], [(tote["tote"], tote["qty"]) for tote in item["totes"]]) for item in wave["items"]
    ]
    assert listed == [("A-09", 2, [(1, 1), (2, 1)]), ("B-02", 4, [(1, 2), (2, 2)])]
    assert (wave["qty"], wave["picked_qty"], [tote["tote"] for tote in wave["totes"]]) == (6, 0, [1, 2])
    assert _plan(session, shop, now) == []
    with pytest.raises(NotFound):
        waves.one(session, 2, wave_id)


def test_cold_goods_are_walked_apart(session, shop, now):
    chain.do(session, "UPDATE product SET temperature = 'chilled' WHERE name = '商品milk'")
    (order_id,) = _orders(session, shop, now, 1, milk=2, bread=1)
    cold, warm = sorted(
        _plan(session, shop, now), key=lambda one: waves.one(session, 1, one)["temperature"] != "chilled"
    )
    names = [[item["name"] for item in waves.one(session, shop.store_id, one)["items"]] for one in (cold, warm)]
    assert names == [["商品milk"], ["商品bread"]]
    assert hands.of(session, order_id).state == "accepted"


def test_a_scan_of_something_else_counts_nothing(session, shop, now):
    (order_id,) = _orders(session, shop, now, 1, milk=2)
    for code, sku in ((make.BARCODES["bread"], shop.skus["bread"]), ("6900000000000", None)):
        with pytest.raises(waves.WrongItem) as refused:
            hands.do(session, fulfil.scan, hands.of(session, order_id), code, None, grams=None, now=now)
        assert refused.value.facts == {"code": code, "sku_id": sku}
    assert (hands.of(session, order_id).state, hands.level(session, shop, "milk")) == (
        "accepted",
        {"on_hand": 50, "committed": 2},
    )


def test_figures_are_absolute_so_a_repeat_changes_nothing(session, shop, now):
    (order_id,) = _orders(session, shop, now, 1, milk=2)
    (wave_id,) = _plan(session, shop, now)
    for qty, shown in ((2, 2), (2, 2), (1, 1), (None, 2)):
        parcel = hands.of(session, order_id)
        hands.do(session, fulfil.scan, parcel, make.BARCODES["milk"], qty, grams=None, now=now)
        assert waves.one(session, shop.store_id, wave_id)["picked_qty"] == shown
    with pytest.raises(NotFound):
        hands.do(session, fulfil.scan, hands.of(session, order_id), make.BARCODES["milk"], 3, grams=None, now=now)
    assert waves.one(session, shop.store_id, wave_id)["picked_qty"] == 2


def test_a_closed_wave_lets_go_what_was_not_picked(session, shop, now):
    first, second = _orders(session, shop, now, 2, milk=1)
    (wave_id,) = _plan(session, shop, now, picker_id=shop.people[Role.STORE_STAFF])
    hands.picked(session, first, now)
    with transaction(session):
        waves.close(session, shop.store_id, wave_id, actor="test", now=now)
        waves.close(session, shop.store_id, wave_id, actor="test", now=now)
    with transaction(session), pytest.raises(waves.WaveClosed):
        waves.assign(session, shop.store_id, wave_id, shop.people[Role.STORE_STAFF], actor="test", now=now)
    (again,) = _plan(session, shop, now)
    (tote,) = waves.one(session, shop.store_id, again)["totes"]
    assert tote["parcel_id"] == hands.of(session, second).id


def test_a_wave_is_walked_by_a_colleague_of_the_store(session, shop, now):
    _orders(session, shop, now, 1, milk=1)
    (wave_id,) = _plan(session, shop, now)
    other = make.open_shop(session, code="S2", now=now)
    with transaction(session), pytest.raises(NotFound):
        waves.assign(session, shop.store_id, wave_id, other.people[Role.STORE_STAFF], actor="test", now=now)
    assert waves.one(session, shop.store_id, wave_id)["picker_id"] is None


def test_two_who_plan_at_once_make_each_wave_once(session, open_session, shop, now):
    _orders(session, shop, now, 5, milk=1)

    def plan(_: int) -> list[int]:
        with open_session() as own, transaction(own):
            return waves.plan(own, shop.store_id, actor="t", now=now)

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(plan, range(4)))
    assert sum(map(len, made)) == 1
    assert session.scalar(text("SELECT count(*) FROM wave_parcel")) == 5
