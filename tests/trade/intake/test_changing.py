"""A channel changes its mind: before the order, after it, too late, in the wrong order, and twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from tests.trade.intake.conftest import RECEIVER, bring, call_off, cases, document, free, heads, home, states
from tests.trade.intake.test_taking import differences, the_order
from trade.orders import addresses, close, fulfil
from trade.orders.intake import receiving
from trade.orders.intake.documents import CancelForm, DocumentForm
from workers.jobs import take_orders


def outcome(answers):
    return [one["outcome"] for one in answers]


def test_a_cancel_that_comes_first_buries_the_order(session, shops, channel, now):
    assert outcome(call_off(session, channel, now, "T1")) == ["tombstone"]
    answer = bring(session, channel, now, document())[0]
    assert (answer["outcome"], answer["state"]) == ("new", "tombstone")
    assert session.execute(text("SELECT count(*) FROM sale_order")).scalar_one() == 0
    assert free(session, shops[0], "milk") == 7 and cases(session) == []
    assert outcome(call_off(session, channel, now, "T1")) == ["known"]
    assert outcome(bring(session, channel, now, document())) == ["known"]


@pytest.mark.parametrize("document_of", [document, lambda: document(paid_fen=1)])
def test_a_cancel_before_it_is_taken_in_is_done_at_once(session, shops, channel, now, document_of):
    bring(session, channel, now, document_of(), take=document_of is not document)
    assert outcome(call_off(session, channel, now, "T1")) == ["cancelled"]
    assert states(session) == {"T1": "cancelled"} and cases(session) == []
    assert session.execute(text("SELECT count(*) FROM sale_order")).scalar_one() == 0


def test_a_cancel_of_an_order_frees_the_goods_and_owes_the_money(session, shops, channel, now):
    bring(session, channel, now, document())
    assert outcome(call_off(session, channel, now, "T1", "T1")) == ["asked", "asked"]
    head = heads(session)["T1"]
    assert (head.state, head.reason) == ("cancelled", "不想要了") and the_order(session).state == "cancelled"
    assert free(session, shops[0], "milk") == 7
    assert session.execute(text("SELECT kind, state, amount_fen FROM refund")).all() == [("channel", "done", 2800)]
    assert outcome(call_off(session, channel, now, "T1")) == ["known"] and differences(session) == []


def begin(session, now):
    """A store has begun with the order."""
    order = the_order(session)
    with transaction(session):
        fulfil.accept(session, make.parcel(session, order.id), actor="t", now=now)
        fulfil.pick(session, make.parcel(session, order.id), 1, 1, actor="t", now=now)


def test_a_cancel_that_comes_too_late_is_said_so(session, shops, channel, now):
    bring(session, channel, now, document())
    begin(session, now)
    call_off(session, channel, now, "T1")
    head = heads(session)["T1"]
    assert (head.state, head.reason, head.cancel_refused_at) == ("ordered", "cancel_too_late", now)
    assert cases(session) == [("adapter_rejected", "cancel_too_late", 2800)]
    assert free(session, shops[0], "milk") == 5 and take_orders.run() == 0
    assert outcome(call_off(session, channel, now, "T1")) == ["too_late"]


def test_an_order_that_we_ended_ourselves_counts_as_cancelled(session, channel, now):
    bring(session, channel, now, document())
    order = the_order(session)
    with transaction(session):
        close.refuse(session, order.store_id, order.id, "damaged", actor="t", now=now)
    call_off(session, channel, now, "T1")
    assert states(session) == {"T1": "cancelled"}
    assert heads(session)["T1"].reason == "cancelled_here" and differences(session) == []


ELSEWHERE = {**RECEIVER, "street": "文三路 99 号", "name": "韩梅"}


def test_another_address_and_remark_are_followed(session, channel, now):
    bring(session, channel, now, document())
    bring(session, channel, now, document(revision=2, receiver=ELSEWHERE, remark="放门口"))
    order = the_order(session)
    assert addresses.read(session, order.store_id, order.id) == home(ELSEWHERE)
    assert order.remark == "放门口" and heads(session)["T1"].applied_revision == 2 and cases(session) == []
    assert take_orders.run() == 0


def test_the_newest_revision_counts_in_whatever_order_they_come(session, channel, now):
    newest = document(revision=3, receiver=ELSEWHERE)
    assert outcome(bring(session, channel, now, newest, document(revision=2), document())) == ["new", "stale", "stale"]
    order = the_order(session)
    assert addresses.read(session, order.store_id, order.id).name == "韩梅"
    assert heads(session)["T1"].applied_revision == 3


def test_a_revision_without_a_change_says_nothing(session, channel, now):
    bring(session, channel, now, document())
    bring(session, channel, now, document(revision=2))
    assert heads(session)["T1"].applied_revision == 2 and cases(session) == []
    assert session.execute(text("SELECT count(*) FROM journal WHERE kind = 'order.edited'")).scalar_one() == 0


@pytest.mark.parametrize(
    ("changed", "cause"),
    [({"paid_fen": 2801}, "changed_after_order"), ({"mode": "delivery"}, "changed_after_order"),
     ({"receiver": {**RECEIVER, "region": "1"}}, "edited_too_late")],
)  # fmt: skip
def test_other_content_after_the_order_is_for_a_person(session, channel, now, changed, cause):
    bring(session, channel, now, document())
    before = the_order(session)
    bring(session, channel, now, document(revision=2, **changed))
    assert the_order(session) == before and cases(session) == [("duplicate", cause, 2800)]
    assert addresses.read(session, before.store_id, before.id) == home(RECEIVER)
    assert take_orders.run() == 0


def test_order_and_cancel_at_once_end_in_one_way(session, open_session, shops, channel, now):
    """Thirty orders and their cancels race: each ends cancelled or never placed, no goods are held, no money kept."""
    batch = [document(f"N{number}", milk=1) for number in range(30)]

    def come(one):
        with open_session() as own, transaction(own):
            receiving.receive(own, channel, [DocumentForm(**one).document()], actor="t", now=now)
        take_orders.run((), open_session)

    def go(one):
        with open_session() as own, transaction(own):
            receiving.cancel(own, channel, [CancelForm(external_no=one["external_no"])], actor="t", now=now)

    with ThreadPoolExecutor(8) as pool:
        for one in [pool.submit(work, one) for one in batch for work in (come, go)]:
            one.result()
    for _ in range(2):
        take_orders.run()
    assert set(states(session).values()) <= {"cancelled", "tombstone"} and len(states(session)) == 30
    assert (free(session, shops[0], "milk"), free(session, shops[1], "milk")) == (7, 5)
    kept = session.execute(text("SELECT count(*) FROM sale_order WHERE state <> 'cancelled'")).scalar_one()
    assert kept == 0 and differences(session) == []
