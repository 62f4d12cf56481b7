"""Units that were never handed over, and money alone: exact, whatever came before and comes after."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import text

from config.db import open_session, transaction
from config.errors import Malformed, NotFound, Refused, WrongState
from tests import factories as make
from tests.stories import Story, books
from trade.orders import close, fulfil, returns
from trade.stock import moves as stock
from trade.stock.rejects import Reason

GOODS = {"milk": 3, "bread": 2, "apple": 700}


@pytest.fixture
def story(session, now):
    told = Story(session, now, points_of=3_000)
    told.top_up(10_000, bonus_fen=1_500)
    return told


_SKUS = "SELECT line_no, sku_id FROM order_line WHERE order_id = :order"


def give_up(story, order, wants, *, fault=True):
    """Free what is held and refund it, in one transaction; what it did."""
    store = story.shop.store_id
    with transaction(story.session) as session:
        returns.lock(session, store, order)
        skus = {row.line_no: row.sku_id for row in session.execute(text(_SKUS), {"order": order})}
        with suppress(stock.NotHeld):
            stock.release(session, store, order_id=order, goods={skus[line]: qty for line, qty in wants.items()})
        given = {"reason": "short_pick", "fault": fault, "actor": "t", "now": story.now}
        return returns.give_up(session, store, order, wants, **given)[1]


def refund(story, order, fens, **more):
    return story.do(returns.refund_amount, story.shop.store_id, order, fens, reason="t", **more)[1]


def test_a_unit_that_was_not_found_is_refunded_and_the_rest_arrives_with_the_goods(story):
    order = story.paid(points_used=300, milk=3)  # 2970 - 300, earned 26
    story.do(fulfil.accept, make.parcel(story.session, order))
    story.do(fulfil.pick, make.parcel(story.session, order), 1, 2)
    on_hand = story.count("SELECT sum(on_hand) FROM stock_level")
    done = story.do(fulfil.short, make.parcel(story.session, order), 1, 1, Reason.NOT_FOUND)
    story.do(fulfil.ready, make.parcel(story.session, order))
    assert (done.refund_fen, done.points_back, done.points_clawed) == (890, 100, 8)
    assert [(tender.kind, fen) for tender, fen in done.refunds] == [("wechat", 890)]
    assert story.points.pending == 26 - 8
    assert story.count("SELECT sum(on_hand) FROM stock_level") == on_hand
    story.agree()
    story.collect_ready(order)
    assert (story.points.pending, story.points.available) == (0, 3_000 - 300 + 100 + 18)
    assert story.count("SELECT sum(on_hand) FROM stock_level") == on_hand - 2
    back = story.give_back(order, lines={1: 2})
    assert (back.refund_fen, back.points_back, back.points_clawed) == (2670 - 890, 200, 18)
    story.agree()


def _stands(story, order):
    """What an order left behind: money by tender, points, stored value, growth, coupons, quotas."""
    story.follow()
    told = {
        "money": "SELECT kind || ':' || sum(amount_fen) FROM refund WHERE order_id = :order GROUP BY kind ORDER BY 1",
        "value": "SELECT account || ':' || sum(quantity + pending) FROM lot_entry WHERE source = 'order:' || :order"
        " GROUP BY account ORDER BY 1",
        "used": "SELECT coalesce(sum(back_fen), 0) || ':' || coalesce(sum(back_units), 0) FROM promotion_use"
        " WHERE order_id = :order",
        "coupon": "SELECT state FROM coupon WHERE order_id = :order",
        "held": "SELECT sum(qty) FROM stock_hold WHERE order_id = :order",
    }
    found = {name: story.session.execute(text(said), {"order": order}).scalars().all() for name, said in told.items()}
    story.session.rollback()
    return found, story.points, story.stored


@pytest.mark.parametrize("seed", range(4))
def test_all_units_given_up_in_any_pieces_are_the_same_as_a_cancel(story, seed):
    dice, twins = random.Random(seed), []
    for _ in range(2):
        with transaction(story.session):
            coupon = story.session.scalar(text("SELECT id FROM coupon WHERE state = 'issued' LIMIT 1"))
        coupon = coupon or story.coupon()
        order = story.order(points_used=500, wallet_fen=1_000, coupon_ids=[coupon], **GOODS)
        with transaction(story.session) as session:
            more = {"id": order}
            session.execute(text("UPDATE sale_order SET freight_fen = 600, payable_fen = payable_fen + 600"
                                 " WHERE id = :id"), more)  # fmt: skip
        story.told(story.intend(order))
        twins.append(order)
        if len(twins) == 1:
            story.cancel(order)
            cancelled = _stands(story, order)
    left, freight = Counter(dict(enumerate(GOODS.values(), 1))), []
    while left := +left:
        line = dice.choice(sorted(left))
        units = dice.randint(1, left[line])
        if dice.random() < 0.3:
            with suppress(returns.TooMuchRefunded):
                refund(story, twins[1], {line: dice.randint(1, 50)})
        freight.append(give_up(story, twins[1], {line: units}).freight_fen)
        left[line] -= units
        story.agree()
    assert freight == [0] * (len(freight) - 1) + [600]
    given_up = _stands(story, twins[1])
    assert given_up == cancelled
    with pytest.raises(returns.TooMuchReturned):
        give_up(story, twins[1], {1: 1})


@pytest.mark.parametrize("how", ["cancel", "refuse"])
def test_an_order_that_ends_after_a_part_was_refunded_gives_back_the_rest(story, how):
    before = story.points, story.stored
    order = story.paid(points_used=300, wallet_fen=1_000, coupon_ids=[story.coupon()], **GOODS)
    give_up(story, order, {1: 1, 3: 200})
    refund(story, order, {2: 333})
    story.agree()
    if how == "cancel":
        story.cancel(order)
    else:
        story.do(fulfil.accept, make.parcel(story.session, order))
        story.do(close.refuse, story.shop.store_id, order, "damaged")
    assert (story.points, story.stored) == before
    story.follow()
    story.agree()


STATES = ["placed", "paid", "confirmed", "done", "cancelled"]
MAY = {"give_up": {"paid", "confirmed"}, "refund": {"paid", "confirmed", "done"}}


@pytest.mark.parametrize("event", MAY)
@pytest.mark.parametrize("state", STATES)
def test_every_kind_in_every_state(story, state, event):
    order = story.paid(milk=2) if state != "placed" else story.order(milk=2)
    with transaction(story.session) as session:
        session.execute(text("UPDATE sale_order SET state = :state"), {"state": state})
    step = give_up if event == "give_up" else refund
    if state in MAY[event]:
        assert step(story, order, {1: 1}).kind == ("unshipped" if event == "give_up" else "amount")
    else:
        before = story.count("SELECT sum(held + committed) FROM stock_level")
        with pytest.raises(WrongState) as refused:
            step(story, order, {1: 1})
        assert refused.value.facts == {"order_id": order, "state": state, "event": event}
        rows = "SELECT (SELECT count(*) FROM sale_return) + (SELECT count(*) FROM refund)"
        assert (story.count(rows), story.count("SELECT sum(held + committed) FROM stock_level")) == (0, before)


@pytest.mark.parametrize(
    ("fens", "more", "refusal"),
    [({}, {}, Malformed), ({1: 0}, {}, Malformed), ({9: 1}, {}, NotFound), ({1: 1_981}, {}, returns.TooMuchRefunded),
     ({1: 1, 2: 651}, {}, returns.TooMuchRefunded), ({1: 1}, {"freight_fen": 1}, returns.TooMuchRefunded)],
)  # fmt: skip
def test_money_that_was_not_paid_is_not_refunded_and_nothing_moves(story, fens, more, refusal):
    order = story.paid(milk=2, bread=1)
    before = story.points
    with pytest.raises(refusal):
        refund(story, order, fens, **more)
    assert story.count("SELECT (SELECT count(*) FROM sale_return) + (SELECT count(*) FROM refund)") == 0
    assert story.points == before


def test_all_the_money_of_a_line_gives_its_coupon_and_points_back_and_the_units_give_nothing_more(story):
    coupon = story.coupon()
    order = story.paid(coupon_ids=[coupon], points_used=300, milk=2)
    head = story.head(order)
    assert refund(story, order, {1: head.payable_fen}).points_back == 300
    assert story.count("SELECT count(*) FROM coupon WHERE state = 'issued'") == 1
    story.prepare(order)
    story.collect_ready(order)
    story.agree()
    last = story.give_back(order, lines={1: 2})
    assert (last.refund_fen, last.points_back, last.points_clawed) == (0, 0, 0)
    story.follow()
    story.agree()


def test_cash_needs_a_shift_and_a_second_refund_of_the_same_money_is_refused(story):
    order = story.sell(milk=1)
    with pytest.raises(returns.ShiftNotOpen):
        refund(story, order, {1: 100})
    assert story.count("SELECT count(*) FROM sale_return") == 0
    refund(story, order, {1: 990}, shift_id=story.shop.shift_id)
    with pytest.raises(returns.TooMuchRefunded) as refused:
        refund(story, order, {1: 1}, shift_id=story.shop.shift_id)
    assert refused.value.facts == {"left": [{"line_no": 1, "fen": 0}]}
    story.agree()


def test_eight_at_once_refund_a_line_no_further_than_it_was_paid(story):
    order = story.paid(milk=2)  # 1980

    def one(step: int) -> str:
        given = {"reason": "t", "actor": "t", "now": story.now}
        try:
            with open_session() as session, transaction(session):
                if step % 2:
                    returns.refund_amount(session, story.shop.store_id, order, {1: 500}, **given)
                else:
                    returns.give_up(session, story.shop.store_id, order, {1: 1}, fault=True, **given)
        except Refused as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(8) as pool:
        outcomes = Counter(pool.map(one, range(8)))
    assert outcomes["done"] >= 2
    assert outcomes.keys() <= {"done", "too_much_returned", "too_much_refunded"}
    refunded = "SELECT (SELECT sum(amount_fen) FROM refund), (SELECT sum(refund_fen) FROM return_line)"
    assert len(set(*story.session.execute(text(refunded)).all())) == 1
    assert story.count("SELECT sum(refund_fen) FROM return_line") <= 1_980
    assert "refunds" not in books(story.session)
