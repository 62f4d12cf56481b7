"""A paid order becomes parcels out of what it holds; what it lost before it was paid is looked for, not forgotten."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from tests.trade.fulfilment import chain
from tests.trade.stock.test_kits import a_kit
from trade.books.registry import prove
from trade.fulfilment import lost
from trade.orders import addresses, confirm
from trade.stock import facts

KIT, MILK, BREAD = 9, 1, 2
KNOWN = {KIT: {MILK: 2, BREAD: 1}}


def _rows(names, *rows):
    return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in rows]


def shared(lines, holds, known=KNOWN):
    found = confirm.share_out(
        _rows(("line_no", "sku_id", "qty"), *lines), _rows(("store_id", "sku_id", "qty"), *holds), known
    )
    return found.parts, found.lacking, found.spare


def test_what_is_held_is_shared_out_kits_first():
    lines = ((1, MILK, 3), (2, KIT, 2), (3, MILK, 1))
    assert shared(lines, ((7, MILK, 6), (7, BREAD, 2), (8, MILK, 2))) == (
        {7: {2: (KIT, 2), 1: (MILK, 2)}, 8: {1: (MILK, 1), 3: (MILK, 1)}}, {}, {},
    )  # fmt: skip


def test_what_nobody_holds_is_lacking_and_the_rest_of_a_kit_is_spare():
    lines = ((1, KIT, 2), (2, MILK, 1))
    assert shared(lines, ((7, MILK, 4), (7, BREAD, 1))) == (
        {7: {1: (KIT, 1), 2: (MILK, 1)}},
        {1: (KIT, 1)},
        {7: {MILK: 1}},
    )
    assert shared(lines, ()) == ({}, {1: (KIT, 2), 2: (MILK, 1)}, {})
    with pytest.raises(AssertionError):
        shared(((1, MILK, 1),), ((7, MILK, 2),))


@pytest.fixture
def shops(session, now):
    return chain.open_chain(session, 2, now, milk=5, bread=5)


def _sold_unseen(session, shop, now, **goods):
    units = {shop.skus[name]: qty for name, qty in goods.items()}
    with transaction(session):
        broken = facts.take_as_fact(session, shop.store_id, units, key=f"till:{goods}", actor="t", now=now)
        lost.tell(session, shop.store_id, broken, actor="t", now=now)
    _agree(session)
    return broken


def _agree(session):
    with transaction(session):
        assert [row for one in prove(session, ["stock", "order_goods"]) for row in one.rows] == []


def _stands(session, order):
    return [(one.state, one.at_store_id) for one in chain.of(session, order)]


def test_an_order_that_lost_a_line_before_it_was_paid_goes_on_with_the_rest(session, shops, now):
    """A pickup of 2 milk and 1 bread; the till sells all the milk unseen, then the money comes."""
    shop, member = shops[0], make.a_member(session, now=now)
    order = make.order_online(session, shop, member, now, milk=2, bread=1)
    assert {one.order_id: one.qty for one in _sold_unseen(session, shop, now, milk=4)} == {order: 1}
    assert make.pay_online(session, shop, order, now) == ["applied"]
    parcels = chain.of(session, order)
    assert [(one.state, one.at_store_id) for one in parcels] == [("assigned", shop.store_id), ("asking", None)]
    lines = session.execute(text("SELECT parcel_id, line_no, qty FROM parcel_line ORDER BY 1, 2")).all()
    assert [(row.line_no, row.qty) for row in lines] == [(1, 1), (2, 1), (1, 1)]
    _agree(session)


def test_a_delivery_that_lost_everything_before_it_was_paid_finds_another_store(session, shops, now):
    shop, member = shops[0], make.a_member(session, now=now)
    order = make.order_online(session, shop, member, now, milk=2)
    chain.do(session, "UPDATE sale_order SET mode = 'delivery' WHERE id = :id", id=order)
    with transaction(session):
        addresses.write(session, shop.store_id, order, chain.HOME, now=now)
    _sold_unseen(session, shop, now, milk=5)
    assert make.pay_online(session, shop, order, now) == ["applied"]
    assert _stands(session, order) == [("assigned", shops[1].store_id)]
    assert chain.held(session, order) == {shops[1].store_id: {"committed": 2}}
    _agree(session)


def test_the_rest_of_a_kit_that_lost_a_part_is_free_again(session, shops, now):
    shop, member = shops[0], make.a_member(session, now=now)
    a_kit(session, shop, now, milk=2, bread=1)
    order = make.order_online(session, shop, member, now, breakfast=1)
    _sold_unseen(session, shop, now, bread=5)
    assert make.pay_online(session, shop, order, now) == ["applied"]
    assert [state for state, _ in _stands(session, order)] == ["asking"]
    assert chain.held(session, order) == {}
    _agree(session)
