"""Random histories of the ledger: after every step the stored lots equal the replay and every invariant holds.

A few hundred steps by default; TONGDIAN_LEDGER_STEPS=10000 for the long form.
"""

from __future__ import annotations

import os
import uuid
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import transaction
from member import identity, ledger, lots, points
from member.ledger import LedgerKeyReused, Step
from member.points import PointsShort

BY = {"actor": "t"}
STEPS = int(os.environ.get("TONGDIAN_LEDGER_STEPS", "240"))
A_RUN = 40
AMOUNT, WHICH = st.integers(1, 120), st.integers(0, 5)


class Ledger(RuleBasedStateMachine):
    """One member's account; `session` and `start` are given by the test."""

    session: Session
    start: datetime
    taken = 0

    @initialize()
    def begin(self):
        self.at, self.count = self.start, 0
        self.member = self.new_member()

    def new_member(self):
        with transaction(self.session):
            return identity.by_openid(self.session, uuid.uuid4().hex, now=self.at, **BY)

    def do(self, work, *args, **more):
        """A step and its repeat; a refusal moves nothing."""
        before = self.rows()
        try:
            with transaction(self.session):
                found = work(self.session, *args, **more)
        except (PointsShort, lots.Short, LedgerKeyReused):
            assert self.rows() == before
            return None
        return found

    def rows(self):
        self.session.rollback()
        return [
            self.session.execute(text(f"SELECT t::text FROM {table} t WHERE member_id = :id ORDER BY 1"),
                            {"id": self.member}).all()
            for table in ("lot_account", "lot", "lot_entry", "lot_consumption")
        ]  # fmt: skip

    def key(self):
        self.count += 1
        return f"k:{self.member}:{self.count}"

    def step(self, event, source):
        return Step(self.member, "points", event, source, self.key(), "t", self.at)

    @rule(amount=AMOUNT, which=WHICH, pending=st.booleans())
    def earn(self, amount, which, pending):
        given = {"source": f"order:{which}", "key": self.key(), "pending": pending, "now": self.at, **BY}
        assert self.do(points.earn, self.member, amount, **given)
        assert not self.do(points.earn, self.member, amount, **given)

    @rule(which=WHICH)
    def confirm(self, which):
        self.do(lots.confirm, self.step("confirm", f"order:{which}"), expires_at=self.at + timedelta(days=90))

    @rule(which=WHICH)
    def void(self, which):
        self.do(lots.void, self.step("void", f"order:{which}"))

    @rule(amount=AMOUNT, which=WHICH, held=st.booleans())
    def take(self, amount, which, held):
        work, source = (points.hold, f"hold:{which}") if held else (points.spend, f"sale:{which}")
        if self.do(work, self.member, amount, source=source, now=self.at, **BY):
            self.first_to_expire_went_first(f"{source}:{'hold' if held else 'spend'}")

    def first_to_expire_went_first(self, key):
        """No usable lot that expires before one that was taken from has anything left."""
        passed_over = self.session.execute(
            text(
                "SELECT count(*) FROM lot_entry e JOIN lot_consumption c ON c.member_id = e.member_id"
                " AND c.entry_id = e.id JOIN lot used ON used.member_id = c.member_id AND used.id = c.lot_id"
                " JOIN lot ON lot.member_id = e.member_id AND lot.account = e.account AND lot.state = 'available'"
                " AND lot.remaining > 0 AND lot.expires_at > :now"
                " AND (lot.expires_at, lot.id) < (coalesce(used.expires_at, 'infinity'), used.id)"
                " WHERE e.member_id = :id AND e.key = :key"
            ),
            {"id": self.member, "key": key, "now": self.at},
        )
        assert passed_over.scalar() == 0

    @rule(which=WHICH, release=st.booleans())
    def settle(self, which, release):
        work = points.release if release else points.post
        self.do(work, self.member, source=f"hold:{which}", now=self.at, **BY)

    @rule(amount=AMOUNT, which=WHICH)
    def claw(self, amount, which):
        source = f"order:{which}"
        left = self.session.execute(
            text(
                "SELECT coalesce(sum(quantity + pending), 0)::bigint FROM lot_entry WHERE member_id = :id"
                " AND source = :source AND event IN ('earn', 'claw', 'void')"
            ),
            {"id": self.member, "source": source},
        ).scalar_one()
        if left > 0:
            given = {"source": source, "key": self.key(), "now": self.at, **BY}
            self.do(points.claw, self.member, min(amount, left), **given)
            after = self.rows()
            self.do(points.claw, self.member, min(amount, left), **given)
            assert self.rows() == after

    @rule(amount=AMOUNT, which=WHICH)
    def reinstate(self, amount, which):
        source = f"sale:{which}"
        out = sum(row.quantity for row in ledger.used_by(self.session, self.member, "points", source))
        if out:
            given = {"source": source, "key": self.key(), "now": self.at, **BY}
            self.do(points.reinstate, self.member, min(amount, out), **given)

    @rule(amount=st.integers(-60, 60).filter(bool))
    def adjust(self, amount):
        self.do(lots.adjust, self.step("adjust", "hand:1"), amount, expires_at=self.at + timedelta(days=30))

    @rule(days=st.integers(0, 200))
    def days_pass(self, days):
        self.at += timedelta(days=days)
        self.do(points.expire_due, now=self.at, most=1000)

    @precondition(lambda self: self.count % 7 == 3)
    @rule(amount=AMOUNT, owes=st.booleans())
    def merge(self, amount, owes):
        other = self.new_member()
        given: dict[str, Any] = {"now": self.at, **BY}
        with transaction(self.session):
            if owes:
                points.claw(self.session, other, amount, source="x:1", key=f"x:{other}", **given)
            else:
                points.earn(self.session, other, amount, source="x:1", key=f"x:{other}", pending=False, **given)
        self.do(identity.merge, other, self.member, now=self.at, **BY)

    @invariant()
    def the_books_are_true(self):
        type(self).taken += 1
        self.session.rollback()
        assert lots.replay(self.session, self.member, "points") == lots.stored(self.session, self.member, "points")
        assert ledger.differences(self.session) == []
        now = points.balance(self.session, self.member)
        assert min(now.available, now.pending, now.held, now.deficit) >= 0
        assert not (now.available and now.deficit)


