"""Random walks of parcels between stores: nothing goes round, and the books agree after every walk."""

from __future__ import annotations

import os
from contextlib import suppress
from random import Random

from sqlalchemy import text

from config.db import transaction
from config.errors import Refused
from tests.trade.fulfilment import chain
from trade.orders import fulfil, proof_goods, rerouting
from trade.orders.rerouting import Says
from trade.stock import moves as stock
from trade.stock import proof
from trade.stock.rejects import Reason

ROUNDS = int(os.environ.get("TONGDIAN_REFUSALS", "3"))


def test_no_parcel_goes_round_whatever_is_said(session, now):
    """Random refusals, time-outs and stores that stop: no store twice, at most three asked, each unit accounted for."""
    shops = chain.open_chain(session, 4, now, milk=9, bread=9)
    for seed in range(ROUNDS):
        dice = Random(seed)
        ids = [
            chain.ordered(session, shops[number], now, may_split=number > 0, milk=dice.randint(1, 3), bread=number + 1)
            for number in range(3)
        ]
        for _ in range(14):
            number, reason = dice.randrange(3), dice.choice([None, None, *Reason, "stop"])
            if reason == "stop":
                chain.do(
                    session, "UPDATE store SET capacity_minutes = 120 - capacity_minutes WHERE id = :id", id=number
                )
                continue
            for parcel in chain.of(session, ids[number]):
                if parcel.state == "assigned":
                    chain.refuse(session, parcel, now, reason=reason)
                    chain.follow(now)
        for order_id in ids:
            _check_refusals(session, order_id)
        assert proof.differences(session) == proof_goods.differences(session) == [], seed
        _end_all(session, ids, now)
        assert proof_goods.differences(session) == [], seed


def _check_refusals(session, order_id):
    asked = chain.asked(session, order_id)
    refused = {store for store, outcome in asked if outcome in ("rejected", "timed_out")}
    assert not refused & {store for store, outcome in asked if outcome is None}
    units = 0
    for parcel in chain.of(session, order_id):
        mine = session.execute(
            text("SELECT at_store_id, outcome FROM assignment WHERE parcel_id = :id ORDER BY id"), {"id": parcel.id}
        ).all()
        stores = [one.at_store_id for one in mine]
        assert len(stores) == len(set(stores)) and parcel.hop <= 3 and parcel.state in ("assigned", "asking")
        case = text(
            "SELECT count(*) FROM exception_case WHERE subject = :it AND kind = 'unroutable' AND resolved_at IS NULL"
        )
        waiting = session.scalar(case, {"it": f"parcel:{parcel.store_id}:{parcel.id}"})
        assert waiting == (parcel.state == "asking")
        lines = text("SELECT sum(qty) FROM parcel_line WHERE parcel_id = :id")
        units += session.scalar(lines, {"id": parcel.id}) if parcel.at_store_id is not None else 0
    assert units == sum(sum(buckets.values()) for buckets in chain.held(session, order_id).values())


def _end_all(session, ids, now):
    """Everything is given up and the shelves are full again."""
    for order_id in ids:
        for parcel in chain.of(session, order_id):
            with transaction(session):
                rerouting.give_up(session, parcel, "test", actor="test", now=now)
        assert chain.held(session, order_id) == {}
    chain.do(session, "UPDATE store SET capacity_minutes = 120")
    chain.do(session, "UPDATE stock_level SET count_due = false, till_buffer = 0")
    chain.do(session, "DELETE FROM stock_count_due")
    for store_id in range(1, 5):
        free = session.execute(
            text("SELECT sku_id, free_online FROM stock_level WHERE store_id = :id AND sku_id < 3"), {"id": store_id}
        )
        goods = {row.sku_id: 9 - row.free_online for row in free if row.free_online < 9}
        if goods:
            with transaction(session):
                stock.take_in(session, store_id, goods, key=f"refill:{ids[0]}", actor="test", now=now)


def test_any_mix_of_what_stores_and_people_say_keeps_the_books(session, now):
    """Accepting, picking, refusing, and the customer's choices in between, in any order."""
    shops = chain.open_chain(session, 4, now, milk=9, bread=9)
    for seed in range(ROUNDS):
        dice = Random(seed)
        modes = ("pickup", "delivery", "ship")
        ids = [
            chain.ordered(session, shops[number], now, mode=modes[number], may_split=True, milk=2, bread=number + 1)
            for number in range(3)
        ]
        for _ in range(24):
            for parcel in chain.of(session, dice.choice(ids)):
                with suppress(Refused):
                    _something(session, parcel, dice, now)
                chain.follow(now)
        for order_id in ids:
            said = chain.asked(session, order_id)
            refused = {store for store, outcome in said if outcome in ("rejected", "timed_out")}
            assert not refused & {store for store, outcome in said if outcome in (None, "accepted")}
        assert proof.differences(session) == proof_goods.differences(session) == [], seed
        _end_all(session, ids, now)
        assert proof_goods.differences(session) == [], seed


def _something(session, parcel, dice, now):
    if parcel.state == "asking":
        says = dice.choice(list(Says)[:3])
        store = dice.randint(1, 4) if says is Says.STORE else None
        with transaction(session):
            rerouting.customer_says(session, parcel, says, at_store_id=store, actor="member:1", now=now)
    elif dice.random() < 0.5:
        chain.refuse(session, parcel, now, reason=dice.choice([None, *Reason]))
    elif parcel.state == "assigned":
        with transaction(session):
            fulfil.accept(session, parcel, actor="test", now=now)
    else:
        with transaction(session):
            fulfil.pick(session, parcel, dice.randint(1, 2), 1, actor="test", now=now)
