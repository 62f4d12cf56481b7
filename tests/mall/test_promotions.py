"""What promotions look like in the mall: on the shelf, in a quote that a shopper bends, and on the order."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from config import clock
from config.clock import SHANGHAI
from config.db import transaction
from member import segments
from tests import factories as make
from trade.pricing import tags
from trade.pricing.promotions import book

NOON = datetime(2026, 11, 24, 12, tzinfo=SHANGHAI)


def _cards(face, shop):
    return {card["name"]: card for card in face.get(f"/api/mall/products?store_id={shop.store_id}").json["products"]}


def _marked(session, shop, at, member_id=None):
    book.forget()
    card = {"sku_id": shop.skus["milk"], "category_id": 1, "price_fen": 990, "weighed": False}
    tags.mark(session, shop.store_id, [card], member_id, at)
    return card


def test_a_shelf_is_marked_without_any_statement(guest, shop, session):
    """Without a session nothing can be asked; the book is known from the page before."""
    nobody: Any = None
    assert not {"offer", "member_fen", "coming", "promotions"} & _cards(guest, shop)["商品milk"].keys()
    card = {"sku_id": shop.skus["milk"], "category_id": 1, "price_fen": 990, "weighed": False}
    tags.mark(nobody, shop.store_id, [card], None, clock.now())
    assert card.keys() == {"sku_id", "category_id", "price_fen", "weighed"}
    make.a_promotion(session, clock.now(), kind="member_price", rate_bp=9_000)
    assert _marked(session, shop, clock.now())["member_fen"] == 891
    tags.mark(nobody, shop.store_id, [card], None, clock.now())
    assert card["member_fen"] == 891


def test_a_guest_sees_what_members_pay_and_a_member_pays_it(guest, shop, session, signed_in):
    now = clock.now()
    make.a_promotion(session, now, kind="member_price", rate_bp=9_000)
    make.a_promotion(session, now)
    member = signed_in(make.a_member(session, now=now))
    before, mine = _cards(guest, shop)["商品milk"], _cards(member, shop)["商品milk"]
    assert ("offer" in before, before["member_fen"], before["price_fen"]) == (False, 891, 990)
    assert (mine["offer"]["price_fen"], mine["offer"]["kind"], mine["offer"]["until_at"]) == (891, "member_price", None)
    assert [(tag["kind"], tag["steps"]) for tag in mine["promotions"]] == [("amount_off", [[20_000, 3_000]])]
    path = f"/api/mall/products/{mine['product_id']}?store_id={shop.store_id}"
    assert member.get(path).json["product"]["skus"][0]["offer"] == mine["offer"]


@pytest.mark.parametrize(
    ("minutes", "offer", "coming"),
    [(-1, None, "12:00"), (0, "13:00", None), (59, "13:00", None), (60, None, "19:00"), (480, None, "12:00")],
)
def test_a_flash_price_counts_down_to_its_hour_and_is_announced_before(session, shop, minutes, offer, coming):
    """From 12 to 13 and from 19 to 20, by the store's clock."""
    hours = [[720, 780], [1140, 1200]]
    make.a_promotion(session, NOON, kind="flash", prices={shop.skus["milk"]: 500}, hours=hours)
    card = _marked(session, shop, NOON + timedelta(minutes=minutes))
    shown = card.get("offer") or card["coming"]
    times = {name: datetime.fromisoformat(shown[name]).astimezone(SHANGHAI) for name in shown if name.endswith("_at")}
    assert shown["price_fen"] == 500
    assert ("offer" in card, "coming" in card) == (offer is not None, coming is not None)
    if offer:
        assert f"{times['until_at']:%H:%M}" == offer
    else:
        assert f"{times['from_at']:%H:%M}" == coming


def test_what_is_sold_out_is_not_promised(session, shop):
    now = clock.now()
    make.a_promotion(session, now, kind="flash", prices={shop.skus["milk"]: 500}, quotas={"total_units": 1})
    assert _marked(session, shop, now)["offer"]["price_fen"] == 500
    make.ring_up(session, shop, now, milk=1)
    assert "offer" not in _marked(session, shop, now)


