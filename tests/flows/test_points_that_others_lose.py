"""What goes wrong with points elsewhere, told with ours (members-mall-orders.md 3.A: yudao, macrozheng, lilishop,
CRMEB, Odoo)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from config.db import transaction
from member import points
from member.points import PointsShort
from trade.orders import close
from trade.pricing.quote import PointsNotUsable

BY: dict[str, Any] = {"actor": "t"}


def _spend_all(story):
    with transaction(story.session):
        left = points.balance(story.session, story.member).available
        points.spend(story.session, story.member, left, source="gift:away", now=story.now, **BY)


def test_a_claw_back_from_an_empty_account_leaves_a_debt_that_is_written_down(story):
    """yudao logs an error and returns: the points of a refunded order stay spent and nobody knows."""
    order = story.sell(milk=10)
    _spend_all(story)
    plan = story.give_back(order, lines={1: 10})
    assert (plan.points_clawed, plan.points_deficit) == (99, 99)
    assert (story.points.available, story.points.deficit) == (0, 99)
    story.agree()


def test_a_debt_blocks_spending_and_is_absorbed_by_what_is_earned_next(story):
    order = story.sell(milk=10)
    _spend_all(story)
    story.give_back(order, lines={1: 10})
    with pytest.raises(PointsNotUsable):
        story.sell(points_used=100, milk=2)
    story.sell(milk=12)
    assert (story.points.available, story.points.deficit) == (118 - 99, 0)
    story.agree()


def test_an_order_that_would_spend_points_nobody_has_is_refused_and_nothing_moves(story):
    """yudao's same silent return made such an order cheaper all the same."""
    _spend_all(story)
    before = story.count("SELECT (SELECT count(*) FROM sale_order) * 1000 + (SELECT count(*) FROM lot_entry)")
    with pytest.raises(PointsNotUsable):
        story.order(points_used=100, milk=2)
    with pytest.raises(PointsShort), transaction(story.session):
        points.spend(story.session, story.member, 100, source="order:7", now=story.now, **BY)
    assert story.count("SELECT (SELECT count(*) FROM sale_order) * 1000 + (SELECT count(*) FROM lot_entry)") == before
    story.agree()


@pytest.mark.parametrize("paid", [False, True])
def test_used_points_return_when_an_order_is_cancelled(story, paid):
    """macrozheng writes the used points on the order after it was inserted, so a cancel returned none."""
    order = story.paid(points_used=300, milk=2) if paid else story.order(points_used=300, milk=2)
    assert story.points.available == 700
    story.cancel(order)
    assert (story.points.available, story.points.held, story.points.pending) == (1_000, 0, 0)
    story.agree()


def test_used_points_return_when_the_goods_do(story):
    """lilishop returns spent points on cancel only."""
    order = story.paid(points_used=300, milk=2)
    story.collect(order)
    story.give_back(order, lines={1: 2})
    assert story.points.available == 1_000
    story.agree()


def test_points_that_an_order_promises_are_credited_when_it_is_done(story):
    """macrozheng computes gifted points, stores them on the order and never credits them."""
    order = story.paid(milk=3)
    promised = story.head(order).earns_points
    assert (promised, story.points.pending, story.points.available) == (29, 29, 1_000)
    story.collect(order)
    assert (story.points.pending, story.points.available) == (0, 1_029)
    story.agree()


@pytest.mark.parametrize("tender", ["before", "after"])
def test_a_refund_before_the_hand_over_and_one_after_end_at_equal_points(story, tender):
    """lilishop earned at completion on the whole price, so a refund before completion kept its points."""
    order = story.paid(points_used=200, milk=2)
    if tender == "before":
        story.prepare(order)
        story.do(close.refuse, story.shop.store_id, order, "damaged")
    else:
        story.collect(order)
        story.give_back(order, lines={1: 1})
        story.give_back(order, lines={1: 1})
    end = story.points
    assert (end.available, end.pending, end.held, end.deficit) == (1_000, 0, 0, 0)
    story.agree()


def test_the_balance_is_the_sum_of_its_log_even_when_a_claw_back_found_less(story):
    """CRMEB clamps the balance to 0 and logs the full amount, so log and balance part for ever."""
    orders = [story.sell(milk=5) for _ in range(2)]
    _spend_all(story)
    for order in orders:
        story.give_back(order, lines={1: 5})
    now = story.points
    assert now.available - now.deficit == story.count(
        "SELECT sum(quantity) FROM lot_entry WHERE account = 'points' AND member_id = :m", m=story.member
    )
    assert now.deficit == 98
    story.agree()


def test_two_purchases_at_one_moment_both_count(story, open_session):
    """macrozheng writes an absolute balance computed from a member it loaded earlier: one of the two is lost."""

    def earn(number: int) -> None:
        with open_session() as mine, transaction(mine):
            points.earn(
                mine, story.member, 7, source=f"gift:{number}", key=f"gift:{number}", pending=False, now=story.now, **BY
            )

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(earn, range(2, 34)))
    assert story.points.available == 1_000 + 32 * 7
    story.agree()


def test_only_the_points_asked_for_are_used(story):
    """CRMEB takes all usable points up to the cap once the box is ticked."""
    order = story.sell(points_used=100, milk=10)
    assert (story.head(order).points_used, story.head(order).points_fen) == (100, 100)
    assert story.points.available == 900 + story.head(order).earns_points
    story.agree()


def test_points_and_money_are_whole_numbers_in_every_table(story):
    """Odoo adds a float to a float balance at confirmation."""
    rows = story.session.execute(
        text(
            "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND data_type IN ('real', 'double precision', 'numeric', 'money')"
        )
    ).scalars()
    assert list(rows) == []
    assert (
        story.count(
            "SELECT data_type FROM information_schema.columns WHERE table_name = 'lot' AND column_name = 'remaining'"
        )
        == "bigint"
    )


def test_a_repeated_earning_counts_once(story, open_session):
    """yudao guards an earning by the order's change of state alone: a doubled job earned twice."""

    def earn(_: int) -> bool:
        with open_session() as mine, transaction(mine):
            return points.earn(
                mine, story.member, 50, source="order:9", key="order:9:earn", pending=False, now=story.now, **BY
            )

    with ThreadPoolExecutor(16) as pool:
        assert sorted(pool.map(earn, range(64))) == [False] * 63 + [True]
    assert story.points.available == 1_050
