"""How an order reaches its customer, what that costs, and what of it goes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from tests.trade.fulfilment import chain, hands
from trade.orders import addresses, close, courier, place, proof, returns, shown
from trade.orders.ways import BelowMinimum, Mode, Way, WayClosed
from trade.pricing import freight
from trade.pricing.freight import Band, Delivery, Terms, Zone
from trade.pricing.stored_value import WalletTooMuch

TERMS = Terms(
    delivery=Delivery(
        minimum_fen=1500, free_from_fen=5000, bands=(Band(to_m=2000, fee_fen=500), Band(to_m=4000, fee_fen=900))
    ),
    zones=(
        Zone(name="江浙沪", regions=("31", "32", "33"), first_fen=800, more_fen=200, free_from_fen=9900),
        Zone(name="舟山", regions=("3309",), first_fen=2000, more_fen=1000),
    ),
    elsewhere=Zone(name="其他", first_fen=1200, more_fen=500),
)
MILK = 990
"""What a carton costs in these tests' shops."""


@pytest.fixture
def shop(session, now):
    made = chain.open_chain(session, 1, now, milk=50, bread=50)[0]
    chain.do(session, "UPDATE sku SET weight_g = 1000")
    with transaction(session):
        freight.publish(session, TERMS, from_at=now, actor="test", now=now)
    return made


def _basket(shop, member, way, **more: Any) -> place.Basket:
    return place.Basket(shop.store_id, make.wants(shop, **{"milk": 2, **more}), member, channel="mall", way=way)


def _place(session, basket, now, *, fen: int | None = None, at=None) -> int:
    with transaction(session):
        due = place.price(session, basket, now=now).payable_fen if fen is None else fen
        return place.online(
            session, basket, promise_at=at, remark="", expected_payable_fen=due,
            unpaid_for=timedelta(minutes=15), actor="test", now=now,
        )  # fmt: skip


def _way(mode: Mode, **change: Any) -> Way:
    return Way(mode, replace(chain.HOME, **change))


@pytest.mark.parametrize(
    ("way", "fee_fen", "because"),
    [
        (Way(), 0, None),
        (_way("delivery"), 500, None),
        (_way("delivery", lat_e6=30_310_000), 900, None),
        (_way("delivery", lat_e6=30_360_000), 0, "outside_area"),
        (_way("delivery", lat_e6=29_990_000, lng_e6=119_900_000), 0, "outside_area"),
        (_way("delivery", lat_e6=None, lng_e6=None), 0, "no_point"),
        (Way("delivery"), 0, "no_address"),
        (_way("ship"), 1000, None),
        (_way("ship", region="330902"), 3000, None),
        (_way("ship", region="110101"), 1700, None),
        (_way("ship", region="710101"), 0, "not_served"),
    ],
)
def test_what_a_way_costs_and_why_it_cannot_be_had(session, shop, member, now, way, fee_fen, because):
    """Two cartons of 1 kg each; the store lies at HOME."""
    chain.do(session, "UPDATE store SET lng_e6 = 120130000")
    priced = place.price(session, _basket(shop, member, way), now=now)
    assert (priced.freight_fen, priced.payable_fen) == (fee_fen, priced.list_fen + fee_fen)
    assert (priced.way or {}).get("because") == because
    if because:
        with pytest.raises(WayClosed):
            _place(session, _basket(shop, member, way), now)
        assert session.scalar(text("SELECT count(*) FROM sale_order")) == 0


def test_from_the_threshold_on_it_is_free_and_says_so(session, shop, member, now):
    chain.do(session, "UPDATE store SET lng_e6 = 120130000")
    short = place.price(session, _basket(shop, member, _way("delivery")), now=now, explain=True)
    hint = next(row for row in short.why_not if row.get("source") == freight.TERMS)
    assert (hint["code"], hint["short_fen"]) == ("short", 5000 - short.list_fen)
    enough = place.price(session, _basket(shop, member, _way("delivery"), milk=6), now=now)
    assert enough.list_fen >= 5000
    assert (enough.freight_fen, enough.payable_fen, enough.uses) == (0, enough.list_fen, [])
    rows = [(row["source"], row["delta_fen"]) for row in enough.trace if row.get("phase") == 6]
    assert rows == [("freight", 500), (freight.TERMS, -500)]