def test_any_history_keeps_the_books_true_and_replays(session, now):
    found: Any = type("Walk", (Ledger,), {"session": session, "start": now})
    runs = max(STEPS // A_RUN, 1)
    run_state_machine_as_test(
        found,
        settings=settings(
            max_examples=runs, stateful_step_count=A_RUN, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    print(f"{found.taken} steps taken")


def test_saying_a_whole_history_again_changes_nothing(session, do, everything, member, now):
    """Complaint 4.1: every fact of the log again, in its order, in the reverse, and shuffled."""
    order = {"source": "order:1", "now": now, **BY}
    log = [
        (points.earn, (member, 100), {"source": "gift:1", "key": "gift:1", "pending": False, "now": now, **BY}),
        (points.earn, (member, 40), {"key": "order:1:earn", "pending": True, **order}),
        (points.confirm, (member,), order),
        (points.hold, (member, 50), {"source": "order:2", "now": now, **BY}),
        (points.post, (member,), {"source": "order:2", "now": now, **BY}),
        (points.spend, (member, 30), {"source": "order:3", "now": now, **BY}),
        (points.reinstate, (member, 20), {"source": "order:3", "key": "return:1:back", "now": now, **BY}),
        (points.claw, (member, 10), {"key": "return:1:claw", **order}),
        (points.hold, (member, 5), {"source": "order:4", "now": now, **BY}),
        (points.release, (member,), {"source": "order:4", "now": now, **BY}),
    ]
    for work, args, given in log:
        do(work, *args, **given)
    before = everything()
    for again in (log, log[::-1], log[::2] + log[1::2]):
        for work, args, given in again:
            do(work, *args, **given)
        assert everything() == before
