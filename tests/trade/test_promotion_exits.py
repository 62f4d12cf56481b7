"""What an order used of promotions comes back by every way out, and the book of promotions says so."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from trade.books.registry import prove
from trade.orders import close, moves, place
from trade.payments import cash
from trade.pricing.promotions import book, counts
from trade.pricing.promotions.counts import Use
from trade.stock import moves as stock

BOOKS = ["promotions", "orders", "refunds", "order_goods", "stock"]


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, now=now)


@pytest.fixture
def promos(session, now, shop):
    """A flash price with every quota, 30 off an order, and a gift that takes nothing off."""
    quotas = {"total_units": 9, "day_units": 9, "store_units": 9, "budget_fen": 9_000}
    gift = {"kind": "gift", "steps": [[100, 0]], "gifts": [[shop.skus["bread"], 1]]}
    return [
        make.a_promotion(session, now, kind="flash", off_fen=100, quotas=quotas),
        make.a_promotion(session, now, quotas={"total_units": 5, "budget_fen": 9_000}),
        make.a_promotion(session, now, quotas={"total_units": 5}, **gift),
    ]


def _order(session, shop, promos, now, *, channel: str) -> int:
    """3 milk at 1 off each and 2 bread, 5 off both (4 of them on the milk), and a gift."""
    basket = place.Basket(shop.store_id, make.wants(shop, milk=3, bread=2), channel=channel)
    with transaction(session):
        priced = place.price(session, basket, now=now)
        lines, _ = place._lines(priced)
        lines = [lines[0] | {"net_fen": 2970 - 700}, lines[1] | {"net_fen": 1300 - 100}]
        lines.append(lines[1] | {"line_no": 3, "qty": 1, "list_fen": 0, "net_fen": 0, "gift": True})
        shares = [
            {"line_no": line, "source": "promotion", "source_id": one, "version": 1, "amount_fen": fen, "points": 0}
            for line, one, fen in ((1, promos[0], 300), (1, promos[1], 400), (2, promos[1], 100))
        ]
        paid = {"paid_at": now, "closed_at": now} if channel == "till" else {}
        figures = {"promotion_fen": 800, "payable_fen": 4270 - 800, "rules_version": 3}
        order = moves.open_order(
            session, place._head(basket, priced, now, channel=channel, **figures, **paid), lines, shares, actor="t"
        )
        units = {shop.skus["milk"]: 3, shop.skus["bread"]: 3}
        if channel == "till":
            stock.sell(session, shop.store_id, units, key=f"order:{order}:sell", actor="t", now=now)
            cash.take(session, shop.store_id, order, 3470, 3470, 0, now=now)
        else:
            stock.hold(session, shop.store_id, units, order_id=order)
        uses = [Use(promos[0], 1, 3, 300), Use(promos[1], 1, 1, 500), Use(promos[2], 1, 1, 0)]
        known = book.at(session, shop.store_id, now)
        counts.claim(session, known, uses, store_id=shop.store_id, order_id=order, member_id=None, now=now)
    return order


def _used(session) -> list[tuple[int, int]]:
    rows = session.execute(text("SELECT units, fen FROM promotion_count WHERE scope = 'total' ORDER BY promotion_id"))
    return [tuple(row) for row in rows]


def _agree(session) -> None:
    with transaction(session):
        assert [row for one in prove(session, BOOKS) for row in one.rows] == []


def test_returns_bring_back_what_the_lines_carried(session, shop, promos, now):
    order = _order(session, shop, promos, now, channel="till")
    steps = [
        ({1: 1}, [(2, 200), (1, 500 - 133), (1, 0)]),
        ({1: 2}, [(0, 0), (1, 100), (1, 0)]),
        ({2: 2}, [(0, 0), (0, 0), (1, 0)]),
        ({3: 1}, [(0, 0), (0, 0), (0, 0)]),
    ]
    _agree(session)
    for back, used in steps:
        make.give_back(session, shop, order, back, now)
        assert _used(session) == used
        _agree(session)


def test_an_order_that_ends_gives_all_of_it_back(session, shop, promos, now):
    order = _order(session, shop, promos, now, channel="mall")
    assert _used(session) == [(3, 300), (1, 500), (1, 0)]
    _agree(session)
    with transaction(session):
        close.cancel(session, shop.store_id, order, actor="t", now=now)
    assert _used(session) == [(0, 0)] * 3
    _agree(session)


@pytest.mark.parametrize(
    ("lie", "faults"),
    [
        ("UPDATE sale_order SET promotion_fen = 799, discount_fen = 1", {"order"}),
        ("UPDATE allocation SET amount_fen = 301 WHERE amount_fen = 300", {"order", "share"}),
        ("DELETE FROM promotion_use WHERE off_fen = 500", {"share", "count"}),
        ("UPDATE promotion_use SET back_units = 1 WHERE units = 3", {"state", "count"}),
        ("UPDATE sale_order SET state = 'cancelled'", {"state"}),
    ],
)
def test_a_lie_about_promotions_is_found(session, shop, promos, now, lie, faults):
    _order(session, shop, promos, now, channel="mall")
    with transaction(session):
        session.execute(text(lie))
        assert {row["fault"] for row in prove(session, ["promotions"])[0].rows} == faults
