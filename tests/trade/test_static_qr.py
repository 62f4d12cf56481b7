"""Customers who paid the printed code without network: taken as sold, and proved by WeChat's bill or on the desk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import WrongState
from tests.devices import Device
from tests.stories import Story
from tests.trade.shifts import words as w
from tests.wechat_stand_in.pay import bills as theirs
from trade.exceptions import cases
from trade.orders import remedies
from trade.orders.shifts import read, settle
from trade.payments import bills
from trade.payments.bills import Source
from trade.payments.static_qr import moves
from trade.payments.static_qr.back import StaticQrUnproved
from trade.settlement import matching, static_qr
from trade.stores import alone
from trade.stores.models import Role

DAY, NOON = date(2026, 11, 23), datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STATES = "SELECT array_agg(state ORDER BY tender_id) FROM static_qr"


@pytest.fixture
def story(session, now):
    story = Story(session, now)
    with transaction(session):
        rule = alone.Rule(qr=True, qr_sale_fen=2_000, qr_outage_fen=4_000)
        alone.set_(session, story.shop.store_id, rule, actor="t", now=NOON - 300 * MINUTE)
    story.now = NOON + 30 * MINUTE
    return story


@pytest.fixture
def device(story):
    return Device(story.shop)


def _word(story, device, at=NOON):
    return device.word(at, "tender_unknown", story.shop.people[Role.STORE_MANAGER], minutes=240)


def _paid(device, minutes, **goods):
    return device.sell(NOON + minutes * MINUTE, tender="static_qr", **goods)


def _bill(story, *rows, day=DAY):
    """WeChat's bill of trades: minutes after noon, and fen."""
    orders = {
        f"SQ{day:%d}{n}": {
            "out_trade_no": f"SQ{day:%d}{n}", "transaction_id": f"4200{n}", "total": fen, "openid": "o1",
            "success_time": (NOON + timedelta(hours=8) + minutes * MINUTE).strftime("%Y-%m-%dT%H:%M:%S+08:00"),
        }
        for n, (minutes, fen) in enumerate(rows)
    }  # fmt: skip
    body = theirs.trade_bill(orders, {}, day.isoformat())
    with transaction(story.session) as opened:
        bills.keep(opened, day, Source.TRADE, body, now=story.now)


def _match(story, session=None):
    with transaction(session or story.session) as opened:
        return [(row["kind"], row["no"]) for row in matching.match(opened, DAY, actor="t", now=story.now).differences]


def _differences(story):
    rows = story.session.execute(text("SELECT differences FROM till_document WHERE kind = 'sale' ORDER BY seq")).all()
    story.session.rollback()
    return [[one["code"] for one in row.differences] for row in rows]


def _open_cases(story):
    rows = story.session.execute(
        text("SELECT subject, money_fen FROM exception_case WHERE kind = 'qr_unmatched' AND resolved_at IS NULL")
    ).all()
    story.session.rollback()
    return [row.money_fen for row in rows]


def test_it_is_taken_unproved_and_stands_apart_from_cash(story, device):
    bodies = [_word(story, device), _paid(device, 1, milk=2), device.sell(NOON + 2 * MINUTE)]
    assert w.deliver(story, *bodies, bodies[1]) == ["taken"] * 4
    assert _differences(story) == [[], []]
    assert story.count(STATES) == ["unproved"]
    figures = w.figures(story)
    assert (figures["tenders"], figures["expected_fen"]) == ({"cash": 990, "static_qr": 1_980}, 20_000 + 990)
    with transaction(story.session) as opened:
        shown = read.x(opened, w.till(story), cash_too=False) or {}
    assert shown["figures"]["tenders"] == {"static_qr": 1_980}, "who counts blind sees what is no cash"
    w.count(story, 20_990)
    w.keep(story)
    w.do(story, settle.settle, story.shop.shift_id)
    assert (w.zs(story)[0]["difference_fen"], w.zs(story)[0]["tenders"]["static_qr"]) == (0, 1_980)
    story.agree()


def test_what_nobody_allowed_is_noted_and_taken_all_the_same(story, device):
    bodies = [
        _paid(device, -1), _word(story, device), _paid(device, 1, milk=3), _paid(device, 2), _paid(device, 3),
    ]  # fmt: skip
    assert w.deliver(story, *bodies) == ["taken"] * 5
    assert _differences(story) == [["qr_without_word"], ["qr_above_sale_cap"], [], ["qr_above_outage_cap"]]
    with transaction(story.session) as opened:
        alone.set_(opened, story.shop.store_id, alone.Rule(), actor="t", now=NOON + 4 * MINUTE)
    assert w.deliver(story, _paid(device, 5)) == ["taken"]
    assert _differences(story)[-1] == ["qr_not_allowed"]
    story.agree()


@pytest.mark.parametrize("wrong", [{"received_fen": 990}, {"rounding_fen": 10}, {"change_fen": 1}])
def test_sums_of_another_kind_of_money_wait_on_the_desk_beside_the_drawer(story, device, wrong):
    assert w.deliver(story, _word(story, device), _paid(device, 1, **wrong)) == ["taken", "excepted"]
    assert story.count("SELECT cause FROM exception_case") == "code"
    assert story.count("SELECT count(*) FROM tender") == 0


