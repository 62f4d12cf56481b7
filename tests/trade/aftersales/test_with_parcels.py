"""Cases of orders whose parcels are on their way: what was handed over comes back, what was not is given up."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import NotFound, WrongState
from tests import factories as make
from trade.fulfilment import moves as parcel_moves
from trade.orders import confirm, fulfil, rerouting, returns
from trade.orders.aftersales import answer, inspect, sending
from trade.orders.aftersales.inspect import Found
from trade.stock import moves as stock
from trade.stock import rejects


def test_a_part_given_up_while_the_order_is_looked_at_is_not_put_together(story):
    order = story.paid(milk=2, bread=1)
    with transaction(story.session) as session:  # as if a person had to look at it first
        session.execute(text("DELETE FROM assignment"))
        session.execute(text("DELETE FROM parcel_line"))
        session.execute(text("DELETE FROM parcel"))
        session.execute(text("UPDATE sale_order SET state = 'paid'"))
    assert story.ask(order, "unshipped_refund", {1: 1}).state == "refunding"
    story.do(confirm.confirm, story.shop.store_id, order)
    assert story.count("SELECT sum(qty) FROM parcel_line") == 2
    story.collect(order)
    story.agree()


@pytest.mark.parametrize("confirmed", [True, False])
def test_all_units_given_up_end_the_order_as_a_cancel_does(story, confirmed):
    before = story.points, story.stored
    order = story.paid(points_used=300, wallet_fen=500, milk=2, bread=1)
    if confirmed:
        story.do(fulfil.accept, make.parcel(story.session, order))
        cases = [story.ask(order, "unshipped_refund", units) for units in ({1: 1}, {1: 1, 2: 1})]
        for case in cases:
            story.say(answer.approve, case, staff_id=1)
    else:
        story.ask(order, "unshipped_refund", {1: 2, 2: 1})
    assert story.head(order).state == "cancelled"
    assert (story.points, story.stored) == before
    story.follow()
    story.agree()


def test_goods_of_a_parcel_that_came_may_go_back_while_another_is_on_its_way(story):
    order = story.paid(points_used=300, milk=2, bread=1)
    with transaction(story.session) as session:  # two stores do it
        session.execute(text("DELETE FROM parcel_line WHERE line_no = 2"))
        sku = story.shop.skus["bread"]
        where = {"at_store_id": story.shop.store_id, "mode": "pickup", "promise_at": None, "now": story.now}
        made = parcel_moves.open_parcel(session, story.shop.store_id, order, {2: (sku, 1)}, **where)
        at = {"accept_by": None, "actor": "t", "now": story.now}
        parcel_moves.assign(session, story.shop.store_id, made, story.shop.store_id, **at)
    first = "SELECT * FROM parcel WHERE order_id = :order ORDER BY id LIMIT 1"
    for step, more in ((fulfil.accept, ()), (fulfil.pick, (1, 2)), (fulfil.ready, ())):
        story.do(step, story.session.execute(text(first), {"order": order}).one(), *more)
    with pytest.raises(WrongState):
        story.ask(order, "return_refund", {1: 1})
    story.do(fulfil.collect, story.session.execute(text(first), {"order": order}).one(), staff_id=1)
    assert story.head(order).state == "confirmed"
    for kind, units in (("return_refund", {2: 1}), ("unshipped_refund", {1: 1})):
        with pytest.raises(returns.TooMuchReturned):
            story.ask(order, kind, units)
    back, not_sent = story.ask(order, "return_refund", {1: 1}), story.ask(order, "unshipped_refund", {2: 1})
    for case in (back, not_sent):
        story.say(answer.approve, case, staff_id=1)
    story.agree()
    assert story.head(order).state == "done"
    story.say(inspect.receive, back, at_store_id=story.shop.store_id)
    story.say(inspect.inspect, back, {1: Found(1)}, staff_id=1)
    story.give_back(order, lines={1: 1})
    assert story.points.available == 3_000
    story.agree()


def _due(story, **goods):
    """An exchange and a resend that are due."""
    order = story.done(**goods)
    change = story.ask(order, "exchange", {1: 1}, cause="damaged")
    again = story.ask(order, "resend", {2: 1}, cause="missing")
    for case in (change, again):
        story.say(answer.approve, case, staff_id=1)
    story.say(inspect.receive, change, at_store_id=story.shop.store_id)
    story.say(inspect.inspect, change, {1: Found(0, 1)}, staff_id=1)
    return order, change, again


def test_what_a_case_is_due_goes_out_as_a_parcel_of_its_own(story):
    order, change, again = _due(story, points_used=300, milk=2, bread=1)
    on_hand = {name: story.on_hand(name) for name in ("milk", "bread")}
    committed = "SELECT sum(committed) FROM stock_level"
    for case in (change, again):
        story.say(sending.make, case, at_store_id=story.shop.store_id)
        with pytest.raises(WrongState):
            story.say(sending.make, case, at_store_id=story.shop.store_id)
    assert (story.count(committed), story.state(change), story.state(again)) == (2, "done", "done")
    story.agree()
    for case in (change, again):
        for step, more, named in ((fulfil.accept, (), {}), (fulfil.pick, (1 if case is change else 2, 1), {}),
                                  (fulfil.ready, (), {}), (fulfil.collect, (), {"staff_id": 1})):  # fmt: skip
            story.do(step, _parcel(story, case), *more, **named)
        story.agree()
    assert story.head(order).state == "done"
    assert {name: story.on_hand(name) for name in on_hand} == {name: qty - 1 for name, qty in on_hand.items()}
    assert story.give_back(order, lines={1: 2, 2: 1}).refund_fen == story.head(order).payable_fen
    story.agree()


def _parcel(story, case):
    found = story.session.execute(
        text("SELECT * FROM parcel WHERE case_id = :case ORDER BY id DESC LIMIT 1"), {"case": case.id}
    ).one()
    story.session.rollback()
    return found


def test_a_store_that_cannot_send_it_has_it_withdrawn_and_the_case_waits_again(story):
    _, change, again = _due(story, milk=2, bread=1)
    for case, waits in ((change, "inspected"), (again, "approved")):
        with pytest.raises(NotFound):
            story.say(sending.withdraw, case)
        story.say(sending.make, case, at_store_id=story.shop.store_id)
        assert story.say(sending.withdraw, case).state == waits
        assert story.count("SELECT sum(committed) FROM stock_level") == 0
        with pytest.raises(WrongState):
            story.say(sending.withdraw, case)
    assert len(sending.due(story.session, most=9)) == 2
    story.agree()


def test_what_lacks_for_a_case_sends_it_back_to_its_case_and_refunds_nothing(story):
    order, change, again = _due(story, milk=2, bread=1)
    for case, waits, line in ((change, "inspected", 1), (again, "approved", 2)):
        story.say(sending.make, case, at_store_id=story.shop.store_id)
        story.do(fulfil.accept, _parcel(story, case))
        story.do(fulfil.found, _parcel(story, case), line, 0, rejects.Reason.DAMAGED)
        assert (_parcel(story, case).state, story.state(case)) == ("cancelled", waits)
    for case, waits in ((change, "inspected"), (again, "approved")):
        story.say(sending.make, case, at_store_id=story.shop.store_id)
        story.do(rerouting.reject, _parcel(story, case), rejects.Reason.NOT_FOUND)
        assert _parcel(story, case).state == "asking"
        story.do(rerouting.give_up, _parcel(story, case), "withdrawn")
        assert (_parcel(story, case).state, story.state(case)) == ("cancelled", waits)
    assert story.count("SELECT count(*) FROM exception_case WHERE resolved_at IS NULL AND kind = 'unroutable'") == 0
    assert story.count("SELECT count(*) FROM return_line WHERE refund_fen > 0") == 0
    assert story.count("SELECT sum(committed) + sum(held) FROM stock_level") == 0
    assert story.head(order).state == "done"
    story.agree()


def test_a_store_without_the_goods_promises_none(story):
    _, change, _ = _due(story, milk=2, bread=1)
    with transaction(story.session) as session:
        session.execute(text("UPDATE stock_level SET safety = on_hand"))
    with pytest.raises(stock.OutOfStock):
        story.say(sending.make, change, at_store_id=story.shop.store_id)
    assert story.state(change) == "inspected"
    assert story.count("SELECT count(*) FROM parcel WHERE case_id IS NOT NULL") == 0
