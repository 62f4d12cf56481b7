"""The parcel of an after-sales case comes back: nothing is refunded for it, the case waits for another."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests import factories as make
from trade.orders import courier, fulfil, no_show, substituting
from trade.orders.aftersales import answer, sending
from trade.orders.aftersales.states import Cause
from trade.stock.rejects import Reason


def _resent(story, mode):
    order = story.done(milk=2)
    case = story.ask(order, "resend", {1: 1}, cause=Cause.MISSING)
    story.say(answer.approve, case, staff_id=1)
    story.do(sending.make, case.store_id, case.id, at_store_id=story.shop.store_id)
    with story.session.begin():
        story.session.execute(text("UPDATE parcel SET mode = :mode WHERE case_id IS NOT NULL"), {"mode": mode})
    story.do(fulfil.accept, make.parcel(story.session, order))
    bread = story.shop.skus["bread"]
    with pytest.raises(substituting.NoSubstitute) as refused:
        story.do(substituting.offer, make.parcel(story.session, order), 1, bread, Reason.NOT_FOUND)
    assert refused.value.facts == {"because": "case"}
    story.do(fulfil.pick, make.parcel(story.session, order), 1, 1)
    return order, case, make.parcel(story.session, order)


def test_brought_back_by_the_courier(story):
    order, case, parcel = _resent(story, "delivery")
    before = story.on_hand("milk")
    story.do(courier.pack, parcel, bags=1, seals=[])
    story.do(courier.hand, parcel, bags=1, seals=[], staff_id=1)
    assert story.on_hand("milk") == before - 1
    story.do(courier.fail, parcel, courier.Failed.ABSENT)
    story.do(courier.come_back, parcel, bags=1, seals=[], found={1: courier.Found(good=1)})
    assert (story.on_hand("milk"), story.state(case)) == (before, "approved")
    assert story.head(order).state == "done"
    assert story.count("SELECT count(*) FROM refund") == 0
    story.follow()
    story.agree()


def test_fetched_by_nobody(story):
    order, case, parcel = _resent(story, "pickup")
    story.do(fulfil.ready, parcel)
    story.do(no_show.miss, parcel)
    story.do(no_show.put_back, parcel)
    assert (story.state(case), story.head(order).state) == ("approved", "done")
    assert story.count("SELECT count(*) FROM stock_hold") == 0
    story.do(sending.make, case.store_id, case.id, at_store_id=story.shop.store_id)
    story.follow()
    story.agree()
