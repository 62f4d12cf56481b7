from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import NotFound, WrongState
from member import points
from tests import factories as make
from trade.fulfilment import parcels, pickup
from trade.orders import close, fulfil, moves, pay, place, proof, read, returns
from trade.orders.pay import Outcome
from trade.orders.states import MOVES, State
from trade.payments import moves as payments
from trade.payments.moves import Paid
from trade.payments.refunds import moves as refunds
from trade.stock import proof as stock_proof


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, stock_of={"milk": 2}, now=now)


def _do(session, step, *args, **kwargs):
    with transaction(session):
        return step(session, *args, **kwargs)


def _books(session):
    return [proof.differences(session), stock_proof.differences(session), points.check(session)]


def test_the_last_two_units_are_promised_once(session, shop, member, now):
    make.order_online(session, shop, member, now, milk=2)
    with pytest.raises(place.ShortOf) as refused:
        make.order_online(session, shop, member, now, milk=1)
    assert refused.value.facts["short"] == [{"sku_id": shop.skus["milk"], "name": "商品milk", "asked": 1, "free": 0}]
    assert session.execute(text("SELECT count(*) FROM sale_order")).scalar() == 1
    assert _books(session) == [[], [], []]


def test_a_payment_told_twice_counts_once_and_points_arrive_at_the_hand_over(session, shop, member, now):
    order = make.order_online(session, shop, member, now, points_used=300, milk=2)
    assert points.balance(session, member).held == 300
    assert make.pay_online(session, shop, order, now, times=2) == [Outcome.APPLIED, Outcome.REPEATED]
    before = points.balance(session, member)
    assert (before.available, before.pending, before.held) == (200, 16, 0)
    make.make_ready(session, shop, order, now)
    code = read.one_of_member(session, member, order)["pickup_code"]
    parcel = make.parcel(session, order)
    waits = pickup.find(session, shop.store_id, code)
    assert waits is not None
    assert waits.id == parcel.id
    _do(session, fulfil.collect, parcel, staff_id=1, actor="t", now=now)
    with pytest.raises(pickup.AlreadyCollected):
        pickup.find(session, shop.store_id, code)
    with pytest.raises(WrongState):
        _do(session, fulfil.collect, parcel, staff_id=1, actor="t", now=now)
    after = points.balance(session, member)
    assert (after.available, after.pending) == (216, 0)
    assert _books(session) == [[], [], []]


def test_a_unit_of_a_mall_order_comes_back_at_the_till_for_exactly_what_was_paid(session, shop, member, now):
    order = make.order_online(session, shop, member, now, points_used=300, milk=2)
    make.pay_online(session, shop, order, now)
    make.collect_online(session, shop, order, now)
    with transaction(session):
        plan = returns.preview(session, shop.store_id, order, {1: 1})
        assert (plan.refund_fen, plan.points_back, plan.points_clawed) == (840, 150, 8)
        assert [(t.kind, fen) for t, fen in plan.refunds] == [("wechat", 840)]
        returns.take_back(
            session,
            shop.store_id,
            order,
            {1: 1},
            expected_refund_fen=840,
            at_store_id=shop.store_id,
            shift_id=None,
            staff_id=1,
            actor="t",
            now=now,
        )
    number = session.execute(text("SELECT refund_no FROM refund")).scalar_one()
    assert _do(session, refunds.move, number, "accept", actor="wechat", now=now)
    assert _do(session, refunds.move, number, "finish", actor="wechat", now=now)
    assert not _do(session, refunds.move, number, "finish", actor="wechat", now=now)
    assert points.balance(session, member).available == 500 - 300 + 16 + 150 - 8
    assert read.one_of_member(session, member, order)["refunded_fen"] == 840
    assert _books(session) == [[], [], []]


def test_an_unpaid_order_gives_everything_back(session, shop, member, now):
    order = make.order_online(session, shop, member, now, points_used=300, milk=2)
    _do(session, close.expire, shop.store_id, order, actor="t", now=now)
    assert points.balance(session, member).available == 500
    make.order_online(session, shop, member, now, milk=2)
    assert _books(session) == [[], [], []]


@pytest.mark.parametrize("how", ["cancel", "refuse"])
def test_a_paid_order_that_ends_early_gives_everything_back(session, shop, member, now, how):
    order = make.order_online(session, shop, member, now, points_used=300, milk=2)
    make.pay_online(session, shop, order, now)
    if how == "cancel":
        _do(session, close.cancel, shop.store_id, order, actor="t", now=now)
    else:
        make.make_ready(session, shop, order, now)
        _do(session, close.refuse, shop.store_id, order, "damaged", actor="t", now=now)
    held = points.balance(session, member)
    assert (held.available, held.pending, held.held) == (500, 0, 0)
    assert read.one_of_member(session, member, order)["refunded_fen"] == 1680
    make.order_online(session, shop, member, now, milk=2)
    assert _books(session) == [[], [], []]


