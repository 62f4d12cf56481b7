"""Random schedules of one basket that a payment code pays, over the real functions, jobs and tables.

Each draws who acts next: the cashier, the customer, the worker, old words about the payment, the clock.  Every call to
WeChat may be lost or go unheard, arrive much later, or be the last that its process made; others act in the middle of
it: each act runs in a greenlet, which is parked at a call while other acts begin, go on or end.  In the end the faults
stop and the worker runs until nothing is open; then WeChat has exactly what was sold.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from greenlet import GreenletExit, getcurrent, greenlet
from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import open_session, transaction
from config.errors import Refused
from paying import code, told
from tests import factories as make
from tests.stories import books
from tests.trade.schedules import Broken, lived_in
from tests.wechat_stand_in.codes_in_process import CodesInProcess
from trade.orders import place, returns
from trade.payments.codes import moves as codes
from trade.payments.codes import plan
from trade.payments.moves import Paid
from trade.stock import moves as stock
from workers.jobs import ask_refunds, settle_late, watch_codes

BEGAN = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
FAULTS = {
    "lost": 10, "unheard": 10, "stalls": 8, "reverse_refused": 30, "revokes": 50, "not_enough": 4, "refund_stays": 30,
    "refund_abnormal": 8, "refund_closed": 8,
}  # fmt: skip
"""Per cent of the calls they strike."""
ALWAYS = {"revokes", "refund_abnormal", "refund_closed"}
CRASH, PARKS = 3, 35
HABITS = ["free", "asked", "asked", "asked", "refused"]


class Town:
    """A shop, a member and WeChat; the schedules follow each other on one clock."""

    def __init__(self, session: Session) -> None:
        self.session, self.now = session, BEGAN
        self.shop = make.open_shop(session, now=BEGAN)
        self.member = make.a_member(session, points_of=10**7, now=BEGAN)
        make.top_up(session, self.shop, self.member, 500_000, BEGAN)
        self.running: Schedule | None = None
        self.wechat = CodesInProcess(
            lambda: self.now, self._strikes, lambda: self._do("meanwhile"), lives_s=45,
            told=lambda *what: self._do("heard", *what), stall=lambda: self._do("stall"),
        )  # fmt: skip

    def _do(self, what: str, *given: Any) -> None:
        if self.running is not None:
            getattr(self.running, what)(*given)

    def _strikes(self, fault: str) -> bool:
        one = self.running
        return one is not None and (one.unkind or fault in ALWAYS) and one.chance(FAULTS[fault])


class Schedule:
    """One basket, rung up once or again when it was reversed, to its end."""

    def __init__(self, town: Town, seed: int, *, race: bool = False) -> None:
        self.town, self.seed = town, seed
        self.rng = random.Random(seed)
        self.rung: list[tuple[int, int, str]] = []  # order, tender, code
        self.facts: list[Paid] = []
        self.numbers: list[str] = []
        self.must_sell: set[str] = set()
        self.charged_late: set[str] = set()
        self.asked: set[tuple[str, int]] = set()
        self.unkind, self.race = True, race or self.chance(25)
        self.hub, self.parked = getcurrent(), list[Any]()

    def chance(self, per_cent: int) -> bool:
        return self.rng.randrange(100) < per_cent

    def run(self) -> None:
        """Draw and act, then let everything end, and check."""
        self.town.running = self
        self.town.now += timedelta(minutes=1)
        self._begin(self._ring)
        if self.race:
            self.town.now += timedelta(seconds=16)
        acts: list[Callable[[Session], Any]] = [
            self._types, self._types, self._refuses, self._wait, self._wait, self._watch, self._watch, self._ask,
            self._cancel, self._retry, self._ring, self._old_word, self._return, *self.rng.choice(MOODS)(self),
        ]  # fmt: skip
        if self.race:
            acts = [self._cancel, self._cancel, self._ask, self._types, self._old_word, self._wait]
        for _ in range(self.rng.randint(4, 20)):
            if self.parked and self.chance(50):
                self._goes_on()
            else:
                now = [self._types, self._old_word] if self.race and self.town.wechat.reversing else acts
                self._begin(self.rng.choice(now))
        while self.parked:
            self._goes_on()
        self._end()
        self.check()
        self.town.running = None

    def _begin(self, act: Callable[[Session], Any]) -> None:
        """Somebody acts, as far as their first call that others come before."""

        def run() -> None:
            with open_session() as own, suppress(Refused):
                act(own)

        self._resume(greenlet(run))

    def _goes_on(self) -> None:
        """One who waits at a call goes on, or their process is gone."""
        one = self.parked.pop(self.rng.randrange(len(self.parked)))
        if self.unkind and self.chance(10 * CRASH):
            one.throw()  # GreenletExit
        else:
            self._resume(one)

    def _resume(self, one: Any) -> None:
        one.switch()
        if not one.dead:
            self.parked.append(one)

    def meanwhile(self) -> None:
        """At a call: others come first, or the caller's process is gone."""
        if not self.unkind or getcurrent() is self.hub:
            return
        if self.chance(CRASH):
            raise GreenletExit
        if self.chance(2 * PARKS if self.race and self.numbers else PARKS):
            self.hub.switch()

    def stall(self) -> None:
        """The process stands still before its charge goes out."""
        if self.unkind and getcurrent() is not self.hub:
            self.hub.switch()

    # the cashier

    def _ring(self, session: Session) -> None:
        """The same basket, with another code; refused while one is open, and not tried when it is sold."""
        if self._count(_SOLD) > self._count_sold_before:
            return
        town, shop = self.town, self.town.shop
        uses: dict[str, Any] = self.rng.choice([{}, {"points": 100}, {"wallet_fen": 300}])
        basket = place.Basket(shop.store_id, make.wants(shop, milk=2), town.member, **uses)
        auth_code = f"13{self.rng.randrange(10**16):016d}"
        self.town.wechat.show(auth_code, self.rng.choice(["asked"] if self.race else HABITS))
        with transaction(session):
            codes.refuse_open(session, shop.store_id, shop.till_id)
            payable_fen = place.price(session, basket, now=town.now).payable_fen
            order, tender = place.by_code(
                session, basket, shop.sale(), cash_fen=self.rng.choice([0, 200]), code_hash=auth_code.encode(),
                expected_payable_fen=payable_fen, actor="t", now=town.now,
            )  # fmt: skip
        self.rung.append((order, tender, auth_code))
        if not self.chance(CRASH):
            self._send(session, tender, auth_code)

    _count_sold_before = 0

    def _send(self, session: Session, tender: int, auth_code: str) -> None:
        code.start(session, self.town.shop.store_id, tender, auth_code)

    def _retry(self, session: Session) -> None:
        """The till did not hear of it and sends the same request again."""
        _, tender, auth_code = self.rung[-1]
        self._send(session, tender, auth_code)

    def _ask(self, session: Session) -> None:
        code.follow(session, self.town.shop.store_id, self.rung[-1][1])

    def _cancel(self, session: Session) -> None:
        code.cancel(session, self.town.shop.store_id, self.rung[-1][1], actor="t")

    def _return(self, session: Session) -> None:
        town, key = self.town, (self.town.shop.store_id, self.rung[-1][0])
        with transaction(session):
            wants = {1: 1}
            fen = returns.preview(session, *key, wants).refund_fen
            returns.take_back(
                session, *key, wants, expected_refund_fen=fen, at_store_id=key[0], shift_id=town.shop.shift_id,
                staff_id=1, actor="t", now=town.now,
            )  # fmt: skip

    # the others

    def _types(self, _session: Session) -> None:
        for number in reversed(self.numbers):
            if self.town.wechat.types(number):
                return

    def _refuses(self, _session: Session) -> None:
        for number in self.numbers:
            self.town.wechat.types(number, cancels=True)

    def _watch(self, _session: Session) -> None:
        watch_codes.run(at_once=1)

    def _old_word(self, session: Session) -> None:
        if self.facts:
            told.apply(session, self.rng.choice(self.facts), now=self.town.now)

    def _wait(self, _session: Session) -> None:
        if self.town.wechat.reversing:
            return  # nobody stands still between the last look and a reversal: see `paying/DECISIONS.md`
        self.town.now += timedelta(seconds=self.rng.choice([31, 46] if self.race else [1, 3, 6, 16, 31, 46]))

    def heard(self, what: str, number: str) -> None:
        """Something happened at WeChat: remember what must follow from it, and what had to come before."""
        row = self.town.session.execute(text(_TENDER), {"number": number}).one()
        self.town.session.close()
        if what == "charged":
            self.numbers.append(number)
        if what == "charged" and (row.state == "closed" or self.town.now >= row.sent_at + plan.MAY_REVERSE):
            self.charged_late.add(number)
        elif what == "success":
            one = self.town.wechat.orders[number]
            self.facts.append(Paid(number, one["tx"], one["total"], "o1"))
            if number in self.charged_late:
                return
            if row.state == "closed":
                self._broken("it was let go, and could still be paid", row)
            self.must_sell.add(number)
        elif what == "asked":
            self.asked.add((number, row.asked))
        elif what == "reversed":
            self.must_sell.discard(number)
            if (number, row.asked) not in self.asked:
                self._broken("reversed without having asked", row)

    # the end

    def _end(self) -> None:
        self.unkind = False
        if self.chance(50):
            self._begin(self._old_word)
        for _ in range(12):
            self.town.now += timedelta(seconds=50)
            watch_codes.run(at_once=1)
            self._bill()
            for job in (ask_refunds, settle_late):
                job.run()
            self.town.now += timedelta(seconds=130)
            if not self._count(_OPEN):
                break
        self._restock()

    def _bill(self) -> None:
        """Tomorrow's bill: what WeChat has and we have not heard of is applied."""
        for fact in self.facts:
            paid = self.town.wechat.orders[fact.trade_no]["state"] == "SUCCESS"
            if paid and self._count(_UNHEARD, number=fact.trade_no):
                told.apply(self.town.session, fact, now=self.town.now)

    def _restock(self) -> None:
        sku, store = self.town.shop.skus["milk"], self.town.shop.store_id
        if self._count("SELECT on_hand FROM stock_level WHERE sku_id = :sku", sku=sku) < 20:
            with transaction(self.town.session):
                key = f"again:{self.seed}"
                stock.take_in(self.town.session, store, {sku: 100}, key=key, actor="t", now=self.town.now)

    def check(self) -> None:
        """WeChat has what was sold, nothing else is held, and no basket was charged twice."""
        if self._count(_OPEN):
            self._broken("something is still open", self.rung)
        if self.town.wechat.violations:
            self._broken("WeChat", self.town.wechat.violations)
        numbers, sold = [], 0
        for order, _, _ in self.rung:
            row = self.town.session.execute(text(_STANDS), {"order": order}).one()
            self.town.session.close()
            numbers.append(row.trade_no)
            kept_fen = self._kept_fen(row.trade_no)
            done = row.state == "done"
            sold += done
            if kept_fen != (row.code_fen - row.back_fen if done else 0):
                self._broken(f"WeChat has {kept_fen} fen of it", row)
            if row.promised or row.gone != (row.units if done else 0):
                self._broken("goods are held for nobody, or left without money", row)
            if row.earned > 1 or row.went_on > 1:
                self._broken("credited twice", row)
            if not done and row.trade_no in self.must_sell:
                self._broken("it was paid in time, not reversed, and not sold", row)
        if sold > 1:
            self._broken("one basket was charged twice", numbers)

    def _kept_fen(self, number: str) -> int:
        one = self.town.wechat.orders.get(number)
        return 0 if one is None else self.town.wechat.kept_fen([number])

    def _count(self, said: str, **given: Any) -> int:
        found = int(self.town.session.execute(text(said), given).scalar() or 0)
        self.town.session.close()
        return found

    def _broken(self, why: str, row: Any) -> None:
        raise Broken(f"seed {self.seed}: {why}: {row}")


