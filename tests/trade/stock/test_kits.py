"""A kit is its components, in whole multiples, wherever goods are sold, promised, moved or come back."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from config.errors import NotFound
from tests import factories as make
from tests.trade.stock.words import agrees, do, everything, level
from trade.catalogue import kits
from trade.catalogue.kits import KitNotPossible
from trade.catalogue.models import Barcode, Product, Sku, StoreSku
from trade.orders import place
from trade.pricing import prices, shelf
from trade.pricing.models import Price
from trade.stock import availability, facts, moves, set_aside
from trade.stock.moves import OutOfStock

T = "t"


def a_kit(session, shop, now, name="breakfast", **parts):
    """A sku of the shop that is a kit of `parts`, for 20 yuan."""
    product = session.get(Product, 1)
    sku = Sku(product_id=product.id, spec=name, unit="套", weighed=False)
    session.add(sku)
    session.flush()
    session.add_all([Barcode(code=f"kit-{name}", sku_id=sku.id), Price(sku_id=sku.id, price_fen=2000, from_at=now)])
    session.add(StoreSku(store_id=shop.store_id, sku_id=sku.id))
    session.flush()
    session.commit()
    do(session, kits.define, sku.id, {shop.skus[part]: qty for part, qty in parts.items()}, actor=T, now=now)
    shop.skus[name] = sku.id
    return sku.id


@pytest.fixture
def breakfast(session, shop, now):
    """Two milk and one bread, of 5 and 4."""
    return a_kit(session, shop, now, milk=2, bread=1)


def test_a_kit_has_as_many_as_its_scarcest_part_makes(session, shop, other, breakfast, now):
    given = {"now": now}
    for channel in ("till", "mall"):
        items = prices.items(session, shop.store_id, [breakfast, shop.skus["milk"]], channel=channel, **given)
        assert (items[breakfast].free, items[shop.skus["milk"]].free) == (2, 5)
    scanned = prices.by_barcode(None, shop.store_id, "kit-breakfast", **given)
    assert scanned is not None and scanned.free == 2
    assert {row.spec: row.free for row in prices.search(session, shop.store_id, "milk", **given)}["breakfast"] == 2
    assert {sku["spec"]: sku["free"] for sku in shelf.product(session, shop.store_id, 1, **given)["skus"]} == {
        "250ml": 5, "breakfast": 2,
    }  # fmt: skip
    assert availability.free(session, shop.store_id, [breakfast]) == {breakfast: 2}
    session.execute(text("UPDATE stock_level SET safety = 2 WHERE sku_id = :m"), {"m": shop.skus["milk"]})
    assert availability.free(session, shop.store_id, [breakfast]) == {breakfast: 1}
    session.execute(text("DELETE FROM stock_level WHERE sku_id = :b"), {"b": shop.skus["bread"]})
    session.commit()
    assert prices.items(session, shop.store_id, [breakfast], **given)[breakfast].free == 0
    session.rollback()


def test_where_else_a_kit_stands(session, shop, other, breakfast):
    session.add(StoreSku(store_id=other.store_id, sku_id=breakfast))
    session.commit()
    rows = [(row.store_id, row.free) for row in availability.across(session, [breakfast], aged=False)]
    assert rows == [(shop.store_id, 2), (other.store_id, 1)]
    do(session, moves.hold, shop.store_id, {breakfast: 2}, order_id=1)
    rows = [(row.store_id, row.free) for row in availability.across(session, [breakfast], aged=False)]
    assert rows == [(other.store_id, 1), (shop.store_id, 0)]
    session.rollback()


def test_a_kit_and_its_part_in_one_order_share_the_stock_of_the_part(session, shop, breakfast, now):
    milk, bread = shop.skus["milk"], shop.skus["bread"]
    do(session, moves.hold, shop.store_id, {breakfast: 2, milk: 1}, order_id=1)
    assert level(session, shop)[:2] == (5, 5) and level(session, shop, "bread")[:2] == (4, 2)
    do(session, moves.commit, None, order_id=1)
    do(session, moves.pick, shop.store_id, {breakfast: 1}, order_id=1)
    assert level(session, shop)[2:4] == (3, 2) and level(session, shop, "bread")[2:4] == (1, 1)
    given = {"order_id": 1, "key": "parcel:1", "actor": T, "now": now}
    assert do(session, moves.consume, shop.store_id, {breakfast: 1}, **given) == [milk, bread]
    do(session, moves.release, shop.store_id, order_id=1, goods={breakfast: 1, milk: 1})
    assert level(session, shop)[:4] == (3, 0, 0, 0) and level(session, shop, "bread")[:4] == (3, 0, 0, 0)
    do(session, moves.take_in, shop.store_id, {breakfast: 1}, key="return:1", actor=T, now=now)
    assert level(session, shop)[0] == 5 and agrees(session)


@pytest.mark.parametrize("step", ["hold", "sell", "set_aside"])
def test_a_kit_short_of_one_part_is_refused_by_its_own_name(session, shop, breakfast, now, step):
    bread, store = shop.skus["bread"], shop.store_id
    goods = {breakfast: 2, bread: 3}
    before = everything(session)
    act, more = {
        "hold": (moves.hold, {"order_id": 1}),
        "sell": (moves.sell, {"key": "x", "actor": T, "now": now}),
        "set_aside": (set_aside.set_aside, {"promotion_id": 1, "actor": T, "now": now}),
    }[step]
    with pytest.raises(OutOfStock) as refused:
        do(session, act, store, goods, **more)
    assert refused.value.facts["sku_ids"] == sorted((breakfast, bread))
    assert everything(session) == before


def test_kits_move_whole_or_not_at_all(session, shop, other, breakfast, now):
    """The other store has 3 milk and 2 bread: one whole kit."""
    do(session, moves.hold, shop.store_id, {breakfast: 2}, order_id=1)
    before = everything(session)
    with pytest.raises(OutOfStock):
        do(session, moves.move, shop.store_id, other.store_id, {breakfast: 2}, order_id=1)
    assert everything(session) == before
    do(session, moves.move, shop.store_id, other.store_id, {breakfast: 1}, order_id=1)
    assert level(session, other)[1] == 2 and level(session, other, "bread")[1] == 1
    assert agrees(session)


def test_what_a_promotion_keeps_of_a_kit(session, shop, breakfast, now):
    by = {"promotion_id": 1, "actor": T, "now": now}
    do(session, set_aside.set_aside, shop.store_id, {breakfast: 2}, **by)
    assert set_aside.kept(session, shop.store_id, [breakfast], promotion_id=1) == {breakfast: 2}
    drawn = do(session, set_aside.draw, shop.store_id, {breakfast: 1}, promotion_id=1)
    assert drawn == {shop.skus["milk"]: 2, shop.skus["bread"]: 1}
    assert set_aside.kept(session, shop.store_id, [breakfast], promotion_id=1) == {breakfast: 1}
    assert agrees(session)


def test_a_kit_sold_unseen_takes_its_parts(session, shop, breakfast, now):
    assert do(session, facts.take_as_fact, shop.store_id, {breakfast: 3}, key="x", actor=T, now=now) == []
    assert level(session, shop)[0] == -1 and level(session, shop, "bread")[0] == 1
    assert agrees(session)


def test_a_kit_at_the_till_and_in_the_mall(session, shop, breakfast, now):
    member = make.a_member(session, now=now)
    make.ring_up(session, shop, now, breakfast=1)
    order = make.order_online(session, shop, member, now, breakfast=1)
    assert level(session, shop)[:2] == (3, 2) and level(session, shop, "bread")[:2] == (3, 1)
    with pytest.raises(place.ShortOf) as refused:
        make.order_online(session, shop, member, now, breakfast=1)
    short = refused.value.facts["short"]
    assert [(one["sku_id"], one["asked"], one["free"]) for one in short] == [(breakfast, 1, 0)]
    make.pay_online(session, shop, order, now)
    assert level(session, shop)[:3] == (3, 0, 2) and agrees(session)


def test_what_cannot_be_a_kit(session, shop, breakfast, now):
    milk, bread = shop.skus["milk"], shop.skus["bread"]
    new = a_kit(session, shop, now, name="pair", bread=2)
    before = everything(session)
    cases = ((breakfast, {milk: 1}, "known"), (milk, {bread: 1}, "stocked"))
    for sku, parts, why in cases:
        with pytest.raises(KitNotPossible) as refused:
            do(session, kits.define, sku, parts, actor=T, now=now)
        assert refused.value.facts["why"] == why
    plain = Sku(product_id=1, spec="plain", unit="个", weighed=False)
    session.add(plain)
    session.commit()
    with pytest.raises(KitNotPossible) as refused:
        do(session, kits.define, plain.id, {new: 1}, actor=T, now=now)
    assert refused.value.facts["why"] == "part_is_kit"
    with pytest.raises(NotFound):
        do(session, kits.define, plain.id, {999: 1}, actor=T, now=now)
    assert everything(session) == before


def test_the_projection_of_a_kit_follows_its_parts(session, shop, breakfast):
    assert availability.project(session, shop.store_id, [breakfast]) == 3, "the kit and its parts"
    do(session, moves.hold, shop.store_id, {shop.skus["milk"]: 2}, order_id=1)
    assert availability.free(session, shop.store_id, [breakfast]) == {breakfast: 2}, "not told yet"
    availability.project(session, shop.store_id, [shop.skus["milk"]])
    assert availability.free(session, shop.store_id, [breakfast]) == {breakfast: 1}
    do(session, moves.hold, shop.store_id, {shop.skus["milk"]: 2}, order_id=2)
    wrong = availability.compare(session)
    assert {row["sku_id"]: (row["table"], row["projection"]) for row in wrong}[breakfast] == (0, 1)


def test_two_hundred_for_the_last_kit_across_till_mall_and_intake(open_session, session, shop, breakfast, now):
    """2 milk and 1 bread are left; tills and the mall want the kit, others its milk or a kit by intake: one wins."""
    milk, bread = shop.skus["milk"], shop.skus["bread"]
    do(session, moves.sell, shop.store_id, {milk: 3, bread: 3}, key="before", actor=T, now=now)
    members = [make.a_member(session, phone=f"1391234{number:04d}", now=now) for number in range(8)]

    def go(number: int) -> str:
        with open_session() as mine:
            try:
                if number % 4 == 0:
                    make.ring_up(mine, shop, now, breakfast=1)
                elif number % 4 == 1:
                    make.order_online(mine, shop, members[number % 8], now, breakfast=1)
                elif number % 4 == 2:
                    do(mine, moves.hold, shop.store_id, {breakfast: 1}, order_id=100_000 + number, until=now)
                else:
                    do(mine, moves.hold, shop.store_id, {milk: 1, breakfast: 1}, order_id=200_000 + number)
            except (OutOfStock, place.ShortOf) as refused:
                return refused.code
        return "done"

    with ThreadPoolExecutor(24) as pool:
        assert Counter(pool.map(go, range(200))) == {"done": 1, "out_of_stock": 199}
    assert level(session, shop)[4] == 0 and level(session, shop, "bread")[4] == 0
    assert agrees(session)
