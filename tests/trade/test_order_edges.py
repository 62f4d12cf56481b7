"""The rarer ways of an order: worthless points, late money, nothing to give back, nobody's order."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import Malformed, NotFound, WrongState
from member import points
from tests import factories as make
from trade.fulfilment import parcels
from trade.orders import close, desk, proof, read, returns
from trade.orders.pay import Outcome
from trade.payments import moves as payments
from trade.pricing.by_hand import DiscountTooLarge
from trade.pricing.quote import PointsNotUsable
from trade.stock import moves as stock
from trade.stock import proof as stock_proof


def _do(session, step, *args, **kwargs):
    with transaction(session):
        return step(session, *args, **kwargs)


def _rows(session):
    session.rollback()
    tables = (
        "sale_order",
        "order_line",
        "tender",
        "refund",
        "sale_return",
        "stock_level",
        "lot",
        "lot_entry",
        "journal",
    )
    return {name: session.execute(text(f"SELECT t::text FROM {name} t ORDER BY 1")).all() for name in tables}


def _books(session):
    return [proof.differences(session), stock_proof.differences(session), points.check(session)]


def test_an_order_too_small_for_a_point_moves_no_points(session, shop, member, now):
    make.ring_up(session, shop, now, member_id=member, apple=50)
    order = make.order_online(session, shop, member, now, apple=50)
    assert make.pay_online(session, shop, order, now) == [Outcome.APPLIED]
    make.collect_online(session, shop, order, now)
    assert [row["event"] for row in points.history(session, member, most=9)] == ["earn"]
    assert _books(session) == [[], [], []]


def test_cancelling_a_paid_order_without_points_moves_only_goods_and_money(session, shop, member, now):
    order = make.order_online(session, shop, member, now, apple=50)
    make.pay_online(session, shop, order, now)
    _do(session, close.cancel, shop.store_id, order, actor="t", now=now)
    assert [row["event"] for row in points.history(session, member, most=9)] == ["earn"]
    assert session.execute(text("SELECT amount_fen, state FROM refund")).all() == [(60, "requested")]
    assert _books(session) == [[], [], []]


def test_nobodys_order_is_nowhere(session, shop, member, now):
    before = _rows(session)
    key = (shop.store_id, 99)
    asked = (
        lambda: read.receipt(session, *key),
        lambda: desk.one(session, *key),
        lambda: read.one_of_member(session, member, 99),
        lambda: close.head(session, *key),
        lambda: returns.preview(session, *key, {1: 1}),
        lambda: parcels.here(session, *key),
        lambda: _do(session, close.cancel, *key, actor="t", now=now),
    )
    for ask in asked:
        with pytest.raises(NotFound):
            ask()
    assert _rows(session) == before
    assert (desk.still_open(session, shop.store_id), desk.done(session, shop.store_id, since=now)) == ([], [])
    assert read.of_member(session, member, before=None) == []


@pytest.mark.parametrize(
    ("wants", "refusal"),
    [({}, Malformed), ({1: 0}, Malformed), ({1: -1}, Malformed), ({9: 1}, NotFound), ({1: 3}, returns.TooMuchReturned)],
)
def test_a_return_that_cannot_be_changes_nothing(session, shop, now, wants, refusal):
    order = make.ring_up(session, shop, now, milk=2)
    before = _rows(session)
    with pytest.raises(refusal):
        returns.preview(session, shop.store_id, order, wants)
    assert _rows(session) == before


@pytest.mark.parametrize("state", ["placed", "paid", "confirmed", "cancelled"])
def test_only_what_was_handed_over_comes_back(session, shop, member, now, state):
    order = make.order_online(session, shop, member, now, milk=1)
    with transaction(session):
        session.execute(text("UPDATE sale_order SET state = :state"), {"state": state})
    with pytest.raises(WrongState) as refused:
        returns.preview(session, shop.store_id, order, {1: 1})
    assert refused.value.facts == {"order_id": order, "state": state, "event": "return"}


def test_a_sale_paid_by_points_and_discount_alone_comes_back_without_money(session, shop, now):
    order = make.ring_up(session, shop, now, discount_fen=990, milk=1)
    with transaction(session):
        plan = returns.preview(session, shop.store_id, order, {1: 1})
        assert (plan.refund_fen, plan.refunds, plan.points_clawed) == (0, [], 0)
        returns.take_back(
            session,
            shop.store_id,
            order,
            {1: 1},
            expected_refund_fen=0,
            at_store_id=shop.store_id,
            shift_id=None,
            staff_id=1,
            actor="t",
            now=now,
        )
    assert read.receipt(session, shop.store_id, order)["lines"][0]["returned_qty"] == 1
    assert _books(session) == [[], [], []]


@pytest.mark.parametrize(("fen", "refusal"), [(991, DiscountTooLarge), (-1, DiscountTooLarge)])
def test_a_discount_beyond_the_basket_sells_nothing(session, shop, now, fen, refusal):
    before = _rows(session)
    with pytest.raises(refusal) as refused:
        make.ring_up(session, shop, now, discount_fen=fen, milk=1)
    assert refused.value.facts == {"max_fen": 990}
    assert _rows(session) == before


@pytest.mark.parametrize(("used", "most"), [(50, 400), (500, 400), (100, 0)])
def test_points_beyond_the_rules_sell_nothing(session, shop, member, now, used, most):
    who = None if most == 0 else member
    before = _rows(session)
    with pytest.raises(PointsNotUsable) as refused:
        make.ring_up(session, shop, now, member_id=who, points_used=used, milk=1)
    assert refused.value.facts == {"max_points": most, "step": 100, "min_points": 100}
    assert _rows(session) == before


def test_a_share_of_nothing_is_not_written(session, shop, member, now):
    order = make.ring_up(session, shop, now, discount_fen=1, milk=1, bread=1)
    rows = session.execute(text("SELECT line_no, amount_fen FROM allocation WHERE order_id = :id"), {"id": order}).all()
    assert rows == [(1, 1)]


def test_goods_received_under_one_document_come_in_once(session, shop, now):
    before = _rows(session)
    goods = {shop.skus["milk"]: 10}
    delivery = {"key": "delivery:1", "actor": "t", "now": now}
    assert _do(session, stock.take_in, shop.store_id, goods, **delivery) == [shop.skus["milk"]]
    once = _rows(session)
    assert once != before
    assert _do(session, stock.take_in, shop.store_id, goods, **delivery) == []
    assert _rows(session) == once


@pytest.mark.parametrize("goods", [{}, {1: 0}, {1: -1}])
def test_nothing_is_no_delivery(session, shop, now, goods):
    before = _rows(session)
    with pytest.raises(AssertionError):
        _do(session, stock.take_in, shop.store_id, goods, key="delivery:1", actor="t", now=now)
    assert _rows(session) == before


def test_more_than_was_captured_is_never_planned(session, shop, now):
    order = make.ring_up(session, shop, now, milk=1)
    tenders = payments.refundable(session, shop.store_id, order)
    with pytest.raises(AssertionError, match="1 fen more"):
        payments.plan_refund(tenders, 991)


def test_money_already_given_back_is_not_planned_again(session, shop, member, now):
    order = make.ring_up(session, shop, now, milk=2)
    with transaction(session):
        tender = payments.refundable(session, shop.store_id, order)[0]
        payments.refund(session, tender, 1980, reason="returned", actor="t", now=now, shift_id=shop.shift_id)
    left = payments.refundable(session, shop.store_id, order)
    assert ([row.left_fen for row in left], payments.plan_refund(left, 0)) == ([0], [])
