from __future__ import annotations

from contextlib import suppress

import pytest
from sqlalchemy import text

from config.db import attempt, transaction
from config.errors import WrongState
from tests import factories as make
from tests.trade.fulfilment import hands
from trade.fulfilment import moves
from trade.fulfilment.states import CLOSED, MOVES, State

_PUT = text("UPDATE parcel SET state = :state, closed_at = CAST(:closed AS timestamptz) WHERE id = :id")
_STANDS = text("SELECT state, (SELECT count(*) FROM journal WHERE kind LIKE 'parcel.%') FROM parcel WHERE id = :id")


class _Undo(Exception):
    pass


def test_every_event_in_every_state(session, now):
    """Legal steps lead where the table says; any other is refused with the state it stands in, and changes nothing."""
    shop = make.open_shop(session, now=now)
    order_id = make.order_online(session, shop, make.a_member(session, now=now), now, milk=1)
    make.pay_online(session, shop, order_id, now)
    parcel, tried = hands.of(session, order_id), 0
    with transaction(session):
        for state in State:
            for event in MOVES:
                with suppress(_Undo), attempt(session):
                    _try(session, parcel, state, event, now)
                    tried += 1
                    raise _Undo
    assert tried == len(State) * len(MOVES)


def _try(session, parcel, state, event, now):
    sources, target, _ = MOVES[event]
    key = {"id": parcel.id}
    session.execute(_PUT, key | {"state": state, "closed": now if state in CLOSED else None})
    _, told = session.execute(_STANDS, key).one()
    fire = (session, parcel.store_id, parcel.id, event)
    if state in sources:
        moved = moves.move(*fire, actor="test", now=now)
        assert (moved.state, moved.closed_at is not None) == (target, target in CLOSED)
        assert session.execute(_STANDS, key).one() == (target, told + 1)
    else:
        with pytest.raises(WrongState) as refused:
            moves.move(*fire, actor="test", now=now)
        assert refused.value.facts == {"parcel_id": parcel.id, "state": state, "event": event}
        assert session.execute(_STANDS, key).one() == (state, told)