def test_goods_for_less_than_the_minimum_are_not_brought(session, shop, member, now):
    chain.do(session, "UPDATE store SET lng_e6 = 120130000")
    with pytest.raises(BelowMinimum) as refused:
        _place(session, _basket(shop, member, _way("delivery"), milk=1), now)
    assert refused.value.facts == {"minimum_fen": 1500, "short_fen": 1500 - MILK}
    assert session.scalar(text("SELECT count(*) FROM stock_hold")) == 0


def test_what_must_stay_cold_is_not_sent(session, shop, member, now):
    chain.do(session, "UPDATE product SET temperature = 'frozen'")
    priced = place.price(session, _basket(shop, member, _way("ship")), now=now)
    assert (priced.way or {})["because"] == "cold_chain"


def test_a_quote_is_of_one_way_and_address(session, shop, member, now):
    basket = _basket(shop, member, _way("ship"))
    token = shown.as_json(basket, place.price(session, basket, now=now), now=now)["token"]
    other = replace(basket, way=_way("ship", region="110101"))
    with pytest.raises(shown.QuoteOfAnother):
        place.price_as_shown(session, other, 99_999, token, now=now)


@pytest.mark.parametrize("mode", ["delivery", "ship"])
def test_from_the_basket_to_the_door_and_all_of_it_back(session, shop, member, now, mode):
    """Its freight is paid with it, is no line's, stays when goods come back, and goes back once by cause."""
    chain.do(session, "UPDATE store SET lng_e6 = 120130000")
    at = now + timedelta(hours=2) if mode == "delivery" else None
    order = _place(session, _basket(shop, member, _way(mode)), now, at=at)
    kept = close.head(session, shop.store_id, order)
    assert (kept.mode, kept.freight_fen, kept.promise_at) == (mode, {"delivery": 500, "ship": 1000}[mode], at)
    assert addresses.read(session, shop.store_id, order) == chain.HOME
    make.pay_online(session, shop, order, now)
    hands.picked(session, order, now)
    hands.do(session, courier.pack, hands.of(session, order), bags=1, seals=[], now=now)
    out = {"bags": 1, "seals": [], "carrier": "SF", "tracking_no": "SF1", "staff_id": 1}
    hands.do(session, courier.hand, hands.of(session, order), **out, now=now)
    hands.do(session, courier.deliver, hands.of(session, order), now=now)
    assert close.head(session, shop.store_id, order).state == "done"
    both = returns.preview(session, shop.store_id, order, {1: 2})
    assert (both.refund_fen, both.freight_fen) == (2 * MILK, 0)
    with transaction(session):
        by_cause = {"reason": "late", "staff_id": 1, "fault": True, "actor": "test", "now": now}
        _, done = returns.refund_amount(session, shop.store_id, order, {1: 1}, freight_fen=kept.freight_fen, **by_cause)
    assert done.refund_fen == kept.freight_fen + 1
    with pytest.raises(returns.TooMuchRefunded), transaction(session):
        returns.refund_amount(session, shop.store_id, order, {1: 1}, freight_fen=1, **by_cause)
    assert proof.differences(session) == []
    assert hands.differences(session) == {}


def test_who_cancels_before_it_is_packed_gets_the_freight_back(session, shop, member, now):
    order = _place(session, _basket(shop, member, _way("ship")), now)
    make.pay_online(session, shop, order, now)
    with transaction(session):
        close.cancel(session, shop.store_id, order, actor="test", now=now)
    assert session.scalar(text("SELECT sum(amount_fen) FROM refund")) == 2 * MILK + 1000
    assert hands.differences(session) == {}


def test_stored_value_pays_goods_and_no_freight(session, shop, member, now):
    make.top_up(session, shop, member, 10_000, now)
    basket = replace(_basket(shop, member, _way("ship")), wallet_fen=2 * MILK)
    assert place.price(session, basket, now=now).due_fen == 1000
    with pytest.raises(WalletTooMuch):
        place.price(session, replace(basket, wallet_fen=2 * MILK + 1), now=now)
    order = _place(session, basket, now, fen=2 * MILK + 1000)
    make.pay_online(session, shop, order, now)
    with transaction(session):
        close.cancel(session, shop.store_id, order, actor="test", now=now)
    assert hands.differences(session) == {}
