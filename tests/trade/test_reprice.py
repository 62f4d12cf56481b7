"""A promotion no longer met after a return: both figures, and what is kept back (till-and-store-desk.md 3.6)."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from tests.stories import Story, books
from trade.orders import read, returns

ANEW = {"on_return": "re_evaluate"}


@pytest.fixture
def story(session, now):
    """Milk 9.90, bread 6.50."""
    return Story(session, now, points_of=500)


def _preview(story, order, lines, **more):
    with transaction(story.session):
        return returns.preview(story.session, story.shop.store_id, order, lines, now=story.now, **more)


def _figures(plan):
    shown = plan.as_json()
    names = ("keep_fen", "re_evaluate_fen", "withheld_gift_fen", "refund_fen")
    return tuple(shown[name] for name in names)


def _paid_back(story):
    return story.count("SELECT coalesce(sum(amount_fen), 0)::bigint FROM refund")


def test_returning_five_of_six_does_not_keep_the_threshold(story):
    """4.14: six for 59.40 less 20.00 by 满50减20, 39.40 paid; five go back, and the one that stays costs its 9.90."""
    rule = make.a_promotion(story.session, story.now, name="满50减20", steps=[[5000, 2000]], **ANEW)
    order = story.sell(milk=6)
    plan = _preview(story, order, {1: 5})
    assert _figures(plan) == (3283, 2950, 0, 2950)
    assert plan.as_json()["promotions_lost"] == [{"id": rule, "name": "满50减20"}]
    assert _preview(story, order, {1: 5}, fault=True).refund_fen == 3283
    assert story.count("SELECT count(*) FROM sale_return") == 0
    assert story.give_back(order, lines={1: 5}).as_json() == plan.as_json()
    story.agree()
    told = read.one_of_member(story.session, story.member, order)
    assert (told["refunded_fen"], told["withheld_fen"]) == (2950, 333)
    story.session.rollback()
    assert _figures(_preview(story, order, {1: 1})) == (990, 990, 0, 990)
    story.give_back(order, lines={1: 1})
    assert _paid_back(story) == 3940
    story.agree()


def test_the_table_of_the_page(session, now):
    story = Story(session, now)
    with transaction(session):
        session.execute(text("UPDATE price SET price_fen = 2000 WHERE sku_id = :id"), {"id": story.shop.skus["milk"]})
    make.a_promotion(session, now, name="满100减20", steps=[[10_000, 2000]], **ANEW)
    order = story.sell(milk=6)
    assert _figures(_preview(story, order, {1: 5}))[:2] == (8333, 8000)
    steps = [(1, 1666, 2000, -334), (1, 1667, 0, 1333), (1, 1667, 2000, 1000), (3, 5000, 6000, 0)]
    for units, keep_fen, refund_fen, withheld_fen in steps:
        plan = story.give_back(order, lines={1: units})
        assert (plan.goods_fen, plan.refund_fen) == (keep_fen, refund_fen)
        assert story.count("SELECT sum(promotions_withheld_fen)::bigint FROM sale_return") == withheld_fen
        story.agree()
    assert _paid_back(story) == 10_000


def test_keep_gives_back_what_the_line_paid(story):
    make.a_promotion(story.session, story.now, name="满50减20", steps=[[5000, 2000]])
    order = story.sell(milk=6)
    assert _figures(_preview(story, order, {1: 5})) == (3283, 3283, 0, 3283)


@pytest.mark.parametrize(("on_return", "from_units"), [("re_evaluate", 1), ("keep", 4)])
def test_a_gift_comes_back_or_its_worth_is_withheld_until_it_does(story, on_return, from_units):
    """满30送 bread 6.50 with 4 milk: withheld when the threshold is lost, or when no milk is kept at all."""
    gift = {"kind": "gift", "steps": [[3000, 0]], "gifts": [[story.shop.skus["bread"], 1]], "on_return": on_return}
    make.a_promotion(story.session, story.now, scope={"include": {"skus": [story.shop.skus["milk"]]}}, **gift)
    order = story.sell(milk=4)
    for unit in range(1, 5):
        plan = story.give_back(order, lines={1: 1})
        withheld_fen = 650 if unit == from_units else 0
        assert _figures(plan) == (990, 990, withheld_fen, 990 - withheld_fen)
        assert bool(plan.as_json()["gifts_kept"]) == (unit >= from_units)
        story.agree()
    assert _figures(story.give_back(order, lines={2: 1})) == (0, 0, -650, 650)
    assert _paid_back(story) == 3960
    story.agree()


def test_a_gift_that_comes_back_with_the_goods_withholds_nothing(story):
    gift = {"kind": "gift", "steps": [[3000, 0]], "gifts": [[story.shop.skus["bread"], 1]], **ANEW}
    make.a_promotion(story.session, story.now, **gift)
    order = story.sell(milk=4)
    assert _figures(story.give_back(order, lines={1: 2, 2: 1})) == (1980, 1980, 0, 1980)
    story.agree()


def test_what_comes_back_by_our_fault_still_counts_and_keeps(story):
    """Two of six spoilt: 39.40 x 2 / 6 back, and 满50减20 still counts six.  One more: counted five, 49.50, lost."""
    make.a_promotion(story.session, story.now, name="满50减20", steps=[[5000, 2000]], **ANEW)
    order = story.sell(milk=6)
    plan = _preview(story, order, {1: 2}, fault=True)
    assert (_figures(plan), plan.as_json()["fault"]) == ((1313, 1314, 0, 1313), True)
    wants = {1: 2}
    story.do(returns.take_back, story.shop.store_id, order, wants, expected_refund_fen=1313, fault=True,
             at_store_id=story.shop.store_id, shift_id=story.shop.shift_id, staff_id=1)  # fmt: skip
    assert story.count("SELECT bool_and(fault) FROM sale_return") is True
    story.agree()
    # 3 stay at 9.90; they carry 19.70: 10.00 is due, and 6.57 is all there is
    assert _figures(story.give_back(order, lines={1: 1})) == (657, 0, 0, 0)
    story.agree()
    story.give_back(order, lines={1: 3})
    assert _paid_back(story) == 3940
    story.agree()


def test_stored_value_goes_back_first_and_money_is_withheld_first(story):
    """30.00 principal and 6.00 bonus of 39.40: of what is kept back 3.40 is cash, the rest in the stored proportion."""
    make.a_promotion(story.session, story.now, name="满50减20", steps=[[5000, 2000]], **ANEW)
    story.top_up(3000, bonus_fen=600)
    order = make.ring_up(story.session, story.shop, story.now, member_id=story.member, wallet_fen=3600, milk=6)
    plan = _preview(story, order, {1: 5})
    assert (plan.refund_fen, plan.anew.promotions_fen, plan.anew.wallet.total_fen) == (2950, 333, 49)
    assert plan.wallet_back.total_fen == 2950
    for units in (1, 2, 2, 1):
        story.give_back(order, lines={1: units})
        story.agree()
    assert (story.stored.principal_fen, story.stored.bonus_fen, _paid_back(story)) == (3000, 600, 3940)


def test_what_a_keep_promotion_gave_stays_where_another_is_asked_again(story):
    """Milk 1 off by `keep`; 满40减10 asked again: 5 cost 44.50 - 10.00; 3 go back, the 2 that stay cost 17.80."""
    flash = {"kind": "flash", "off_fen": 100, "scope": {"include": {"skus": [story.shop.skus["milk"]]}}}
    make.a_promotion(story.session, story.now, **flash)
    make.a_promotion(story.session, story.now, name="满40减10", steps=[[4000, 1000]], **ANEW)
    order = story.sell(milk=5)
    assert _figures(story.give_back(order, lines={1: 3})) == (2070, 3450 - 1780, 0, 1670)
    story.agree()


def test_an_order_with_a_coupon_gets_no_more_than_keep(story):
    """The coupon's share stays with the goods; 满15减5 is still met by 2 of 3 milk, and that gives nothing more."""
    make.a_promotion(story.session, story.now, name="满15减5", steps=[[1500, 500]], **ANEW)
    coupon = story.coupon(off_fen=300)
    order = make.ring_up(story.session, story.shop, story.now, member_id=story.member, coupon_ids=[coupon], milk=3)
    assert _figures(_preview(story, order, {1: 1})) == (723, 723, 0, 723)
    assert _figures(_preview(story, order, {1: 2})) == (1446, 1280, 0, 1280)
    story.give_back(order, lines={1: 2})
    story.agree()
    story.give_back(order, lines={1: 1})
    assert _paid_back(story) == 2170
    story.agree()


