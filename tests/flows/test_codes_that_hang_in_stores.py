"""A store prints its code, a customer scans it, and the store is remembered (wechat.md 2.4)."""

from __future__ import annotations

import io

import requests
from PIL import Image

from trade.stores.models import Role

PATH = "/api/desk/codes"


def _picture(desk, code_id):
    return desk.http.get(f"{desk.url}{PATH}/{code_id}/picture", timeout=10)


def test_a_store_prints_its_codes_and_customers_scan_them(house, session):
    manager = house.staff("store_manager")
    guide = house.shop.people[Role.STORE_STAFF]
    assert manager.post(PATH, kind="S")[0] == 201
    status, made = manager.post(PATH, kind="G", staff_id=guide, phone="13812342046")
    poster, card = {one["kind"]: one for one in made["codes"]}["S"], made["codes"][0]
    assert (status, card["kind"], poster["drawn"]) == (201, "G", False)
    shown = _picture(manager, poster["id"])
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "image/png")
    assert Image.open(io.BytesIO(shown.content)).size[0] >= 280
    assert house.world.codes_drawn == {poster["code"]: {"page": "pages/home/home", "env": "release"}}
    assert [one["drawn"] for one in manager.get(PATH)["codes"]] == [False, True]
    opened = requests.get(
        f"{house.phone_url}/phone/scan/{card['code']}?page=pages/home/home", timeout=10, allow_redirects=False
    )
    assert opened.headers["Location"] == f"{house.url}/mall/?scene={card['code']}#/pages/home/home?scene={card['code']}"
    buyer = house.customer(1)
    assert buyer.post("/api/mall/scene", code=card["code"])[1]["scene"]["staff_id"] == guide
    assert manager.post(f"{PATH}/{card['id']}/revoke")[0] == 200
    assert buyer.post("/api/mall/scene", code=card["code"])[0] == 404
    assert _picture(manager, card["id"]).status_code == 404


def test_a_refusal_with_status_200_is_never_kept_as_a_picture(house, session):
    manager = house.staff("store_manager")
    code = manager.post(PATH, kind="T", label="3 号桌")[1]["codes"][0]
    house.world.faults.plant("quota_minute", 1, "/wxa/getwxacodeunlimit")
    assert _picture(manager, code["id"]).status_code == 503
    assert manager.get(PATH)["codes"][0]["drawn"] is False


def test_a_code_needs_what_it_stands_for_and_a_person_who_may(house):
    manager, staff = house.staff("store_manager"), house.staff("store_staff")
    for lacking in ({"kind": "G"}, {"kind": "P"}, {"kind": "T"}):
        assert manager.post(PATH, **lacking)[0] in (400, 422)
    assert manager.post(PATH, kind="G", staff_id=999)[0] == 404
    assert staff.post(PATH, kind="S")[0] == 403
    assert staff.get(PATH)["codes"] == []
