"""One shop and its people in words of the trade, over the domain functions: what a story needs and nothing more.

Every step is a transaction of its own.  `agree()` proves every book of the house.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import clock, journal
from config.db import transaction
from member import points, wallet
from member.lots import Balance
from member.wallet_terms import Split
from tests import factories as make
from trade.books.registry import BOOKS, prove
from trade.orders import close, fulfil, pay, returns
from trade.orders.review import deciding
from trade.payments.moves import Paid
from workers.jobs import count_growth, give_coupons, post_credits
from workers.routes import ALSO, OFFERED


def _credit(ids: list[int], *, now: datetime) -> int:
    del now
    return post_credits.run(ids)


_FOLLOW = {"count_growth": count_growth.run, "give_coupons": give_coupons.run, "post_credits": _credit}


class Story:
    """A shop, one member, and what happens to them; `now` is the moment of the next step."""

    def __init__(self, session: Session, now: datetime, *, points_of: int = 0, **stock_of: int) -> None:
        self.session, self.now = session, now
        self.shop = make.open_shop(session, stock_of=stock_of, now=now)
        self.member = make.a_member(session, points_of=points_of, now=now)
        self.facts: list[Paid] = []
        self.ids: dict[str, int] = {}

    def do(self, step: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """One domain step in its own transaction, at `now`."""
        with transaction(self.session):
            return step(self.session, *given, actor="t", now=self.now, **named)

    def sell(self, *, points_used: int = 0, discount_fen: int = 0, member: int | None = None, **goods: Any) -> int:
        """Ring up a basket at the till for the member; returns the order."""
        return make.ring_up(
            self.session, self.shop, self.now, member_id=member or self.member, points_used=points_used,
            discount_fen=discount_fen, **goods,
        )  # fmt: skip

    def order(self, *, points_used: int = 0, **goods: Any) -> int:
        """The member orders in the mall; returns the order."""
        return make.order_online(self.session, self.shop, self.member, self.now, points_used=points_used, **goods)

    def top_up(self, amount_fen: int, *, bonus_fen: int = 0) -> int:
        """The member puts cash into the wallet at the till; returns the top-up."""
        return make.top_up(self.session, self.shop, self.member, amount_fen, self.now, bonus_fen=bonus_fen)

    def coupon(self, **of: Any) -> int:
        """The member claims a coupon of a new offer, 5 off from 10 unless told otherwise; returns the coupon."""
        return make.a_coupon(self.session, self.member, self.now, **of)

    def intend(self, order: int) -> Any:
        """The member opens WeChat's payment sheet."""
        return make.tender(self.session, self.shop, order, self.now)

    def told(self, tender: Any) -> pay.Outcome:
        """WeChat says that a payment succeeded."""
        self.facts.append(make.settled(tender))
        return self.do(pay.receive, self.facts[-1])

    def paid(self, **goods: Any) -> int:
        """An order placed and paid, and let go on whatever its review says; `points_used` among the goods is points."""
        order = self.order(**goods)
        self.told(self.intend(order))
        if self.head(order).state == "paid":
            self.do(deciding.release, self.shop.store_id, order)
        return order

    def prepare(self, order: int) -> None:
        """The store accepts, picks and packs."""
        make.make_ready(self.session, self.shop, order, self.now)

    def collect(self, order: int) -> None:
        """The member fetches it."""
        make.collect_online(self.session, self.shop, order, self.now)

    def collect_ready(self, order: int) -> None:
        """The member fetches what is ready."""
        self.do(fulfil.collect, make.parcel(self.session, order), staff_id=1)

    def cancel(self, order: int) -> None:
        """The member changes their mind."""
        self.do(close.cancel, self.shop.store_id, order)

    def give_back(self, order: int, **named: Any) -> returns.Preview:
        """Units of lines come back over the counter: `give_back(order, lines={1: 2})`; what it did."""
        wants = named["lines"]
        with transaction(self.session):
            fen = returns.preview(self.session, self.shop.store_id, order, wants).refund_fen
        _, plan = self.do(
            returns.take_back, self.shop.store_id, order, wants, expected_refund_fen=fen,
            at_store_id=self.shop.store_id, shift_id=self.shop.shift_id, staff_id=1,
        )  # fmt: skip
        return plan

    def follow(self) -> dict[str, int]:
        """Growth and the coupons that orders bring follow what happened so far; how much each job did."""
        done = dict.fromkeys(_FOLLOW, 0)
        while True:
            with transaction(self.session):
                leased = journal.lease(self.session, list(OFFERED), now=clock.now(), most=100, also=ALSO)
            if not leased:
                return done
            for row, kind in leased:
                if run := _FOLLOW.get(OFFERED[kind][1]):
                    done[OFFERED[kind][1]] += run([row], now=self.now)

    def head(self, order: int) -> Any:
        """The order's own row."""
        found = close.head(self.session, self.shop.store_id, order)
        self.session.rollback()
        return found

    @property
    def stored(self) -> Split:
        """What the member has in the wallet."""
        return wallet.balance(self.session, self.member).have

    @property
    def points(self) -> Balance:
        """What the member has."""
        return points.balance(self.session, self.member)

    def count(self, said: str, **given: Any) -> Any:
        """One figure of the database."""
        found = self.session.execute(text(said), given).scalar()
        self.session.rollback()
        return found

    def agree(self) -> None:
        """Every book of the house agrees with every other."""
        assert books(self.session) == {}


_KEPT = [name for name, book in BOOKS.items() if not book.mended]


class _Undo(Exception):
    pass


def books(session: Session, lie: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """What differs, by book, after a `lie` in SQL that is taken back again.

    The projection of the mall is left out: it is late by its nature.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    with suppress(_Undo), transaction(session):
        if lie is not None:
            session.connection().exec_driver_sql(lie)
        found = {one.book: one.rows for one in prove(session, _KEPT) if one.rows}
        raise _Undo
    return found