def test_cash_that_was_rounded_ends_at_what_was_taken_all_the_same(story):
    """39.40 by 抹角 is 39.00: 29.50 of it goes back with five, the rest with the last."""
    make.a_promotion(story.session, story.now, name="满50减20", steps=[[5000, 2000]], **ANEW)
    with transaction(story.session):
        story.session.execute(text("UPDATE store SET cash_rounding = 'drop_jiao'"))
    order = story.sell(milk=6)
    assert story.count("SELECT payable_fen FROM sale_order") == 3900
    assert story.give_back(order, lines={1: 5}).refund_fen == 2950
    story.agree()
    assert story.give_back(order, lines={1: 1}).refund_fen == 950
    story.agree()


@pytest.mark.parametrize(
    "lie",
    [
        "UPDATE sale_return SET promotions_withheld_fen = 1, refund_fen = refund_fen - 1",
        "UPDATE sale_return SET gifts_withheld_fen = 1",
        "UPDATE sale_return SET withheld_principal_fen = 1",
    ],
)
def test_a_lie_about_what_was_kept_back_is_found(story, lie):
    make.a_promotion(story.session, story.now, name="满50减20", steps=[[5000, 2000]], **ANEW)
    order = story.sell(milk=6)
    story.give_back(order, lines={1: 6})
    assert "kept" in {row["fault"] for row in books(story.session, lie)["refunds"]}
