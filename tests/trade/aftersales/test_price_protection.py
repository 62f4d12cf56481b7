"""The difference to today's price of the same basket, once (members-mall-orders.md 3.10)."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import WrongState
from tests import factories as make
from trade.orders.aftersales import answer
from trade.orders.aftersales.apply import AftersaleTooLate, look
from trade.orders.aftersales.price_protection import NoPriceDrop, shared


@pytest.fixture
def cheaper(story):
    """From now on a sku costs less (or more)."""

    def to(name, price_fen):
        story.later(hours=1)
        with transaction(story.session) as session:
            given = {"sku": story.shop.skus[name], "fen": price_fen, "at": story.now - timedelta(minutes=1)}
            session.execute(
                text("INSERT INTO price (sku_id, store_id, price_fen, from_at) VALUES (:sku, 0, :fen, :at)"), given
            )

    return to


def test_a_lower_price_gives_the_difference_and_a_second_fall_only_what_it_adds(story, cheaper):
    order = story.done(milk=2, bread=1)
    with pytest.raises(NoPriceDrop):
        story.ask(order, "price_protection", cause="price")
    cheaper("milk", 890)
    first = story.ask(order, "price_protection", cause="price")
    assert (first.asked_fen, first.fault) == (200, True)
    with pytest.raises(NoPriceDrop):
        story.ask(order, "price_protection", cause="price")
    story.say(answer.approve, first, staff_id=1)
    cheaper("milk", 850)
    assert story.ask(order, "price_protection", cause="price").asked_fen == 80
    cheaper("milk", 1200)
    with pytest.raises(NoPriceDrop):
        story.ask(order, "price_protection", cause="price")
    story.agree()


def test_promotions_count_on_both_sides_and_a_rejected_case_gave_nothing(story, cheaper):
    taken_off = make.a_promotion(story.session, story.now, kind="amount_off", steps=[[1500, 400]])
    order = story.done(milk=2)  # 1980 - 400
    make.end_promotion(story.session, taken_off, story.now)
    cheaper("milk", 800)  # 1600 without the promotion: not less than 1580
    with pytest.raises(NoPriceDrop):
        story.ask(order, "price_protection", cause="price")
    cheaper("milk", 780)
    case = story.ask(order, "price_protection", cause="price")
    assert case.asked_fen == 20
    story.say(answer.reject, case, "no", staff_id=1)
    assert story.ask(order, "price_protection", cause="price").asked_fen == 20


def test_units_that_are_back_and_goods_that_are_not_sold_any_more_are_left_out(story, cheaper):
    order = story.done(milk=3, bread=1)
    story.give_back(order, lines={1: 1})
    cheaper("milk", 900)
    cheaper("bread", 100)
    with transaction(story.session) as session:
        session.execute(text("DELETE FROM store_sku WHERE sku_id = :sku"), {"sku": story.shop.skus["bread"]})
    assert story.ask(order, "price_protection", cause="price").asked_fen == 180


def test_the_time_for_it_is_short_and_the_order_must_be_done(story, cheaper):
    paid, order = story.paid(milk=1), story.done(milk=1)
    cheaper("milk", 500)
    wish = story.wish("price_protection", cause="price")
    with transaction(story.session) as session:
        at = {"member_id": story.member, "now": story.now}
        assert look(session, story.shop.store_id, order, wish, **at)[0].fens == {1: 490}
        with pytest.raises(WrongState):
            look(session, story.shop.store_id, paid, wish, **at)
        with pytest.raises(AftersaleTooLate):
            look(session, story.shop.store_id, order, wish, member_id=story.member, now=story.now + timedelta(days=7))
    assert story.count("SELECT count(*) FROM aftersale_case") == 0


@pytest.mark.parametrize(
    ("rows", "today", "owed"),
    [
        ([(1980, 0, 1980), (650, 0, 650)], [1780, 650], {1: 200}),
        ([(1980, 200, 1780), (650, 0, 650)], [1700, 650], {1: 80}),
        ([(1980, 280, 1700), (650, 0, 650)], [2400, 650], {}),
        ([(1000, 0, 1000), (1000, 0, 1000)], [900, 1100], {}),  # a promotion moved from one line to the other
        ([(1000, 0, 1000), (1000, 0, 1000)], [700, 1100], {1: 200}),
        ([(1000, 0, 50), (1000, 0, 0)], [0, 0], {1: 50}),  # no more than is left of what was paid
    ],
)
def test_the_difference_is_of_the_whole_basket_and_shared_over_what_became_cheaper(rows, today, owed):
    lines = [
        SimpleNamespace(line_no=n, then_fen=then, given_fen=given, left_fen=left)
        for n, (then, given, left) in enumerate(rows, start=1)
    ]
    assert shared(lines, today) == owed
