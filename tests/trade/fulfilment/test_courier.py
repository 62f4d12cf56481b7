from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import Malformed, WrongState
from tests.trade.fulfilment import chain, hands
from trade.orders import courier, fulfil
from trade.orders.courier import BagsDiffer, Failed, Found, SealsDiffer


@pytest.fixture
def shop(session, now):
    return chain.open_chain(session, 1, now, milk=10, bread=10)[0]


@pytest.fixture
def order(session, shop, now):
    return chain.ordered(session, shop, now, milk=2, bread=1)


def test_a_delivery_is_packed_sealed_handed_and_delivered(session, shop, order, now):
    parcel = hands.packed(session, order, now)
    assert (parcel.state, parcel.bags, parcel.seals) == ("packed", 2, ["A1", "A2"])
    assert hands.level(session, shop, "milk") == {"on_hand": 10, "picked": 2}
    hands.do(session, courier.call, parcel, carrier="闪送", tracking_no="SS1", now=now)
    hands.do(session, courier.hand, parcel, bags=2, seals=["A2", "A1"], staff_id=1, now=now)
    assert hands.level(session, shop, "milk") == {"on_hand": 8}
    assert (hands.of(session, order).carrier, hands.of(session, order).handed_by) == ("闪送", 1)
    assert hands.state(session, order) == "confirmed"
    hands.do(session, courier.deliver, parcel, now=now)
    assert hands.state(session, order) == "done"
    assert hands.differences(session) == {}


@pytest.mark.parametrize(
    ("bags", "seals", "refused", "facts"),
    [
        (2, ["A1", "A3"], SealsDiffer, {"missing": ["A2"], "unknown": ["A3"]}),
        (2, ["A1"], SealsDiffer, {"missing": ["A2"], "unknown": []}),
        (1, ["A1", "A2"], BagsDiffer, {"packed": 2, "scanned": 1}),
    ],
)
def test_other_bags_than_were_packed_do_not_leave(session, shop, order, now, bags, seals, refused, facts):
    parcel = hands.packed(session, order, now)
    with pytest.raises(refused) as why:
        hands.do(session, courier.hand, parcel, bags=bags, seals=seals, staff_id=1, now=now)
    assert why.value.facts == facts
    assert hands.of(session, order).state == "packed"
    assert hands.level(session, shop, "milk") == {"on_hand": 10, "picked": 2}


def test_a_seal_is_on_one_bag(session, order, now):
    parcel = hands.picked(session, order, now)
    for bags, seals in ((2, ["A1", "A1"]), (2, ["A1"])):
        with pytest.raises(Malformed):
            hands.do(session, courier.pack, parcel, bags=bags, seals=seals, now=now)
    assert hands.of(session, order).state == "picking"


def test_a_parcel_to_be_brought_is_not_laid_ready_and_one_to_be_fetched_is_not_packed(session, shop, order, now):
    with pytest.raises(fulfil.WrongMode):
        hands.do(session, fulfil.ready, hands.picked(session, order, now), now=now)
    assert hands.of(session, order).state == "picking"
    fetched = chain.ordered(session, shop, now, mode="pickup", milk=1)
    with pytest.raises(fulfil.WrongMode):
        hands.do(session, courier.pack, hands.picked(session, fetched, now), bags=1, seals=[], now=now)
    assert hands.of(session, fetched).state == "picking"


def test_a_manager_takes_the_packing_back_before_it_leaves(session, shop, order, now):
    parcel = hands.packed(session, order, now)
    hands.do(session, courier.unpack, parcel, reason="少装一袋", now=now)
    assert hands.level(session, shop, "milk") == {"on_hand": 10, "committed": 2}
    assert (hands.of(session, order).state, hands.of(session, order).seals) == ("picking", [])
    hands.do(session, courier.pack, parcel, bags=1, seals=["B1"], now=now)
    hands.do(session, courier.hand, parcel, bags=1, seals=["B1"], staff_id=1, now=now)
    with pytest.raises(WrongState):
        hands.do(session, courier.unpack, parcel, reason="太晚", now=now)
    assert hands.differences(session) == {}


def test_what_did_not_arrive_is_inspected_and_refunded(session, shop, order, now):
    """Of 2 milk one is broken, the bread is missing; the customer gets all their money back."""
    parcel = hands.handed(session, order, now)
    hands.do(session, courier.fail, parcel, Failed.ABSENT, now=now)
    back = {1: Found(good=1, damaged=1)}
    with pytest.raises(SealsDiffer):
        hands.do(session, courier.come_back, parcel, bags=1, seals=["A1"], found=back, now=now)
    assert hands.level(session, shop, "milk") == {"on_hand": 8}
    hands.do(session, courier.come_back, parcel, bags=2, seals=["A1", "A2"], found=back, now=now)
    assert hands.level(session, shop, "milk") == {"on_hand": 10, "quarantine": 1}
    assert hands.level(session, shop, "bread") == {"on_hand": 9}
    assert (hands.of(session, order).state, hands.state(session, order)) == ("returned", "cancelled")
    assert hands.refunds(session, order) == [2 * 990 + 650]
    assert hands.differences(session) == {}


def test_no_more_comes_back_than_was_handed_over(session, order, now):
    parcel = hands.handed(session, order, now)
    hands.do(session, courier.fail, parcel, Failed.REFUSED, now=now)
    with pytest.raises(Malformed):
        hands.do(session, courier.come_back, parcel, bags=2, seals=["A1", "A2"], found={1: Found(good=3)}, now=now)
    assert hands.of(session, order).state == "returning"


def test_of_two_who_scan_it_out_at_once_one_succeeds(session, open_session, shop, order, now):
    parcel = hands.packed(session, order, now)

    def hand(_: int) -> str:
        try:
            with open_session() as own, transaction(own):
                courier.hand(own, parcel, bags=2, seals=["A1", "A2"], staff_id=1, actor="t", now=now)
        except WrongState as refused:
            return refused.facts["state"]
        return "done"

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(hand, range(6))) == ["done"] + ["handed"] * 5
    assert hands.level(session, shop, "milk") == {"on_hand": 8}
    assert session.scalar(text("SELECT count(*) FROM stock_movement WHERE qty < 0")) == 2
