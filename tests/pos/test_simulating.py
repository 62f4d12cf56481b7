"""A promotion is tried before it is published: both prices, line by line, and nothing is kept."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config import clock
from tests import factories as make
from workers.jobs import replay_promotions

PATH = "/api/desk/promotions"
OFF_5 = make.FOREVER | {"name": "满20减5", "kind": "amount_off", "steps": [[2_000, 500]]}


@pytest.fixture
def office(client):
    return client("head_office")


def _try(office, shop, **more):
    lines = [{"sku_id": shop.skus["milk"], "qty": 2}, {"sku_id": shop.skus["bread"], "qty": 1}]
    return office.ask(f"{PATH}/simulate", {"lines": lines, "store_id": shop.store_id} | more)


def _kept(session):
    tables = ("promotion", "promotion_use", "promotion_count", "sale_order", "journal")
    return [session.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables]


def test_both_prices_stand_side_by_side(session, shop, office, client):
    """19.80 of milk and 6.50 of bread: 26.30; 5.00 off are 3.76 and 1.24."""
    before = _kept(session)
    told = _try(office, shop, promotion=OFF_5).json["simulation"]
    assert (told["old"]["payable_fen"], told["new"]["payable_fen"]) == (2630, 2130)
    difference = told["difference"]
    assert (difference["payable_fen"], difference["promotion_fen"]) == (-500, 500)
    assert [(line["old_fen"], line["new_fen"], line["delta_fen"]) for line in difference["lines"]] == [
        (1980, 1604, -376),
        (650, 526, -124),
    ]
    (rule,) = difference["rules"]
    assert (rule["source"], rule["name"], rule["old_fen"], rule["new_fen"]) == ("promotion", "满20减5", 0, 500)
    assert [row["source"] for row in told["new"]["trace"]] == ["list", "promotion"]
    assert _kept(session) == before
    assert _try(client("store_manager"), shop, promotion=OFF_5).json["code"] == "not_permitted"


def test_an_edited_version_takes_the_place_of_the_published_one(session, shop, office):
    """8.00 off from 30.00 in the place of 5.00 off from 20.00: 26.30 is short by 3.70."""
    promotion_id = make.a_promotion(session, clock.now(), **OFF_5)
    edit = OFF_5 | {"steps": [[3_000, 800]]}
    told = _try(office, shop, promotion=edit, promotion_id=promotion_id).json["simulation"]
    assert (told["old"]["payable_fen"], told["new"]["payable_fen"]) == (2130, 2630)
    short = [(row["code"], row["short_fen"], row["version"]) for row in told["new"]["why_not"]]
    assert short == [("short", 370, 0)]
    office.post(f"{PATH}/{promotion_id}", {"promotion": edit})
    assert _try(office, shop, promotion_id=promotion_id).json["simulation"]["difference"]["payable_fen"] == 500


def test_for_whom_and_when_is_part_of_the_question(shop, office):
    gold = OFF_5 | {"tiers": ["gold"], "starts": "2030-01-01T00:00", "ends": "2030-01-31T23:59"}
    codes = [
        _try(office, shop, promotion=gold, **more).json["simulation"]["new"]["why_not"][0]["code"]
        for more in ({}, {"any_date": True}, {"at": "2030-01-31T23:59:59.999+08:00"})
    ]
    assert codes == ["starts", "members_only", "members_only"]
    inside = _try(office, shop, promotion=gold, tier="gold", at="2030-01-31T23:59:59.999+08:00")
    outside = _try(office, shop, promotion=gold, tier="gold", at="2030-02-01T00:00:00+08:00")
    assert [one.json["simulation"]["difference"]["payable_fen"] for one in (inside, outside)] == [-500, 0]
    assert _try(office, shop).json["code"] == "malformed"
    assert _try(office, shop, promotion=OFF_5, store_id=999).status_code == 404


def test_a_replay_is_asked_for_once_watched_and_kept(session, shop, office, client):
    """One order of 26.30: 5.00 less."""
    make.ring_up(session, shop, clock.now(), milk=2, bread=1)
    body = {"promotion": OFF_5, "request_id": "0d5c1f0e-2f0e-4f43-9f3c-6a6f0c1d2e3f"}
    asked = [office.ask(f"{PATH}/replays", body) for _ in range(2)]
    assert [one.status_code for one in asked] == [201, 201]
    assert asked[0].json == asked[1].json
    replay_id = asked[0].json["replay"]["id"]
    assert [one["stands"] for one in office.get(f"{PATH}/replays").json["replays"]] == ["running"]
    assert replay_promotions.run() == 1
    told = office.get(f"{PATH}/replays/{replay_id}").json["replay"]
    assert (told["stands"], told["seen"], told["found"]["new"]["payable_fen"]) == ("done", 1, 2_130)
    assert (told["found"]["top"][0]["delta_fen"], told["found"]["margin_unknown"]) == (-500, "no_cost_price")
    refused = office.post(f"{PATH}/replays/{replay_id}/cancel")
    assert (refused.status_code, refused.json["code"]) == (409, "wrong_state")
    assert office.post(f"{PATH}/replays", {"promotion": OFF_5, "days": 32}).status_code == 422
    assert client("store_manager").post(f"{PATH}/replays", body).json["code"] == "not_permitted"
    assert office.get(f"{PATH}/replays/999").status_code == 404
