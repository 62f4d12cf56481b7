"""A parcel that a till handed over without network: the first to tell us wins, and a second is a fraud alert."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from tests.devices import Device
from tests.stories import books
from tests.trade.fulfilment import chain, hands
from trade.fulfilment import pickup
from trade.orders import fulfil
from trade.orders.offline import delivery, pickups
from trade.stores.models import Role

MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, stock_of={"milk": 10, "bread": 10}, now=now)


@pytest.fixture
def order(session, shop, now):
    """It lies ready: two of milk."""
    order_id = chain.ordered(session, shop, now, mode="pickup", milk=2)
    make.make_ready(session, shop, order_id, now)
    return order_id


@pytest.fixture
def device(shop):
    return Device(shop)


def _code(session, order):
    return pickup.open_code(bytes(hands.of(session, order).pickup_sealed))


def _body(session, shop, device, order, at, *, code=None, **more):
    parcel = hands.of(session, order)
    proof = pickups.proof(shop.store_id, code or _code(session, order))
    return device.hand_over(at, parcel, proof, more.pop("units", 2), **more)


def _deliver(session, shop, body, now):
    with transaction(session):
        return delivery.deliver(session, shop.store_id, shop.till_id, body, 0, now=now).state


def _cases(session):
    rows = session.execute(
        text("SELECT kind, cause, money_fen FROM exception_case WHERE resolved_at IS NULL ORDER BY id")
    ).all()
    session.rollback()
    return [tuple(row) for row in rows]


def _on_hand(session, shop):
    of = {"store": shop.store_id, "sku": shop.skus["milk"]}
    found = session.scalar(text("SELECT on_hand FROM stock_level WHERE store_id = :store AND sku_id = :sku"), of)
    session.rollback()
    return found


def test_a_till_is_told_what_lies_ready_and_no_code(session, shop, order):
    with transaction(session):
        said = pickups.listed(session, shop.store_id)
    code = _code(session, order)
    [one] = said["parcels"]
    assert one["proof"] == pickups.proof(shop.store_id, code) and code not in str(said)
    assert [(line["name"], line["qty"]) for line in one["lines"]] == [("商品milk", 2)]
    other = make.open_shop(session, code="S2", now=hands.of(session, order).ready_at)
    with transaction(session):
        assert pickups.listed(session, other.store_id)["parcels"] == []
    assert pickups.proof(other.store_id, code) != one["proof"], "a code is its store's"


def test_it_is_collected_once_however_often_it_is_delivered(session, shop, order, device, now):
    body = _body(session, shop, device, order, now)
    assert [_deliver(session, shop, body, now + MINUTE) for _ in range(3)] == ["taken"] * 3
    parcel = hands.of(session, order)
    assert (parcel.state, parcel.handed_by) == ("delivered", device.staff_id)
    assert (_on_hand(session, shop), _cases(session)) == (8, [])
    told = session.scalar(text("SELECT data FROM journal WHERE kind = 'order.handed_over_alone'"))
    assert told["handed_at"] == now.isoformat()
    session.rollback()
    with transaction(session), pytest.raises(pickup.AlreadyCollected):
        pickup.find(session, shop.store_id, _code(session, order))
    with transaction(session):
        assert pickups.listed(session, shop.store_id)["parcels"] == []
    assert books(session) == {}


def test_who_comes_second_moves_nothing_and_raises_an_alarm(session, shop, order, device, now):
    body = _body(session, shop, device, order, now)
    hands.do(session, fulfil.collect, hands.of(session, order), staff_id=shop.people[Role.STORE_MANAGER], now=now)
    assert _deliver(session, shop, body, now + MINUTE) == "taken"
    assert _cases(session) == [("hand_over_disputed", "collected_before", 1_980)]
    facts = session.scalar(text("SELECT facts FROM exception_case"))
    session.rollback()
    assert facts["first_at"] == now.isoformat() and facts["first_by"] and facts["by"]
    assert (_on_hand(session, shop), hands.of(session, order).handed_by) == (8, shop.people[Role.STORE_MANAGER])
    assert books(session) == {}


def test_two_devices_at_once_and_one_parcel(session, shop, order, now, open_session):
    bodies = [_body(session, shop, Device(shop), order, now) for _ in range(4)]

    def tell(body):
        with open_session() as other:
            return _deliver(other, shop, body, now + MINUTE)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(tell, bodies)) == ["taken"] * 4
    said = "SELECT count(*) FILTER (WHERE differences = '[]' OR differences IS NULL) FROM till_document"
    assert session.scalar(text(said)) == 1
    session.rollback()
    assert (_on_hand(session, shop), len(_cases(session))) == (8, 1)
    assert books(session) == {}


@pytest.mark.parametrize(("state", "why"), [("cancelled", "cancelled"), ("no_show", "not_fetched")])
def test_what_was_not_to_be_handed_over_is_told(session, shop, order, device, now, state, why):
    body = _body(session, shop, device, order, now)
    with transaction(session):
        session.execute(
            text("UPDATE parcel SET state = :state, closed_at = CASE WHEN :closed THEN now() END"),
            {"state": state, "closed": state == "cancelled"},
        )
    assert _deliver(session, shop, body, now + MINUTE) == "taken"
    assert _cases(session) == [("hand_over_disputed", why, 1_980)]
    assert (hands.of(session, order).state, _on_hand(session, shop)) == (state, 10)


def test_a_code_that_was_replaced_meanwhile_and_another_number_of_units(session, shop, order, device, now):
    old = _code(session, order)
    hands.do(session, pickup.replace, hands.of(session, order), delegated=True, now=now)
    assert _code(session, order) != old
    assert _deliver(session, shop, _body(session, shop, device, order, now, code=old), now + MINUTE) == "taken"
    assert _cases(session) == [("hand_over_disputed", "code_replaced", 1_980)]
    assert (hands.of(session, order).state, _on_hand(session, shop)) == ("delivered", 8)
    second = chain.ordered(session, shop, now, mode="pickup", milk=2)
    make.make_ready(session, shop, second, now)
    assert _deliver(session, shop, _body(session, shop, device, second, now, units=3), now + MINUTE) == "taken"
    assert [cause for _, cause, _ in _cases(session)] == ["code_replaced", "other_units"]
    assert books(session) == {}


def test_of_another_store_or_by_a_stranger_it_waits_on_the_desk(session, shop, order, device, now):
    other = make.open_shop(session, code="S2", now=now)
    stranger = other.people[Role.CASHIER]
    bodies = [
        _body(session, shop, device, order, now, staff_id=stranger),
        _body(session, shop, device, order, now, parcel_id=99),
        _body(session, shop, device, order, now, units=0),
    ]
    assert [_deliver(session, shop, body, now + MINUTE) for body in bodies] == ["excepted"] * 3
    assert [cause for _, cause, _ in _cases(session)] == ["unknown_staff", "unknown_parcel", "shape"]
    assert (hands.of(session, order).state, _on_hand(session, shop)) == ("ready", 10)


def test_a_lock_after_wrong_codes_is_told_and_the_chain_is_whole(session, shop, order, device, now):
    until = {"tries": 5, "until_ms": int((now + 10 * MINUTE).timestamp() * 1000)}
    bodies = [
        device.write(device._of_shift("locked", now, **until)),
        _body(session, shop, device, order, now + MINUTE),
        device.sell(now + 2 * MINUTE, bread=1),
    ]
    assert [_deliver(session, shop, body, now + 3 * MINUTE) for body in bodies] == ["taken"] * 3
    told = session.scalar(text("SELECT data FROM journal WHERE kind = 'pickup.locked'"))
    assert (told["until"], told["alone"]) == ((now + 10 * MINUTE).isoformat(), True)
    session.rollback()
    assert _cases(session) == []
    assert books(session) == {}
