"""Several at once count, sell and settle; and the book finds what nobody may change."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import WrongState
from tests import factories as make
from tests.trade.shifts import words as w
from trade.orders import place
from trade.orders.shifts import moves, read, settle
from trade.stores import tills
from trade.stores.models import Till

HOUR = timedelta(hours=1)


def test_z_numbers_of_a_store_have_no_gap_and_name_the_one_before(story, open_session):
    """Two tills settle at once, again and again; a refused settlement takes no number."""
    with transaction(story.session) as opened:
        second = Till(store_id=story.shop.store_id, name="2号机")
        opened.add(second)
        opened.flush()
        cards = [w.till(story), tills.TillCard(second.id, "2号机", story.shop.store_id, "通店")]
        make.close_shift(opened, story.shop.store_id, story.shop.shift_id, 20_000, story.now)

    def day(card):
        for n in range(6):
            with open_session() as mine:
                with transaction(mine):
                    made = make.open_shift(mine, card, 1, 100, story.now)
                    moves.count(
                        mine, card.store_id, made, 1, make.pieces(100 + 5_000 * (n % 2)), actor="t", now=story.now
                    )
                    moves.move(mine, card.store_id, made, "keep", {}, actor="t", now=story.now)
                if n % 2:
                    with pytest.raises(settle.VarianceNeedsApproval), transaction(mine):
                        settle.settle(mine, card.store_id, made, actor="t", now=story.now)
                with transaction(mine):
                    settle.settle(mine, card.store_id, made, variance=settle.Word(1, "x"), actor="t", now=story.now)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(day, cards))
    with transaction(story.session) as opened:
        chain = opened.execute(text("SELECT z_no, body, hash FROM shift_z ORDER BY z_no")).all()
    assert [row.z_no for row in chain] == list(range(1, 14))
    before = bytes(32)
    for row in chain:
        assert json.loads(row.body)["prev"] == before.hex()
        before = hashlib.sha256(row.body.encode()).digest()
        assert bytes(row.hash) == before
    story.agree()


@pytest.mark.parametrize(
    ("lie", "fault"),
    [
        ("UPDATE tender SET amount_fen = amount_fen - 1", "z_figures"),
        ("INSERT INTO cash_move (store_id, shift_id, kind, fen, reason, staff_id, request_id, at)"
         " SELECT store_id, id, 'paid_in', 1, '', 1, 'x', now() FROM shift", "z_figures"),
        ("DELETE FROM shift_z", "z_missing"),
        ("UPDATE shift_z SET body = replace(body, '小', '大') || ' '", "z_chain"),
        ("UPDATE shift_z SET z_no = 2", "z_chain"),
        ("UPDATE shift SET counted_fen = counted_fen + 1", "counted"),
        ("UPDATE shift_count SET pieces = '{\"100\": 1}' WHERE no = 0", "counted"),
    ],
)  # fmt: skip
def test_the_book_finds_each_kind_of_lie(story, lie, fault):
    from trade.orders.shifts import proof

    story.sell(milk=1)
    with transaction(story.session) as opened:
        make.close_shift(opened, story.shop.store_id, story.shop.shift_id, 20_990, story.now)
    with transaction(story.session) as opened:
        assert proof.differences(opened) == []
        opened.execute(text(lie))
        assert fault in {row["fault"] for row in proof.differences(opened)}


def _outcomes(work, n, *refusals):
    def one(_):
        try:
            work()
        except refusals as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(n) as pool:
        return Counter(pool.map(one, range(n)))


def test_two_counts_and_two_settlements_at_once_are_one(story, open_session):
    shop = story.shop

    def count():
        with open_session() as mine, transaction(mine):
            moves.count(mine, shop.store_id, shop.shift_id, 1, make.pieces(20_000), actor="t", now=story.now)

    assert _outcomes(count, 8, WrongState) == {"done": 1, "wrong_state": 7}
    w.keep(story)

    def close():
        with open_session() as mine, transaction(mine):
            settle.settle(mine, shop.store_id, shop.shift_id, actor="t", now=story.now)

    assert _outcomes(close, 8, WrongState) == {"done": 1, "wrong_state": 7}
    assert [one["z_no"] for one in w.zs(story)] == [1]
    story.agree()


def test_a_sale_against_the_count_is_in_the_shift_or_not_at_all(story, open_session):
    shop, till = story.shop, w.till(story)

    class NoShift(Exception):
        code = "no_shift"

    def sell():
        with open_session() as mine, transaction(mine):
            if read.sells_in(mine, till, now=story.now) is None:
                raise NoShift
            basket = place.Basket(shop.store_id, make.wants(shop, milk=1))
            place.at_till(
                mine, basket, shop.sale(), received_fen=990, expected_payable_fen=990, actor="t", now=story.now
            )

    def count():
        with open_session() as mine, transaction(mine):
            moves.count(mine, shop.store_id, shop.shift_id, 1, make.pieces(20_000), actor="t", now=story.now)

    with ThreadPoolExecutor(9) as pool:
        rung = [pool.submit(sell) for _ in range(4)]
        closing = pool.submit(count)
        rung += [pool.submit(sell) for _ in range(4)]
        closing.result()
        done = sum(1 for one in rung if one.exception() is None)
    assert {type(one.exception()) for one in rung} <= {type(None), NoShift}
    assert w.figures(story)["sales"] == done
    w.keep(story)
    w.do(story, settle.settle, shop.shift_id, variance=settle.Word(1, "x"))
    assert w.zs(story)[0]["sales"] == done
    story.agree()
