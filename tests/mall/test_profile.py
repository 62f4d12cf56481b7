from __future__ import annotations

import pytest

from config import clock
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
