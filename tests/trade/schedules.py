"""Random schedules of one order's payment over the real functions, jobs and tables, against WeChat as it is.

Each draws who acts next: the customer, WeChat's notices, the jobs, the store, another buyer, the clock.  Every call to
WeChat may be lost or go unheard, and others act in the middle of it.  In the end the faults stop and the jobs run until
nothing is open; then every fen that WeChat has must be on a live order, every order must hold or have handed over what
it says, and nothing may have been credited twice.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from config import clock
from config.db import transaction
from config.errors import Refused
from config.wechat import ready
from paying import online, told
from tests import factories as make
from tests.stories import books
from tests.wechat_stand_in.in_process import InProcess
from trade.orders import close, place, returns
from trade.orders.pay import first_time, receive
from trade.payments.moves import Paid
from trade.stock import moves as stock
from workers.jobs import ask_payments, ask_refunds, expire_unpaid, settle_late, settle_payments

BEGAN = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
FAULTS = {
    "lost": 10, "unheard": 10, "close_still_payable": 50, "not_enough": 4, "refund_stays": 30, "refund_abnormal": 8,
    "refund_closed": 8,
}  # fmt: skip
"""Per cent of the calls they strike."""
ALWAYS = {"close_still_payable", "refund_abnormal", "refund_closed"}
"""These strike in the end, too, when nothing else does."""
NOTICE_LOST, MEANWHILE = 15, 10


class Broken(AssertionError):
    """An invariant does not hold; the words say which, and the seed."""


class Town:
    """A shop, three members and WeChat; the schedules follow each other on one clock."""

    def __init__(self, session: Session) -> None:
        self.session, self.now = session, BEGAN
        self.shop = make.open_shop(session, now=BEGAN)
        self.members = [make.a_member(session, phone=f"1381234200{n}", points_of=10**7, now=BEGAN) for n in range(3)]
        for member in self.members:
            make.top_up(session, self.shop, member, 500_000, BEGAN)
        self.running: Schedule | None = None
        self.wechat = InProcess(lambda: self.now, self._strikes, self._meanwhile)

    def _strikes(self, fault: str) -> bool:
        one = self.running
        return one is not None and (one.unkind or fault in ALWAYS) and one.chance(FAULTS[fault])

    def _meanwhile(self) -> None:
        if self.running is not None:
            self.running.meanwhile()


class Place(Protocol):
    """A clock and a WeChat."""

    now: datetime
    wechat: Any


T = TypeVar("T", bound=Place)


@contextmanager
def lived_in(town: T, patch: pytest.MonkeyPatch) -> Iterator[T]:
    """A town whose clock and WeChat everybody asks."""
    patch.setattr(clock, "now", lambda: town.now)
    patch.setattr(ready, "_credentials", lambda: None)
    patch.setattr(ready, "Pay", lambda _: town.wechat)
    ready.pay.cache_clear()
    try:
        yield town
    finally:
        ready.pay.cache_clear()


class Schedule:
    """One order from its placing to its end."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town, self.seed = town, seed
        self.rng = random.Random(seed)
        self.trades: list[str] = []
        self.open_notices: list[Paid] = []
        self.in_time: set[str] = set()
        self.unkind = True
        self.inside = False

    def chance(self, per_cent: int) -> bool:
        return self.rng.randrange(100) < per_cent

    def run(self) -> None:
        """Draw and act, then let everything end, and check."""
        self.town.running = self
        self.town.now += timedelta(minutes=1)
        self._place()
        acts: list[Callable[[], Any]] = [
            self._open, self._pay, self._ghost, self._notice, self._notice, self._wait, self._jobs, self._store,
            self._other_buyer, *self.rng.choice(MOODS)(self),
        ]  # fmt: skip
        self._open()
        for _ in range(self.rng.randint(3, 14)):
            with suppress(Refused):
                self.rng.choice(acts)()
            self._only_one_can_be_paid()
        self._end()
        self.check()
        self.town.running = None

    def _place(self) -> None:
        town, basket = self.town, self._basket()
        with transaction(town.session):
            self.due_fen = place.price(town.session, basket, now=town.now).payable_fen
            self.order = place.online(
                town.session, basket, promise_at=town.now + timedelta(hours=self.rng.choice([1, 9])), remark="",
                expected_payable_fen=self.due_fen, unpaid_for=timedelta(minutes=15), actor="m", now=town.now,
            )  # fmt: skip
        self.key = (town.shop.store_id, self.order)

    def _basket(self) -> place.Basket:
        town = self.town
        uses: dict[str, Any] = self.rng.choice([{}, {"points": 100}, {"wallet_fen": 300}])
        wants = make.wants(town.shop, milk=self.rng.randint(1, 2))
        return place.Basket(town.shop.store_id, wants, self.rng.choice(town.members), channel="mall", **uses)

    # the customer

    def _open(self) -> None:
        try:
            prepay_id = online.open_payment(self.town.session, *self.key, openid="o1", now=self.town.now)
        except Refused:
            return
        if (number := prepay_id.removeprefix("wx")) not in self.trades:
            self.trades.append(number)

    def _pay(self) -> None:
        for number in self.trades:
            if self.town.wechat.customer_pays(number):
                self._told(number, in_time=True)
                return

    def _ghost(self) -> None:
        for number in self.trades:
            if self.town.wechat.ghost_pays(number):
                self._told(number, in_time=False)
                return

    def _told(self, number: str, *, in_time: bool) -> None:
        if in_time:
            self.in_time.add(number)
        fact = self.town.wechat.notices.pop()
        if not self.chance(NOTICE_LOST):
            self.open_notices += [fact] * self.rng.choice([1, 1, 2, 5])

    def _cancel(self) -> None:
        if self.chance(50):
            self._as_the_mall_cancels()

    def _close(self) -> None:
        """The mall began to cancel and went away in between."""
        if close.head(self.town.session, *self.key).state == "placed":
            online.close_payment(self.town.session, *self.key, now=self.town.now)

    def _twice(self) -> None:
        """An older attempt can still be paid, the newer one is paid, then the order ends and the older is paid, too."""
        for act in (self._close, self._open, self._pay, self._notice, self._as_the_mall_cancels, self._ghost):
            with suppress(Refused):
                act()

    def _as_the_mall_cancels(self) -> None:
        self._close()
        self._do(close.cancel)

    # the others

    def _notice(self) -> None:
        if self.open_notices:
            self._deliver(self.open_notices.pop(self.rng.randrange(len(self.open_notices))))

    def _deliver(self, fact: Paid) -> None:
        repeat = self.rng.randrange(2)  # the same event again, or another event of the same payment
        with transaction(self.town.session):
            if first_time(self.town.session, f"{fact.trade_no}:{repeat}", "TRANSACTION.SUCCESS", now=self.town.now):
                receive(self.town.session, fact, actor="wechat", now=self.town.now)

    def meanwhile(self) -> None:
        """Somebody acts while a call to WeChat is on its way."""
        if self.inside or not self.unkind or not self.chance(MEANWHILE):
            return
        self.inside = True
        with suppress(Refused):
            self.rng.choice([self._pay, self._ghost, self._notice, self._notice])()
        self.inside = False

    def _wait(self) -> None:
        self.town.now += timedelta(seconds=self.rng.choice([7, 40, 200, 500, 961]))

    def _jobs(self) -> None:
        for job in self.rng.sample((ask_payments, expire_unpaid, settle_payments, ask_refunds, settle_late), 2):
            job.run()

    def _store(self) -> None:
        self.rng.choice([self._refuse, self._hand_over, self._hand_over, self._take_back, self._take_back])()

    def _refuse(self) -> None:
        self._do(close.refuse, "damaged")

    def _hand_over(self) -> None:
        if close.head(self.town.session, *self.key).state == "paid":
            make.collect_online(self.town.session, self.town.shop, self.order, self.town.now)

    def _take_back(self) -> None:
        with transaction(self.town.session):
            wants = {1: 1}
            fen = returns.preview(self.town.session, *self.key, wants).refund_fen
            shop = self.town.shop
            returns.take_back(
                self.town.session, *self.key, wants, expected_refund_fen=fen, at_store_id=shop.store_id,
                shift_id=shop.shift_id, staff_id=1, actor="t", now=self.town.now,
            )  # fmt: skip

    def _other_buyer(self) -> None:
        """Everything that is free is sold; it comes again for the next schedule."""
        sku, store = self.town.shop.skus["milk"], self.town.shop.store_id
        free = self._figure(_FREE, sku=sku)
        if free:
            key = f"other:{self.seed}:{self.rng.random()}"
            with transaction(self.town.session):
                stock.sell(self.town.session, store, {sku: free}, key=key, actor="t", now=self.town.now)

    def _do(self, step: Callable[..., Any], *more: Any) -> None:
        with transaction(self.town.session):
            step(self.town.session, *self.key, *more, actor="t", now=self.town.now)

    def _figure(self, said: str, **given: Any) -> int:
        return int(self.town.session.execute(text(said), given).scalar() or 0)

    # the end

    def _end(self) -> None:
        self.unkind = False
        self.town.now += timedelta(minutes=17)
        for turn in range(12):
            for job in (ask_payments, expire_unpaid, settle_payments):
                job.run()
            if turn == 0 and self.chance(60):
                if self.chance(50):
                    self._other_buyer()
                self._ghost()
            while self.open_notices:
                with suppress(Refused):
                    self._deliver(self.open_notices.pop())
            self._bill()
            for job in (ask_refunds, settle_late):
                job.run()
            self.town.now += timedelta(seconds=130)
            if not self._figure(_OPEN):
                break
        self._restock()

    def _bill(self) -> None:
        """Tomorrow's bill: what WeChat has and we have not heard of is applied."""
        for number in self.trades:
            one = self.town.wechat.orders[number]
            if one["state"] == "SUCCESS" and self._figure(_UNHEARD, number=number):
                told.apply(self.town.session, Paid(number, one["tx"], one["total"], one["openid"]), now=self.town.now)

    def _restock(self) -> None:
        sku, store = self.town.shop.skus["milk"], self.town.shop.store_id
        if self._figure(_FREE, sku=sku) < 20:
            with transaction(self.town.session):
                key = f"again:{self.seed}"
                stock.take_in(self.town.session, store, {sku: 100}, key=key, actor="t", now=self.town.now)

    def _only_one_can_be_paid(self) -> None:
        """WeChat asks for the same number while an order waits: two sheets that can be paid are two payments."""
        mine = f"TD{self.order:010d}A"
        waiting = [
            no for no, one in self.town.wechat.orders.items() if no.startswith(mine) and one["state"] == "NOTPAY"
        ]
        if len(waiting) > 1:
            self._broken("two attempts could be paid at once", waiting)

    def check(self) -> None:
        """The four invariants of wechat.md 2.6, to the fen and the unit."""
        row = self.town.session.execute(text(_STANDS), {"store": self.key[0], "order": self.order}).one()
        if self._figure(_OPEN):
            self._broken("something is still open", row)
        live = row.state != "cancelled"
        kept_fen = self.town.wechat.kept_fen(self.trades)
        if kept_fen != (row.due_fen - row.back_fen if live else 0):
            self._broken(f"WeChat has {kept_fen} fen of it", row)
        if row.promised != (row.units if live and row.state != "done" else 0):
            self._broken("paid but released, or held for nobody", row)
        if row.earned > 1 or row.went_on > 1:
            self._broken("credited twice", row)
        if self.in_time and row.paid_at is None:
            self._broken("WeChat called it paid before we closed it, and it was not fulfilled", row)

    def _broken(self, why: str, row: Any) -> None:
        raise Broken(f"seed {self.seed}: {why}: {row}")


