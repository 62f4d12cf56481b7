"""Cancelling while it is picked, short picks by weight, substitutes, partial pickups, and what nobody fetches."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import WrongState
from tests import factories as make
from tests.trade.fulfilment import chain, hands
from trade.fulfilment import notices
from trade.orders import cancelling, courier, fulfil, no_show, substituting
from trade.stock.moves import OutOfStock
from trade.stock.rejects import Reason
from workers.jobs import keep_parcel_clocks


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, stock_of={"milk": 10, "bread": 10, "apple": 5000}, now=now)


def _order(session, shop, now, **goods):
    return chain.ordered(session, shop, now, mode="pickup", **goods)


def _ask(session, shop, order_id, now):
    with transaction(session):
        return cancelling.ask(session, shop.store_id, order_id, actor="member:1", now=now)


def test_the_store_lets_go_what_it_picks(session, shop, now):
    order_id = _order(session, shop, now, milk=2)
    parcel = hands.picked(session, order_id, now)
    assert _ask(session, shop, order_id, now) == now + timedelta(minutes=3)
    with pytest.raises(fulfil.CancelAsked):
        hands.do(session, fulfil.ready, parcel, now=now)
    hands.do(session, cancelling.agree, parcel, now=now)
    assert (hands.state(session, order_id), hands.refunds(session, order_id)) == ("cancelled", [1980])
    assert hands.level(session, shop, "milk") == {"on_hand": 10}
    with pytest.raises(WrongState):
        hands.do(session, cancelling.agree, parcel, now=now)
    assert hands.differences(session) == {}


def test_the_store_goes_on(session, shop, now):
    order_id = _order(session, shop, now, milk=2)
    parcel = hands.picked(session, order_id, now)
    _ask(session, shop, order_id, now)
    hands.do(session, cancelling.decline, parcel, now=now)
    hands.do(session, fulfil.ready, parcel, now=now)
    assert keep_parcel_clocks.run(now=now + timedelta(minutes=4)) == 0
    assert (hands.of(session, order_id).state, hands.refunds(session, order_id)) == ("ready", [])


def test_silence_agrees(session, shop, now):
    order_id = _order(session, shop, now, milk=2)
    hands.picked(session, order_id, now)
    _ask(session, shop, order_id, now)
    assert keep_parcel_clocks.run(now=now + timedelta(seconds=179)) == 0
    assert keep_parcel_clocks.run(now=now + timedelta(minutes=3)) == 1
    assert (hands.state(session, order_id), hands.refunds(session, order_id)) == ("cancelled", [1980])


def test_before_it_is_picked_nobody_is_asked_and_after_it_is_ready_it_is_a_return(session, shop, now):
    order_id = _order(session, shop, now, milk=2)
    for step in (lambda: None, lambda: make.make_ready(session, shop, order_id, now)):
        step()
        with pytest.raises(WrongState):
            _ask(session, shop, order_id, now)
        assert (hands.state(session, order_id), hands.of(session, order_id).cancel_by) == ("confirmed", None)


def test_of_yes_and_no_at_once_one_counts(session, open_session, shop, now):
    order_id = _order(session, shop, now, milk=2)
    parcel = hands.picked(session, order_id, now)
    _ask(session, shop, order_id, now)

    def say(number: int) -> str:
        work = cancelling.agree if number % 2 else cancelling.decline
        try:
            with open_session() as own, transaction(own):
                work(own, parcel, actor="t", now=now)
        except WrongState:
            return "late"
        return work.__name__

    with ThreadPoolExecutor(6) as pool:
        said = sorted(pool.map(say, range(6)))
    assert said.count("late") == 5
    refunded = hands.refunds(session, order_id)
    assert refunded == ([1980] if "agree" in said else [])
    assert hands.differences(session) == {}


@pytest.mark.parametrize(("picked", "refund", "leaves"), [(800, [1198 * 1000 // 1000 - 1198 * 800 // 1000], 800),
                                                         (1000, [], 1000), (1150, [], 1150)])  # fmt: skip
def test_weighed_goods_cost_what_they_weigh_up_to_what_was_paid(session, shop, now, picked, refund, leaves):
    order_id = _order(session, shop, now, apple=1000)
    parcel = hands.picked(session, order_id, now, line_1=picked)
    hands.do(session, fulfil.ready, parcel, now=now)
    assert [abs(one - refund[0]) <= 1 for one in hands.refunds(session, order_id)] == [True] * len(refund)
    hands.do(session, fulfil.collect, parcel, staff_id=1, now=now)
    assert hands.level(session, shop, "apple") == {"on_hand": 5000 - leaves}
    assert hands.differences(session) == {}


def _allow(session, order_id):
    chain.do(session, "UPDATE sale_order SET may_substitute = true WHERE id = :id", id=order_id)


def _offer(session, shop, order_id, now, *, by="bread", line_no=1):
    parcel = hands.of(session, order_id)
    why = Reason.NOT_FOUND
    return hands.do(session, substituting.offer, parcel, line_no, shop.skus[by], why, now=now)


def test_who_agreed_before_gets_something_else_for_no_more(session, shop, now):
    """2 milk at 990 become 2 bread at 650: 680 go back, stock follows the bread, and the milk is to be counted."""
    order_id = _order(session, shop, now, milk=2)
    _allow(session, order_id)
    hands.accepted(session, order_id, now)
    assert _offer(session, shop, order_id, now).outcome == "agreed"
    assert hands.refunds(session, order_id) == [2 * (990 - 650)]
    assert (hands.level(session, shop, "milk"), hands.level(session, shop, "bread")) == (
        {"on_hand": 10},
        {"on_hand": 10, "committed": 2},
    )
    assert session.scalar(text("SELECT count(*) FROM stock_count_due")) == 1
    make_over = hands.picked(session, order_id, now)
    hands.do(session, fulfil.ready, make_over, now=now)
    hands.do(session, fulfil.collect, make_over, staff_id=1, now=now)
    assert hands.level(session, shop, "bread") == {"on_hand": 8}
    assert hands.differences(session) == {}
    back = make.give_back(session, shop, order_id, {1: 2}, now)
    assert back.refund_fen == 2 * 650
    assert hands.level(session, shop, "bread") == {"on_hand": 10}
    assert hands.differences(session) == {}


def test_a_dearer_substitute_costs_what_was_paid(session, shop, now):
    order_id = _order(session, shop, now, bread=2)
    _allow(session, order_id)
    hands.accepted(session, order_id, now)
    done = _offer(session, shop, order_id, now, by="milk")
    assert (done.paid_fen, done.worth_fen, done.refund_fen, hands.refunds(session, order_id)) == (1300, 1980, 0, [])
    assert hands.differences(session) == {}


def test_who_did_not_is_asked_once(session, shop, now):
    order_id = _order(session, shop, now, milk=2)
    hands.accepted(session, order_id, now)
    asked = _offer(session, shop, order_id, now)
    assert (asked.outcome, asked.answer_by) == (None, now + timedelta(minutes=3))
    assert _offer(session, shop, order_id, now).id == asked.id
    assert hands.level(session, shop, "milk") == {"on_hand": 10, "committed": 2}
    parcel = hands.of(session, order_id)
    hands.do(session, substituting.answer, parcel, asked.id, agrees=True, now=now)
    with pytest.raises(WrongState):
        hands.do(session, substituting.answer, parcel, asked.id, agrees=False, now=now)
    assert hands.level(session, shop, "bread") == {"on_hand": 10, "committed": 2}
    assert hands.differences(session) == {}


def test_silence_is_no_substitute(session, shop, now):
    order_id = _order(session, shop, now, milk=2)
    hands.accepted(session, order_id, now)
    _offer(session, shop, order_id, now)
    assert keep_parcel_clocks.run(now=now + timedelta(minutes=3)) == 1
    assert session.scalar(text("SELECT outcome FROM substitution")) == "lapsed"
    assert hands.level(session, shop, "milk") == {"on_hand": 10, "committed": 2}


@pytest.mark.parametrize(("by", "because"), [("apple", "kind"), ("milk", "same")])
def test_not_everything_is_a_substitute(session, shop, now, by, because):
    order_id = _order(session, shop, now, milk=2)
    hands.accepted(session, order_id, now)
    with pytest.raises(substituting.NoSubstitute) as refused:
        _offer(session, shop, order_id, now, by=by)
    assert refused.value.facts == {"because": because}
    hands.picked(session, order_id, now, line_1=1)
    with pytest.raises(substituting.NoSubstitute):
        _offer(session, shop, order_id, now)
    assert session.scalar(text("SELECT count(*) FROM substitution")) == 0


def test_a_substitute_that_went_meanwhile_is_not_promised(session, shop, now):
    order_id = _order(session, shop, now, milk=2)
    hands.accepted(session, order_id, now)
    asked = _offer(session, shop, order_id, now)
    make.ring_up(session, shop, now, bread=9)
    with pytest.raises(OutOfStock):
        hands.do(session, substituting.answer, hands.of(session, order_id), asked.id, agrees=True, now=now)
    assert hands.level(session, shop, "milk") == {"on_hand": 10, "committed": 2}
    assert session.scalar(text("SELECT outcome FROM substitution")) is None


def test_a_part_is_fetched_and_the_rest_waits(session, shop, now):
    order_id = _order(session, shop, now, milk=3, bread=1)
    make.make_ready(session, shop, order_id, now)
    parcel = hands.of(session, order_id)
    with pytest.raises(fulfil.NotThere):
        hands.do(session, fulfil.collect, parcel, staff_id=1, now=now, lines={1: 4})
    assert hands.level(session, shop, "milk") == {"on_hand": 10, "picked": 3}
    hands.do(session, fulfil.collect, parcel, staff_id=1, now=now, lines={1: 2})
    assert hands.level(session, shop, "milk") == {"on_hand": 8, "picked": 1}
    assert (hands.of(session, order_id).state, hands.differences(session)) == ("ready", {})
    hands.do(session, fulfil.collect, parcel, staff_id=1, now=now, lines={1: 1, 2: 1})
    assert (hands.of(session, order_id).state, hands.state(session, order_id)) == ("delivered", "done")
    assert hands.differences(session) == {}


def test_what_nobody_fetches_is_reminded_of_missed_and_put_back(session, shop, now):
    order_id = _order(session, shop, now, milk=3, bread=1)
    make.make_ready(session, shop, order_id, now)
    hands.do(session, fulfil.collect, hands.of(session, order_id), staff_id=1, now=now, lines={1: 1})
    for hours, events in ((23, 0), (24, 1), (71, 0), (72, 1), (95, 0), (96, 1), (97, 0), (120, 1), (121, 0)):
        assert (hours, keep_parcel_clocks.run(now=now + timedelta(hours=hours))) == (hours, events)
    told = session.scalars(
        text("SELECT event FROM message WHERE subject LIKE 'parcel:%' ORDER BY asked_at, event")
    ).all()
    assert told == ["ready", "remind_1", "remind_2", "missed"]
    assert (hands.of(session, order_id).state, hands.state(session, order_id)) == ("returned", "done")
    assert hands.refunds(session, order_id) == [2 * 990 + 650]
    assert hands.level(session, shop, "milk") == {"on_hand": 9}
    assert hands.differences(session) == {}


def test_a_missed_parcel_of_which_nothing_was_taken_ends_the_order(session, shop, now):
    order_id = _order(session, shop, now, milk=3)
    make.make_ready(session, shop, order_id, now)
    hands.do(session, no_show.miss, hands.of(session, order_id), now=now)
    with pytest.raises(WrongState):  # it never left
        hands.do(session, courier.come_back, hands.of(session, order_id), bags=1, seals=[], found={}, now=now)
    assert hands.level(session, shop, "milk") == {"on_hand": 10, "picked": 3}
    hands.do(session, no_show.put_back, hands.of(session, order_id), now=now)
    assert (hands.of(session, order_id).state, hands.state(session, order_id)) == ("returned", "cancelled")
    assert hands.refunds(session, order_id) == [2970]
    with pytest.raises(WrongState):
        hands.do(session, no_show.put_back, hands.of(session, order_id), now=now)
    assert hands.differences(session) == {}


def test_a_message_is_sent_again_three_times(session, shop, now):
    order_id = _order(session, shop, now, milk=3)
    make.make_ready(session, shop, order_id, now)
    parcel = hands.of(session, order_id)
    for version in (2, 3, 4):
        assert hands.do(session, notices.send_again, parcel, "ready", now=now) == version
    with pytest.raises(notices.ResendLimit):
        hands.do(session, notices.send_again, parcel, "ready", now=now)
    assert hands.of(session, order_id).state == "ready"


def test_who_is_asked_or_told_no_hears_of_it(session, shop, now):
    order_id = _order(session, shop, now, milk=2)
    parcel = hands.picked(session, order_id, now)
    _ask(session, shop, order_id, now)
    hands.do(session, cancelling.decline, parcel, now=now)
    for _ in range(6):  # asked again and again, it is told each time
        hands.do(session, notices.ask, parcel, "asking", now=now)
    refused = _order(session, shop, now, milk=1)
    assert chain.refuse(session, hands.of(session, refused), now) == "asking"
    told = session.execute(text("SELECT subject, event, count(*) FROM message GROUP BY 1, 2 ORDER BY 1, 2"))
    assert [tuple(row) for row in told if row.subject.startswith("parcel:")] == [
        (notices.subject(parcel), "asking", 6),
        (notices.subject(parcel), "cancel_declined", 1),
        (notices.subject(hands.of(session, refused)), "asking", 1),
    ]


def test_a_clock_is_told_of_twice(session, shop, now):
    """A pickup is accepted within 15 minutes: nudged after 7.5, loud after 12, and each once."""
    order_id = _order(session, shop, now, milk=3)
    assert hands.of(session, order_id).accept_by == now + timedelta(minutes=15)
    for seconds, told in ((449, 0), (450, 1), (451, 0), (719, 0), (720, 1), (721, 0)):
        assert (seconds, keep_parcel_clocks.run(now=now + timedelta(seconds=seconds))) == (seconds, told)
    kinds = session.scalars(text("SELECT kind FROM journal WHERE kind IN ('parcel.nudged', 'parcel.loud') ORDER BY id"))
    assert kinds.all() == ["parcel.nudged", "parcel.loud"]
    assert hands.of(session, order_id).alarm == 2
