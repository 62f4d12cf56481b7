"""What a customer does about a parcel: its code, another store's offer, a change of mind."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from config import clock
from tests import factories as make
from tests.trade.fulfilment import chain, hands
from trade.fulfilment import pickup
from trade.orders import cancelling, fulfil, substituting
from trade.stock.rejects import Reason


@pytest.fixture
def order(session, shop):
    made = chain.ordered(session, shop, clock.now(), mode="pickup", milk=2)
    hands.picked(session, made, clock.now(), line_1=0)
    return made


@pytest.fixture
def shopper(session, signed_in, order):
    return signed_in(session.scalar(text("SELECT member_id FROM sale_order WHERE id = :id"), {"id": order}))


def _path(session, order):
    return f"/api/mall/orders/{order}/parcels/{hands.of(session, order).id}"


def test_the_qr_and_a_code_for_a_friend(session, shop, order, shopper, guest):
    path = _path(session, order)
    assert shopper.get(f"{path}/qr").json["code"] == "wrong_state"
    hands.picked(session, order, clock.now())
    hands.do(session, fulfil.ready, hands.of(session, order), now=clock.now())
    shown = shopper.get(f"{path}/qr").json["qr"]
    waits: Any = pickup.find_signed(session, shop.store_id, shown, now=clock.now())
    assert waits.order_id == order
    session.rollback()
    mine = shopper.get(f"/api/mall/orders/{order}").json["order"]["pickup_code"]
    page = shopper.post(f"{path}/code", delegated=True).json["order"]
    assert page["parcels"][0]["delegated"]
    assert page["pickup_code"] != mine
    assert guest.get(f"{path}/qr").status_code == 401


def test_the_customer_asks_and_the_store_declines(session, order, shopper):
    page = shopper.get(f"/api/mall/orders/{order}").json["order"]
    assert page["next"] == ["ask_to_cancel"]
    assert shopper.post(f"/api/mall/orders/{order}/cancel").json["code"] == "wrong_state"
    asked = shopper.post(f"/api/mall/orders/{order}/ask-to-cancel").json["order"]
    assert asked["parcels"][0]["cancel_by"] is not None
    hands.do(session, cancelling.decline, hands.of(session, order), now=clock.now())
    assert shopper.get(f"/api/mall/orders/{order}").json["order"]["parcels"][0]["cancel_by"] is None


def test_a_substitute_is_answered_once_by_its_own_customer(session, shop, order, shopper, signed_in):
    parcel = hands.of(session, order)
    made = hands.do(session, substituting.offer, parcel, 1, shop.skus["bread"], Reason.NOT_FOUND, now=clock.now())
    path = f"{_path(session, order)}/substitutes/{made.id}"
    stranger = signed_in(make.a_member(session, phone="13800000009", now=clock.now()), openid="o2")
    assert stranger.post(path, agrees=True).status_code == 404
    (shown,) = shopper.get(f"/api/mall/orders/{order}").json["order"]["parcels"][0]["substitutes"]
    assert (shown["refund_fen"], shown["outcome"]) == (680, None)
    done = shopper.post(path, agrees=True).json["order"]
    assert (done["parcels"][0]["substitutes"][0]["outcome"], done["refunded_fen"]) == ("agreed", 680)
    assert shopper.post(path, agrees=False).json["code"] == "wrong_state"
    assert hands.differences(session) == {}
