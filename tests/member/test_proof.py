"""Every kind of lie that the ledger could tell is found, with what is at stake."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from member import points, proof
from tests.stories import books

BY = {"actor": "t"}


@pytest.fixture
def history(session, do, member, now):
    """Every verb once, a debt raised and partly absorbed, a lot expired, and a hold still open."""
    order = {"source": "order:1", "now": now, **BY}
    do(points.earn, member, 100, source="gift:1", key="gift:1", pending=False, now=now, **BY)
    do(points.earn, member, 40, key="order:1:earn", pending=True, **order)
    do(points.confirm, member, **order)
    do(points.hold, member, 120, source="order:2", now=now, **BY)
    do(points.post, member, source="order:2", now=now, **BY)
    do(points.claw, member, 40, key="return:1:claw", **order)
    do(points.reinstate, member, 10, source="order:2", key="return:2:back", now=now, **BY)
    do(points.earn, member, 60, source="gift:2", key="gift:2", pending=False, now=now, **BY)
    do(points.hold, member, 15, source="order:3", now=now, **BY)
    do(points.hold, member, 5, source="order:4", now=now, **BY)
    do(points.release, member, source="order:4", now=now, **BY)
    do(points.expire_due, now=now + timedelta(days=1000), most=10)
    do(points.earn, member, 30, source="gift:3", key="gift:3", pending=True, now=now, **BY)
    assert proof.differences(session) == []
    return member


LIES = {
    "a balance of one point more": ("UPDATE lot_account SET balance = balance + 1", {"sums"}, 1),
    "a point on its way that nobody promised": ("UPDATE lot_account SET pending = pending + 1", {"sums"}, 1),
    "a point held for nobody": ("UPDATE lot_account SET held = held + 1", {"sums"}, 1),
    "a debt forgiven": ("UPDATE lot_account SET deficit = deficit + 1", {"sums", "debts"}, 1),
    "a lot that lost a point": (
        "UPDATE lot SET remaining = remaining - 1 WHERE source = 'gift:3'", {"sums", "lots", "debts"}, 1
    ),
    "a lot that was larger at its start": (
        "UPDATE lot SET initial = initial + 2 WHERE source = 'gift:2'", {"lots", "debts"}, 2
    ),
    "a fact struck out": ("DELETE FROM lot_entry WHERE key = 'gift:2'", {"sums", "lots"}, 60),
    "a taking that no lot gave": ("UPDATE lot_consumption SET quantity = quantity + 1 WHERE restored = 0 AND entry_id ="
        " (SELECT id FROM lot_entry WHERE key = 'order:3:hold')", {"parts", "lots", "debts"}, 1),
    "a giving back that never was": (
        "UPDATE lot_consumption SET restored = restored + 1 WHERE entry_id ="
        " (SELECT id FROM lot_entry WHERE key = 'order:3:hold')", {"debts"}, 1
    ),
    "more taken back than was earned": ("UPDATE lot_entry SET source = 'gift:9' WHERE event = 'claw'", {"sources"}, 40),
    "more given back than was spent": (
        "UPDATE lot_entry SET source = 'order:9' WHERE event = 'reinstate'", {"sources"}, 10
    ),
    "a lot used before it came": (
        "UPDATE lot_entry SET id = 900 WHERE key = 'gift:1'", {"times"}, 0
    ),
}  # fmt: skip


def test_every_lie_of_the_ledger_is_found(session, history):
    for lie, (said, faults, at_stake) in LIES.items():
        found = books(session, said)["ledger"]
        assert {row["fault"] for row in found} == faults, (lie, [row["fault"] for row in found])
        assert max(row["at_stake"] for row in found) == at_stake, (lie, found)
        assert {row["member_id"] for row in found} == {history}, (lie, found)


def test_two_lots_that_swap_a_point_are_found_though_every_sum_agrees(session, history):
    with transaction(session):
        session.execute(text("UPDATE lot SET remaining = remaining - 1 WHERE source = 'gift:3'"))
        session.execute(
            text(
                "INSERT INTO lot (member_id, account, source, initial, remaining, state, origin_member_id)"
                " SELECT member_id, account, 'gift:0', 1, 1, 'pending', member_id FROM lot WHERE source = 'gift:3'"
            )
        )
    found = proof.differences(session)
    assert [(row["fault"], row["at_stake"]) for row in found] == [("lots", 1), ("debts", 1)]


def test_a_lot_from_which_more_was_taken_at_one_time_than_was_in_it_is_found(session, do, member, now):
    """Afterwards everything adds up again: only the order of the facts shows it."""
    do(points.earn, member, 100, source="gift:1", key="gift:1", pending=False, now=now, **BY)
    for number in (1, 2):
        source = f"order:{number}"
        do(points.spend, member, 80, source=source, now=now, **BY)
        do(points.reinstate, member, 80, source=source, key=f"{source}:undo", now=now, **BY)
    assert proof.differences(session) == []
    with transaction(session):
        session.execute(text("UPDATE lot_entry SET id = 900 WHERE key = 'order:1:undo'"))
    (found,) = proof.differences(session)
    assert (found["fault"], found["taken"], found["initial"], found["at_stake"]) == ("times", 160, 100, 60)
