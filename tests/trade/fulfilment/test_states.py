from __future__ import annotations

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import WrongState
from tests import factories as make
from tests.trade.fulfilment import hands
from trade.fulfilment import moves
from trade.fulfilment.states import CLOSED, MOVES, State


def _put(session, parcel, state):
    closed = "now()" if state in CLOSED else "NULL"
    with transaction(session):
        session.execute(
            text(f"UPDATE parcel SET state = :state, closed_at = {closed} WHERE id = :id"),
            {"state": state, "id": parcel.id},
        )


def test_every_event_in_every_state(session, now):
    """Legal steps lead where the table says; any other is refused with the state it stands in, and changes nothing."""
    shop = make.open_shop(session, now=now)
    order_id = make.order_online(session, shop, make.a_member(session, now=now), now, milk=1)
    make.pay_online(session, shop, order_id, now)
    parcel, tried = hands.of(session, order_id), 0
    facts = text("SELECT count(*) FROM journal WHERE kind LIKE 'parcel.%'")
    for state in State:
        for event, (sources, target, _) in MOVES.items():
            _put(session, parcel, state)
            before, tried = session.scalar(facts), tried + 1
            session.rollback()
            if state in sources:
                moved = hands.do(session, _fire, parcel, event, now=now)
                assert (moved.state, moved.closed_at is not None) == (target, target in CLOSED)
                assert session.scalar(facts) == before + 1
            else:
                with pytest.raises(WrongState) as refused:
                    hands.do(session, _fire, parcel, event, now=now)
                assert refused.value.facts == {"parcel_id": parcel.id, "state": state, "event": event}
                assert (hands.of(session, order_id).state, session.scalar(facts)) == (state, before)
            session.rollback()
    assert tried == len(State) * len(MOVES)


def _fire(session, parcel, event, *, actor, now):
    return moves.move(session, parcel.store_id, parcel.id, event, actor=actor, now=now)
