"""Two stores, one member and any number of orders: every step that people and clocks can take, by name.

A step that is refused has changed nothing, and where a machine refuses, it names the state that it found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from config import journal
from config.db import engine, transaction
from config.errors import Refused, WrongState
from member import terms
from tests.conftest import _emptying
from tests.stories import Story
from tests.trade.fulfilment import chain
from trade.catalogue import kits
from trade.fulfilment import lost, parcels, pickup
from trade.orders import addresses, cancelling, close, courier, fulfil, no_show, rerouting, returns, substituting
from trade.orders.aftersales import answer, inspect
from trade.orders.aftersales.apply import Wish
from trade.orders.aftersales.inspect import Found
from trade.orders.aftersales.states import Cause, Kind
from trade.payments.refunds import moves as refund_moves
from trade.pricing.promotions import book
from trade.stock import facts
from trade.stock import moves as stock
from trade.stock.rejects import Reason
from trade.stores.models import Role
from workers.jobs import keep_parcel_clocks, reroute_broken, watch_parcels

PROVED = (
    "orders",
    "refunds",
    "order_goods",
    "stock",
    "order_value",
    "aftersales",
    "late_payments",
    "coupons",
    "ledger",
)
"""Proved after every step; growth and credits follow by jobs and are proved at the end."""
TABLES = ("sale_order", "parcel", "parcel_line", "assignment", "stock_level", "stock_hold", "stock_movement", "tender",
          "refund", "sale_return", "return_line", "aftersale_case", "lot_entry", "journal", "substitution",
          "exception_case", "pickup_end", "message")  # fmt: skip
_PRINT = text(" UNION ALL ".join(f"SELECT '{name}', md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} t"
                                 for name in TABLES))  # fmt: skip
REASONS = tuple(Reason)
NAMES = ("milk", "bread", "apple")


def empty() -> None:
    """Nothing of the example before is left."""
    for known in (terms, book, kits):
        known.forget()
    with engine().connect() as db:
        db.execute(text(_emptying()))


class World(Story):
    """A story with steps by name; each is a transaction of its own."""

    def __init__(self, session: Any, now: Any) -> None:
        empty()
        super().__init__(session, now, points_of=3_000, milk=30, bread=20, apple=20_000)
        chain.do(session, "UPDATE store SET opens_minute = 0, closes_minute = 1440")
        chain.open_chain(session, 1, now, first=2, milk=15, bread=15, apple=9_000)
        chain.do(session, "UPDATE store SET opens_minute = 0, closes_minute = 1440")
        self.top_up(5_000, bonus_fen=500)
        self.orders: list[int] = []
        self.tenders: dict[int, Any] = {}
        self.done: dict[str, int] = {}
        self.refused: dict[str, int] = {}

    def fingerprint(self) -> list[Any]:
        """Everything that a refused step must not have changed."""
        self.session.rollback()
        found = [tuple(row) for row in self.session.execute(_PRINT)]
        self.session.rollback()
        return found

    def attempt(self, name: str, step: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """One step; refused, it changed nothing, and a wrong state that it names is the true one."""
        before = self.fingerprint()
        try:
            found = self.do(step, *given, **named)
        except Refused as no:
            self._refused(name, no, before)
            return None
        self.done[name] = self.done.get(name, 0) + 1
        return found

    def _refused(self, name: str, no: Refused, before: list[Any]) -> None:
        assert self.fingerprint() == before, (name, no)
        self.refused[name] = self.refused.get(name, 0) + 1
        if isinstance(no, WrongState) and "parcel_id" in no.facts:
            stands = self.count("SELECT state FROM parcel WHERE id = :id", id=no.facts["parcel_id"])
            assert no.facts["state"] == stands, (name, no)

    def parcel(self, which: int, states: tuple[str, ...] = ()) -> Any | None:
        """One of all parcels, the newest first; of those in `states` where there is one."""
        every = self.session.execute(text("SELECT * FROM parcel ORDER BY id DESC LIMIT 12")).all()
        self.session.rollback()
        found = [one for one in every if one.state in states] or every
        return found[which % len(found)] if found else None

    def one(self, which: int) -> int:
        """One of the newest orders; there is one."""
        return self.orders[-1 - which % min(len(self.orders), 8)]

    def place(self, mode: str, goods: Mapping[str, int], points: int, wallet: int, *, split: bool, other: bool) -> None:
        """The member orders; it is not paid yet."""
        try:
            order = self.order(points_used=points, wallet_fen=wallet, **goods)
        except Refused:
            self.session.rollback()
            return
        if self.head(order).state != "placed":  # nothing was left to pay
            self.orders.append(order)
            return
        self.session.rollback()
        chain.do(self.session, "UPDATE sale_order SET mode = :mode, may_split = :split, may_substitute = :other"
                 " WHERE id = :id", mode=mode, split=split, other=other, id=order)  # fmt: skip
        with transaction(self.session):
            addresses.write(self.session, self.shop.store_id, order, chain.HOME, now=self.now)
        self.orders.append(order)

    def pay(self, order: int) -> None:
        """The member pays at WeChat: in time, late, or once more."""
        state = self.head(order).state
        if order not in self.tenders:
            if state != "placed":
                return
            self.tenders[order] = self.intend(order)
        self.told(self.tenders[order])
        if self.head(order).state == "paid":
            self.attempt("review", _release, self.shop.store_id, order)
        self.done[f"pay_{state}"] = self.done.get(f"pay_{state}", 0) + 1

    def open_sheet(self, order: int) -> None:
        """WeChat's sheet is open: the money may come at any time."""
        if self.head(order).state == "placed" and order not in self.tenders:
            self.tenders[order] = self.intend(order)

    def order_step(self, name: str, order: int) -> None:
        """A step of a whole order, whatever its state."""
        steps: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
            "expire": (close.expire, ()),
            "cancel": (close.cancel, ()),
            "ask_cancel": (cancelling.ask, ()),
            "refuse": (close.refuse, ("office",)),
        }
        step, more = steps[name]
        if name == "cancel" and self.head(order).state == "placed" and order in self.tenders:
            return  # the payment is closed at WeChat first
        self.attempt(name, step, self.shop.store_id, order, *more)

    def parcel_step(self, name: str, parcel: Any, a: int, b: int) -> None:
        """A step of one parcel, whatever its state; `a` and `b` choose what it takes."""
        lines = parcels.lines(self.session, parcel.store_id, parcel.id)
        self.session.rollback()
        line = lines[a % len(lines)]
        reason, staff = REASONS[b % len(REASONS)], self.shop.people[Role.CASHIER]
        seals = list(parcel.seals)
        found = {row.line_no: courier.Found(row.handed_qty - b % (row.handed_qty + 1), b % (row.handed_qty + 1))
                 for row in lines if row.handed_qty}  # fmt: skip
        part = {line.line_no: max((line.picked_qty - line.handed_qty) // 2, 1)}
        milk, bread = self.shop.skus["milk"], self.shop.skus["bread"]
        by = self.shop.skus["apple"] if b == 0 else milk if line.sku_id == bread else bread
        steps: dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = {
            "accept": (fulfil.accept, (), {}),
            "reject": (rerouting.reject, (reason,), {}),
            "time_out": (rerouting.time_out, (), {}),
            "pick": (fulfil.pick, (line.line_no, (line.qty - line.short_qty) * (4 + b % 4) // 6), {}),
            "pick_all": (_pick_all, (), {}),
            "short": (fulfil.found, (line.line_no, line.picked_qty, reason), {}),
            "offer": (substituting.offer, (line.line_no, by, reason), {}),
            "ready": (fulfil.ready, (), {}),
            "pack": (courier.pack, (), {"bags": 2, "seals": [f"A{parcel.id}", f"B{parcel.id}"]}),
            "unpack": (courier.unpack, (), {"reason": "again"}),
            "call": (courier.call, (), {"carrier": "c"}),
            "hand": (courier.hand, (), {"bags": parcel.bags, "seals": seals, "staff_id": staff}),
            "wrong_seal": (courier.hand, (), {"bags": parcel.bags, "seals": [*seals, "X"], "staff_id": staff}),
            "deliver": (courier.deliver, (), {}),
            "fail": (courier.fail, (tuple(courier.Failed)[b % 5],), {}),
            "come_back": (courier.come_back, (), {"bags": parcel.bags, "seals": seals, "found": found}),
            "collect": (fulfil.collect, (), {"staff_id": staff}),
            "collect_part": (fulfil.collect, (), {"staff_id": staff, "lines": part}),
            "miss": (no_show.miss, (), {}),
            "put_back": (no_show.put_back, (), {}),
            "agree": (cancelling.agree, (), {}),
            "decline": (cancelling.decline, (), {}),
            "new_code": (pickup.replace, (), {"delegated": bool(a % 2)}),
            "say_store": (rerouting.customer_says, (rerouting.Says.STORE,), {"at_store_id": 1 + b % 2}),
            "say_bring": (rerouting.customer_says, (rerouting.Says.BRING,), {}),
            "say_wait": (rerouting.customer_says, (rerouting.Says.WAIT,), {}),
            "say_refund": (rerouting.customer_says, (rerouting.Says.REFUND,), {}),
            "office": (rerouting.office_says, (None,), {}),
        }  # fmt: skip
        step, given, named = steps[name]
        self.attempt(name, step, parcel, *given, **named)

    def answer_substitute(self, *, agrees: bool) -> None:
        """The customer answers the newest question."""
        found = self.session.execute(text("SELECT * FROM substitution ORDER BY id DESC LIMIT 1")).first()
        self.session.rollback()
        if found is None:
            return
        parcel = self.session.execute(text("SELECT * FROM parcel WHERE id = :id"), {"id": found.parcel_id}).one()
        self.session.rollback()
        self.attempt("substitute", substituting.answer, parcel, found.id, agrees=agrees)

    def ask_aftersale(self, kind: str, order: int, a: int, *, fault: bool) -> None:
        """The member asks for something after an order was paid."""
        lines = self.session.execute(
            text("SELECT * FROM order_line WHERE order_id = :id ORDER BY line_no"), {"id": order}
        )
        found = lines.all()
        self.session.rollback()
        line = found[a % len(found)]
        cause = Cause.QUALITY if fault else Cause.UNWANTED
        units = {line.line_no: max(line.qty // 2, 1)}
        if kind == "refund_only":
            wish = Wish(Kind.REFUND_ONLY, cause, fens={line.line_no: 1 + a % 300})
        else:
            wish = Wish(Kind(kind), cause, units=units)
        at = self.shop.store_id
        if kind == "in_store":
            back = {number: Found(sellable=qty) for number, qty in units.items()}
            self.attempt(kind, inspect.in_store, at, order, wish, back, at_store_id=at, staff_id=1,
                         shift_id=self.shop.shift_id)  # fmt: skip
        else:
            self.attempt(kind, answer.ask, at, order, wish, member_id=self.member)

    def case_step(self, name: str, a: int) -> None:
        """Somebody deals with the newest case."""
        case = self.session.execute(text("SELECT * FROM aftersale_case ORDER BY id DESC LIMIT 1")).first()
        self.session.rollback()
        if case is None:
            return
        key = (case.store_id, case.id)
        rows = self.session.execute(text("SELECT * FROM aftersale_line WHERE case_id = :id"), {"id": case.id}).all()
        self.session.rollback()
        places = {row.line_no: Found(sellable=row.qty - a % 2, quarantine=a % 2) for row in rows if row.qty}
        steps: dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = {
            "approve": (answer.approve, (), {"staff_id": 1}),
            "deny": (answer.reject, ("no",), {"staff_id": 1}),
            "receive": (inspect.receive, (), {"at_store_id": self.shop.store_id}),
            "inspect": (inspect.inspect, (places,), {"staff_id": 1}),
            "drop": (answer.cancel, (), {}),
        }
        step, given, named = steps[name]
        self.attempt(f"case_{name}", step, *key, *given, **named)

    def take_back(self, order: int, a: int) -> None:
        """Units come back over the counter."""
        rows = self.session.execute(
            text("SELECT * FROM order_line WHERE order_id = :id ORDER BY line_no"), {"id": order}
        )
        lines = rows.all()
        self.session.rollback()
        line = lines[a % len(lines)]
        at = {"at_store_id": self.shop.store_id, "shift_id": self.shop.shift_id, "staff_id": 1}
        wants = {line.line_no: max(line.qty // 2, 1)}
        self.attempt("take_back", returns.take_back, self.shop.store_id, order, wants, expected_refund_fen=None, **at)

    def till_takes(self, name: str, qty: int, store: int) -> None:
        """A till sold without us: a fact that may break promises."""
        goods, key = {self.shop.skus[name]: qty}, f"unseen:{self.count('SELECT count(*) FROM journal')}"
        self.attempt("till_fact", _take_as_fact, 1 + store % 2, goods, key=key)

    def receive_goods(self, name: str, qty: int, store: int) -> None:
        """A delivery for a store."""
        goods, key = {self.shop.skus[name]: qty}, f"came:{self.count('SELECT count(*) FROM journal')}"
        self.attempt("delivery", stock.take_in, 1 + store % 2, goods, key=key)

    def clocks(self, minutes: int) -> None:
        """Time passes and the jobs by the clock run."""
        self.now += timedelta(minutes=minutes)
        watch_parcels.run(now=self.now)
        keep_parcel_clocks.run(now=self.now)
        self.broken()

    def broken(self) -> None:
        """Orders that lost something find another store."""
        while True:
            with transaction(self.session):
                leased = journal.lease(self.session, ["order.promise_broken"], now=self.now, most=50)
            if not leased:
                return
            self.done["broken"] = self.done.get("broken", 0) + reroute_broken.run(
                [row for row, _ in leased], now=self.now
            )

    def wechat_refunds(self) -> None:
        """WeChat paid every refund."""
        numbers = self.session.execute(
            text("SELECT refund_no FROM refund WHERE kind = 'wechat' AND state = 'requested'")
        )
        found = numbers.scalars().all()
        self.session.rollback()
        for number in found:
            for event in ("accept", "finish"):
                self.do(refund_moves.move, number, event)

    def differences(self, only: tuple[str, ...] = ()) -> dict[str, Any]:
        """What the books find wrong."""
        with transaction(self.session):
            from trade.books.registry import BOOKS

            names = only or [name for name, one in BOOKS.items() if not one.mended]
            found = {name: BOOKS[name].differences(self.session) for name in names}
        return {name: rows for name, rows in found.items() if rows}


def _release(session: Any, store_id: int, order_id: int, *, actor: str, now: Any) -> None:
    from trade.orders.review import deciding

    deciding.release(session, store_id, order_id, actor=actor, now=now)


def _pick_all(session: Any, parcel: Any, *, actor: str, now: Any) -> None:
    for line in parcels.lines(session, parcel.store_id, parcel.id):
        fulfil.pick(session, parcels.one(session, parcel.store_id, parcel.id), line.line_no,
                    line.qty - line.short_qty, actor=actor, now=now)  # fmt: skip


def _take_as_fact(session: Any, store_id: int, goods: Mapping[int, int], *, key: str, actor: str, now: Any) -> None:
    broken = facts.take_as_fact(session, store_id, goods, key=key, actor=actor, now=now)
    lost.tell(session, store_id, broken, actor=actor, now=now)
