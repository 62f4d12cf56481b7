"""Who waits for goods that are sold out hears of them once, when their store has some again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from member import export
from tests import factories as make
from trade.stock import moves as stock
from trade.stock import wishes
from workers.jobs import tell_arrivals


@pytest.fixture
def member(session, shop):
    now = clock.now()
    make.ring_up(session, shop, now, milk=5)
    return make.a_member(session, now=now)


def _wish(shopper, shop, *, waits=True, sku="milk"):
    return shopper.post(f"/api/mall/skus/{shop.skus[sku]}/wish", store_id=shop.store_id, waits=waits)


def _more(session, shop, n):
    with transaction(session):
        stock.take_in(session, shop.store_id, {shop.skus["milk"]: n}, key=f"more{n}", actor="t", now=clock.now())


def _told(session):
    found = session.execute(text("SELECT member_id, kind FROM message WHERE kind = 'arrival'")).all()
    session.rollback()
    return [tuple(row) for row in found]


def test_a_wish_is_told_once_when_the_goods_are_there(session, shop, member, signed_in, guest):
    shopper = signed_in(member)
    path = f"/api/mall/skus/{shop.skus['milk']}/alternatives?store_id={shop.store_id}"
    assert (shopper.get(path).json["waits"], guest.get(path).json["waits"]) == (False, False)
    for _ in range(2):
        assert _wish(shopper, shop).json == {"waits": True}
    assert shopper.get(path).json["waits"] is True
    assert tell_arrivals.run() == 0
    _more(session, shop, 2)
    assert [tell_arrivals.run(), tell_arrivals.run()] == [1, 0]
    assert _told(session) == [(member, "arrival")]
    assert export.gather(session, member)["stock_wish"][0]["sku_id"] == shop.skus["milk"]


def test_who_waits_no_longer_or_waited_too_long_is_not_told(session, shop, member, signed_in):
    shopper = signed_in(member)
    _wish(shopper, shop)
    assert _wish(shopper, shop, waits=False).json == {"waits": False}
    with transaction(session):
        wishes.put(session, member, shop.store_id, shop.skus["milk"], now=clock.now() - wishes.GOOD_FOR)
    _more(session, shop, 3)
    assert tell_arrivals.run() == 0 and _told(session) == []


def test_of_what_a_store_does_not_sell_and_of_too_much_nobody_waits(
    session, shop, member, signed_in, guest, monkeypatch
):
    shopper = signed_in(member)
    with transaction(session):
        session.execute(text("UPDATE store_sku SET sellable = false WHERE sku_id = :sku"), {"sku": shop.skus["bread"]})
    assert _wish(shopper, shop, sku="bread").status_code == 404
    assert _wish(guest, shop).status_code == 401
    monkeypatch.setattr(wishes, "MOST", 1)
    assert _wish(shopper, shop).status_code == 200
    refused = _wish(shopper, shop, sku="apple")
    assert (refused.status_code, refused.json["code"]) == (409, "too_many_wishes")
    assert _wish(shopper, shop).status_code == 200


def test_old_wishes_are_forgotten(session, shop, member):
    long_ago = clock.now() - 2 * wishes.GOOD_FOR - timedelta(days=1)
    with transaction(session):
        wishes.put(session, member, shop.store_id, shop.skus["milk"], now=long_ago)
    tell_arrivals.run()
    assert session.scalar(text("SELECT count(*) FROM stock_wish")) == 0
