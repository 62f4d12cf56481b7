"""What WeChat is told of parcels, and that it is told once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import Refused
from tests.stories import Story
from trade.orders.shipping import due, moves, read
from trade.orders.shipping.shipment import MOST_WORDS, Unsound, of_order, same, words
from trade.orders.shipping.states import MOVES, ShipState

MILK = [{"name": "鲜牛奶", "weighed": False, "qty": 2}]
PHONE = "138****2046"


def parcel(number, state, *, mode="ship", carrier="中通快递", tracking_no="Z1"):
    return {"id": number, "mode": mode, "state": state, "carrier": carrier, "tracking_no": tracking_no, "goods": MILK}


def ship(*parcels, phone="", before=None):
    found = of_order(parcels, phone=phone, before=before)
    assert found is not None
    return found


def test_pickup_and_same_city_are_told_whole_and_by_words_alone():
    for mode, way, gone in (("pickup", 4, "delivered"), ("delivery", 2, "handed")):
        told = ship(parcel(1, gone, mode=mode), parcel(2, "cancelled", mode=mode))
        expected = {"logistics_type": way, "delivery_mode": 1, "shipping_list": [{"item_desc": "鲜牛奶×2"}]}
        assert (told.body, told.whole) == (expected, True)
        assert of_order([parcel(1, gone, mode=mode), parcel(2, "ready", mode=mode)], phone="") is None


def test_one_express_parcel_is_unified_and_several_are_split_from_the_first():
    one = ship(parcel(1, "handed"))
    assert one.body["shipping_list"] == [{"tracking_no": "Z1", "express_company": "ZTO", "item_desc": "鲜牛奶×2"}]
    assert (one.body["delivery_mode"], "is_all_delivered" in one.body, one.whole) == (1, False, True)
    part = ship(parcel(1, "handed"), parcel(2, "picking"))
    assert (part.body["delivery_mode"], part.body["is_all_delivered"], part.whole) == (2, False, False)
    rest = ship(parcel(1, "delivered"), parcel(2, "handed", tracking_no="Z2"), before=part.body)
    assert ([one["tracking_no"] for one in rest.body["shipping_list"]], rest.whole) == (["Z1", "Z2"], True)
    alone = ship(parcel(1, "handed"), parcel(2, "cancelled"), before=part.body)
    assert (alone.body["delivery_mode"], alone.body["is_all_delivered"]) == (2, True)


def test_what_wechat_would_not_take_is_not_sent():
    for code, one, phone in (
        ("no_carrier", parcel(1, "handed", carrier="隔壁老王"), ""),
        ("no_tracking", parcel(1, "handed", tracking_no=""), ""),
        ("no_phone", parcel(1, "handed", carrier="顺丰速运"), ""),
    ):
        with pytest.raises(Unsound) as lacking:
            of_order([one], phone=phone)
        assert lacking.value.code == code
    with pytest.raises(Unsound):
        of_order([parcel(n, "handed", tracking_no=f"Z{n}") for n in range(16)], phone="")
    told = ship(parcel(1, "handed", carrier="SF"), phone=PHONE)
    assert told.body["shipping_list"][0]["contact"] == {"receiver_contact": PHONE}


def test_words_never_exceed_what_wechat_takes():
    for kinds in (1, 3, 60):
        goods = [{"name": "很" * 50, "weighed": False, "qty": 12}] * kinds
        assert 0 < len(words(goods)) <= MOST_WORDS
    assert len(words([{"name": "长" * 300, "weighed": True, "qty": 500}])) == MOST_WORDS
    assert words([]) == "商品"


def test_tellings_are_the_same_by_way_mode_and_numbers():
    ours = ship(parcel(1, "handed")).body
    theirs = ours | {"shipping_list": [{"tracking_no": "Z1", "express_company": "ZTO", "goods_desc": "别的字"}]}
    assert same(ours, theirs)
    assert not same(ours, theirs | {"logistics_type": 2})
    assert not same(ours, theirs | {"shipping_list": []})


@pytest.fixture
def story(session, now):
    return Story(session, now, milk=5)


@pytest.fixture
def told(story):
    """A paid and collected order, and the step that looks at it."""
    order = story.paid(milk=1)
    story.prepare(order)
    story.collect_ready(order)
    story.do(lambda session, **by: due.look(session, [(story.shop.store_id, order)], **by))
    return story


def key(story):
    return story.shop.store_id, story.count("SELECT tender_id FROM ship_upload")


@pytest.mark.parametrize("event", MOVES)
@pytest.mark.parametrize("state", ShipState)
def test_every_event_in_every_state(told, state, event):
    try_at = told.now if state == "due" else None
    with transaction(told.session):
        told.session.execute(text("UPDATE ship_upload SET state = :s, try_at = :t"), {"s": state, "t": try_at})
    sources, target = MOVES[event]
    assert told.do(moves.move, *key(told), event) is (state in sources)
    assert told.count("SELECT state FROM ship_upload") == (target if state in sources else state)


def test_ten_who_correct_at_once_correct_once(told, open_session):
    told.do(moves.move, *key(told), "tell", sent={"logistics_type": 4})
    of = key(told)

    def correct(_: int) -> str:
        try:
            with open_session() as session, transaction(session):
                moves.correct(session, *of, actor="t", now=told.now)
        except Refused as refused:
            return refused.code
        return "corrected"

    with ThreadPoolExecutor(10) as pool:
        outcomes = sorted(pool.map(correct, range(10)))
    assert outcomes == ["corrected"] + ["shipping_corrected"] * 9
    told.do(moves.move, *of, "tell", sent={"logistics_type": 4})
    with pytest.raises(moves.CorrectionUsed):
        told.do(moves.correct, *of)
    assert (told.count("SELECT state FROM ship_upload"), told.count("SELECT corrections FROM ship_upload")) == (
        "told",
        1,
    )


def test_eight_workers_lease_a_telling_once_and_a_lost_one_comes_back(told, open_session):
    def claim(_: int) -> int:
        with open_session() as session, transaction(session):
            return len(moves.claim(session, most=5, now=told.now))

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(claim, range(8))) == [0] * 7 + [1]
    with transaction(told.session):
        (again,) = moves.claim(told.session, most=5, now=told.now + moves.LEASE + timedelta(seconds=1))
    assert again.tries == 2


def test_what_changes_while_a_telling_is_on_its_way_stays_due_and_the_stamps_rise(told):
    with transaction(told.session):
        (first,) = moves.claim(told.session, most=1, now=told.now)
    told.do(moves.move, *key(told), "fall_due", wanted={"logistics_type": 1})
    assert told.do(lambda session, **by: len(moves.claim(session, most=1, now=by["now"]))) == 0  # leased still
    told.do(lambda session, **by: moves.taken(session, first, {"logistics_type": 4}, whole=True, **by))
    assert told.count("SELECT state FROM ship_upload") == "due"
    with transaction(told.session):
        (second,) = moves.claim(told.session, most=1, now=told.now)
    assert second.asked_at > first.asked_at
    told.do(lambda session, **by: moves.taken(session, second, {"logistics_type": 1}, whole=True, **by))
    assert told.count("SELECT sent ->> 'logistics_type' FROM ship_upload WHERE state = 'told'") == "1"


def test_money_that_goes_back_needs_no_telling_and_a_top_up_is_due_at_once(story):
    order = story.paid(milk=1)
    assert story.count("SELECT state FROM ship_upload") == "waiting"
    frozen = read.frozen(story.session, store_id=None, now=story.now + timedelta(hours=25))
    assert (frozen["old_money_fen"], frozen["money_fen"], frozen["late"]) == (990, 990, 0)
    story.cancel(order)
    story.do(lambda session, **by: due.look(session, [(story.shop.store_id, order)], **by))
    assert story.count("SELECT state FROM ship_upload") == "ended"
    assert read.frozen(story.session, store_id=None, now=story.now)["money_fen"] == 0
