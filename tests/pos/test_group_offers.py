"""拼团 at the head office: an offer is made at once or not at all, and ending it gives all back."""

from __future__ import annotations

import pytest

from config.db import transaction
from tests import factories as make
from tests.trade.groups.test_groups import joined
from trade.orders.groups import ending

PATH = "/api/desk/group-offers"


@pytest.fixture
def office(client):
    return client("head_office")


def _form(shop, **more):
    dates = {"starts": "2020-01-01T00:00", "ends": "2099-12-31T23:59"}
    return {
        "name": "牛奶团",
        "goods": [{"sku_id": shop.skus["milk"], "price_fen": 600}],
        "people": 3,
        "fill_minutes": 60,
        **dates,
        **more,
    }


def test_an_offer_is_made_seen_and_ended(session, shop, office, now):
    made = office.post(PATH, _form(shop, member_units=2))
    assert made.status_code == 201
    offer = made.json["offer"]["id"]
    (seen,) = office.get(PATH).json["offers"]
    assert (seen["id"], seen["stands"], seen["people"], seen["member_units"], seen["total_units"]) == (
        offer, "running", 3, 2, None,
    )  # fmt: skip
    assert [(one["sku_id"], one["price_fen"]) for one in seen["goods"]] == [(shop.skus["milk"], 600)]
    member = make.a_member(session, phone="13912340001", now=now)
    joined(session, shop, offer, member, now)
    (seen,) = office.get(PATH).json["offers"]
    assert (seen["groups"], seen["waiting"]) == ({"open": 1, "formed": 0, "failed": 0}, 1)
    (group,) = office.get(f"{PATH}/{offer}/groups").json["groups"]
    assert (group["state"], group["taken"], group["people"], group["store_name"]) == ("open", 1, 3, "通店S1")
    assert office.post(f"/api/desk/promotions/{offer}/end").json["promotion"]["state"] == "ended"
    with transaction(session):
        assert ending.fail(session, group["id"], actor="t", now=now) == 1
    (seen,) = office.get(PATH).json["offers"]
    assert (seen["stands"], seen["groups"], seen["waiting"]) == ("ended", {"open": 0, "formed": 0, "failed": 1}, 0)


def test_an_offer_that_is_not_sound_leaves_no_draft(shop, office):
    over = office.post(PATH, _form(shop, ends="2020-02-01T00:00"))
    nothing = office.post(PATH, _form(shop, goods=[{"sku_id": 999_999, "price_fen": 600}]))
    assert [(one.status_code, one.json["code"]) for one in (over, nothing)] == [(422, "promotion_not_sound")] * 2
    assert office.get("/api/desk/promotions").json["promotions"] == []


def test_goods_are_found_by_name_and_barcode_with_the_price_of_the_mall(shop, office):
    (milk,) = office.get(f"{PATH}/goods?q=MILK").json["goods"]
    assert (milk["sku_id"], milk["list_fen"]) == (shop.skus["milk"], 990)
    assert office.get(f"{PATH}/goods?q={make.BARCODES['milk']}").json["goods"] == [milk]
    assert office.get(f"{PATH}/goods?q=%25").json["goods"] == office.get(f"{PATH}/goods?q=").json["goods"] == []


def test_offers_and_groups_come_in_pages(session, shop, office, now):
    form = {"kind": "group", "prices": {shop.skus["milk"]: 600}, "people": 3, "fill_minutes": 60}
    made = [make.a_promotion(session, now, **form) for _ in range(21)]
    page = office.get(PATH).json
    rest = office.get(f"{PATH}?before={page['before']}").json
    assert [one["id"] for one in page["offers"] + rest["offers"]] == made[::-1]
    assert rest["before"] is None


def test_a_store_makes_no_offers(client, shop, office):
    assert client("store_manager").post(PATH, _form(shop)).status_code == 403
    assert office.get(PATH).json["offers"] == []
