from __future__ import annotations

import pytest
from sqlalchemy import text

from config import clock
from member import points
from tests import factories as make


def _joined(house, session):
    """A guest orders online, then gives a phone that the till knows."""
    till = make.a_member(session, phone="13800000001", points_of=300, now=clock.now())
    guest = house.customer(1, with_phone=False)
    status, placed = house.order(guest, 990, milk=1)
    assert status == 201
    assert guest.post("/api/mall/phone", code=house.world.code("phone", "oTongdian0001"))[1]["me"]["member_id"] == till
    return till, guest, placed["order"]["id"]


def test_an_order_follows_its_guest_into_the_member_of_the_phone(house, session):
    _, guest, order = _joined(house, session)
    assert [one["id"] for one in guest.get("/api/mall/orders")["orders"]] == [order]
    assert guest.get(f"/api/mall/orders/{order}")["order"]["state"] == "placed"


def test_points_of_an_order_paid_after_the_merge_reach_the_member_who_stays(house, session):
    till, guest, order = _joined(house, session)
    house.pay(guest, order)
    house.until(lambda: house.world.deliveries != [], "the notice")
    told = guest.get("/api/mall/points")["points"]
    assert (told["available"], told["pending"]) == (300, 9)
    session.rollback()
    assert session.execute(text("SELECT member_id FROM sale_order")).scalars().all() == [till]
    assert points.check(session) == []


def test_an_order_placed_before_the_merge_can_still_be_cancelled(house, session):
    _, guest, order = _joined(house, session)
    status, said = guest.post(f"/api/mall/orders/{order}/cancel")
    assert (status, said["order"]["state"]) == (200, "cancelled")
    session.rollback()
    assert session.execute(text("SELECT sum(held) FROM stock_level")).scalar() == 0


@pytest.mark.parametrize(("path", "kind"), [("/api/mall/login", "login"), ("/api/mall/phone", "phone")])
def test_a_code_that_wechat_does_not_know_is_refused_and_is_no_fault_of_ours(house, session, path, kind):
    one = house.customer(1, with_phone=False)
    used = house.world.code(kind, "oTongdian0001")
    assert one.post(path, code=used)[0] == 200
    before = session.execute(text("SELECT count(*) FROM member_session")).scalar()
    status, said = one.post(path, code=used)
    assert (status in range(400, 500), said["code"] != "fault") == (True, True)
    session.rollback()
    assert session.execute(text("SELECT count(*) FROM member_session")).scalar() == before
