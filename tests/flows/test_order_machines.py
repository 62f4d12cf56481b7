"""Random histories of orders, payments, parcels and after-sales together: after every step the books agree.

Some hundred steps by default; TONGDIAN_MACHINE_STEPS=10000 for the long form.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.flows.order_world import NAMES, PROVED, World

STEPS = int(os.environ.get("TONGDIAN_MACHINE_STEPS", "100"))
A_RUN = 50
WHICH, NUMBER = st.integers(0, 7), st.integers(0, 11)
FORWARD = {"routing": "office", "asking": "say_store", "assigned": "accept", "accepted": "pick_all",
           "picking": "pick_all", "ready": "collect", "packed": "call", "courier_called": "hand", "handed": "deliver",
           "no_show": "put_back", "returning": "come_back"}  # fmt: skip
"""What people do next with a parcel that stands there."""
AWRY = ("reject", "time_out", "pick", "short", "offer", "unpack", "wrong_seal", "fail", "come_back", "collect_part",
        "miss", "put_back", "agree", "decline", "new_code", "say_store", "say_bring", "say_wait", "say_refund",
        "office")  # fmt: skip
PICKED = ("accepted", "picking")
AT = {"reject": ("assigned", *PICKED), "time_out": ("assigned",), "pick": PICKED, "short": PICKED, "offer": PICKED,
      "unpack": ("packed", "courier_called"), "wrong_seal": ("packed", "courier_called"), "fail": ("handed",),
      "come_back": ("returning",), "collect_part": ("ready",), "miss": ("ready",), "put_back": ("no_show",),
      "new_code": ("ready",), "agree": ("picking",), "decline": ("picking",),
      **dict.fromkeys(("say_store", "say_bring", "say_wait", "say_refund", "office"), ("asking",))}  # fmt: skip
"""Where each may succeed: a parcel that stands there is preferred."""
EVERY = (*AWRY, "accept", "pick_all", "ready", "pack", "call", "hand", "deliver", "collect")
SURE = {
    "accept",
    "pick_all",
    "ready",
    "pack",
    "call",
    "hand",
    "deliver",
    "collect",
    "reject",
    "time_out",
    "fail",
    "miss",
}
"""What chance cannot miss in a long walk; which of the others came is printed, and each has its own tests."""


class Machines(RuleBasedStateMachine):
    """One small chain; `session` and `start` are given by the test."""

    session: Any
    start: Any
    taken = 0
    done: dict[str, int]
    refused: dict[str, int]

    @initialize()
    def begin(self):
        self.world = World(self.session, self.start)

    @rule(
        mode=st.sampled_from(["pickup", "delivery"]),
        milk=st.integers(0, 4),
        bread=st.integers(0, 3),
        apple=st.sampled_from([0, 0, 530, 1000]),
        points=st.sampled_from([0, 0, 300]),
        wallet=st.sampled_from([0, 0, 400]),
        split=st.booleans(),
        other=st.booleans(),
        pay=st.integers(0, 5),
    )
    def buy(self, mode, milk, bread, apple, points, wallet, split, other, pay):
        goods = {name: qty for name, qty in zip(NAMES, (milk, bread, apple), strict=True) if qty}
        if goods:
            self.world.place(mode, goods, points, wallet, split=split, other=other)
        if pay and goods and self.world.orders:
            self.world.pay(self.world.orders[-1])

    @precondition(lambda self: self.world.orders)
    @rule(which=WHICH, sheet=st.booleans())
    def pay(self, which, sheet):
        (self.world.open_sheet if sheet else self.world.pay)(self.world.one(which))

    @precondition(lambda self: self.world.orders)
    @rule(name=st.sampled_from(["expire", "cancel", "ask_cancel", "ask_cancel", "refuse"]), which=WHICH)
    def order(self, name, which):
        self.world.order_step(name, self.world.one(which))

    def _parcel(self, name, parcel, a, b):
        if name == "pick_all" and parcel.state == "picking":
            name = "pick_all" if b % 3 == 0 else "ready" if parcel.mode == "pickup" else "pack"
        self.world.parcel_step(name, parcel, a, b)

    @rule(which=WHICH, a=NUMBER, b=NUMBER)
    def forward(self, which, a, b):
        parcel = self.world.parcel(which)
        if parcel is not None and parcel.state in FORWARD:
            self._parcel(FORWARD[parcel.state], parcel, a, b)

    @rule(steps=st.lists(st.tuples(st.integers(0, 3), NUMBER, NUMBER), min_size=2, max_size=8))
    def further(self, steps):
        for which, a, b in steps:
            self.forward(which, a, b)

    @rule(steps=st.lists(st.tuples(st.just(0), NUMBER, NUMBER), min_size=4, max_size=9))
    def newest(self, steps):
        self.further(steps)

    @rule(order=st.integers(0, 3), steps=st.lists(st.tuples(st.just(0), NUMBER, NUMBER), min_size=0, max_size=6),
          mode=st.sampled_from(["pickup", "delivery"]), apple=st.sampled_from([0, 530]),
          other=st.booleans())  # fmt: skip
    def whole_story(self, order, steps, mode, apple, other):
        goods = {"milk": 1 + order % 2, "bread": order, "apple": apple}
        self.world.place(mode, {name: qty for name, qty in goods.items() if qty}, 0, 0, split=False, other=other)
        if self.world.orders:
            self.world.pay(self.world.orders[-1])
            self.further(steps)

    @rule(name=st.sampled_from(AWRY), which=st.integers(0, 2), a=NUMBER, b=NUMBER)
    def awry(self, name, which, a, b):
        parcel = self.world.parcel(which, AT[name])
        if parcel is None:
            return
        if name in ("agree", "decline") and parcel.cancel_by is None:
            self.world.order_step("ask_cancel", parcel.order_id)
        self.world.parcel_step(name, parcel, a, b)

    @rule(which=st.integers(0, 2), a=NUMBER, b=NUMBER)
    def there_and_back(self, which, a, b):
        parcel = self.world.parcel(which, ("handed", "returning", "ready", "no_show"))
        for name in ("fail", "come_back") if parcel is not None and parcel.mode == "delivery" else ("miss", "put_back"):
            self.awry(name, which, a, b)

    @rule(which=st.integers(0, 2), a=NUMBER, b=NUMBER, agrees=st.booleans())
    def instead(self, which, a, b, agrees):
        parcel = self.world.parcel(which, ("accepted", "assigned"))
        for name in ("accept", "offer") if parcel is not None else ():
            self.world.parcel_step(name, parcel, a, b)
        self.world.answer_substitute(agrees=agrees)

    @rule(names=st.lists(st.sampled_from(AWRY), min_size=2, max_size=5), which=st.integers(0, 2), a=NUMBER, b=NUMBER)
    def all_goes_awry(self, names, which, a, b):
        for name in names:
            self.awry(name, which, a, b)

    @rule(name=st.sampled_from(EVERY), which=WHICH, a=NUMBER, b=NUMBER)
    def anything(self, name, which, a, b):
        parcel = self.world.parcel(which)
        if parcel is not None:
            self.world.parcel_step(name, parcel, a, b)

    @rule(agrees=st.booleans())
    def substitute(self, agrees):
        self.world.answer_substitute(agrees=agrees)

    @precondition(lambda self: self.world.orders)
    @rule(kind=st.sampled_from(["unshipped_refund", "refund_only", "return_refund", "in_store"]), which=WHICH, a=NUMBER,
          fault=st.booleans())  # fmt: skip
    def aftersale(self, kind, which, a, fault):
        self.world.ask_aftersale(kind, self.world.one(which), a, fault=fault)

    @rule(name=st.sampled_from(["approve", "approve", "deny", "receive", "inspect", "drop"]), a=NUMBER)
    def case(self, name, a):
        self.world.case_step(name, a)

    @precondition(lambda self: self.world.orders)
    @rule(which=WHICH, a=NUMBER)
    def take_back(self, which, a):
        self.world.take_back(self.world.one(which), a)

    @rule(name=st.sampled_from(NAMES), qty=st.integers(1, 9), store=st.integers(0, 1), came=st.booleans())
    def goods(self, name, qty, store, came):
        qty *= 300 if name == "apple" else 1
        (self.world.receive_goods if came else self.world.till_takes)(name, qty, store)

    @rule(minutes=st.sampled_from([1, 3, 4, 16, 35, 24 * 60, 97 * 60]))
    def time_passes(self, minutes):
        self.world.clocks(minutes)

    @rule()
    def wechat_pays_refunds(self):
        self.world.wechat_refunds()

    @invariant()
    def the_books_agree(self):
        type(self).taken += 1
        assert self.world.differences(PROVED) == {}

    def teardown(self):
        if not hasattr(self, "world"):
            return
        self.world.broken()
        self.world.follow()
        assert self.world.differences() == {}
        for mine, theirs in ((type(self).done, self.world.done), (type(self).refused, self.world.refused)):
            for name, times in theirs.items():
                mine[name] = mine.get(name, 0) + times


def test_any_history_of_the_machines_together_keeps_the_books_true(session, now):
    found: Any = type("Walk", (Machines,), {"session": session, "start": now, "done": {}, "refused": {}})
    run_state_machine_as_test(
        found,
        settings=settings(
            max_examples=max(STEPS // 42, 1), stateful_step_count=A_RUN, deadline=None, print_blob=True,
            suppress_health_check=list(HealthCheck), database=None, phases=[Phase.generate],
        ),
    )  # fmt: skip
    print(f"{found.taken} steps; done {found.done}; refused {found.refused}")
    if STEPS >= 10_000:
        print(f"never: {[name for name in EVERY if name not in found.done]}")
        assert found.done.keys() >= SURE
