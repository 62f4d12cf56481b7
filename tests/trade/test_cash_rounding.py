"""Cash is rounded last, the same way in both directions, and what comes back ends at exactly what was taken."""

from __future__ import annotations

import os
import random

import pytest
from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from trade.orders import place, proof, proof_refunds, read
from trade.payments import cash
from trade.payments.cash import TenderShort
from trade.pricing.promotions import moves
from trade.stores.models import CashRounding

SALES = int(os.environ.get("TONGDIAN_ROUNDED_SALES", "12"))


@pytest.mark.parametrize(
    ("mode", "table"),
    [
        ("none", {1289: 1289, 1285: 1285, 3: 3}),
        ("drop_fen", {1289: 1280, 1281: 1280, 1280: 1280, 9: 0}),
        ("drop_jiao", {1289: 1200, 1299: 1200, 1300: 1300, 99: 0}),
        ("half_up", {1289: 1290, 1285: 1290, 1284: 1280, 4: 0, 5: 10}),
        ("half_down", {1289: 1290, 1286: 1290, 1285: 1280, 5: 0, 6: 10}),
    ],
)
def test_each_mode_and_its_mirror(mode, table):
    for due_fen, paid_fen in table.items():
        assert due_fen + cash.rounding_fen(due_fen, mode) == paid_fen
        assert -due_fen + cash.rounding_fen(-due_fen, mode) == -paid_fen


def test_any_way_back_ends_at_what_was_taken():
    dice = random.Random(35)
    for _ in range(2_000):
        costs = [dice.choice([0, 3, dice.randint(1, 400)]) for _ in range(dice.randint(1, 5))]
        taken_fen = sum(costs) + cash.rounding_fen(sum(costs), dice.choice(list(CashRounding)))
        so_far = [cash.back_fen(sum(costs), taken_fen, sum(costs[:number])) for number in range(len(costs) + 1)]
        assert so_far == sorted(so_far)
        assert so_far[-1] == taken_fen


def rounds(session, shop, mode, now):
    with transaction(session):
        moves.settle_cash_rounding(session, shop.store_id, mode, actor="test", now=now)


def _cash_back(session):
    return session.scalar(text("SELECT coalesce(sum(amount_fen), 0)::bigint FROM refund WHERE kind = 'cash'"))


def test_only_what_is_left_for_cash_is_rounded_and_only_at_the_till(session, shop, member, now):
    """milk 9.90 + 530 g of 11.98 a kg = 6.35: 16.25; stored value 3.33 leaves 12.92."""
    rounds(session, shop, "drop_fen", now)
    make.top_up(session, shop, member, 1_000, now)
    basket = place.Basket(shop.store_id, make.wants(shop, milk=1, apple=530), member, wallet_fen=333)
    priced = place.price(session, basket, now=now)
    assert (priced.payable_fen, priced.rounding_fen, priced.due_fen) == (1625, -2, 1290)
    assert priced.trace[-1] == {"seq": 2, "phase": 7, "source": "rounding", "mode": "drop_fen", "delta_fen": -2}
    mall = place.Basket(shop.store_id, make.wants(shop, milk=1, apple=530), member, channel="mall")
    assert place.price(session, mall, now=now).due_fen == 1625
    order = make.ring_up(session, shop, now, member_id=member, wallet_fen=333, milk=1, apple=530)
    paper = read.receipt(session, shop.store_id, order)
    assert (paper["rounding_fen"], paper["payable_fen"]) == (-2, 1623)
    assert {one["kind"]: one["amount_fen"] for one in paper["tenders"]} == {"cash": 1290, "wallet": 333}
    done = make.give_back(session, shop, order, {1: 1, 2: 530}, now)
    assert (done.goods_fen, done.rounding_fen, done.refund_fen, done.wallet_back.total_fen) == (1625, -2, 1623, 333)
    assert _cash_back(session) == 1290
    assert proof.differences(session) + proof_refunds.differences(session) == []


def test_rounded_up_is_asked_for_in_full(session, shop, now):
    """16.25 by 四舍五入 is 16.30: 16.29 is not enough, and nothing is sold for it."""
    rounds(session, shop, "half_up", now)
    basket = place.Basket(shop.store_id, make.wants(shop, milk=1, apple=530))
    given = {"expected_payable_fen": 1625, "actor": "t", "now": now}
    with pytest.raises(TenderShort) as refused, transaction(session):
        place.at_till(session, basket, shop.sale(), received_fen=1629, **given)
    assert refused.value.facts == {"missing_fen": 1}
    assert session.scalar(text("SELECT count(*) FROM sale_order")) == 0


def test_a_return_in_pieces_gives_line_values_and_the_last_the_remainder(session, shop, now):
    """31.34 by 抹角 is 31.00.  Milk 9.90 comes back twice, apples 5.04 at 5.04, the rest of them at 6.16, not 6.50."""
    rounds(session, shop, "drop_jiao", now)
    order = make.ring_up(session, shop, now, milk=2, apple=963)
    backs = [make.give_back(session, shop, order, back, now) for back in ({1: 1}, {2: 421}, {1: 1}, {2: 542})]
    assert [(one.goods_fen, one.rounding_fen, one.refund_fen) for one in backs] == [
        (990, 0, 990),
        (504, 0, 504),
        (990, 0, 990),
        (650, -34, 616),
    ]
    assert _cash_back(session) == 3100
    assert proof_refunds.differences(session) == []


def test_random_sales_and_returns_leave_books_and_drawer_exact(session, shop, now):
    dice, cash_fen, rounded_fen = random.Random(7), 0, 0
    for _ in range(SALES):
        rounds(session, shop, dice.choice(list(CashRounding)), now)
        goods = {"milk": dice.randint(1, 2), "apple": dice.randint(1, 900), "bread": 1}
        order = make.ring_up(session, shop, now, discount_fen=dice.randint(0, 300), **goods)
        paper = read.receipt(session, shop.store_id, order)
        left, back_fen = dict(enumerate(goods.values(), start=1)), 0
        whole = dice.random() < 0.7
        while left and (whole or dice.random() < 0.6):
            line = dice.choice(list(left))
            qty = dice.randint(1, left[line])
            done = make.give_back(session, shop, order, {line: qty}, now)
            back_fen, rounded_fen = back_fen + done.refund_fen, rounded_fen - done.rounding_fen
            left = (
                {**left, line: left[line] - qty} if left[line] > qty else {k: v for k, v in left.items() if k != line}
            )
        assert back_fen == paper["payable_fen"] if not left else back_fen <= paper["payable_fen"]
        cash_fen, rounded_fen = cash_fen + paper["payable_fen"] - back_fen, rounded_fen + paper["rounding_fen"]
    assert proof.differences(session) + proof_refunds.differences(session) == []
    with transaction(session):
        closed = make.close_shift(session, shop.store_id, shop.shift_id, 0, now)
    assert (closed["expected_fen"], closed["rounding_fen"]) == (20_000 + cash_fen, rounded_fen)


def test_a_rounding_that_no_sale_explains_is_found(session, shop, now):
    rounds(session, shop, "drop_jiao", now)
    order = make.ring_up(session, shop, now, milk=2, apple=963)
    make.give_back(session, shop, order, {1: 1}, now)
    session.execute(text("UPDATE sale_return SET rounding_fen = -1, refund_fen = refund_fen - 1"))
    faults = {row["fault"]: row["at_stake"] for row in proof_refunds.differences(session)}
    assert faults["rounding"] == 1