def test_a_declined_promotion_costs_more_and_the_order_keeps_what_took_off_what(shop, session, signed_in):
    now = clock.now()
    half = make.a_promotion(session, now, kind="nth_rate", steps=[[2, 5_000]], on="nth")
    buyer = signed_in(make.a_member(session, now=now))
    slot = buyer.get(f"/api/mall/slots?store_id={shop.store_id}").json["slots"][0]
    basket = {"store_id": shop.store_id, "lines": [{"sku_id": shop.skus["milk"], "qty": 2}]}
    barred = buyer.ask("/api/mall/quote", **basket, barred=[half]).json["quote"]
    assert (barred["payable_fen"], [row["code"] for row in barred["why_not"]]) == (1980, ["barred"])
    when = {"promise_at": slot["from_at"], "expected_payable_fen": 1485}
    refused = buyer.post("/api/mall/orders", **basket, **when, barred=[half])
    assert (refused.json["code"], buyer.get("/api/mall/orders").json["orders"]) == ("price_changed", [])
    order = buyer.post("/api/mall/orders", **basket, **when).json["order"]
    assert (order["payable_fen"], order["promotion_fen"]) == (1485, 495)
    assert [(step["source"], step["delta_fen"]) for step in order["trace"]] == [("list", 1980), ("promotion", -495)]
    line = order["lines"][0]
    shares = [(share["source_id"], share["amount_fen"]) for share in line["allocations"]]
    assert (line["net_fen"], line["gift"], shares) == (1485, False, [(half, 495)])


def test_a_rush_is_stopped_at_the_gate_and_a_retry_is_not(session, shop, signed_in):
    milk = shop.skus["milk"]
    one = make.a_promotion(session, clock.now(), kind="seckill", prices={milk: 100}, quotas={"total_units": 2})
    shopper = signed_in(make.a_member(session, now=clock.now()))
    basket = {"store_id": shop.store_id, "lines": [{"sku_id": milk, "qty": 2}]}
    quote = shopper.ask("/api/mall/quote", **basket).json["quote"]
    assert (quote["payable_fen"], quote["trace"][1]["source_id"]) == (200, one)
    slot = shopper.get(f"/api/mall/slots?store_id={shop.store_id}").json["slots"][-1]["from_at"]
    asked = {**basket, "expected_payable_fen": 200, "token": quote["token"], "promise_at": slot}
    first = {**asked, "request_id": "0d5c1f0e-2f0e-4f43-9f3c-6a6f0c1d2e3f"}
    answers = [shopper.post("/api/mall/orders", **body) for body in (first, asked, first)]
    assert [answer.status_code for answer in answers] == [201, 409, 201]
    assert answers[1].json["code"] == "promotion_quota_used"
    assert answers[2].json["order"]["id"] == answers[0].json["order"]["id"]
    anew = shopper.ask("/api/mall/quote", **basket).json["quote"]
    dearer = {"expected_payable_fen": anew["payable_fen"], "token": anew["token"]}
    assert shopper.post("/api/mall/orders", **asked | dearer).status_code == 201


def test_rules_for_a_segment_are_sent_to_its_members_alone(guest, shop, session, signed_in):
    now = clock.now()
    member_id = make.a_member(session, now=now)
    with transaction(session):
        terms = {"all": [{"kind": "tier", "codes": ["standard"]}]}
        reached, held_out = (segments.make(session, name, terms, actor="t", now=now) for name in ("a", "b"))
        for one in (reached, held_out):
            segments.refresh(session, one, now=now)
        session.execute(text("UPDATE segment_member SET held_out = (segment_id = :one)"), {"one": held_out})
    make.a_promotion(session, now, name="all")
    make.a_promotion(session, now, name="reached", segment_ids=[reached])
    make.a_promotion(session, now, name="held out", segment_ids=[held_out])
    book.forget()

    def sent(face):
        answer = face.get(f"/api/mall/rules?store_id={shop.store_id}")
        return answer, [rule["name"] for rule in answer.json["books"][0]["book"]["rules"]], answer.json["member"]

    plain, names, nobody = sent(guest)
    assert (names, nobody) == (["all"], None)
    mine, names, me = sent(signed_in(member_id))
    assert (names, me) == (["all", "reached"], {"tier": "standard", "segment_ids": [reached]})
    assert mine.headers["ETag"] != plain.headers["ETag"]
    assert guest.get("/api/mall/rules?store_id=999").status_code == 404
