from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.stories import Story
from trade.orders.aftersales import answer, apply
from trade.orders.aftersales.states import Cause, Kind
from trade.payments.refunds import moves as refunds

_OPEN = text("SELECT refund_no FROM refund WHERE state IN ('requested', 'accepted', 'abnormal') AND kind = 'wechat'")


class Cases(Story):
    """A story with after-sales; every step is a transaction of its own."""

    def wish(self, kind, units=None, fens=None, cause=Cause.UNWANTED, **more):
        return apply.Wish(Kind(kind), Cause(cause), units or {}, fens or {}, **more)

    def ask(self, order, kind, units=None, fens=None, cause=Cause.UNWANTED, **more):
        """The member asks; returns the case's row."""
        wish = self.wish(kind, units, fens, cause)
        return self.do(answer.ask, self.shop.store_id, order, wish, member_id=self.member, **more)

    def say(self, step, case, *given, **named):
        """Somebody answers a case; returns its row."""
        return self.do(step, case.store_id, case.id, *given, **named)

    def done(self, **goods):
        """An order that was fetched."""
        order = self.paid(**goods)
        self.collect(order)
        return order

    def on_hand(self, name, store=None):
        return self.count(
            "SELECT on_hand - quarantine FROM stock_level WHERE sku_id = :s AND store_id = :t",
            s=self.shop.skus[name],
            t=store or self.shop.store_id,
        )

    def wechat(self, *events):
        """WeChat says the same of every refund that is open, one word after another."""
        numbers = self.session.execute(_OPEN).scalars().all()
        self.session.rollback()
        for event in events:
            for number in numbers:
                self.do(refunds.move, number, event)

    def state(self, case):
        return self.count("SELECT state FROM aftersale_case WHERE id = :id", id=case.id)

    def later(self, **span):
        self.now += timedelta(**span)


@pytest.fixture
def story(session, now):
    told = Cases(session, now, points_of=3_000)
    told.top_up(10_000, bonus_fen=1_500)
    return told
