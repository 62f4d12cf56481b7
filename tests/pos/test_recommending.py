"""The head office sees how the nights' learning went, goes back by one switch, and a hint reaches the till."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from config import clock
from config.clock import business_day
from config.db import open_session, transaction
from member import consent
from recommend import lists, orders, partitions
from recommend.definitions import PURPOSE
from tests import factories as make
from workers.jobs import learn_recommendations

DAY = timedelta(days=1)


@pytest.fixture
def member(session, shop):
    now = clock.now()
    found = make.a_member(session, now=now)
    with transaction(session):
        consent.answer(
            session, found, PURPOSE, given=True, version=consent.PURPOSES[PURPOSE].version, channel="mall",
            actor=f"member:{found}", now=now,
        )  # fmt: skip
        session.execute(text("UPDATE store_sku SET sellable = true"))
        session.execute(text("UPDATE stock_level SET on_hand = 100 WHERE on_hand < 100"))
    for days in (20, 10):
        make.ring_up(session, shop, now - days * DAY, member_id=found, milk=1, bread=1)
    return found


def test_a_cashier_is_told_what_the_member_buys_about_now(session, shop, client, member):
    learn_recommendations.run(open_session)
    cashier = client("cashier")
    (one, *_) = cashier.get(f"/api/pos/hints?member_id={member}&skus={shop.skus['milk']}").json["hints"]
    assert one == {
        "sku_id": shop.skus["bread"], "barcode": make.BARCODES["bread"], "name": "商品bread",
        "reason": {"kind": "usual", "name": "", "days": 10},
    }  # fmt: skip
    assert cashier.get("/api/pos/hints?skus=milk").status_code == 422
    assert cashier.get("/api/pos/hints").json == {"hints": []}


def test_the_head_office_sees_the_runs_and_goes_back_and_forth(session, shop, client, member):
    office = client("head_office")
    assert office.get("/api/desk/recommendations").json == {"live": "", "runs": []}
    assert office.post("/api/desk/recommendations/back").json["code"] == "no_version_before"
    now = clock.now()
    for days in (1, 0):
        learn_recommendations.run(open_session, now=now - days * DAY)
    newer, older = (said := office.get("/api/desk/recommendations").json)["runs"]
    assert said["live"] == newer["version"] == f"counting-{now:%Y%m%d%H%M}"
    assert (newer["members"], newer["lines"], newer["stores"], newer["ndcg"]) == (1, 4, 1, None)
    assert office.post("/api/desk/recommendations/back").json == {"live": older["version"]}
    assert lists.find(store_id=shop.store_id).version == older["version"]
    assert office.post("/api/desk/recommendations/back").json == {"live": newer["version"]}
    assert client("store_manager").post("/api/desk/recommendations/back").status_code == 403
    assert session.scalar(text("SELECT count(*) FROM journal WHERE kind = 'recommend.went_back'")) == 2


_SHOWN = text("""
    INSERT INTO behaviour_event (day, id, kind, at, received_at, member_id, store_id, product_id, slot, position, model)
    SELECT :day, gen_random_uuid(), 'product_impression', :at, :at, :member, 1, sku.product_id, 'recommend.home', 1,
           :model
    FROM sku WHERE sku.id = :sku""")


def test_what_recommending_is_worth_is_counted_against_those_held_out(session, shop, client, member):
    now = clock.now()
    other = make.a_member(session, phone="13812340009", now=now)
    shown = {"day": business_day(now), "at": now - timedelta(hours=1)}
    with transaction(session):
        partitions.keep(session, now=now)
        for who, model, sku in (
            (member, "counting-1", "milk"), (member, "counting-1", "bread"), (other, "held out", "milk"),
            (other, "popular", "bread"),
        ):  # fmt: skip
            session.execute(_SHOWN, {**shown, "member": who, "model": model, "sku": shop.skus[sku]})
    order = make.ring_up(session, shop, now, member_id=member, milk=2)
    with transaction(session):
        assert orders.note(session, [orders.Told(1, "order.sold", shop.store_id, order, now)], now=now) == 1
    office, span = client("head_office"), f"?first={business_day(now)}&last={business_day(now)}"
    assert office.get(f"/api/desk/recommendations/lift{span}").json["rows"] == [
        {"side": "held_out", "members": 1, "shown": 1, "bought": 0, "buyers": 0},
        {"side": "shown", "members": 1, "shown": 2, "bought": 1, "buyers": 1},
    ]
    assert office.get(f"/api/desk/recommendations/lift?first={business_day(now)}&last=2020-01-01").status_code == 422
