from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import WrongState
from config.redis import connection
from tests import factories as make
from tests.trade.fulfilment import chain, hands
from trade.fulfilment import lost_phone, pickup
from trade.orders import fulfil, no_show
from trade.stores.models import Role


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, stock_of={"milk": 10, "bread": 10}, now=now)


@pytest.fixture
def order(session, shop, now):
    """It lies ready."""
    order_id = chain.ordered(session, shop, now, mode="pickup", milk=2)
    make.make_ready(session, shop, order_id, now)
    return order_id


def _code(session, order):
    return pickup.open_code(bytes(hands.of(session, order).pickup_sealed))


def _look(session, store_id, code):
    with transaction(session):
        return pickup.find(session, store_id, code)


def test_each_end_of_a_code_has_its_own_refusal(session, shop, order, now):
    code, other = _code(session, order), make.open_shop(session, code="S2", now=now)
    assert _look(session, shop.store_id, code).order_id == order
    with pytest.raises(pickup.PickupElsewhere) as elsewhere:
        _look(session, other.store_id, code)
    assert elsewhere.value.facts == {"place": "通店S1"}
    hands.do(session, fulfil.collect, hands.of(session, order), staff_id=shop.people[Role.CASHIER], now=now)
    with pytest.raises(pickup.AlreadyCollected) as used:
        _look(session, shop.store_id, code)
    assert used.value.facts == {"at": now.isoformat(), "by": "员工S1", "place": "通店S1"}
    assert _look(session, shop.store_id, f"{(int(code) + 1) % 10**8:08d}") is None


def test_a_cancelled_and_a_missed_one(session, shop, order, now):
    code = _code(session, order)
    with transaction(session):
        session.execute(text("UPDATE parcel SET state = 'cancelled', closed_at = now()"))
    with pytest.raises(pickup.PickupCancelled):
        _look(session, shop.store_id, code)
    with transaction(session):
        session.execute(text("UPDATE parcel SET state = 'ready', closed_at = NULL"))
    hands.do(session, no_show.miss, hands.of(session, order), now=now)
    with pytest.raises(pickup.PickupExpired) as missed:
        _look(session, shop.store_id, code)
    assert missed.value.facts == {"why": "not_fetched"}


def test_the_qr_lives_a_minute_and_dies_with_the_code(session, shop, order, now):
    parcel = hands.of(session, order)
    shown, until = pickup.show(parcel, now=now)
    assert now < until <= now + timedelta(seconds=30)

    def scan(at, what=shown, store=shop.store_id):
        with transaction(session):
            return pickup.find_signed(session, store, what, now=at)

    assert scan(now).order_id == scan(now + timedelta(seconds=59)).order_id == order
    for at in (now + timedelta(seconds=60), now - timedelta(seconds=1)):
        with pytest.raises(pickup.PickupExpired) as old:
            scan(at)
        assert old.value.facts == {"why": "old"}
    head, _, sign = shown.rpartition(".")
    forged = (
        f"{head}.{'0' * 32}",
        shown.replace(f".{parcel.id}.", f".{parcel.id + 1}."),
        "TP.1.1.1",
        f"{head}.{sign}0",
    )
    assert [scan(now, one) for one in forged] == [None] * len(forged)
    make.open_shop(session, code="S2", now=now)
    with pytest.raises(pickup.PickupElsewhere):
        scan(now, store=2)
    hands.do(session, pickup.replace, parcel, delegated=True, now=now)
    assert scan(now) is None


def test_a_friends_code_voids_ones_own(session, shop, order, now):
    mine = _code(session, order)
    friends = hands.do(session, pickup.replace, hands.of(session, order), delegated=True, now=now)
    assert (_code(session, order), hands.of(session, order).delegated) == (friends, True)
    with pytest.raises(pickup.PickupExpired) as void:
        _look(session, shop.store_id, mine)
    assert void.value.facts == {"why": "replaced"}
    assert _look(session, shop.store_id, friends).order_id == order
    hands.do(session, fulfil.collect, hands.of(session, order), staff_id=1, now=now)
    with pytest.raises(WrongState):
        hands.do(session, pickup.replace, hands.of(session, order), delegated=False, now=now)


