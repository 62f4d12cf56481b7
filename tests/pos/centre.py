"""Orders that are held and cases that are open, for the tests of the order centre."""

from __future__ import annotations

from sqlalchemy import text

from config import clock
from config.db import transaction
from tests import factories as make
from trade.exceptions import cases
from trade.orders import review
from trade.orders.review import judging
from trade.orders.review.rules import Terms

PATH = "/api/desk/centre"


class Centre:
    """Orders that are held and cases that are open, made through the domain functions."""

    def __init__(self, session, shop):
        self.session, self.shop, self.now = session, shop, clock.now()
        self.member = make.a_member(session, now=self.now)
        with transaction(session):
            judging.settle(session, Terms(duplicate_minutes=0), actor="t", now=self.now)

    def paid(self, **goods: int) -> int:
        order = make.order_online(self.session, self.shop, self.member, self.now, **goods)
        make.pay_online(self.session, self.shop, order, self.now)
        return order

    def hold(self, reason: str = "remark", **goods: int) -> int:
        order = make.order_online(self.session, self.shop, self.member, self.now, **goods)
        with transaction(self.session):
            review.flag(self.session, self.shop.store_id, order, reason)
        make.pay_online(self.session, self.shop, order, self.now)
        return order

    def case(self, kind: str = "unroutable", order: int | None = None, **more) -> str:
        with transaction(self.session):
            found = cases.open(
                self.session,
                kind,
                more.pop("subject", f"order:{order}"),
                money_fen=more.pop("money_fen", 990),
                facts=more.pop("facts", {}),
                store_id=more.pop("store_id", self.shop.store_id),
                order_id=order,
                now=more.pop("now", self.now),
                **more,
            )
        return f"case-{found}"

    def ref(self, order: int) -> str:
        return f"hold-{self.shop.store_id}-{order}"

    def state(self, order: int) -> str:
        return str(self.figure("SELECT state FROM sale_order WHERE id = :o", o=order))

    def figure(self, said: str, **given):
        self.session.rollback()
        return self.session.execute(text(said), given).scalar()


def refs(answer):
    return [item["ref"] for item in answer.json["items"]]