def test_an_order_with_an_open_payment_is_not_cancelled_under_it(session, shop, member, now):
    order = make.order_online(session, shop, member, now, milk=1)
    tender = make.tender(session, shop, order, now)
    with pytest.raises(close.PaymentOpen):
        _do(session, close.cancel, shop.store_id, order, actor="t", now=now)
    _do(session, payments.closing, shop.store_id, tender.id, now=now)
    assert _do(session, payments.closed, shop.store_id, tender.id)
    _do(session, close.cancel, shop.store_id, order, actor="t", now=now)


def test_a_payment_while_we_are_closing_is_fulfilled_not_refunded(session, shop, member, now):
    order = make.order_online(session, shop, member, now, milk=1)
    tender = make.tender(session, shop, order, now)
    _do(session, payments.closing, shop.store_id, tender.id, now=now)
    assert _do(session, pay.receive, make.settled(tender), actor="w", now=now) is Outcome.APPLIED
    assert not _do(session, payments.closed, shop.store_id, tender.id)


def test_a_payment_that_fits_nothing_changes_nothing(session, shop, member, now):
    order = make.order_online(session, shop, member, now, milk=1)
    tender = make.tender(session, shop, order, now)
    assert _do(session, pay.receive, Paid("TDx", "42", 990, "o"), actor="w", now=now) is Outcome.UNKNOWN_ORDER
    assert _do(session, pay.receive, Paid(tender.trade_no, "4", 991, "o"), actor="w", now=now) is Outcome.MISMATCH
    assert close.head(session, shop.store_id, order).state == "placed"


def test_two_callers_get_one_attempt(session, shop, member, now):
    order = make.order_online(session, shop, member, now, milk=1)
    assert make.tender(session, shop, order, now).id == make.tender(session, shop, order, now).id


def test_ready_needs_every_line_and_a_pick_stays_within_it(session, shop, member, now):
    order = make.order_online(session, shop, member, now, milk=1, bread=1)
    make.pay_online(session, shop, order, now)
    with pytest.raises(WrongState):
        _do(session, fulfil.pick, make.parcel(session, order), 1, 1, actor="t", now=now)
    _do(session, fulfil.accept, make.parcel(session, order), actor="t", now=now)
    _do(session, fulfil.pick, make.parcel(session, order), 1, 1, actor="t", now=now)
    with pytest.raises(NotFound):
        _do(session, fulfil.pick, make.parcel(session, order), 2, 5, actor="t", now=now)
    with pytest.raises(fulfil.NotAllPicked) as refused:
        _do(session, fulfil.ready, make.parcel(session, order), actor="t", now=now)
    assert refused.value.facts == {"line_nos": [2]}


def test_another_stores_order_is_not_found(session, shop, member, now):
    order = make.order_online(session, shop, member, now, milk=1)
    with pytest.raises(NotFound):
        _do(session, close.expire, shop.store_id + 1, order, actor="t", now=now)
    make.pay_online(session, shop, order, now)
    with pytest.raises(NotFound):
        parcels.here(session, shop.store_id + 1, make.parcel(session, order).id)
    with pytest.raises(NotFound):
        read.one_of_member(session, member + 1, order)


@pytest.mark.parametrize("event", MOVES)
@pytest.mark.parametrize("state", State)
def test_every_event_in_every_state(session, shop, member, now, state, event):
    order = make.order_online(session, shop, member, now, milk=1)
    session.execute(text("UPDATE sale_order SET state = :state"), {"state": state})
    session.commit()
    sources, target, fact = MOVES[event]
    if state in sources:
        assert _do(session, moves.move, shop.store_id, order, event, actor="t", now=now) == target
        assert session.execute(text("SELECT count(*) FROM journal WHERE kind = :k"), {"k": fact}).scalar() == 1
    else:
        with pytest.raises(WrongState) as refused:
            _do(session, moves.move, shop.store_id, order, event, actor="t", now=now)
        assert refused.value.facts["state"] == state
        assert close.head(session, shop.store_id, order).state == state


def test_wrong_pickup_codes_are_counted_and_lock(session, shop, now):
    for left in (5, 4, 3, 2, 1):
        assert pickup.tries_left(session, "staff:1", now=now) == left
        _do(session, pickup.note_wrong, "staff:1", at_store_id=1, now=now)
    with pytest.raises(pickup.PickupLocked):
        pickup.tries_left(session, "staff:1", now=now)
    assert pickup.tries_left(session, "staff:1", now=now + pickup.WINDOW + timedelta(seconds=1)) == 5
    assert pickup.find(session, shop.store_id, "00000000") is None
