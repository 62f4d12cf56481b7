"""A paid order finds its store, and another when that one refuses, until the customer is asked."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import NotFound, WrongState
from tests import factories as make
from tests.trade.fulfilment import chain
from trade.fulfilment import answers, lost, rules
from trade.fulfilment.weights import Weights
from trade.orders import fulfil
from trade.stock import facts, proof
from trade.stock import moves as stock
from trade.stock.rejects import Reason
from workers.jobs import count_rejects, watch_parcels


def _decisions(session):
    return session.execute(text("SELECT * FROM routing_decision ORDER BY id")).all()


def _cases(session):
    statement = text("SELECT kind, cause FROM exception_case WHERE resolved_at IS NULL ORDER BY id")
    return [tuple(row) for row in session.execute(statement)]


@pytest.fixture
def stores(session, now):
    return chain.open_chain(session, 4, now)


def test_a_delivery_goes_to_the_best_store_with_its_goods_and_its_clock(session, stores, now):
    """The order's own store is the customer's: it does it, with three minutes to accept."""
    order_id = chain.ordered(session, stores[1], now, milk=2)
    (parcel,) = chain.of(session, order_id)
    assert (parcel.state, parcel.at_store_id, parcel.hop) == ("assigned", 2, 1)
    assert parcel.accept_by == now + timedelta(minutes=3)
    assert chain.held(session, order_id) == {2: {"committed": 2}}
    (why,) = _decisions(session)
    assert (why.parcel_id, why.hop, why.chosen["parcels"][0]["store_id"]) == (parcel.id, 1, 2)
    assert [one["store_id"] for one in why.candidates["kept"]] == [2, 1, 3, 4]


def test_goods_move_to_the_store_that_is_chosen_in_the_same_transaction(session, stores, now):
    chain.do(session, "UPDATE store SET paused_until = :at WHERE id = 1", at=now + timedelta(hours=1))
    order_id = chain.ordered(session, stores[0], now, milk=2, bread=1)
    assert chain.of(session, order_id)[0].at_store_id == 2
    assert chain.held(session, order_id) == {2: {"committed": 3}}
    assert _decisions(session)[0].candidates["removed"] == {"closed": [1]}
    changed = session.scalars(text("SELECT data ->> 'store_id' FROM journal WHERE kind = 'stock.changed'")).all()
    assert sorted(changed) == ["1", "2"]
    assert proof.differences(session) == []


def test_after_three_stores_refused_the_customer_is_asked_and_the_desk_has_a_case(session, stores, now):
    """Stores 1, 2, 3 say no, each in its way; 4 could, and is offered to the customer, but not asked by the machine."""
    order_id = chain.ordered(session, stores[0], now, milk=2)
    seen = []
    for reason in (Reason.NOT_FOUND, None, Reason.OVERLOAD):
        (parcel,) = chain.of(session, order_id)
        seen.append(parcel.at_store_id)
        chain.refuse(session, parcel, now, reason=reason)
    (parcel,) = chain.of(session, order_id)
    assert (seen, parcel.state, parcel.hop) == ([1, 2, 3], "asking", 3)
    assert chain.asked(session, order_id) == [(1, "rejected"), (2, "timed_out"), (3, "rejected")]
    assert _cases(session) == [("unroutable", "hops")]
    fact = session.execute(text("SELECT data FROM journal WHERE kind = 'parcel.asked'")).scalar_one()
    assert (fact["stores"], fact["cause"]) == ([4], "hops")
    assert parcel.ask_by == now + timedelta(minutes=30)
    assert session.scalars(text("SELECT store_id FROM stock_level WHERE count_due")).all() == [1]
    assert proof.differences(session) == []
    with pytest.raises(WrongState):
        chain.refuse(session, parcel, now)


def test_a_parcel_that_nobody_can_do_is_asked_about_at_once(session, now):
    shops = chain.open_chain(session, 2, now, milk=2)
    order_id = chain.ordered(session, shops[0], now, milk=2)
    chain.do(session, "UPDATE store SET capacity_minutes = 0 WHERE id = 2")
    assert chain.refuse(session, chain.of(session, order_id)[0], now, reason=Reason.DAMAGED) == "asking"
    (parcel,) = chain.of(session, order_id)
    assert (parcel.at_store_id, chain.held(session, order_id)) == (None, {})
    assert _cases(session) == [("unroutable", "short")]
    money = session.scalar(text("SELECT money_fen FROM exception_case"))
    assert money == 1980
    assert proof.differences(session) == []


def test_a_pickup_is_never_moved_silently(session, stores, now):
    order_id = chain.ordered(session, stores[0], now, mode="pickup", milk=2)
    (parcel,) = chain.of(session, order_id)
    assert (parcel.at_store_id, parcel.accept_by, _decisions(session)) == (1, now + timedelta(minutes=15), [])
    assert chain.refuse(session, parcel, now) == "asking"
    (parcel,) = chain.of(session, order_id)
    assert (parcel.state, parcel.at_store_id) == ("asking", 1)
    assert answers.options(session, parcel, now=now)["stores"] == [2, 3, 4]
    assert answers.options(session, parcel, now=now)["deliver"] is True
    assert (_cases(session), chain.held(session, order_id)) == ([], {1: {"committed": 2}})
    with transaction(session):
        answers.choose_store(session, parcel, 3, actor="member:1", now=now)
    (parcel,) = chain.of(session, order_id)
    assert (parcel.state, parcel.at_store_id, parcel.hop) == ("assigned", 3, 2)
    assert chain.held(session, order_id) == {3: {"committed": 2}}
    with pytest.raises(WrongState), transaction(session):
        answers.wait(session, parcel, actor="member:1", now=now)


def test_a_customer_may_have_it_brought_or_wait_but_not_choose_who_refused(session, stores, now):
    order_id = chain.ordered(session, stores[0], now, mode="pickup", milk=2)
    chain.refuse(session, chain.of(session, order_id)[0], now)
    (parcel,) = chain.of(session, order_id)
    with pytest.raises(answers.StoreCannot) as refused, transaction(session):
        answers.choose_store(session, parcel, 1, actor="member:1", now=now)
    assert refused.value.facts == {"store_id": 1, "because": "refused_before"}
    assert chain.of(session, order_id) == [parcel] and chain.held(session, order_id) == {1: {"committed": 2}}
    with transaction(session):
        until = answers.wait(session, parcel, actor="member:1", now=now)
    assert chain.of(session, order_id)[0].ask_by == until == now + timedelta(days=1)
    with transaction(session):
        answers.bring(session, chain.of(session, order_id)[0], actor="member:1", now=now)
    (parcel,) = chain.of(session, order_id)
    assert (parcel.mode, parcel.at_store_id, parcel.state) == ("delivery", 2, "assigned")


def test_nobody_can_bring_what_lies_outside_every_area(session, stores, now):
    order_id = chain.ordered(session, stores[0], now, mode="pickup", milk=2)
    chain.refuse(session, chain.of(session, order_id)[0], now)
    chain.do(session, "UPDATE store SET area = '[]'")
    (parcel,) = chain.of(session, order_id)
    with pytest.raises(answers.NobodyCan), transaction(session):
        answers.bring(session, parcel, actor="member:1", now=now)
    assert chain.of(session, order_id) == [parcel]
    assert len(_decisions(session)) == 0


def test_an_order_is_split_only_where_the_customer_allowed_it(session, now):
    shops = chain.open_chain(session, 3, now, milk=3, bread=3)
    plain = chain.ordered(session, shops[0], now, milk=2, bread=2)
    split = chain.ordered(session, shops[1], now, may_split=True, milk=3, bread=3)
    chain.do(session, "UPDATE stock_level SET on_hand = 1 WHERE store_id = 3 AND sku_id = 1")
    chain.do(session, "UPDATE stock_movement SET qty = 1 WHERE store_id = 3 AND sku_id = 1")
    assert chain.refuse(session, chain.of(session, plain)[0], now) == "asking"
    with transaction(session):
        stock.take_in(session, 1, {1: 1}, key="more", actor="test", now=now)
    assert chain.refuse(session, chain.of(session, split)[0], now) == "assigned"
    parts = {
        one.at_store_id: {
            row.line_no: row.qty
            for row in session.execute(text("SELECT * FROM parcel_line WHERE parcel_id = :id"), {"id": one.id})
        }
        for one in chain.of(session, split)
    }
    assert parts == {1: {1: 2}, 3: {1: 1, 2: 3}}
    assert chain.held(session, split) == {1: {"committed": 2}, 3: {"committed": 4}}
    assert {one.hop for one in chain.of(session, split)} == {2}
    assert proof.differences(session) == []


def test_a_store_that_sells_out_meanwhile_is_passed_by(session, open_session, stores, now):
    """Store 2 still has milk when it is looked at, and its last is sold before it is promised: 3 is asked."""
    order_id = chain.ordered(session, stores[0], now, milk=2)
    (parcel,) = chain.of(session, order_id)

    def refuse() -> str:
        with open_session() as opened:
            return chain.refuse(opened, parcel, now)

    with open_session() as till, ThreadPoolExecutor(1) as pool:
        with transaction(till):
            stock.sell(till, 2, {1: 99}, key="till", actor="test", now=now)
            answer = pool.submit(refuse)
            _wait_for_a_lock(session)
        assert answer.result(timeout=10) == "assigned"
    assert chain.of(session, order_id)[0].at_store_id == 3
    assert chain.asked(session, order_id) == [(1, "rejected"), (3, None)]
    assert [row.chosen["parcels"][0]["store_id"] for row in _decisions(session)] == [1, 3]
    assert proof.differences(session) == []


def _wait_for_a_lock(session):
    for _ in range(500):
        if session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def test_of_an_answer_and_a_clock_at_one_moment_one_counts(session, open_session, stores, now):
    order_id = chain.ordered(session, stores[0], now, milk=1)
    (parcel,) = chain.of(session, order_id)

    def say(number: int) -> str:
        with open_session() as opened:
            try:
                if number % 3 == 0:
                    with transaction(opened):
                        fulfil.accept(opened, parcel, actor="test", now=now)
                    return "accepted"
                return chain.refuse(opened, parcel, now, reason=None if number % 2 else Reason.OVERLOAD)
            except (WrongState, NotFound):
                return "too late"

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(say, range(8)))
    (left,) = chain.of(session, order_id)
    if "accepted" in said and "assigned" in said:  # a store may still say no to what it accepted
        assert (left.at_store_id, left.hop) == (2, 2)
    else:
        assert (left.at_store_id, left.hop) in ((1, 1), (2, 2))
    assert sum(one != "too late" for one in said) <= 2 and said.count("assigned") <= 1
    assert chain.held(session, order_id) == {left.at_store_id: {"committed": 1}}
    assert proof.differences(session) == []


def test_silence_ends_the_parcel_and_the_money_goes_back(session, stores, now):
    order_id = chain.ordered(session, stores[0], now, mode="pickup", milk=2)
    chain.refuse(session, chain.of(session, order_id)[0], now)
    later = now + timedelta(minutes=30)
    assert watch_parcels.run(now=later - timedelta(seconds=1)) == 0
    assert watch_parcels.run(now=later) == 1
    assert watch_parcels.run(now=later) == 0
    assert session.scalar(text("SELECT state FROM sale_order WHERE id = :id"), {"id": order_id}) == "cancelled"
    assert session.scalars(text("SELECT amount_fen FROM refund")).all() == [1980]
    assert (chain.held(session, order_id), chain.of(session, order_id)[0].state) == ({}, "cancelled")
    assert session.scalars(text("SELECT outcome FROM assignment")).all() == ["rejected"]


def test_broken_promises_find_another_store_and_ready_parcels_the_desk(session, stores, now):
    """Store 1 sells 99 of 100 milk unseen: order b, the newer, leaves; a, which lies ready, is for people."""
    first, second = (chain.ordered(session, stores[0], now, mode=mode, milk=1) for mode in ("pickup", "delivery"))
    make.make_ready(session, stores[0], first, now)
    for gone in (99, 1):
        with transaction(session):
            broken = facts.take_as_fact(
                session, 1, {1: gone}, key=f"till:{gone}", actor="test", now=now, accepted={first}
            )
            assert lost.tell(session, 1, broken, actor="test", now=now) == 1
        assert chain.follow(now) == 1 and chain.follow(now) == 0
        assert [one.state for one in chain.of(session, second)] == ["assigned"]
    assert chain.of(session, second)[0].at_store_id == 2
    assert _cases(session) == [("stock_broken", "")]


def test_a_store_is_not_asked_twice_whatever_the_rules_say(session, stores, now):
    with transaction(session):
        rules.publish(session, Weights(hops=10), from_at=now, actor="test", now=now)
    order_id = chain.ordered(session, stores[0], now, milk=1)
    for _ in stores:
        chain.refuse(session, chain.of(session, order_id)[0], now)
    assert [store for store, _ in chain.asked(session, order_id)] == [1, 2, 3, 4]
    assert _cases(session) == [("unroutable", "short")]


def test_accepting_after_the_clock_ran_out_is_refused(session, stores, now):
    order_id = chain.ordered(session, stores[0], now, milk=1)
    (parcel,) = chain.of(session, order_id)
    late = parcel.accept_by
    assert watch_parcels.run(now=late - timedelta(seconds=1)) == 0
    assert watch_parcels.run(now=late) == 1
    assert chain.asked(session, order_id) == [(1, "timed_out"), (2, None)]
    before = chain.of(session, order_id)
    with pytest.raises(NotFound), transaction(session):
        fulfil.accept(session, parcel, actor="test", now=late)
    assert chain.of(session, order_id) == before


def test_how_often_a_store_says_no_is_counted_from_its_last_answers(session, stores, now):
    for number in range(5):
        order_id = chain.ordered(session, stores[0], now, milk=1)
        (parcel,) = chain.of(session, order_id)
        if number:
            with transaction(session):
                fulfil.accept(session, parcel, actor="test", now=now)
        else:
            chain.refuse(session, parcel, now)
    assert (count_rejects.run(now=now), count_rejects.run(now=now)) == (1, 0)
    assert session.scalars(text("SELECT reject_permille FROM store ORDER BY id")).all() == [200, 0, 0, 0]
    assert count_rejects.run(now=now + timedelta(days=15)) == 1
