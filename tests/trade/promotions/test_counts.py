"""Quotas and budgets: exact at the last unit, given back once, and proved by the uses behind them."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from trade.pricing.promotions import book, counts, drafts, moves, proof
from trade.pricing.promotions.counts import QuotaUsed, Use
from trade.pricing.rules import Left

FLASH = {"kind": "flash", "rate_bp": 8_000, "members_only": True}


@pytest.fixture
def store(session, now):
    return make.open_shop(session, now=now).store_id


def _claim(session, store, now, *uses: Use, order: int = 1, member: int | None = 5) -> None:
    with transaction(session):
        known = book.at(session, store, now)
        counts.claim(session, known, uses, store_id=store, order_id=order, member_id=member, now=now)


def _counted(session) -> dict[tuple[str, int], tuple[int, int]]:
    rows = session.execute(text("SELECT scope, key, units, fen FROM promotion_count"))
    return {(row.scope, row.key): (row.units, row.fen) for row in rows}


def _quotas(**quotas: int) -> dict[str, Any]:
    return {**FLASH, "quotas": quotas}


def test_a_use_counts_in_every_quota_and_comes_back_once(session, store, now):
    one = make.a_promotion(
        session, now, **_quotas(total_units=9, member_units=3, day_units=5, store_units=4, budget_fen=900)
    )
    _claim(session, store, now, Use(one, 1, 2, 300))
    keys = {("total", 0), ("member", 5), ("day", 20261123), ("store", store)}
    assert _counted(session) == dict.fromkeys(keys, (2, 300))
    known = book.at(session, store, now)
    assert counts.left(session, known, 5, now) == {one: Left(1, "member_limit", 600)}
    assert counts.left(session, known, None, now) == {one: Left(2, "quota_used", 600)}
    with transaction(session):
        assert counts.give_back(session, store, 1, {one: (1, 100)}) == {one: (1, 100)}
        assert counts.give_back(session, store, 1, {one: (1, 100)}) == {}
    assert counts.left(session, known, 5, now) == {one: Left(2, "member_limit", 700)}
    assert proof.differences(session) == []
    with transaction(session):
        assert counts.give_back(session, store, 1) == {one: (1, 200)}
        assert counts.give_back(session, store, 1) == {}
    assert _counted(session) == dict.fromkeys(keys, (0, 0))
    assert proof.differences(session) == []


@pytest.mark.parametrize(
    ("quotas", "limit", "left"),
    [
        ({"total_units": 2, "member_units": 9}, "total", 1),
        ({"member_units": 2}, "member", 1),
        ({"day_units": 2}, "day", 1),
        ({"store_units": 2}, "store", 1),
        ({"budget_fen": 250}, "budget", 150),
    ],
)
def test_one_too_many_is_refused_and_changes_nothing(session, store, now, quotas, limit, left):
    one, free = make.a_promotion(session, now, **_quotas(**quotas)), make.a_promotion(session, now)
    _claim(session, store, now, Use(one, 1, 1, 100), Use(free, 1, 1, 3_000))
    before = _counted(session)
    with pytest.raises(QuotaUsed) as refused:
        _claim(session, store, now, Use(one, 1, 2, 200), Use(free, 1, 1, 3_000), order=2)
    assert refused.value.facts == {"promotions": [{"id": one, "name": "活动flash", "limit": limit, "left": left}]}
    assert _counted(session) == before
    assert session.execute(text("SELECT count(*) FROM promotion_use")).scalar() == 2
    short = counts.left(session, book.at(session, store, now), 5, now)[one]
    assert (short.fen if limit == "budget" else short.units) == left


def test_a_first_use_may_be_too_large_already(session, store, now):
    one = make.a_promotion(session, now, **_quotas(total_units=2), most_per_order=5)
    with pytest.raises(QuotaUsed) as refused:
        _claim(session, store, now, Use(one, 1, 3, 1))
    assert refused.value.facts["promotions"][0] == {"id": one, "name": "活动flash", "limit": "total", "left": 2}
    with pytest.raises(QuotaUsed) as refused:
        _claim(session, store, now, Use(one, 1, 6, 1))
    assert refused.value.facts["promotions"][0]["limit"] == "order"
    assert _counted(session) == {}


@pytest.mark.parametrize(
    "quotas", [{"total_units": 5}, {"member_units": 5}, {"day_units": 5}, {"store_units": 5}, {"budget_fen": 590}]
)
def test_sixty_four_threads_at_the_last_units(open_session, session, store, now, quotas):
    one = make.a_promotion(session, now, **_quotas(**quotas))
    two = make.a_promotion(session, now, **_quotas(store_units=99, day_units=99))

    def buy(order: int) -> str:
        uses = [Use(one, 1, 1, 100), Use(two, 1, 1, 100)]
        try:
            with open_session() as mine:
                _claim(mine, store, now, *(uses if order % 2 else reversed(uses)), order=order)
        except QuotaUsed as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(64) as pool:
        assert Counter(pool.map(buy, range(1, 65))) == {"done": 5, "promotion_quota_used": 59}
    with ThreadPoolExecutor(64) as pool:  # each order gives back twice at once

        def undo(order: int) -> None:
            with open_session() as mine, transaction(mine):
                counts.give_back(mine, store, order // 2)

        list(pool.map(undo, range(2, 130)))
    assert set(_counted(session).values()) == {(0, 0)}
    assert proof.differences(session) == []


def test_a_quota_that_comes_later_counts_what_was_sold_before(session, store, now):
    one = make.a_promotion(session, now, **FLASH)
    _claim(session, store, now, Use(one, 1, 2, 100))
    assert _counted(session) == {}
    with transaction(session):
        form = drafts.understood(make.FOREVER | {"name": "闪购"} | _quotas(total_units=3, member_units=2))
        moves.edit(session, one, form, actor="test", now=now)
        moves.publish(session, one, actor="test", now=now)
    assert _counted(session) == {("total", 0): (2, 100), ("member", 5): (2, 100)}
    with pytest.raises(QuotaUsed):
        _claim(session, store, now, Use(one, 2, 1, 50), order=2)
    _claim(session, store, now, Use(one, 2, 1, 50), order=2, member=6)
    with transaction(session):
        counts.give_back(session, store, 1)
    assert _counted(session) == {("total", 0): (1, 50), ("member", 5): (0, 0), ("member", 6): (1, 50)}
    assert proof.differences(session) == []


def test_publishing_among_orders_neither_deadlocks_nor_miscounts(open_session, session, store, now):
    one = make.a_promotion(session, now, **FLASH)
    quotas = [{"total_units": 99, "day_units": 99}, {"member_units": 99, "store_units": 99, "budget_fen": 9_999}]

    def act(number: int) -> None:
        with open_session() as mine:
            if number % 12 == 0:
                form = drafts.understood(make.FOREVER | {"name": "闪购"} | _quotas(**quotas[number // 12 % 2]))
                with transaction(mine):
                    moves.edit(mine, one, form, actor="test", now=now)
                    moves.publish(mine, one, actor="test", now=now)
                return
            _claim(mine, store, now, Use(one, 1, 1, 100), order=number, member=number % 3)
            if number % 2:
                with transaction(mine):
                    counts.give_back(mine, store, number)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(act, range(72)))
    assert proof.differences(session) == []


@pytest.mark.parametrize(
    ("lie", "fault"),
    [
        ("UPDATE promotion_count SET units = units + 1", "count"),
        ("UPDATE promotion_count SET fen = fen - 1", "count"),
        ("DELETE FROM promotion_count", "count"),
        ("UPDATE promotion_use SET version = 7", "version"),
    ],
)
def test_a_count_that_lies_is_found(session, store, now, lie, fault):
    one = make.a_promotion(session, now, **_quotas(total_units=9))
    _claim(session, store, now, Use(one, 1, 2, 300))
    with transaction(session):
        session.execute(text(lie))
    assert [row["fault"] for row in proof.differences(session)] == [fault]