_OPEN = """SELECT (SELECT count(*) FROM sale_order WHERE state = 'placed')
    + (SELECT count(*) FROM tender WHERE state IN ('created', 'prepaid', 'closing'))
    + (SELECT count(*) FROM refund WHERE state IN ('requested', 'accepted', 'abnormal'))
    + (SELECT count(*) FROM late_payment WHERE state = 'open')
    + (SELECT count(*) FROM exception_case WHERE resolved_at IS NULL)"""
_SOLD = "SELECT count(*) FROM sale_order WHERE state = 'done'"
_UNHEARD = "SELECT count(*) FROM tender WHERE trade_no = :number AND state NOT IN ('paid', 'late')"
_TENDER = "SELECT state, asked, sent_at FROM tender WHERE trade_no = :number"
_STANDS = """
    SELECT o.id, o.state, t.trade_no, t.state AS tender_state, t.amount_fen AS code_fen, t.said,
        (SELECT coalesce(sum(r.amount_fen), 0) FROM refund r WHERE r.store_id = t.store_id AND r.tender_id = t.id
         AND r.state <> 'closed' AND r.return_id IS NOT NULL)::bigint AS back_fen,
        (SELECT sum(qty) FROM order_line l WHERE l.store_id = o.store_id AND l.order_id = o.id)::bigint AS units,
        (SELECT coalesce(sum(qty), 0) FROM stock_hold h WHERE h.order_id = o.id)::bigint AS promised,
        (SELECT coalesce(-sum(qty), 0) FROM stock_movement m WHERE m.key LIKE 'order:' || o.id || ':%')::bigint AS gone,
        (SELECT count(*) FROM lot_entry e WHERE e.source = 'order:' || o.id AND e.account = 'points'
            AND e.event = 'earn') AS earned,
        (SELECT count(*) FROM journal j WHERE j.subject = 'order:' || o.id AND j.kind = 'order.sold') AS went_on
    FROM sale_order o JOIN tender t ON t.store_id = o.store_id AND t.order_id = o.id AND t.way = 'code'
    WHERE o.id = :order"""

MOODS: list[Callable[[Schedule], list[Callable[[Session], Any]]]] = [
    lambda one: [one._types, one._types, one._watch, one._return, one._return],
    lambda one: [one._wait, one._wait, one._cancel, one._cancel, one._types, one._ask],
    lambda one: [one._retry, one._ring, one._ring, one._wait, one._types, one._old_word],
    lambda one: [one._refuses, one._wait, one._watch, one._ring, one._ring],
    lambda one: [one._old_word, one._old_word, one._cancel, one._wait, one._types, one._watch],
]
"""What a schedule is likelier to do: be paid and taken back, be cancelled while it is paid, be tried again and again,
fail and be tried with another code, be talked about long after."""


def run(session: Session, patch: pytest.MonkeyPatch, seeds: range, *, race: bool = False) -> None:
    """Run these schedules in a new town, each checked at its end, and prove every book at the end of all.

    :param race: all are of the kind in which many ask and cancel at once while the customer types, else a quarter.
    """
    with lived_in(Town(session), patch) as town:
        for seed in seeds:
            one = Schedule(town, seed, race=race)
            one._count_sold_before = one._count(_SOLD)
            one.run()
        if found := books(session):
            raise Broken(f"seeds {seeds}: the books differ: {found}")
