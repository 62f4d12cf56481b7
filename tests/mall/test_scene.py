from __future__ import annotations

from sqlalchemy import text

from config import clock
from tests import factories as make
from trade.settlement.credits import codes
from trade.stores.models import Role


def test_a_scanned_code_is_remembered_and_a_made_up_one_is_not(session, shop, guest, signed_in):
    me = signed_in(make.a_member(session, now=clock.now()))
    guide = shop.people[Role.STORE_STAFF]
    code = codes.write(shop.store_id, guide)
    assert me.post("/api/mall/scene", code=code).json == {"store_id": shop.store_id, "staff_id": guide}
    forged = codes.write(shop.store_id, shop.people[Role.CASHIER]).rpartition("-")[0] + "-" + code.rpartition("-")[2]
    for wrong in (forged, "1-2", "x", "９-0-AAAAAAAA"):
        assert me.post("/api/mall/scene", code=wrong).json["code"] == "not_found"
    assert guest.post("/api/mall/scene", code=code).json["code"] == "not_signed_in"
    assert session.execute(text("SELECT store_id, staff_id FROM scene_visit")).all() == [(shop.store_id, guide)]