def test_of_codes_drawn_at_once_exactly_one_opens(session, open_session, shop, order, now):
    parcel = hands.of(session, order)

    def draw(_: int) -> str:
        with open_session() as own, transaction(own):
            return pickup.replace(own, parcel, delegated=True, actor="t", now=now)

    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(draw, range(6)))
    opens = []
    for code in codes:
        try:
            opens.append(_look(session, shop.store_id, code) is not None)
        except pickup.PickupExpired:
            opens.append(False)
    assert sorted(opens) == [False] * 5 + [True]
    assert session.scalar(text("SELECT count(*) FROM pickup_end")) == 6


def test_wrong_tries_are_counted_where_losing_redis_loses_nothing(session, shop, now):
    for _ in range(5):
        with transaction(session):
            pickup.note_wrong(session, "staff:7", at_store_id=shop.store_id, now=now)
    connection().flushdb()
    with pytest.raises(pickup.PickupLocked):
        pickup.tries_left(session, "staff:7", now=now + timedelta(minutes=9))
    session.rollback()
    assert pickup.tries_left(session, "staff:8", now=now) == 5
    assert pickup.tries_left(session, "staff:7", now=now + timedelta(minutes=10, seconds=1)) == 5
    session.rollback()
    told = session.execute(text("SELECT actor, data ->> 'until' AS until FROM journal WHERE kind = 'pickup.locked'"))
    assert [tuple(row) for row in told] == [("staff:7", (now + timedelta(minutes=10)).isoformat())]


def _prove(session, order, tail, code, now):
    with transaction(session):
        lost_phone.prove(session, hands.of(session, order), tail, code, now=now)


def test_without_the_phone_the_digits_and_the_sms_open_it_once(session, shop, order, now):
    parcel = hands.of(session, order)
    tail = session.scalar(text("SELECT right(phone_masked, 4) FROM member"))
    with pytest.raises(pickup.PickupCodeWrong):
        hands.do(session, lost_phone.send, parcel, "9999", now=now)
    assert hands.do(session, lost_phone.send, parcel, tail, now=now) == 1
    first = lost_phone.sent_code(session, parcel.store_id, parcel.id)
    assert hands.do(session, lost_phone.send, parcel, tail, now=now) == 2
    code = lost_phone.sent_code(session, parcel.store_id, parcel.id) or ""
    wrong = {(tail, first if first != code else "000000"), ("9999", code), (tail, f"{(int(code) + 1) % 10**6:06d}")}
    for digits, said in wrong:
        with pytest.raises(pickup.PickupCodeWrong):
            _prove(session, order, digits, said, now)
    with pytest.raises(pickup.PickupCodeWrong):
        _prove(session, order, tail, code, now + timedelta(minutes=10))
    _prove(session, order, tail, code, now + timedelta(minutes=9))
    with pytest.raises(pickup.PickupCodeWrong):
        _prove(session, order, tail, code, now + timedelta(minutes=9))
    with pytest.raises(lost_phone.SmsLimit):
        hands.do(session, lost_phone.send, parcel, tail, now=now)


def test_of_two_who_take_the_last_unit_at_once_one_gets_it(session, open_session, shop, order, now):
    parcel = hands.of(session, order)

    def take(_: int) -> str:
        try:
            with open_session() as own, transaction(own):
                fulfil.collect(own, parcel, staff_id=1, actor="t", now=now, lines={1: 1})
        except (fulfil.NotThere, WrongState):
            return "refused"
        return "taken"

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(take, range(6))) == ["refused"] * 4 + ["taken"] * 2
    assert hands.level(session, shop, "milk") == {"on_hand": 8}
    assert hands.state(session, order) == "done"
    assert hands.differences(session) == {}
