"""Every event in every state, and for every kind."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import NotFound, WrongState
from trade.orders.aftersales import moves
from trade.orders.aftersales.states import CLOSED, LOCKING, MOVES, Kind, State

_KIND = {event: sorted(step.kinds)[0] for event, step in MOVES.items()}


@pytest.fixture
def case(story):
    order = story.done(milk=2)
    return story.ask(order, "return_refund", {1: 1})


def _put(story, case, kind, state):
    with transaction(story.session):
        story.session.execute(
            text("UPDATE aftersale_case SET kind = :kind, state = :state WHERE id = :id"),
            {"kind": kind, "state": state, "id": case.id},
        )


def test_every_event_in_every_state_for_every_kind(story, case):
    facts = "SELECT count(*) FROM journal WHERE subject LIKE 'aftersale:%'"
    tried = 0
    for event, step in MOVES.items():
        ways = [(kind, state) for kind in Kind for state in State if kind == _KIND[event] or state in step.sources]
        for kind, state in ways:
            _put(story, case, kind, state)
            before = story.count(facts)
            tried += 1
            if state in step.sources and kind in step.kinds:
                moved = story.say(moves.move, case, event)
                assert (moved.state, moved.closed_at is not None) == (step.target, step.target in CLOSED)
                assert moved.locks is (step.target in LOCKING)
                assert story.count(facts) == before + 1
            else:
                with pytest.raises(WrongState) as refused:
                    story.say(moves.move, case, event)
                assert refused.value.facts == {"case_id": case.id, "kind": kind, "state": state, "event": event}
                assert (story.state(case), story.count(facts)) == (state, before)
    assert tried > len(MOVES) * len(State)


def test_every_state_can_be_reached_and_every_open_one_left():
    reached = {State.APPLIED} | {step.target for step in MOVES.values()}
    left = {state for step in MOVES.values() for state in step.sources}
    assert reached == set(State)
    assert left >= set(State) - CLOSED


def test_a_case_of_another_store_is_not_there(story, case):
    with pytest.raises(NotFound):
        story.do(moves.move, case.store_id + 1, case.id, "reject")
    assert story.state(case) == "applied"
