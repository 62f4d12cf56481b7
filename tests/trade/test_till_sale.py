from __future__ import annotations

import pytest
from sqlalchemy import text

from config.db import transaction
from member import points
from member.points import PointsShort
from tests import factories as make
from trade.orders import place, proof, read, returns
from trade.payments.cash import TenderShort
from trade.pricing.quote import NotForSale, PriceChanged
from trade.pricing.quoted import Want
from trade.stock import proof as stock_proof
from trade.stock.moves import OutOfStock


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, stock_of={"milk": 5}, now=now)


def _everything(session):
    return session.execute(
        text(
            "SELECT (SELECT count(*) FROM sale_order), (SELECT sum(on_hand) FROM stock_level),"
            " (SELECT count(*) FROM stock_movement), (SELECT coalesce(sum(balance), 0) FROM lot_account),"
            " (SELECT count(*) FROM lot_entry), (SELECT count(*) FROM tender),"
            " (SELECT count(*) FROM journal WHERE kind LIKE 'order.%')"
        )
    ).one()


def _sell(session, shop, now, *, received=10_000, expected=None, member_id=None, points_used=0, wanted=None, **goods):
    basket = place.Basket(shop.store_id, wanted or make.wants(shop, **goods), member_id, points_used)
    with transaction(session):
        due = expected if expected is not None else place.price(session, basket, now=now).payable_fen
        return place.at_till(
            session, basket, shop.sale(), received_fen=received, expected_payable_fen=due, actor="t", now=now
        )


def test_a_sale_moves_goods_money_and_points_together(session, shop, now):
    member = make.a_member(session, points_of=500, now=now)
    order = make.ring_up(session, shop, now, member_id=member, points_used=300, milk=2, apple=530)
    receipt = read.receipt(session, shop.store_id, order)
    assert (receipt["list_fen"], receipt["points_fen"], receipt["payable_fen"]) == (2615, 300, 2315)
    assert sum(line["net_fen"] for line in receipt["lines"]) == 2315
    assert receipt["tenders"][0]["amount_fen"] == 2315
    assert receipt["member"]["points"] == 500 - 300 + 23
    assert [proof.differences(session), stock_proof.differences(session), points.check(session)] == [[], [], []]


@pytest.mark.parametrize(
    ("case", "refusal"),
    [
        ({"milk": 6}, OutOfStock),
        ({"milk": 1, "received": 100}, TenderShort),
        ({"milk": 1, "expected": 989}, PriceChanged),
        ({"wanted": [Want(999, 1)]}, NotForSale),
        ({"wanted": []}, place.EmptyBasket),
    ],
)
def test_a_refused_sale_changes_nothing(session, shop, now, case, refusal):
    before = _everything(session)
    with pytest.raises(refusal):
        _sell(session, shop, now, **case)
    assert _everything(session) == before


def test_two_lines_of_one_sku_draw_on_one_stock_row(session, shop, now):
    milk = shop.skus["milk"]
    with pytest.raises(OutOfStock):
        _sell(session, shop, now, wanted=[Want(milk, 3), Want(milk, 3)])
    _sell(session, shop, now, wanted=[Want(milk, 3), Want(milk, 2)])
    assert stock_proof.differences(session) == []


def test_points_spent_elsewhere_meanwhile_refuse_the_sale(session, shop, now, monkeypatch):
    member = make.a_member(session, points_of=500, now=now)
    real = place.price
    monkeypatch.setattr(place, "price", lambda s, b, **given: _after(real(s, b, **given), s, member, now))
    with pytest.raises(PointsShort):
        _sell(session, shop, now, milk=2, member_id=member, points_used=500, expected=1480)


def _after(priced, session, member, now):
    if not points.balance(session, member).available < 500:
        points.spend(session, member, 100, source="other:1", actor="t", now=now)
    return priced


def test_returning_unit_by_unit_ends_at_exactly_what_was_paid(session, shop, now):
    member = make.a_member(session, points_of=500, now=now)
    order = make.ring_up(session, shop, now, member_id=member, points_used=500, discount_fen=7, milk=3, bread=2)
    paid = read.receipt(session, shop.store_id, order)["payable_fen"]
    back = given = clawed = 0
    for line, units in ((1, 3), (2, 2)):
        for _ in range(units):
            with transaction(session):
                due = returns.preview(session, shop.store_id, order, {line: 1}).refund_fen
                _, done = returns.take_back(
                    session,
                    shop.store_id,
                    order,
                    {line: 1},
                    expected_refund_fen=due,
                    at_store_id=shop.store_id,
                    shift_id=shop.shift_id,
                    staff_id=1,
                    actor="t",
                    now=now,
                )
            back, given, clawed = back + done.refund_fen, given + done.points_back, clawed + done.points_clawed
    assert (back, given, clawed) == (paid, 500, paid // 100)
    assert points.balance(session, member).available == 500
    assert [stock_proof.differences(session), points.check(session), proof.differences(session)] == [[], [], []]
    with pytest.raises(returns.TooMuchReturned):
        returns.preview(session, shop.store_id, order, {1: 1})


def test_points_already_spent_become_a_deficit_that_the_next_sale_absorbs(session, shop, now):
    member = make.a_member(session, points_of=94, now=now)
    order = make.ring_up(session, shop, now, member_id=member, bread=1)
    make.ring_up(session, shop, now, member_id=member, points_used=100, bread=1)
    with transaction(session):
        plan = returns.preview(session, shop.store_id, order, {1: 1})
        assert (plan.points_clawed, plan.points_deficit) == (6, 1)
        returns.take_back(
            session,
            shop.store_id,
            order,
            {1: 1},
            expected_refund_fen=plan.refund_fen,
            at_store_id=shop.store_id,
            shift_id=shop.shift_id,
            staff_id=1,
            actor="t",
            now=now,
        )
    assert points.balance(session, member).deficit == 1
    make.ring_up(session, shop, now, member_id=member, milk=1)
    assert points.balance(session, member).available == 8
    assert points.check(session) == []


def test_cash_needs_a_drawer(session, shop, now):
    order = make.ring_up(session, shop, now, milk=1)
    with pytest.raises(returns.ShiftNotOpen), transaction(session):
        returns.take_back(
            session,
            shop.store_id,
            order,
            {1: 1},
            expected_refund_fen=990,
            at_store_id=shop.store_id,
            shift_id=None,
            staff_id=1,
            actor="t",
            now=now,
        )


def test_a_refund_that_changed_since_the_preview_is_shown_again(session, shop, now):
    order = make.ring_up(session, shop, now, milk=1)
    with pytest.raises(returns.RefundChanged), transaction(session):
        returns.take_back(
            session,
            shop.store_id,
            order,
            {1: 1},
            expected_refund_fen=1,
            at_store_id=shop.store_id,
            shift_id=shop.shift_id,
            staff_id=1,
            actor="t",
            now=now,
        )
