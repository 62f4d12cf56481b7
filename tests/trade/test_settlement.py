from __future__ import annotations

from datetime import timedelta

import pytest

from config.db import transaction
from member import wallet
from member.wallet_terms import Split
from tests import factories as make
from trade.books import registry
from trade.orders import close
from trade.orders.numbers import number
from trade.settlement import stored_value


@pytest.fixture
def shops(session, now):
    return [make.open_shop(session, code=code, now=now) for code in ("S1", "S2", "S3")]


def _net(session, month=11):
    return stored_value.net(session, 2026, month)


def test_money_topped_up_here_and_spent_there_is_owed_there(session, shops, now):
    here, there, _ = shops
    member = make.a_member(session, now=now)
    make.top_up(session, here, member, 10_000, now, bonus_fen=2_000)
    order = make.ring_up(session, there, now, member_id=member, wallet_fen=5_000, apple=5_000)
    owes = stored_value.statement(session, here.store_id, 2026, 11)
    assert (owes.pays_fen, owes.net_fen) == ({there.store_id: 4_166}, 4_166)
    assert [(line.bucket, line.fen, line.order_no) for line in owes.lines] == [
        ("principal", 4_166, number(there.store_id, order))
    ]
    gets = stored_value.statement(session, there.store_id, 2026, 11)
    assert gets.pays_fen == {0: -834, here.store_id: -4_166}
    assert _net(session) == {0: 834, here.store_id: 4_166, there.store_id: -5_000}


def test_a_return_posts_the_exact_negative_in_its_own_month(session, shops, now):
    here, there, _ = shops
    member = make.a_member(session, now=now)
    make.top_up(session, here, member, 10_000, now, bonus_fen=2_000)
    order = make.ring_up(session, there, now, member_id=member, wallet_fen=5_000, apple=5_000)
    before = stored_value.statement(session, there.store_id, 2026, 11)
    december = now + timedelta(days=10)
    make.give_back(session, there, order, {1: 1_000}, december)
    make.give_back(session, there, order, {1: 4_000}, december)
    assert stored_value.statement(session, there.store_id, 2026, 11) == before
    assert _net(session, 12) == {store: -fen for store, fen in _net(session).items()}
    assert {line.document for line in stored_value.statement(session, there.store_id, 2026, 12).lines} == {
        "return:1", "return:2",
    }  # fmt: skip


@pytest.mark.parametrize(("bearer", "payer"), [("hq", 0), ("topping", 1), ("spending", None)])
def test_the_bonus_is_owed_by_whom_the_rule_names(session, shops, now, bearer, payer):
    here, there, _ = shops
    member = make.a_member(session, now=now)
    make.top_up(session, here, member, 10_000, now, bonus_fen=2_000, bearer=bearer)
    make.ring_up(session, there, now, member_id=member, wallet_fen=6_000, apple=6_000)
    lines = stored_value.statement(session, there.store_id, 2026, 11).lines
    owed = [(line.payer, line.fen) for line in lines if line.bucket == "bonus"]
    assert owed == ([] if payer is None else [(payer, 1_000)])


def test_what_is_spent_where_it_was_topped_up_is_owed_to_nobody(session, shops, now):
    here = shops[0]
    member = make.a_member(session, now=now)
    make.top_up(session, here, member, 10_000, now, bonus_fen=2_000, bearer="topping")
    make.ring_up(session, here, now, member_id=member, wallet_fen=6_000, apple=6_000)
    assert stored_value.statement(session, here.store_id, 2026, 11).lines == []


def test_all_stores_together_owe_nothing_whatever_happened(session, shops, now):
    """Top-ups everywhere, sales elsewhere, an order held and released, one paid and refused, returns, a cash-out."""
    member = make.a_member(session, now=now)
    for shop, bearer in zip(shops, ("hq", "topping", "spending"), strict=True):
        make.top_up(session, shop, member, 5_000, now, bonus_fen=777, bearer=bearer)
    orders = [
        (shop, make.ring_up(session, shop, now, member_id=member, wallet_fen=fen, apple=7_000, milk=3))
        for shop, fen in zip(shops, (3_333, 4_001, 2_500), strict=True)
    ]
    kept = make.order_online(session, shops[1], member, now, wallet_fen=900, milk=1)
    assert wallet.balance(session, member).held.total_fen == 900
    with transaction(session):
        close.expire(session, shops[1].store_id, kept, actor="t", now=now)
    paid = make.order_online(session, shops[2], member, now, wallet_fen=990, milk=1)
    assert close.head(session, shops[2].store_id, paid).state == "confirmed"
    with transaction(session):
        close.refuse(session, shops[2].store_id, paid, "damaged", actor="t", now=now)
    for shop, order in orders:
        make.give_back(session, shop, order, {1: 1_234}, now)
        make.give_back(session, shop, order, {2: 1}, now)
    assert sum(_net(session).values()) == 0
    assert any(_net(session).values())
    left = {shop.store_id: stored_value.statement(session, shop.store_id, 2026, 11).net_fen for shop in shops}
    assert left == {store: fen for store, fen in _net(session).items() if store}
    for shop, order in orders:
        make.give_back(session, shop, order, {1: 5_766, 2: 2}, now)
    assert set(_net(session).values()) == {0}
    assert wallet.balance(session, member).have == Split(15_000, 3 * 777)
    for book in ("ledger", "orders", "refunds", "order_value", "top_ups"):
        assert registry.BOOKS[book].differences(session) == [], book
