"""What an order used of promotions comes back by every way out, and the book of promotions says so."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from trade.books.registry import prove
from trade.orders import close

BOOKS = ["promotions", "orders", "refunds", "order_goods", "stock"]


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, now=now)


@pytest.fixture
def promos(session, now, shop):
    """A flash price of milk with every quota, 5 off an order, and a gift."""
    quotas = {"total_units": 9, "day_units": 9, "store_units": 9, "budget_fen": 9_000}
    flash = {"kind": "flash", "off_fen": 100, "scope": {"include": {"skus": [shop.skus["milk"]]}}}
    gift = {"kind": "gift", "steps": [[100, 0]], "gifts": [[shop.skus["bread"], 1]]}
    return [
        make.a_promotion(session, now, **flash, quotas=quotas),
        make.a_promotion(session, now, steps=[[1000, 500]], quotas={"total_units": 5, "budget_fen": 9_000}),
        make.a_promotion(session, now, quotas={"total_units": 5}, **gift),
    ]


def _order(session, shop, now, *, channel: str) -> int:
    """3 milk at 1 off each and 2 bread, 5 off both (3.36 of it on the milk), and a bread as a gift."""
    if channel == "till":
        return make.ring_up(session, shop, now, milk=3, bread=2)
    return make.order_online(session, shop, make.a_member(session, now=now), now, milk=3, bread=2)


def _used(session) -> list[tuple[int, int]]:
    rows = session.execute(text("SELECT units, fen FROM promotion_count WHERE scope = 'total' ORDER BY promotion_id"))
    return [tuple(row) for row in rows]


def _agree(session) -> None:
    with transaction(session):
        assert [row for one in prove(session, BOOKS) for row in one.rows] == []


def test_returns_bring_back_what_the_lines_carried(session, shop, promos, now):
    order = _order(session, shop, now, channel="till")
    steps = [
        ({1: 1}, [(2, 200), (1, 500 - 112), (1, 650)]),
        ({1: 2}, [(0, 0), (1, 164), (1, 650)]),
        ({2: 2}, [(0, 0), (0, 0), (1, 650)]),
        ({3: 1}, [(0, 0), (0, 0), (0, 0)]),
    ]
    _agree(session)
    for back, used in steps:
        make.give_back(session, shop, order, back, now)
        assert _used(session) == used
        _agree(session)


def test_an_order_that_ends_gives_all_of_it_back(session, shop, promos, now):
    order = _order(session, shop, now, channel="mall")
    assert _used(session) == [(3, 300), (1, 500), (1, 650)]
    _agree(session)
    with transaction(session):
        close.cancel(session, shop.store_id, order, actor="t", now=now)
    assert _used(session) == [(0, 0)] * 3
    _agree(session)


@pytest.mark.parametrize(
    ("lie", "faults"),
    [
        ("UPDATE sale_order SET promotion_fen = 1449, discount_fen = 1", {"order"}),
        ("UPDATE allocation SET amount_fen = 301 WHERE amount_fen = 300", {"order", "share"}),
        ("DELETE FROM promotion_use WHERE off_fen = 500", {"share", "count"}),
        ("UPDATE promotion_use SET back_units = 1 WHERE units = 3", {"state", "count"}),
        ("UPDATE sale_order SET state = 'cancelled'", {"state"}),
    ],
)
def test_a_lie_about_promotions_is_found(session, shop, promos, now, lie, faults):
    _order(session, shop, now, channel="mall")
    with transaction(session):
        session.execute(text(lie))
        assert {row["fault"] for row in prove(session, ["promotions"])[0].rows} == faults
