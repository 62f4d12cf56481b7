"""Codes that customers scan: made at the desk, drawn once, resolved on the server, taken back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from config.errors import NotFound
from tests import factories as make
from trade.settlement.credits import owners
from trade.stores import staff
from trade.stores.models import Role
from trade.stores.scenes import codes
from trade.stores.scenes import moves as scenes


def made(session, kind, **about):
    with transaction(session):
        return scenes.make(session, kind, **about, actor="t", now=clock.now())


def test_a_code_is_short_and_nobody_makes_one_up():
    for kind in codes.KINDS:
        for row_id in (1, 61, 62, 10**12, 2**62):
            code = codes.write(kind, row_id)
            assert len(code) <= 18
            assert codes.read(code) == (kind, row_id)
    good = codes.write("S", 7)
    other = "x" if good[-1] != "x" else "y"
    forged = (
        good[:-1] + other,
        "1G" + good[2:],
        "2" + good[1:],
        good[:-1],
        "",
        "1S",
        "１S7aaaa",
        good + "a" * 20,
        "1-0-A",
    )
    for wrong in forged:
        with pytest.raises(NotFound):
            codes.read(wrong)


def test_a_scanned_code_is_remembered_and_a_made_up_or_revoked_one_is_not(session, shop, guest, signed_in):
    me = signed_in(make.a_member(session, now=clock.now()))
    guide = shop.people[Role.STORE_STAFF]
    code = made(session, "G", store_id=shop.store_id, staff_id=guide)
    behind = {"kind": "G", "store_id": shop.store_id, "staff_id": guide, "product_id": None, "invite": None}
    assert guest.get(f"/api/mall/scene/{code}").json == {"scene": behind}
    assert me.post("/api/mall/scene", code=code).json == {"scene": behind, "remembered": True}
    assert guest.post("/api/mall/scene", code=code).json["code"] == "not_signed_in"
    assert me.post("/api/mall/scene", code=code[:-1] + "!").json["code"] == "not_found"
    with transaction(session):
        scenes.revoke(session, shop.store_id, codes.read(code)[1], actor="t", now=clock.now())
    assert me.post("/api/mall/scene", code=code).json["code"] == "not_found"
    assert guest.get(f"/api/mall/scene/{code}").status_code == 404
    assert session.execute(text("SELECT store_id, staff_id FROM scene_visit")).all() == [(shop.store_id, guide)]
    assert made(session, "G", store_id=shop.store_id, staff_id=guide) != code


def test_a_guide_who_left_has_no_code_and_no_guide_wins_themselves(session, shop, signed_in):
    guide, now = shop.people[Role.STORE_STAFF], clock.now()
    member = make.a_member(session, phone="13812342046", now=now)
    me = signed_in(member)
    code = made(session, "G", store_id=shop.store_id, staff_id=guide)
    with transaction(session):
        staff.own_phone(session, shop.store_id, guide, "138 1234 2046", actor="t", now=now)
    assert me.post("/api/mall/scene", code=code).json["remembered"] is False
    with pytest.raises(owners.OwnGuide), transaction(session):
        owners.bind(session, member, guide, actor="t", now=now)
    assert session.execute(text("SELECT count(*) FROM scene_visit")).scalar() == 0
    with transaction(session):
        session.execute(text("UPDATE staff SET active = false WHERE id = :id"), {"id": guide})
    assert me.get(f"/api/mall/scene/{code}").status_code == 404


def test_twelve_who_ask_at_once_get_one_code(session, open_session, shop):
    def ask(_: int) -> str:
        with open_session() as opened:
            return made(opened, "S", store_id=shop.store_id)

    with ThreadPoolExecutor(12) as pool:
        assert len(set(pool.map(ask, range(12)))) == 1
    assert session.execute(text("SELECT count(*) FROM scene_code")).scalar() == 1


def test_a_friends_code_brings_their_invitation(session, shop, guest):
    code = made(session, "M", member_id=make.a_member(session, now=clock.now()))
    invite = guest.get(f"/api/mall/scene/{code}").json["scene"]["invite"]
    assert session.execute(text("SELECT invite_code FROM member")).scalar() == invite
