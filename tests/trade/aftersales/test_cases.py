"""What cases do to money, points and goods, from the asking to the end (members-mall-orders.md 3.10)."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.db import open_session, transaction
from config.errors import Malformed, NotFound, Refused, WrongState
from tests import factories as make
from tests.stories import books
from tests.trade.stock.test_kits import a_kit
from trade.orders import close, fulfil, holder, leaving, returns
from trade.orders.aftersales import answer, apply, inspect, read, refunding, sending
from trade.orders.aftersales.apply import AftersaleTooLate
from trade.orders.aftersales.inspect import Found

NOTHING = "SELECT (SELECT count(*) FROM sale_return) + (SELECT count(*) FROM refund)"


def test_a_refund_without_goods_moves_no_stock_and_ends_when_the_money_arrived(story):
    order = story.done(points_used=300, milk=5)  # 4650
    on_hand = story.on_hand("milk")
    cases = [story.ask(order, "refund_only", fens={1: 100}, cause="damaged") for _ in range(3)]
    assert story.count(NOTHING) == 0
    for case in cases:
        moved = story.say(answer.approve, case, staff_id=1)
        assert (moved.state, moved.fault, moved.decided_by) == ("refunding", True, 1)
    assert story.on_hand("milk") == on_hand
    assert story.count("SELECT sum(refund_fen) FROM return_line") == 300
    story.wechat("accept", "finish")
    for case in cases:
        assert story.say(refunding.follow, case).state == "done"
    story.agree()
    back = story.give_back(order, lines={1: 5})
    assert back.refund_fen == 4650 - 300
    story.agree()


@pytest.mark.parametrize(
    ("found", "shelf", "aside"), [(Found(2), 2, 0), (Found(1, 1), 1, 1), (Found(0, 0, 2), 0, 0), (Found(1), 1, 0)]
)
def test_goods_enter_stock_only_after_they_were_inspected_and_where_the_inspector_says(story, found, shelf, aside):
    order = story.done(milk=3)  # 2970
    other = make.open_shop(story.session, code="S2", stock_of={"milk": 7}, now=story.now)
    here, there = story.on_hand("milk"), story.on_hand("milk", other.store_id)
    case = story.ask(order, "return_refund", {1: 2}, cause="quality")
    assert story.say(answer.approve, case, staff_id=1).state == "wait_return"
    assert story.say(answer.ship, case, "SF", "SF123").tracking_no == "SF123"
    assert story.say(inspect.receive, case, at_store_id=other.store_id).state == "received"
    assert (story.on_hand("milk"), story.on_hand("milk", other.store_id)) == (here, there)
    moved = story.say(inspect.inspect, case, {1: found}, staff_id=1)
    assert moved.state == "refunding"
    assert (story.on_hand("milk"), story.on_hand("milk", other.store_id)) == (here, there + shelf)
    set_apart = "SELECT quarantine FROM stock_level WHERE store_id = :t AND sku_id = :s"
    assert story.count(set_apart, t=other.store_id, s=story.shop.skus["milk"]) == aside
    assert story.count("SELECT sum(amount_fen) FROM refund") == 990 * found.taken
    story.wechat("finish")
    assert story.say(refunding.follow, case).state == "done"
    story.agree()
    story.give_back(order, lines={1: 3 - found.taken})  # what was not taken is the customer's again
    story.agree()


def test_what_came_is_not_what_was_agreed(story):
    order = story.done(milk=2)
    case = story.ask(order, "return_refund", {1: 2})
    story.say(answer.approve, case, staff_id=1)
    story.say(inspect.receive, case, at_store_id=story.shop.store_id)
    for found in ({1: Found()}, {1: Found(3)}, {2: Found(1)}):
        with pytest.raises(Malformed):
            story.say(inspect.inspect, case, found, staff_id=1)
    assert story.say(inspect.turn_away, case, "used", staff_id=1).state == "rejected"
    assert story.count(NOTHING) == 0
    assert story.say(answer.appeal, case).state == "arbitration"
    assert story.say(answer.dismiss, case, "used", staff_id=1).state == "rejected"
    with pytest.raises(answer.AppealedAlready):
        story.say(answer.appeal, case)
    story.give_back(order, lines={1: 2})
    story.agree()


def test_an_appeal_finds_its_units_gone(story):
    order = story.done(milk=2)
    case = story.ask(order, "return_refund", {1: 2})
    story.say(answer.reject, case, "no_reason", staff_id=1)
    story.give_back(order, lines={1: 1})
    with pytest.raises(returns.TooMuchReturned):
        story.say(answer.appeal, case)
    assert story.state(case) == "rejected"


def test_nobody_has_picked_yet_so_units_go_at_once_and_later_the_store_is_asked(story):
    order = story.paid(points_used=200, milk=3, bread=1)
    held = "SELECT coalesce(sum(held + committed), 0)::bigint FROM stock_level"
    assert story.count(held) == 4
    first = story.ask(order, "unshipped_refund", {1: 1})
    assert (first.state, story.count(held)) == ("refunding", 3)
    story.agree()
    story.do(fulfil.accept, make.parcel(story.session, order))
    case = story.ask(order, "unshipped_refund", {1: 1, 2: 1})
    assert (case.state, story.count(held)) == ("applied", 3)
    story.say(answer.approve, case, staff_id=1)
    assert story.count(held) == 1
    story.agree()
    with pytest.raises(WrongState):
        story.ask(order, "return_refund", {1: 1})


def test_an_exchange_and_a_resend_say_what_must_go_out(story):
    order = story.done(milk=2, bread=1)
    on_hand = story.on_hand("milk")
    change = story.ask(order, "exchange", {1: 1}, cause="damaged")
    again = story.ask(order, "resend", {2: 1}, cause="missing")
    with pytest.raises(returns.AftersaleOpen):
        story.ask(order, "resend", {2: 1}, cause="missing")
    assert sending.of(story.session, change.store_id, change.id) is None
    for case in (change, again):
        story.say(answer.approve, case, staff_id=1)
    story.say(inspect.receive, change, at_store_id=story.shop.store_id)
    assert story.say(inspect.inspect, change, {1: Found(0, 1)}, staff_id=1).state == "inspected"
    assert (story.on_hand("milk"), story.count(NOTHING)) == (on_hand, 0)
    due = {one.case_id: one.lines for one in sending.due(story.session, most=9)}
    skus = story.shop.skus
    assert due == {change.id: {1: (skus["milk"], 1)}, again.id: {2: (skus["bread"], 1)}}
    for number, case in enumerate((change, again), start=1):
        assert story.say(sending.sent, case, number).state == "done"
        with pytest.raises(WrongState):
            story.say(sending.sent, case, number)
    with pytest.raises(returns.TooMuchReturned):
        story.ask(order, "resend", {2: 1}, cause="missing")
    story.agree()


def test_units_and_money_that_a_case_asks_for_are_nobody_elses(story):
    order = story.done(milk=3)  # 2970
    money = story.ask(order, "refund_only", fens={1: 970}, cause="damaged")
    units = story.ask(order, "return_refund", {1: 2})
    with pytest.raises(returns.AftersaleOpen) as refused:
        story.give_back(order, lines={1: 2})
    assert refused.value.facts["case_ids"] == [money.id, units.id]
    with pytest.raises(returns.AftersaleOpen):  # the last unit would leave nothing for the amount
        story.give_back(order, lines={1: 1})
    with pytest.raises(returns.AftersaleOpen):
        story.ask(order, "refund_only", fens={1: 21}, cause="late")
    assert story.count(NOTHING) == 0
    story.say(answer.cancel, money)
    story.give_back(order, lines={1: 1})
    story.say(answer.approve, units, staff_id=1)
    story.agree()


def test_somebody_elses_order_and_one_too_old_are_refused(story):
    order = story.done(milk=1)
    with pytest.raises(NotFound):
        story.do(
            answer.ask, story.shop.store_id, order, story.wish("return_refund", {1: 1}), member_id=story.member + 1
        )
    story.later(days=31)
    with pytest.raises(AftersaleTooLate):
        story.ask(order, "return_refund", {1: 1})
    wish = story.wish("return_refund", {1: 1})
    assert story.do(apply.ask, story.shop.store_id, order, wish)  # the store may do it for the customer
    assert story.count(NOTHING) == 0


def test_a_wish_is_of_units_or_of_money(story):
    for kind, units, fens in (("refund_only", {1: 1}, {}), ("return_refund", {}, {1: 1}), ("exchange", {}, {}),
                              ("refund_only", {1: 1}, {1: 1})):  # fmt: skip
        with pytest.raises(Malformed):
            story.wish(kind, units, fens)


def test_a_refund_that_is_stuck_has_failed_until_it_goes_on(story):
    order = story.done(milk=1)
    case = story.ask(order, "refund_only", fens={1: 990}, cause="quality")
    story.say(answer.approve, case, staff_id=1)
    story.wechat("accept", "stick")
    assert refunding.to_follow(story.session, most=9) == [(case.store_id, case.id)]
    assert story.say(refunding.follow, case).state == "refund_failed"
    assert refunding.to_follow(story.session, most=9) == []
    assert story.count("SELECT count(*) FROM exception_case WHERE kind = 'refund_failed' AND resolved_at IS NULL") == 1
    story.wechat("shut")  # the same is owed again under the next number
    assert story.say(refunding.follow, case).state == "refunding"
    story.wechat("accept", "finish")
    assert story.say(refunding.follow, case).state == "done"
    assert story.count("SELECT sum(amount_fen) FROM refund WHERE state = 'done'") == 990
    story.agree()


def test_an_order_that_ends_takes_its_cases_with_it(story):
    order = story.paid(milk=2)
    story.do(fulfil.accept, make.parcel(story.session, order))
    case = story.ask(order, "unshipped_refund", {1: 1})
    story.do(close.refuse, story.shop.store_id, order, "damaged")
    assert story.state(case) == "cancelled"
    story.agree()


def test_cash_of_a_till_order_comes_back_with_a_shift(story):
    order = story.sell(milk=2)
    case = story.ask(order, "refund_only", fens={1: 500}, cause="quality")
    with pytest.raises(returns.ShiftNotOpen):
        story.say(answer.approve, case, staff_id=1)
    assert (story.state(case), story.count(NOTHING)) == ("applied", 0)
    with pytest.raises(returns.RefundChanged):
        story.say(answer.approve, case, staff_id=1, shift_id=story.shop.shift_id, expected_refund_fen=499)
    assert (story.state(case), story.count(NOTHING)) == ("applied", 0)
    assert story.say(answer.approve, case, staff_id=1, shift_id=story.shop.shift_id).state == "done"
    story.agree()


def _at_once(story, steps):
    """Every step in a thread and transaction of its own; how each ended."""

    def one(step):
        try:
            with open_session() as session, transaction(session):
                step(session, {"actor": "t", "now": story.now})
        except Refused as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(len(steps)) as pool:
        return Counter(pool.map(one, steps))


@pytest.mark.parametrize("again", range(3))
def test_a_return_in_the_store_and_an_online_refund_of_the_same_units_one_wins(story, again):
    order, store = story.done(milk=2), story.shop.store_id
    wish, brings = story.wish("return_refund", {1: 2}), story.wish("in_store", {1: 2})
    at = {"at_store_id": store, "staff_id": 1, "shift_id": None}
    ended = _at_once(story, [
        lambda s, who: answer.ask(s, store, order, wish, member_id=story.member, **who),
        lambda s, who: inspect.in_store(s, store, order, brings, {1: Found(2)}, **at, **who),
        lambda s, who: returns.take_back(s, store, order, {1: 2}, expected_refund_fen=1980, **at, **who),
    ])  # fmt: skip
    assert ended["done"] == 1, ended
    assert ended["aftersale_open"] + ended["too_much_returned"] == 2, ended
    back = story.count("SELECT coalesce(sum(qty), 0) FROM return_line")
    locked = (
        "SELECT coalesce(sum(qty), 0) FROM aftersale_line l JOIN aftersale_case c ON c.id = l.case_id WHERE c.locks"
    )
    assert back + story.count(locked) == 2
    story.agree()


def test_eight_ask_for_the_same_money_and_the_sum_stays_what_was_paid(story):
    order, store = story.done(milk=2), story.shop.store_id  # 1980
    wish = story.wish("refund_only", fens={1: 500}, cause="late")
    ended = _at_once(story, [lambda s, who: answer.ask(s, store, order, wish, member_id=story.member, **who)] * 8)
    assert (ended["done"], ended["aftersale_open"]) == (3, 5)
    assert story.count("SELECT sum(amount_fen) FROM aftersale_line") == 1500


def test_of_two_who_answer_at_once_one_is_told_what_the_other_said(story):
    order = story.done(milk=1)
    case = story.ask(order, "refund_only", fens={1: 500}, cause="late")
    ended = _at_once(story, [
        lambda s, who: answer.approve(s, case.store_id, case.id, staff_id=1, **who),
        lambda s, who: answer.reject(s, case.store_id, case.id, "no", staff_id=2, **who),
        lambda s, who: answer.approve(s, case.store_id, case.id, staff_id=3, **who),
        lambda s, who: answer.cancel(s, case.store_id, case.id, **who),
    ])  # fmt: skip
    assert ended == {"done": 1, "wrong_state": 3}
    assert story.count("SELECT coalesce(sum(amount_fen), 0) FROM refund") in (0, 500)
    story.agree()


def test_two_inspectors_take_the_goods_in_once(story):
    order = story.done(milk=2)
    case = story.ask(order, "return_refund", {1: 2})
    story.say(answer.approve, case, staff_id=1)
    story.say(inspect.receive, case, at_store_id=story.shop.store_id)
    on_hand = story.on_hand("milk")
    step = lambda s, who: inspect.inspect(s, case.store_id, case.id, {1: Found(2)}, staff_id=1, **who)  # noqa: E731
    assert _at_once(story, [step] * 4) == {"done": 1, "wrong_state": 3}
    assert story.on_hand("milk") == on_hand + 2
    story.agree()


def test_in_any_store_goods_of_any_order_are_taken_back_at_one_go(story):
    order = story.done(points_used=300, milk=3)
    other = make.open_shop(story.session, code="S2", stock_of={"milk": 7}, now=story.now)
    wish = story.wish("in_store", {1: 2}, cause="damaged")
    at = {"at_store_id": other.store_id, "staff_id": 1, "shift_id": None}
    with pytest.raises(returns.RefundChanged):
        story.do(inspect.in_store, story.shop.store_id, order, wish, {1: Found(2)}, expected_refund_fen=1, **at)
    assert story.count("SELECT count(*) FROM aftersale_case") == 0
    case = story.do(
        inspect.in_store, story.shop.store_id, order, wish, {1: Found(1, 1)}, expected_refund_fen=1780, **at
    )
    assert (case.state, case.kind, case.at_store_id) == ("refunding", "in_store", other.store_id)
    assert story.on_hand("milk", other.store_id) == 8
    story.wechat("finish")
    assert story.say(refunding.follow, case).state == "done"
    story.agree()


def test_a_case_is_whose_its_order_is_also_after_members_were_merged(story):
    order = story.done(milk=1)
    case = story.ask(order, "return_refund", {1: 1})
    other = make.a_member(story.session, phone="13900000009", now=story.now)
    merged = story.do(holder.merge, story.member, other)
    assert [one["id"] for one in read.of_member(story.session, other)] == [case.id]
    with pytest.raises(NotFound):
        read.one(story.session, case.id, member_id=story.member)
    story.session.rollback()
    story.do(holder.unmerge, merged)
    assert read.one(story.session, case.id, member_id=story.member)["id"] == case.id


def test_an_open_case_keeps_a_member_and_a_closed_one_forgets_their_words(story):
    member = make.a_member(story.session, phone="13900000009", now=story.now)
    order = story.sell(milk=1, member=member)
    wish = story.wish("return_refund", {1: 1}, words="我家在文三路")
    case = story.do(answer.ask, story.shop.store_id, order, wish, member_id=member)
    with pytest.raises(leaving.OrdersOpen) as refused:
        story.do(leaving.ask, member)
    assert refused.value.facts == {"orders": 0, "refunds": 1, "invoices": 0}
    story.say(answer.approve, case, staff_id=1)
    story.say(answer.ship, case, "SF", "SF123")
    story.say(inspect.receive, case, at_store_id=story.shop.store_id)
    story.say(inspect.turn_away, case, "used", staff_id=1)
    story.do(leaving.ask, member)
    assert leaving.prove_erased(story.session, member)["aftersale_case"] == 1
    story.session.rollback()
    story.later(days=8)
    assert story.do(leaving.leave, member)
    assert leaving.prove_erased(story.session, member) == {}
    story.session.rollback()


def test_a_kit_comes_back_as_its_parts(story):
    kit = a_kit(story.session, story.shop, story.now, milk=2, bread=1)
    order = story.done(breakfast=2)
    milk, bread = story.on_hand("milk"), story.on_hand("bread")
    back, change = story.ask(order, "return_refund", {1: 1}), story.ask(order, "exchange", {1: 1})
    for case, found in ((back, Found(0, 1)), (change, Found(1))):
        story.say(answer.approve, case, staff_id=1)
        story.say(inspect.receive, case, at_store_id=story.shop.store_id)
        story.say(inspect.inspect, case, {1: found}, staff_id=1)
    assert (story.on_hand("milk"), story.on_hand("bread")) == (milk + 2, bread + 1)
    assert story.count("SELECT sum(quarantine) FROM stock_level") == 3
    assert [one.lines for one in sending.due(story.session, most=9)] == [{1: (kit, 1)}]
    assert "aftersales" not in books(story.session)
