from __future__ import annotations

import pytest

from config import clock
from config.db import transaction
from member import identity, referral
from tests import factories as make


@pytest.fixture
def me(session, shop, signed_in):
    return signed_in(make.a_member(session, now=clock.now()))


def test_a_customer_says_who_they_are(me, guest):
    assert guest.get("/api/mall/me/profile").status_code == 401
    blank = {"nickname": "", "birthday": None, "gender": None, "complete": False}
    assert me.get("/api/mall/me/profile").json == {"profile": blank, "promised": 0}
    said = me.post("/api/mall/me/profile", nickname=" 小明 ", birthday="1990-05-01", gender="unsaid").json
    assert said == {
        "profile": {"nickname": "小明", "birthday": "1990-05-01", "gender": "unsaid", "complete": True},
        "points": 0,
    }
    refused = me.post("/api/mall/me/profile", nickname="小明", birthday="1990-05-02", gender="unsaid")
    assert (refused.status_code, refused.json["code"]) == (409, "birthday_told")
    assert "1990-05-01" in refused.json["message"]
    assert me.post("/api/mall/me/profile", birthday="2999-01-01").json["code"] == "birthday_told"
    assert me.post("/api/mall/me/profile", gender="other").status_code == 422
    assert me.get("/api/mall/me/profile").json["profile"] == said["profile"]


def test_a_customer_sees_their_code_and_the_friends_it_brought_masked(session, shop, me, signed_in):
    now = clock.now()
    told = me.get("/api/mall/me/invite").json["invite"]
    assert (len(told["code"]), told["friends"], told["paid_this_month"]) == (8, [], 0)
    with transaction(session):
        friend = identity.by_openid(session, "oFriend", actor="t", now=now)
        assert referral.accept(session, told["code"], friend, actor="t", now=now) == "accepted"
        identity.bind_phone(session, friend, "13900001234", actor="t", now=now)
    again = me.get("/api/mall/me/invite").json["invite"]
    assert again["code"] == told["code"]
    assert again["friends"] == [
        {"name": "微信用户", "phone": "139****1234", "at": now.isoformat(), "state": "joined", "points": 0}
    ]
    make.ring_up(session, shop, now, member_id=friend, milk=1)
    assert me.get("/api/mall/me/invite").json["invite"]["friends"][0]["state"] == "bought"
    assert signed_in(friend, "oFriend").get("/api/mall/me/invite").json["invite"]["friends"] == []