_OPEN = """SELECT (SELECT count(*) FROM sale_order WHERE state = 'placed')
    + (SELECT count(*) FROM tender WHERE state IN ('created', 'prepaid', 'closing'))
    + (SELECT count(*) FROM refund WHERE state IN ('requested', 'accepted', 'abnormal'))
    + (SELECT count(*) FROM late_payment WHERE state = 'open')
    + (SELECT count(*) FROM exception_case WHERE resolved_at IS NULL)"""
_FREE = "SELECT on_hand - held - committed - picked FROM stock_level WHERE sku_id = :sku"
_UNHEARD = "SELECT count(*) FROM tender WHERE trade_no = :number AND state NOT IN ('paid', 'late')"
_STANDS = """
    SELECT o.id, o.state, o.paid_at, o.revived_at,
        o.payable_fen - o.wallet_principal_fen - o.wallet_bonus_fen AS due_fen,
        (SELECT coalesce(sum(refund_fen - principal_back_fen - bonus_back_fen), 0) FROM sale_return r
         WHERE r.store_id = o.store_id AND r.order_id = o.id)::bigint AS back_fen,
        (SELECT sum(qty) FROM order_line l WHERE l.store_id = o.store_id AND l.order_id = o.id)::bigint AS units,
        (SELECT coalesce(sum(qty), 0) FROM stock_hold h WHERE h.order_id = o.id)::bigint AS promised,
        (SELECT count(*) FROM lot_entry e WHERE e.source = 'order:' || o.id AND e.account = 'points'
            AND e.event = 'earn') AS earned,
        (SELECT count(*) FROM journal j WHERE j.subject = 'order:' || o.id
            AND j.kind IN ('order.paid', 'order.revived')) AS went_on
    FROM sale_order o WHERE o.store_id = :store AND o.id = :order"""


MOODS: list[Callable[[Schedule], list[Callable[[], Any]]]] = [
    lambda one: [one._pay, one._pay, one._notice, one._store, one._store],
    lambda one: [one._wait, one._wait, one._jobs, one._jobs, one._ghost, one._ghost],
    lambda one: [one._cancel, one._cancel, one._open, one._ghost, one._ghost],
    lambda one: [one._close, one._close, one._open, one._open, one._pay, one._ghost, one._ghost],
    lambda one: [one._twice, one._twice, one._cancel, one._ghost],
]
"""What a schedule is likelier to do: be paid and served, be paid too late, be cancelled and paid all the same,
be paid by two attempts, and be cancelled in between."""


def run(session: Session, patch: pytest.MonkeyPatch, seeds: range) -> None:
    """Run these schedules in a new town, each checked at its end, and prove every book at the end of all.

    A break names its seed; a schedule depends on those before it, so that the same seed breaks from the same first one.
    """
    with lived_in(Town(session), patch) as town:
        for seed in seeds:
            Schedule(town, seed).run()
        if found := books(session):
            raise Broken(f"seeds {seeds}: the books differ: {found}")
