"""Cases that wait too long, and what proves that they did not lose their way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config import clock
from config.db import open_session
from tests.stories import books
from trade.orders import returns
from trade.orders.aftersales import answer, clocks, inspect, refunding, terms
from trade.orders.aftersales.inspect import Found
from trade.orders.aftersales.terms import Terms
from workers.jobs import finish_aftersales, keep_aftersale_clocks


@pytest.fixture
def at(story, monkeypatch):
    """The clock, put so many hours after the story's moment."""

    def put(hours):
        monkeypatch.setattr(clock, "now", lambda: story.now + timedelta(hours=hours))

    return put


def test_what_nobody_answers_is_granted_up_to_a_limit_and_above_it_the_head_office_decides(story, at):
    small = story.ask(story.done(milk=1), "refund_only", fens={1: 990}, cause="quality")
    large = story.ask(story.done(milk=9), "refund_only", fens={1: 5_001}, cause="quality")
    goods = story.ask(story.done(milk=1), "return_refund", {1: 1})
    again = story.ask(story.done(milk=1), "resend", {1: 1}, cause="missing")
    at(47.99)
    assert keep_aftersale_clocks.run(open_session) == 0
    at(48)
    assert keep_aftersale_clocks.run(open_session) == 4
    assert keep_aftersale_clocks.run(open_session) == 0
    assert [story.state(case) for case in (small, large, goods, again)] == [
        "refunding", "arbitration", "wait_return", "arbitration"]  # fmt: skip
    assert story.count("SELECT sum(amount_fen) FROM refund") == 990
    at(48 + 7 * 24)
    assert keep_aftersale_clocks.run(open_session) == 1
    assert story.state(goods) == "closed_timeout"
    story.agree()


def test_the_limit_and_the_clocks_are_data(story, at):
    story.do(terms.write, Terms(answer_hours=1, send_days=1, approve_up_to_fen=100), story.now)
    case = story.ask(story.done(milk=1), "refund_only", fens={1: 101}, cause="quality")
    at(1)
    assert keep_aftersale_clocks.run(open_session) == 1
    assert story.state(case) == "arbitration"
    assert story.say(answer.approve, case, staff_id=1).state == "refunding"


def test_what_a_machine_may_not_grant_goes_to_the_head_office(story, at):
    case = story.ask(story.sell(milk=1), "refund_only", fens={1: 100}, cause="quality")  # cash, and no shift is open
    at(48)
    assert keep_aftersale_clocks.run(open_session) == 1
    assert story.state(case) == "arbitration"
    assert story.count("SELECT count(*) FROM sale_return") == 0


def test_goods_that_never_came_are_free_again(story):
    order = story.done(milk=1)
    case = story.ask(order, "return_refund", {1: 1})
    story.say(answer.approve, case, staff_id=1)
    with pytest.raises(returns.AftersaleOpen):
        story.give_back(order, lines={1: 1})
    story.later(days=7)
    assert clocks.unsent(story.session, now=story.now, most=9) == [(case.store_id, case.id)]
    story.say(clocks.close_unsent, case)
    story.give_back(order, lines={1: 1})
    story.agree()


def test_the_job_follows_refunds_to_their_end(story):
    order = story.done(milk=2)
    cases = [story.ask(order, "refund_only", fens={1: fen}, cause="late") for fen in (100, 200)]
    for case in cases:
        story.say(answer.approve, case, staff_id=1)
    assert finish_aftersales.run(open_session) == 0
    story.wechat("accept", "stick")
    assert finish_aftersales.run(open_session) == 2
    story.wechat("finish")
    assert finish_aftersales.run(open_session) == 2
    assert [story.state(case) for case in cases] == ["done", "done"]
    assert finish_aftersales.run(open_session) == 0
    story.agree()


LIES = {
    "a refund that no document knows": "UPDATE aftersale_case SET return_id = NULL WHERE id = {money}",
    "a document of somebody else": "UPDATE aftersale_case SET return_id = (SELECT return_id FROM aftersale_case"
    " WHERE id = {goods}) WHERE id = {money}",
    "an amount that is not the document's": "UPDATE aftersale_line SET amount_fen = amount_fen + 1"
    " WHERE case_id = {money}",
    "a unit that was inspected and not paid for": "UPDATE aftersale_line SET sellable_qty = 0, quarantine_qty = 0"
    " WHERE case_id = {goods}",
    "more asked than was bought": "UPDATE aftersale_line SET qty = 9 WHERE case_id = {open}",
    "an exchange whose goods are nowhere": "UPDATE aftersale_line SET written_off_qty = 1 WHERE case_id = {change}",
    "money that has not arrived": "UPDATE aftersale_case SET state = 'done' WHERE id = {money}",
}


def test_every_lie_about_a_case_is_found(story):
    order = story.done(milk=5, bread=1)
    ids, asked_for = {}, {
        "money": ("refund_only", {"fens": {1: 500}}),
        "goods": ("return_refund", {"units": {1: 2}}),
        "change": ("exchange", {"units": {1: 2}}),
        "open": ("return_refund", {"units": {2: 1}}),
    }  # fmt: skip
    for name, (kind, asked) in asked_for.items():
        case = story.ask(order, kind, cause="quality", **asked)
        ids[name] = case.id
        if name != "open":
            story.say(answer.approve, case, staff_id=1)
        if name in ("goods", "change"):
            story.say(inspect.receive, case, at_store_id=story.shop.store_id)
            story.say(inspect.inspect, case, {1: Found(1)}, staff_id=1)
    story.agree()
    assert refunding.to_follow(story.session, most=9) == []
    for lie, said in LIES.items():
        assert "aftersales" in books(story.session, said.format(**ids)), lie
    story.agree()
