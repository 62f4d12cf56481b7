"""Signing in by WeChat: nothing is asked too early, lost when WeChat refuses, or joined in silence."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from config import clock
from tests import factories as make
from tests.wechat_stand_in.faults import ALWAYS
from workers.jobs import forget_requests

_SESSIONS = text("SELECT count(*) FROM member_session")
_MEMBERS = text("SELECT count(*) FROM member WHERE merged_into_id IS NULL")


def _count(session, what):
    session.rollback()
    return session.execute(what).scalar()


def test_a_guest_signs_in_and_out_and_orders_while_wechat_refuses_our_address(house, session):
    house.world.faults.plant("address_refused", ALWAYS)
    guest = house.customer(1, with_phone=False)
    me = guest.get("/api/mall/me")["me"]
    assert (me["phone"], me["points"]) == (None, 0)
    assert house.order(guest, 990, milk=1)[0] == 201
    status, said = guest.post("/api/mall/phone", code=house.world.code("phone", "oTongdian0001"))
    assert (status, said["code"]) == (503, "wechat_busy")
    assert guest.get("/api/mall/me")["me"]["phone"] is None
    house.world.faults.clear()
    status, said = guest.post("/api/mall/phone", code=house.world.code("phone", "oTongdian0001"))
    assert (status, said["me"]["phone"]) == (200, "138****0001")
    assert (guest.post("/api/mall/logout")[0], _count(session, _SESSIONS)) == (200, 0)
    assert guest.get("/api/mall/me")["code"] == "not_signed_in"


def test_a_session_lasts_thirty_days_after_its_last_use_and_is_then_forgotten(house, session, monkeypatch):
    guest, began = house.customer(1, with_phone=False), clock.now()

    def after(days):
        monkeypatch.setattr("config.clock.now", lambda: began + timedelta(days=days))
        return guest.get("/api/mall/me").get("code", "here")

    assert [after(29), after(58)] == ["here", "here"]
    forget_requests.run()
    assert _count(session, _SESSIONS) == 1
    assert after(88.1) == "not_signed_in"
    forget_requests.run()
    assert _count(session, _SESSIONS) == 0


def test_the_phone_code_of_another_person_binds_nothing(house, session):
    guest = house.customer(1, with_phone=False)
    status, said = guest.post("/api/mall/phone", code=house.world.code("phone", "oTongdian0002"))
    assert (status, said["code"]) == (422, "wechat_code_refused")
    assert guest.get("/api/mall/me")["me"]["phone"] is None


def test_a_phone_of_another_wechat_account_joins_only_when_the_head_office_says_so(house, session):
    into = make.a_member(session, phone="13800000001", points_of=300, now=clock.now())
    first = house.customer(1)
    second = house.customer(2, with_phone=False)
    house.world.phones["oTongdian0002"] = "13800000001"
    status, said = second.post("/api/mall/phone", code=house.world.code("phone", "oTongdian0002"))
    assert (status, said["code"]) == (409, "phone_taken")
    mine = second.get("/api/mall/me")["me"]
    assert (mine["phone"], mine["points"], _count(session, _MEMBERS)) == (None, 0, 2)
    merged = house.staff("head_office").post(f"/api/pos/members/{into}/merge", source_id=mine["member_id"])
    assert merged[0] == 200, merged
    for one in (first, second):
        me = one.get("/api/mall/me")["me"]
        assert (me["member_id"], me["phone"], me["points"]) == (into, "138****0001", 300)
