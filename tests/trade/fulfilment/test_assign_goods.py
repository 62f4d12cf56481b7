"""Kits and temperatures on their way between stores."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from tests.trade.fulfilment import chain
from tests.trade.stock.test_kits import a_kit
from trade.fulfilment import answers, parcels
from trade.orders import fulfil
from trade.stock import moves as stock
from trade.stock import proof
from trade.stock.rejects import Reason


@pytest.fixture
def stores(session, now):
    return chain.open_chain(session, 4, now)


def test_kits_are_moved_and_split_whole(session, now):
    """Two milk and a bread a set, three sets and a milk besides: store 2 has parts for one, store 3 for two."""
    shops = chain.open_chain(session, 3, now, milk=9, bread=9)
    kit = a_kit(session, shops[0], now, milk=2, bread=1)
    chain.do(
        session,
        "INSERT INTO store_sku (store_id, sku_id, sellable, shelf) SELECT id, :kit, true, '' FROM store WHERE id > 1",
        kit=kit,
    )
    order_id = chain.ordered(session, shops[0], now, may_split=True, breakfast=3, milk=1)
    for store_id, milk in ((2, 3), (3, 4)):
        with transaction(session):
            stock.sell(session, store_id, {1: 9 - milk}, key="till", actor="test", now=now)
    assert chain.refuse(session, chain.of(session, order_id)[0], now) == "assigned"
    rows = session.execute(
        text("SELECT at_store_id, line_no, qty FROM parcel_line JOIN parcel ON parcel.id = parcel_id")
    )
    assert sorted(tuple(row) for row in rows) == [(2, 1, 1), (2, 2, 1), (3, 1, 2)]
    assert chain.held(session, order_id) == {2: {"committed": 4}, 3: {"committed": 6}}
    assert proof.differences(session) == []


@pytest.mark.parametrize(
    ("milk", "bread", "rest", "comes"),
    [  # units free in stores 2 and 3; what each then sends of milk and bread, 2 + 1 a set
        ((5, 9), (9, 1), {}, {2: {1: 4, 2: 2}, 3: {1: 2, 2: 1}}),
        ((6, 9), (0, 9), {}, {3: {1: 6, 2: 3}}),
        ((9, 0), (0, 9), {}, {}),
        ((7, 9), (9, 1), {"milk": 7}, {2: {1: 7, 2: 3}}),
    ],
)
def test_a_bundle_is_never_torn_by_a_split(session, now, milk, bread, rest, comes):
    """Three sets of two milk and a bread at one price; a milk beside them goes with them."""
    shops = chain.open_chain(session, 3, now, milk=20, bread=20)
    sku = shops[0].skus
    make.a_promotion(session, now, kind="bundle", parts=[[sku["milk"], 2], [sku["bread"], 1]], price_fen=2_000)
    order_id = chain.ordered(session, shops[0], now, may_split=True, **{"milk": 6, "bread": 3} | rest)
    for store_id, has in ((2, (milk[0], bread[0])), (3, (milk[1], bread[1]))):
        gone = {sku[name]: 20 - left for name, left in zip(("milk", "bread"), has, strict=True)}
        with transaction(session):
            stock.sell(
                session, store_id, {one: qty for one, qty in gone.items() if qty}, key="till", actor="t", now=now
            )
    stands = chain.refuse(session, chain.of(session, order_id)[0], now)
    assert stands == ("assigned" if comes else "asking")
    found: dict[int, dict[int, int]] = {}
    for parcel in chain.of(session, order_id) if comes else ():
        for line in parcels.lines(session, parcel.store_id, parcel.id):
            found.setdefault(parcel.at_store_id, {})[line.line_no] = line.qty
    assert found == comes
    assert proof.differences(session) == []


def test_by_post_one_store_sends_a_parcel_for_each_temperature(session, stores, now):
    """Bread is frozen: two parcels of store 2, which keeps it so by post; each finds another store by itself."""
    chain.do(session, "UPDATE product SET temperature = 'frozen' WHERE id = 2")
    chain.do(session, """UPDATE store SET cold = '{"ship": ["frozen"]}' WHERE id > 1""")
    order_id = chain.ordered(session, stores[0], now, mode="ship", milk=2, bread=1)
    assert [(one.at_store_id, one.hop) for one in chain.of(session, order_id)] == [(2, 1), (2, 1)]
    assert chain.held(session, order_id) == {2: {"committed": 3}}
    assert chain.of(session, order_id)[0].accept_by == now + timedelta(hours=2)
    chain.refuse(session, chain.of(session, order_id)[1], now)
    assert [(one.at_store_id, one.hop) for one in chain.of(session, order_id)] == [(2, 1), (3, 2)]
    assert sum(sum(one.values()) for one in chain.held(session, order_id).values()) == 3
    assert proof.differences(session) == []


def test_what_one_store_had_picked_the_next_one_has_not(session, now):
    """Store 1 has 2 of 3 milk in the tote and says no; the rest of the chain can only share it."""
    shops = chain.open_chain(session, 3, now, milk=3)
    order_id = chain.ordered(session, shops[0], now, may_split=True, milk=3)
    for store_id, milk in ((2, 2), (3, 1)):
        with transaction(session):
            stock.sell(session, store_id, {1: 3 - milk}, key="till", actor="test", now=now)
    for work, given in ((fulfil.accept, ()), (fulfil.pick, (1, 2))):
        with transaction(session):
            work(session, chain.of(session, order_id)[0], *given, actor="test", now=now)
    assert chain.of(session, order_id)[0].state == "picking"
    assert chain.refuse(session, chain.of(session, order_id)[0], now, reason=Reason.DISPLAY_WORN) == "assigned"
    rows = session.execute(
        text("SELECT at_store_id, qty, picked_qty, accepted_at FROM parcel JOIN parcel_line ON parcel_id = parcel.id")
    )
    assert sorted(tuple(row) for row in rows) == [(2, 2, 0, None), (3, 1, 0, None)]
    assert proof.differences(session) == []


def test_a_pickup_that_timed_out_is_on_the_desk_until_the_customer_chose(session, stores, now):
    order_id = chain.ordered(session, stores[0], now, mode="pickup", milk=1)
    chain.refuse(session, chain.of(session, order_id)[0], now, reason=None)
    waiting = text("SELECT kind, at_store_id, money_fen FROM exception_case WHERE resolved_at IS NULL")
    assert [tuple(row) for row in session.execute(waiting)] == [("store_time_out", 1, 990)]
    promised = chain.of(session, order_id)[0].promise_at
    with transaction(session):
        answers.choose_store(session, chain.of(session, order_id)[0], 2, actor="member:1", now=now)
    assert session.execute(waiting).all() == []
    assert chain.of(session, order_id)[0].promise_at == promised == now + timedelta(hours=2)
    chain.refuse(session, chain.of(session, order_id)[0], now)
    with transaction(session):
        answers.choose_store(session, chain.of(session, order_id)[0], 3, actor="member:1", now=promised)
    assert chain.of(session, order_id)[0].promise_at == promised + timedelta(minutes=45)
