"""Which orders a person looks at, by rules that are data, and what that person's word leads to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import generate_latest
from sqlalchemy import text

from config.db import transaction
from config.errors import NotFound, WrongState
from tests.stories import Story, books
from trade.exceptions.cases import ExceptionTaken
from trade.orders import review
from trade.orders.review import deciding, judging, metrics, rules
from trade.orders.review.deciding import ReviewDecided
from trade.orders.review.rules import Facts, Terms, reasons
from trade.orders.review.states import Review
from wsgi import create_app


def story(session, now, **more):
    return Story(session, now, milk=50, bread=50, **more)


def judge(told, order):
    with transaction(told.session):
        return review.judge(told.session, told.shop.store_id, order, told.now)


def pay(told, order):
    """The member pays, and so the order is judged."""
    told.told(told.intend(order))
    return judge(told, order)


def row_of(told, order):
    told.session.rollback()
    return told.session.execute(text("SELECT * FROM order_review WHERE order_id = :o"), {"o": order}).one()


def with_remark(told, order, remark):
    with transaction(told.session):
        told.session.execute(text("UPDATE sale_order SET remark = :r WHERE id = :o"), {"r": remark, "o": order})


def facts(told):
    told.session.rollback()
    found = text("SELECT kind FROM journal WHERE kind LIKE 'review.%' ORDER BY id")
    return list(told.session.scalars(found))


def test_an_order_without_anything_odd_passes_by_itself_once(session, now):
    told = story(session, now)
    order = told.paid(milk=2)
    assert judge(told, order) == review.Verdict(Review.AUTO_PASSED, [])
    told.now += timedelta(days=1)
    with_remark(told, order, "过敏")
    assert judge(told, order).passed  # what was judged stays judged
    row = row_of(told, order)
    assert (row.state, row.judged_at, row.decided_by, row.owner) == ("auto_passed", now, "review", None)
    assert facts(told) == ["review.auto_passed"]


def test_a_note_that_must_be_read_holds_the_order_for_its_store(session, now):
    told = story(session, now)
    order = told.order(milk=2)
    with_remark(told, order, "孩子对花生过敏，请换成别的")
    verdict = pay(told, order)
    assert told.head(order).state == "paid"
    assert (verdict.passed, verdict.reasons) == (False, [{"reason": "remark", "word": "过敏"}])
    row = row_of(told, order)
    assert (row.state, row.owner, row.due_at, row.decided_at) == (
        "hold",
        "store_manager",
        now + timedelta(minutes=30),
        None,
    )
    assert judge(told, order) == verdict
    assert facts(told) == ["review.held"]


def test_the_same_goods_twice_in_ten_minutes_hold_the_second_alone(session, now):
    told = story(session, now)
    first = told.paid(milk=2, bread=1)
    told.now += timedelta(minutes=9)
    other, again = told.paid(milk=1), told.order(bread=1, milk=2)
    pay(told, again)
    told.now += timedelta(minutes=11)
    later = told.paid(milk=2, bread=1)
    assert [judge(told, order).passed for order in (first, other, later)] == [True] * 3
    (why,) = judge(told, again).reasons
    assert (why["reason"], [no[-1] for no in why["of"]], why["minutes"]) == ("duplicate", [str(first)], 10)


def test_a_first_large_order_of_somebody_new_is_a_risk_and_a_price_below_the_floor_a_mistake(session, now):
    told = story(session, now)
    order = told.order(milk=2, bread=1)
    with transaction(session):
        judging.settle(session, Terms(new_limit_fen=2_000), actor="staff:1", now=now)
        session.execute(text("UPDATE order_line SET list_fen = 100000 WHERE line_no = 2"))
    assert pay(told, order).reasons == [
        {"reason": "floor", "line_no": 2, "net_fen": 650, "list_fen": 100_000},
        {"reason": "risk", "payable_fen": 2_630, "limit_fen": 2_000, "new": True},
    ]
    assert row_of(told, order).owner == "head_office"


def test_points_are_money_for_the_floor(session, now):
    told = story(session, now, points_of=50_000)
    order = told.order(milk=2, points_used=900)
    assert told.head(order).points_fen > 0
    with transaction(session):
        judging.settle(session, Terms(floor_bp=10_000), actor="staff:1", now=now)
    assert pay(told, order).passed


def test_what_another_part_knows_is_a_reason_until_the_order_is_judged(session, now):
    told = story(session, now)
    order = told.order(milk=1)
    with transaction(session):
        for _ in range(2):
            review.flag(session, told.shop.store_id, order, "unmapped_sku", code="X-1")
        assert review.flag(session, told.shop.store_id, order, "credit", short_fen=100) is True
    assert [why["reason"] for why in judge(told, order).reasons] == ["unmapped_sku", "credit"]
    with transaction(session):
        assert review.flag(session, told.shop.store_id, order, "risk") is False
    assert [why["reason"] for why in row_of(told, order).reasons] == ["unmapped_sku", "credit"]


ODD = Facts("", 100, datetime(2026, 11, 23, tzinfo=UTC))


@pytest.mark.parametrize(
    ("given", "terms", "expected"),
    [
        ({"remark": "x" * 41}, {}, ["remark"]),
        ({"remark": "x" * 40}, {}, []),
        ({"remark": "x" * 99}, {"remark_longest": 0}, []),
        ({"remark": "Please send an INVOICE"}, {}, ["remark"]),
        ({"remark": "放门口"}, {}, []),
        ({"payable_fen": 500_001}, {}, ["risk"]),
        ({"payable_fen": 500_000}, {}, []),
        ({"payable_fen": 500_001}, {"limit_fen": 0}, []),
        ({"payable_fen": 100_001, "joined": 7}, {}, []),
        ({"payable_fen": 100_001, "joined": 6}, {}, ["risk"]),
        ({"payable_fen": 100_001, "joined": 6, "bought": True}, {}, []),
        ({"region": "540102"}, {"regions_by_hand": ("54", "65")}, ["address"]),
        ({"region": "330106"}, {"regions_by_hand": ("54", "65")}, []),
        ({"same_as": ["M1"], "region": "54"}, {"regions_by_hand": ("54",)}, ["address", "duplicate"]),
    ],
)
def test_each_rule_at_its_edge(now, given, terms, expected):
    joined = given.pop("joined", None)
    since = now - timedelta(days=joined) if joined is not None else None
    found = reasons(replace(ODD, placed_at=now, joined_at=since, **given), Terms(**terms))
    assert [why["reason"] for why in found] == expected


@pytest.mark.parametrize(
    ("body", "field"),
    [({"floor_bp": -1}, "floor_bp"), ({"floor_bp": 10_001}, "floor_bp"), ({"remark_words": [" "]}, "remark_words"),
     ({"regions_by_hand": ["x"]}, "regions_by_hand"), ({"odd": 1}, "odd"),
     ({"duplicate_minutes": "x"}, "duplicate_minutes")],
)  # fmt: skip
def test_rules_that_are_not_sound_are_refused_by_field(body, field):
    with pytest.raises(rules.ReviewTermsNotSound) as refused:
        rules.understood(body)
    assert refused.value.facts == {"fields": {field: "value"}}


@pytest.fixture
def held(session, now):
    """An order on hold for its remark."""
    told = story(session, now)
    order = told.order(milk=2)
    with_remark(told, order, "发票抬头：某某公司")
    assert not pay(told, order).passed
    return told, order


def test_a_person_lets_it_go_on_once(held):
    told, order = held
    told.do(deciding.take, told.shop.store_id, order)
    told.do(deciding.release, told.shop.store_id, order, "called the customer")
    row = row_of(told, order)
    assert (row.state, row.owner, row.decided_by, row.note) == ("passed", "t", "t", "called the customer")
    assert (judge(told, order).passed, told.head(order).state) == (True, "confirmed")
    for step in (deciding.release, deciding.reject):
        with pytest.raises(ReviewDecided) as refused:
            told.do(step, told.shop.store_id, order, "again")
        assert (refused.value.facts["state"], refused.value.facts["by"]) == ("passed", "t")
    assert row_of(told, order) == row
    assert facts(told) == ["review.held", "review.released"]
    with pytest.raises(NotFound):
        told.do(deciding.release, told.shop.store_id, 99, "")


def test_a_colleagues_hold_is_taken_only_over_their_head(held):
    told, order = held
    told.do(deciding.take, told.shop.store_id, order)
    with transaction(told.session), pytest.raises(ExceptionTaken):
        deciding.take(told.session, told.shop.store_id, order, actor="staff:2", now=told.now)
    assert row_of(told, order).owner == "t"
    with transaction(told.session):
        deciding.take(told.session, told.shop.store_id, order, over=True, actor="staff:2", now=told.now)
    assert row_of(told, order).owner == "staff:2"


def test_a_rejection_gives_back_every_fen_and_every_unit(held):
    told, order = held
    told.do(deciding.reject, told.shop.store_id, order, "fraud")
    assert (row_of(told, order).state, told.head(order).state) == ("rejected", "cancelled")
    assert told.count("SELECT sum(amount_fen) FROM refund") == 1_980
    assert told.count("SELECT sum(held) FROM stock_level") == 0
    assert books(told.session) == {}


def test_a_rejection_of_what_was_cancelled_meanwhile_writes_nothing(held):
    told, order = held
    told.cancel(order)
    with pytest.raises(WrongState):
        told.do(deciding.reject, told.shop.store_id, order, "fraud")
    assert (row_of(told, order).state, facts(told)) == ("hold", ["review.held"])
    assert told.count("SELECT sum(amount_fen) FROM refund") == 1_980


def test_twelve_people_decide_once(open_session, held):
    told, order = held

    def decide(number: int) -> str:
        step = deciding.release if number % 2 else deciding.reject
        try:
            with open_session() as opened, transaction(opened):
                step(opened, told.shop.store_id, order, "x", actor=f"staff:{number}", now=told.now)
        except ReviewDecided:
            return "decided"
        return "done"

    with ThreadPoolExecutor(12) as pool:
        assert sorted(pool.map(decide, range(12))) == ["decided"] * 11 + ["done"]
    assert len(facts(told)) == 2


def test_twelve_judges_hold_once(open_session, session, now):
    told = story(session, now)
    order = told.order(milk=2)
    with_remark(told, order, "发票")

    def one(_: int) -> str:
        with open_session() as opened, transaction(opened):
            return review.judge(opened, told.shop.store_id, order, now).state

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(one, range(12))) == {"hold"}
    assert facts(told) == ["review.held"]


def test_the_rate_counts_what_passed_by_itself(held):
    told, order = held
    create_app()
    for _ in range(3):
        judge(told, told.paid(bread=1))
        told.now += timedelta(minutes=20)
    told.do(deciding.release, told.shop.store_id, order)
    told.session.rollback()
    assert metrics.rate(told.session, now=told.now) == {"judged": 4, "passed": 3, "passed_bp": 7500, "target_bp": 9500}
    assert metrics.rate(told.session, store_id=99, now=told.now)["passed_bp"] == 10_000
    assert "tongdian_review_held 0.0" in generate_latest().decode()
