"""Two people, or two workers, at once: each thing happens once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import Refused
from tests import factories as make
from tests.trade.fulfilment import chain, hands
from trade.fulfilment import lost_phone, notices
from trade.orders import cancelling, courier, fulfil, no_show, substituting
from trade.stock.rejects import Reason
from workers.jobs import keep_parcel_clocks


@pytest.fixture
def shop(session, now):
    return chain.open_chain(session, 1, now, milk=20, bread=20)[0]


@pytest.fixture
def at_once(open_session) -> Callable[..., Counter[str]]:
    """Six at once, each in a transaction of its own; how often what happened."""

    def run(*works: Callable[[Any], Any]) -> Counter[str]:
        def one(number: int) -> str:
            try:
                with open_session() as own, transaction(own):
                    works[number % len(works)](own)
            except Refused as no:
                return no.code
            return "done"

        with ThreadPoolExecutor(6) as pool:
            return Counter(pool.map(one, range(6)))

    return run


def test_a_substitute_is_answered_once(session, shop, at_once, now):
    order_id = chain.ordered(session, shop, now, mode="pickup", milk=2)
    parcel = hands.accepted(session, order_id, now)
    bread = shop.skus["bread"]
    made = hands.do(session, substituting.offer, parcel, 1, bread, Reason.NOT_FOUND, now=now)
    works = [
        lambda s, yes=yes: substituting.answer(s, parcel, made.id, agrees=yes, actor="t", now=now)
        for yes in (True, False, None)
    ]
    assert at_once(*works) == {"done": 1, "wrong_state": 5}
    outcome = session.scalar(text("SELECT outcome FROM substitution"))
    assert hands.refunds(session, order_id) == ([680] if outcome == "agreed" else [])
    assert hands.differences(session) == {}


def test_a_substitute_is_offered_once(session, shop, at_once, now):
    order_id = chain.ordered(session, shop, now, mode="pickup", milk=2)
    parcel, bread = hands.accepted(session, order_id, now), shop.skus["bread"]
    offer = lambda s: substituting.offer(s, parcel, 1, bread, Reason.NOT_FOUND, actor="t", now=now)  # noqa: E731
    assert at_once(offer) == {"done": 6}
    assert session.scalar(text("SELECT count(*) FROM substitution")) == 1


def test_what_comes_back_enters_stock_once(session, shop, at_once, now):
    parcel = hands.handed(session, chain.ordered(session, shop, now, milk=2), now)
    hands.do(session, courier.fail, parcel, courier.Failed.LATE, now=now)
    found = {1: courier.Found(good=2)}
    back = lambda s: courier.come_back(s, parcel, bags=2, seals=["A1", "A2"], found=found, actor="t", now=now)  # noqa: E731
    assert at_once(back) == {"done": 1, "wrong_state": 5}
    assert hands.level(session, shop, "milk") == {"on_hand": 20}
    assert hands.refunds(session, parcel.order_id) == [1980]


def test_a_missed_parcel_is_put_back_once(session, shop, at_once, now):
    order_id = chain.ordered(session, shop, now, mode="pickup", milk=2)
    make.make_ready(session, shop, order_id, now)
    hands.do(session, no_show.miss, hands.of(session, order_id), now=now)
    parcel = hands.of(session, order_id)
    assert at_once(lambda s: no_show.put_back(s, parcel, actor="t", now=now)) == {"done": 1, "wrong_state": 5}
    assert hands.level(session, shop, "milk") == {"on_hand": 20}
    assert hands.refunds(session, order_id) == [1980]


def test_a_message_goes_out_four_times_at_most(session, shop, at_once, now):
    order_id = chain.ordered(session, shop, now, mode="pickup", milk=2)
    make.make_ready(session, shop, order_id, now)
    parcel = hands.of(session, order_id)
    again = at_once(lambda s: notices.send_again(s, parcel, "ready", actor="t", now=now))
    assert again == {"done": 3, "resend_limit": 3}
    assert session.scalars(text("SELECT version FROM message WHERE event = 'ready' ORDER BY 1")).all() == [1, 2, 3, 4]


def test_an_sms_opens_once(session, shop, at_once, now):
    order_id = chain.ordered(session, shop, now, mode="pickup", milk=2)
    make.make_ready(session, shop, order_id, now)
    parcel, tail = hands.of(session, order_id), session.scalar(text("SELECT right(phone_masked, 4) FROM member"))
    session.rollback()
    hands.do(session, lost_phone.send, parcel, tail, now=now)
    code = lost_phone.sent_code(session, parcel.store_id, parcel.id) or ""
    used = at_once(lambda s: lost_phone.prove(s, parcel, tail, code, now=now))
    assert used == {"done": 1, "pickup_code_wrong": 5}


def test_workers_at_once_do_each_thing_that_is_due_once(session, shop, now):
    """A nudge, a reminder and a customer whose store was silent, met by four workers."""
    nudged, missed, let_go = (chain.ordered(session, shop, now, mode="pickup", milk=1) for _ in range(3))
    make.make_ready(session, shop, missed, now - timedelta(hours=30))
    hands.picked(session, let_go, now)
    with transaction(session):
        cancelling.ask(session, shop.store_id, let_go, actor="member:1", now=now)
    with ThreadPoolExecutor(4) as pool:
        done = sum(pool.map(lambda _: keep_parcel_clocks.run(now=now + timedelta(minutes=8)), range(4)))
    assert done == 3
    assert hands.of(session, nudged).alarm == 1
    assert (hands.of(session, missed).reminded, hands.state(session, let_go)) == (1, "cancelled")
    kinds = "SELECT count(*) FROM journal WHERE kind IN ('parcel.nudged', 'parcel.reminded', 'parcel.cancel_agreed')"
    assert session.scalar(text(kinds)) == 3
    assert hands.refunds(session, let_go) == [990]


def test_two_who_walk_one_parcel_count_what_lies_there(session, shop, at_once, now):
    """Figures are absolute: six scanners that say the same say it once."""
    order_id = chain.ordered(session, shop, now, mode="pickup", milk=2)
    parcel = hands.accepted(session, order_id, now)
    code = make.BARCODES["milk"]
    assert at_once(lambda s: fulfil.scan(s, parcel, code, 2, grams=None, actor="t", now=now)) == {"done": 6}
    assert session.scalar(text("SELECT picked_qty FROM parcel_line")) == 2
