"""A store refused a pickup: the customer says what becomes of it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config import clock
from tests import factories as make
from tests.trade.fulfilment import chain


@pytest.fixture
def refused(session, signed_in):
    """Store 1 refused a pickup of two milk; stores 2 and 3 have some, and it could be brought.  Shopper and path."""
    now = clock.now()
    shops = chain.open_chain(session, 3, now)
    chain.do(session, "UPDATE store SET opens_minute = 0, closes_minute = 1440")
    order_id = chain.ordered(session, shops[0], now, mode="pickup", milk=2)
    (parcel,) = chain.of(session, order_id)
    assert chain.refuse(session, parcel, now) == "asking"
    member_id = session.scalar(text("SELECT member_id FROM sale_order WHERE id = :id"), {"id": order_id})
    return signed_in(member_id), f"/api/mall/orders/{order_id}/parcels/{parcel.id}", order_id


def test_the_customer_sees_the_stores_that_could_and_chooses_one(session, refused):
    shopper, path, order_id = refused
    told = shopper.get(f"{path}/options").json["options"]
    assert (told["stores"], told["deliver"]) == ([2, 3], True)
    assert shopper.get(f"/api/mall/orders/{order_id}").json["order"]["state"] == "asking"
    no = shopper.post(f"{path}/answer", says="store", at_store_id=1)
    assert (no.status_code, no.json["code"], no.json["facts"]["because"]) == (409, "store_cannot", "refused_before")
    assert chain.of(session, order_id)[0].state == "asking"
    yes = shopper.post(f"{path}/answer", says="store", at_store_id=3)
    assert (yes.status_code, yes.json["order"]["state"]) == (200, "paid")
    assert chain.of(session, order_id)[0].at_store_id == 3
    assert shopper.post(f"{path}/answer", says="wait").json["code"] == "wrong_state"


def test_or_has_it_brought_or_waits_or_takes_the_money(session, refused):
    shopper, path, order_id = refused
    before = chain.of(session, order_id)[0].ask_by
    assert shopper.post(f"{path}/answer", says="wait").status_code == 200
    assert chain.of(session, order_id)[0].ask_by > before
    assert shopper.post(f"{path}/answer", says="refund").json["order"]["state"] == "cancelled"
    assert session.scalars(text("SELECT amount_fen FROM refund")).all() == [1980]
    assert shopper.post(f"{path}/answer", says="bring").json["code"] == "wrong_state"


def test_it_is_nobody_elses_to_answer_and_an_answer_must_be_whole(session, refused, signed_in):
    shopper, path, order_id = refused
    other = signed_in(make.a_member(session, phone="13900000001", now=clock.now()), "oOther")
    assert other.get(f"{path}/options").status_code == 404
    assert other.post(f"{path}/answer", says="refund").status_code == 404
    for wrong in ({"says": "store"}, {"says": "wait", "at_store_id": 2}, {"says": "whim"}):
        assert shopper.post(f"{path}/answer", **wrong).status_code == 422
    elsewhere = path.replace(f"orders/{order_id}", f"orders/{order_id + 1}")
    assert shopper.get(f"{elsewhere}/options").status_code == 404
    assert chain.of(session, order_id)[0].state == "asking"


@pytest.mark.parametrize("may_split", [False, True])
def test_brought_instead_it_comes_from_two_stores_only_where_that_was_allowed(session, refused, may_split):
    shopper, path, order_id = refused
    chain.do(session, "UPDATE sale_order SET may_split = :may", may=may_split)
    chain.do(session, "UPDATE stock_level SET on_hand = 1 WHERE store_id > 1 AND sku_id = 1")
    assert shopper.get(f"{path}/options").json["options"]["deliver"] is may_split
    said = shopper.post(f"{path}/answer", says="bring")
    assert said.status_code == (200 if may_split else 409)
    assert [one.at_store_id for one in chain.of(session, order_id)] == ([2, 3] if may_split else [1])
