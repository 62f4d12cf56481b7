"""Stores as routing loads them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from trade.fulfilment import candidates, rules
from trade.fulfilment.places import Line, Need
from trade.fulfilment.routing import route
from trade.fulfilment.weights import Weights
from trade.stores import intake

SQUARE = "[[30000000, 120000000], [30000000, 121000000], [31000000, 121000000], [31000000, 120000000]]"


def do(session, sql, **given):
    with transaction(session):
        session.execute(text(sql), given)


@pytest.fixture
def two(session, shop, now):
    """Two stores with a hundred of everything; the second is 11.1 km further north."""
    other = make.open_shop(session, code="S2", now=now)
    do(session, "UPDATE store SET area = CAST(:area AS jsonb)", area=SQUARE)
    do(session, "UPDATE store SET lat_e6 = lat_e6 + 100000 WHERE id = :id", id=other.store_id)
    return shop, other


def asked(shop, *, mode="delivery", milk=2, **more):
    lines = (Line(1, shop.skus["milk"], milk), Line(2, shop.skus["bread"], 1))
    return Need(mode, lines, position=(30_280_000, 120_130_000), **more)


def test_a_place_is_what_the_tables_say(session, two, now):
    shop = two[0]
    do(session, "UPDATE store SET work = '{\"delivery\": {\"order\": 7}}', closes_early_at = :at WHERE id = 2",
       at=now + timedelta(hours=3))  # fmt: skip
    do(session, "UPDATE store_sku SET sellable = false WHERE store_id = 2 AND sku_id = :sku", sku=shop.skus["bread"])
    do(session, "UPDATE store_sku SET sell_down = 5 WHERE store_id = 1 AND sku_id = :sku", sku=shop.skus["milk"])
    make.order_online(session, shop, make.a_member(session, now=now), now, milk=3)
    here, there = candidates.load(session, asked(shop), Weights(), now=now)
    assert here.free == {shop.skus["milk"]: 97, shop.skus["bread"]: 100}
    assert there.free == {shop.skus["milk"]: 100}
    assert (here.distance_m, there.distance_m) == (0, 11_119)
    assert (here.order_minutes, there.order_minutes, there.line_minutes) == (None, 7, None)
    assert here.sell_down == {shop.skus["milk"]: 5}
    assert there.hours.closes_early_at == now + timedelta(hours=3)
    assert (here.cold, len(here.area)) == (frozenset({"chilled", "frozen"}), 4)
    post = candidates.load(session, asked(shop, mode="ship"), Weights(), now=now)
    assert (post[0].cold, post[0].area) == (frozenset(), ())
    own = candidates.load(session, asked(shop), Weights(), now=now, own=(shop.store_id, {shop.skus["milk"]: 3}))
    assert own[0].free[shop.skus["milk"]] == 100


def test_work_that_waits_counts_against_what_a_store_takes(session, two, now):
    shop = two[0]
    order_id = make.order_online(session, shop, make.a_member(session, now=now), now, milk=1, bread=1)
    before = candidates.load(session, asked(shop), Weights(), now=now)[0].load_minutes
    make.pay_online(session, shop, order_id, now)
    loads = [one.load_minutes for one in candidates.load(session, asked(shop), Weights(), now=now)]
    assert (before, loads) == (0, [5, 0])


def test_a_store_that_pauses_shuts_or_does_nothing_is_passed_by(session, two, now):
    shop = two[0]

    def chosen():
        need = asked(shop, promise_at=now + timedelta(hours=2))
        found = route(need, candidates.load(session, need, Weights(), now=now), Weights(), now)
        return [one.store_id for one in found.parcels], found.removed.get(shop.store_id)

    assert chosen() == ([1], None)
    until, who = now + timedelta(hours=1), {"actor": "test", "now": now}
    changes: tuple[Any, ...] = (
        (intake.pause, until, None, "closed"),
        (intake.close_early, now, None, "closed"),
        (intake.set_capacity, 0, 60, "no_capacity"),
    )
    for change, does, undone, why in changes:
        with transaction(session):
            change(session, 1, does, **who)
        assert chosen() == ([2], why)
        with transaction(session):
            change(session, 1, undone, **who)
        assert chosen() == ([1], None)
    kinds = session.scalars(text("SELECT DISTINCT kind FROM journal WHERE subject = 'store:1'")).all()
    assert "store.intake_changed" in kinds


def test_rules_count_from_their_moment_and_the_last_to_begin_counts(session, now):
    assert rules.in_force(session, now) == (0, Weights())
    later = Weights(most_parcels=2)
    with transaction(session):
        for weights, from_at in ((Weights(hops=5), now - timedelta(days=1)), (later, now + timedelta(hours=1))):
            rules.publish(session, weights, from_at=from_at, actor="test", now=now)
    assert rules.in_force(session, now) == (1, Weights(hops=5))
    assert rules.in_force(session, now + timedelta(hours=1)) == (2, later)
