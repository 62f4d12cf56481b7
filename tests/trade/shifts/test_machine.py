"""Every event in every state of a shift, and long runs of them against a plain model."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import transaction
from config.errors import WrongState
from tests import factories as make
from tests.stories import Story, books
from trade.orders.shifts import cash, moves, read, settle, z
from trade.orders.shifts.states import MOVES, CashKind, State
from trade.stores.tills import TillCard

WAY = {State.OPEN: [], State.COUNTED: ["count"], State.SEALED: ["count", "keep"],
       State.SETTLED: ["count", "keep", "settle"]}  # fmt: skip


def _fire(session, shop, event, now, fen=20_000):
    with transaction(session):
        if event in ("count", "recount"):
            again = event == "recount"
            moves.count(session, shop.store_id, shop.shift_id, 1, make.pieces(fen), again=again, actor="t", now=now)
        elif event == "keep":
            moves.move(session, shop.store_id, shop.shift_id, "keep", {}, actor="t", now=now)
        else:
            settle.settle(session, shop.store_id, shop.shift_id, variance=settle.Word(1, "x"), actor="t", now=now)


@pytest.mark.parametrize("event", ["count", "recount", "keep", "settle"])
@pytest.mark.parametrize("state", State)
def test_every_event_in_every_state(session, shop, now, state, event):
    for step in WAY[state]:
        _fire(session, shop, step, now)
    source, target, _ = MOVES[event]
    if state == source:
        _fire(session, shop, event, now)
        assert _stands(session, shop) == target
        return
    with pytest.raises(WrongState) as refused:
        _fire(session, shop, event, now)
    assert (refused.value.facts["state"], _stands(session, shop)) == (state, state)


def _stands(session, shop):
    with transaction(session):
        return settle.lock(session, shop.store_id, shop.shift_id).state


class Drawer(RuleBasedStateMachine):
    """One till, shift after shift; the model keeps the cash it saw pass."""

    session: Session

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 11, 23, 4, tzinfo=UTC)
        self.story = Story(self.session, self.now, milk=10_000)
        self.shop, self.state = self.story.shop, State.OPEN
        self.till = TillCard(self.shop.till_id, "", self.shop.store_id, "")
        self.expected = self.left = 20_000
        self.settled: list[int] = []

    @rule(units=st.integers(1, 3))
    def sell(self, units):
        with transaction(self.session):
            shift_id = read.sells_in(self.session, self.till, now=self.now)
        assert (shift_id == self.shop.shift_id) == (self.state is State.OPEN)
        if shift_id:
            self.story.sell(milk=units)
            self.expected += 990 * units

    @rule(kind=st.sampled_from(CashKind), fen=st.integers(1, 500))
    def move(self, kind, fen):
        if self.state is State.OPEN:
            to = "safe" if kind is CashKind.DROP else None
            with transaction(self.session):
                cash.note(self.session, self.shop.store_id, self.shop.shift_id, kind, fen, goes_to=to, reason="r",
                          staff_id=1, request_id=f"r{self.expected}{self.left}{len(self.settled)}{kind}{fen}"
                          f"{self.story.count('SELECT count(*) FROM cash_move')}", actor="t", now=self.now)  # fmt: skip
            self.expected += fen if kind is CashKind.PAID_IN else -fen

    @rule(event=st.sampled_from(["count", "recount", "keep", "settle"]), off=st.integers(-50, 50))
    def fire(self, event, off):
        source, target, _ = MOVES[event]
        fen = max(0, self.expected + off)
        if self.state is not source:
            with pytest.raises(WrongState) as refused:
                _fire(self.session, self.shop, event, self.now, fen)
            assert refused.value.facts["state"] == self.state
            return
        _fire(self.session, self.shop, event, self.now, fen)
        self.state = target
        if event in ("count", "recount"):
            self.left = fen
        if event == "settle":
            with transaction(self.session):
                [written] = z.read(self.session, self.shop.store_id, self.shop.shift_id)
            assert written["expected_fen"] == self.expected
            assert written["difference_fen"] == self.left - self.expected
            self.settled.append(written["z_no"])

    @rule()
    def open(self):
        if self.state is State.OPEN:
            return
        with transaction(self.session):
            assert read.proposed_fen(self.session, self.till) == self.left
            self.shop.shift_id = make.open_shift(self.session, self.till, 1, self.left, self.now)
        self.state, self.expected = State.OPEN, self.left

    @invariant()
    def stands_where_it_should(self):
        assert _stands(self.session, self.shop) == self.state
        assert self.settled == list(range(1, len(self.settled) + 1))

    def teardown(self):
        assert books(self.session) == {}


def test_long_runs_of_a_drawer(session, clean):
    from tests.conftest import _emptying

    class Fresh(Drawer):
        def __init__(self) -> None:
            session.execute(text(_emptying()))
            super().__init__()

    Fresh.session = session
    run_state_machine_as_test(
        Fresh,
        settings=settings(
            max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
