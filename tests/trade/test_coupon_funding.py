"""Who bears what coupons took off (3.4, 3.11): all parts together are what was deducted and did not come back."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from member.coupons import claim
from tests import factories as make
from tests.stories import books
from trade.orders import close
from trade.settlement import coupons
from workers.jobs import give_coupons

PARTS = ("off_fen", "hq_fen", "store_fen", "supplier_fen")
FUNDED = {"hq_bp": 5_000, "store_bp": 3_000, "supplier_bp": 2_000}


def totals(session, store_id=0, month=11):
    found = coupons.statement(session, store_id, 2026, month)
    session.rollback()
    return tuple(found.total(name) for name in PARTS)


def test_the_worked_table_and_a_return_in_its_own_month(session, shop, member, now):
    coupon = make.a_coupon(session, member, now, **FUNDED)
    order = make.ring_up(session, shop, now, member_id=member, coupon_ids=[coupon], milk=2)
    sold = coupons.statement(session, shop.store_id, 2026, 11)
    assert totals(session, shop.store_id) == (500, 250, 150, 100)
    for _ in range(2):
        make.give_back(session, shop, order, {1: 1}, now + timedelta(days=10))
    assert coupons.statement(session, shop.store_id, 2026, 11) == sold
    back = coupons.statement(session, shop.store_id, 2026, 12).lines
    assert [(line.off_fen, line.hq_fen, line.store_fen, line.supplier_fen) for line in back] == [
        (-250, -125, -75, -50)
    ] * 2
    assert [line.document for line in back] == ["return:1", "return:2"]
    assert totals(session, shop.store_id + 1) == totals(session, month=10) == (0, 0, 0, 0)


def test_an_order_that_waits_bears_nothing_and_a_cancelled_one_is_taken_back(session, shop, member, now):
    order = make.order_online(session, shop, member, now, coupon_ids=[make.a_coupon(session, member, now)], milk=2)
    assert totals(session) == (0, 0, 0, 0)
    make.pay_online(session, shop, order, now)
    assert totals(session) == (500, 500, 0, 0)
    with transaction(session):
        close.cancel(session, shop.store_id, order, actor="t", now=now + timedelta(days=10))
    assert (totals(session), totals(session, month=12)) == ((500, 500, 0, 0), (-500, -500, 0, 0))


def test_what_was_withheld_goes_to_those_who_bore_it(session, open_session, shop, member, now):
    make.an_offer(session, now, name="满赠", in_centre=False, given_from_fen=1_900, **FUNDED)
    order = make.ring_up(session, shop, now, member_id=member, milk=2)
    rows = list(session.execute(text("SELECT id FROM journal WHERE kind = 'order.sold'")).scalars())
    give_coupons.run(rows, open_session, now=now)
    coupon = session.execute(text("SELECT id FROM coupon")).scalar_one()
    make.ring_up(session, shop, now, member_id=member, coupon_ids=[coupon], milk=2)
    make.give_back(session, shop, order, {1: 2}, now + timedelta(days=10))
    line = coupons.statement(session, shop.store_id, 2026, 12).lines[0]
    assert (line.off_fen, line.hq_fen, line.store_fen, line.supplier_fen) == (-500, -250, -150, -100)
    assert line.document == "withheld:1"


def kept_fen(session):
    """What coupons took off orders that stand, less what came back with goods and what was withheld; one figure."""
    said = """SELECT coalesce(sum(a.amount_fen - a.amount_fen * coalesce(back.qty, 0) / l.qty), 0)
        - (SELECT coalesce(sum(coupons_withheld_fen), 0) FROM sale_return)
        FROM allocation a JOIN order_line l USING (store_id, order_id, line_no)
        LEFT JOIN (SELECT store_id, order_id, line_no, sum(qty)::bigint AS qty FROM return_line GROUP BY 1, 2, 3) back
            USING (store_id, order_id, line_no)
        JOIN sale_order o ON o.store_id = a.store_id AND o.id = a.order_id
        WHERE a.source = 'coupon' AND o.paid_at IS NOT NULL AND o.state <> 'cancelled'"""
    found = session.execute(text(said)).scalar_one()
    session.rollback()
    return found


@pytest.mark.parametrize("seed", range(3))
def test_all_months_of_all_stores_are_what_was_deducted_and_did_not_come_back(session, member, now, seed):
    dice = random.Random(seed)
    shops = [make.open_shop(session, code=code, now=now) for code in ("A1", "A2")]
    bp = sorted(dice.sample(range(10_001), 2))
    funded = {"hq_bp": bp[0], "store_bp": bp[1] - bp[0], "supplier_bp": 10_000 - bp[1]}
    offer = make.an_offer(session, now, off_fen=dice.randint(1, 999), valid_days=90, claims_per_member=99, **funded)
    left: dict[tuple[int, int, int], int] = {}
    for number in range(8):
        at, shop = now + timedelta(days=number), dice.choice(shops)
        goods = {"milk": dice.randint(2, 5), "apple": dice.randint(1, 900)}
        with transaction(session):
            coupon = claim.claim(session, offer, member, channel=None, actor="t", now=at)
        if number % 4 == 3:
            order = make.order_online(session, shop, member, at, coupon_ids=[coupon], **goods)
            make.pay_online(session, shop, order, at)
            with transaction(session):
                close.refuse(session, shop.store_id, order, "damaged", actor="t", now=at + timedelta(days=20))
        else:
            order = make.ring_up(session, shop, at, member_id=member, coupon_ids=[coupon], **goods)
            left |= {(shop.store_id, order, line): qty for line, qty in enumerate(goods.values(), 1)}
    by_id = {shop.store_id: shop for shop in shops}
    for number, (store, order, line) in enumerate(dice.sample(sorted(left), 8)):
        for back in range(2):
            units = dice.randint(1, left[store, order, line])
            make.give_back(session, by_id[store], order, {line: units}, now + timedelta(days=9 + 5 * number + back))
            left[store, order, line] -= units
            if not left[store, order, line]:
                break
    months = [(2026, 11), (2026, 12), (2027, 1)]
    found = [coupons.statement(session, store, *month) for store in by_id for month in months]
    sums = [sum(one.total(name) for one in found) for name in PARTS]
    assert sums[0] == sum(sums[1:]) == kept_fen(session)
    assert sum(line.off_fen for month in months for line in coupons.statement(session, 0, *month).lines) == sums[0]
    for fact in [fact for one in found for fact in one.lines]:
        parts = (fact.hq_fen, fact.store_fen, fact.supplier_fen)
        assert fact.off_fen == sum(parts)
        assert min(part * fact.off_fen for part in parts) >= -abs(fact.off_fen)  # at most a fen the other way
    assert books(session) == {}
