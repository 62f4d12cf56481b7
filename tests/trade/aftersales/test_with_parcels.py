"""Cases of orders whose parcels are on their way: what was handed over comes back, what was not is given up."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import WrongState
from tests import factories as make
from trade.fulfilment import moves as parcel_moves
from trade.orders import confirm, fulfil, returns
from trade.orders.aftersales import answer, inspect
from trade.orders.aftersales.inspect import Found


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