def test_one_that_cannot_be_booked_is_in_no_drawer(story, device):
    bad = _paid(device, 1, staff_id=999)
    assert w.deliver(story, bad) == ["excepted"]
    figures = w.figures(story)
    assert (figures["unbooked"], figures["unbooked_fen"], figures["expected_fen"]) == (1, 0, 20_000)


def test_the_bill_proves_it_by_amount_and_moment_and_the_rest_waits_on_the_desk(story, device):
    assert set(
        w.deliver(story, _word(story, device), _paid(device, 1), _paid(device, 10), _paid(device, 2, milk=2))
    ) == {"taken"}
    _bill(story, (3, 990), (50, 1_980), (4, 555))
    story.now += timedelta(days=1)
    assert _match(story) == [("unknown", "SQ231"), ("unknown", "SQ232")]
    assert story.count(STATES) == ["proved", "missing", "missing"]
    assert sorted(_open_cases(story)) == [990, 1_980]
    assert _match(story) == _match(story), "any number of runs end in the same"
    assert sorted(_open_cases(story)) == [990, 1_980]
    _bill(story, (3, 990), (50, 1_980), (4, 555), (11, 990))
    assert ("unknown", "SQ233") not in _match(story)
    assert story.count(STATES) == ["proved", "proved", "missing"] and _open_cases(story) == [1_980]
    story.agree()


def test_nothing_is_missed_before_its_bill_is_whole(story, device):
    late = 12 * 60 - 5  # five minutes before midnight in Shanghai
    story.now = NOON + (late + 30) * MINUTE
    word = _word(story, device, NOON + (late - 5) * MINUTE)
    assert w.deliver(story, word, _paid(device, late)) == ["taken", "taken"]
    _bill(story, (4, 555))
    _match(story)
    assert (story.count(STATES), _open_cases(story)) == (["unproved"], [])
    _bill(story, (late + 8, 990), day=DAY + timedelta(days=1))
    assert _match(story) == [("unknown", "SQ230")]
    assert story.count(STATES) == ["proved"]


def test_a_person_who_saw_the_money_ends_it_once(story, device):
    assert w.deliver(story, _word(story, device), _paid(device, 1)) == ["taken", "taken"]
    _bill(story, (4, 555))
    _match(story)
    item = SimpleNamespace(subject=story.count("SELECT subject FROM exception_case WHERE kind = 'qr_unmatched'"))
    with transaction(story.session) as opened:
        remedies._money_seen(remedies.Step(opened, item, "另一个商户号", {}, "staff:9", story.now))
        cases.clear(opened, "qr_unmatched", item.subject, now=story.now)
    assert story.count(STATES) == ["seen"]
    with pytest.raises(WrongState):
        w.do(story, moves.move, story.count("SELECT tender_id FROM static_qr"), "see")
    _bill(story, (1, 990))
    assert ("unknown", "SQ230") in _match(story), "what was seen otherwise takes no row of the bill"
    story.agree()


def test_goods_come_back_for_cash_and_not_before_the_money_was_seen(story, device):
    assert w.deliver(story, _word(story, device), _paid(device, 1, milk=2)) == ["taken", "taken"]
    order = story.count("SELECT order_id FROM static_qr")
    before = w.everything(story)
    with pytest.raises(StaticQrUnproved):
        story.give_back(order, lines={1: 1}, shift_id=story.shop.shift_id)
    assert w.everything(story) == before
    _bill(story, (1, 1_980))
    _match(story)
    done = story.give_back(order, lines={1: 1}, shift_id=story.shop.shift_id)
    assert [(tender.back_kind, fen) for tender, fen in done.refunds] == [("cash", 990)]
    assert w.figures(story)["expected_fen"] == 20_000 - 990
    story.agree()


def test_two_runs_at_once_prove_each_sale_once(story, device, open_session):
    assert w.deliver(story, _word(story, device), _paid(device, 1), _paid(device, 2)) == ["taken"] * 3
    _bill(story, (1, 990), (3, 990))

    def run(_):
        with open_session() as session:
            return _match(story, session)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(run, range(4))) == [[], [], [], []]
    assert story.count(STATES) == ["proved", "proved"]
    assert story.count("SELECT count(*) FROM journal WHERE kind = 'static_qr.proved'") == 2
    story.agree()


def _at(*moments):
    return [
        SimpleNamespace(amount_fen=fen, at=NOON + minutes * MINUTE, n=n) for n, (minutes, fen) in enumerate(moments)
    ]


@pytest.mark.parametrize(
    ("sales", "lines", "found"),
    [
        ([(0, 5)], [(-2, 5)], [(0, 0)]),
        ([(0, 5), (10, 5)], [(9, 5)], [(0, 0)]),
        ([(0, 5)], [(16, 5)], []),
        ([(0, 5), (1, 5), (2, 6)], [(-15, 5), (0, 6), (16, 5)], [(0, 0), (1, 2), (2, 1)]),
        ([(0, 5)], [(-30, 5), (1, 5)], [(0, 1)]),
    ],
)
def test_pairs(sales, lines, found):
    assert [(sale.n, line.n) for sale, line in static_qr.pairs(_at(*sales), _at(*lines))] == found
