from __future__ import annotations

from datetime import timedelta

from config import clock
from member import points
from tests import factories as make
from tests.stories import Story


def test_every_entry_names_the_order_and_the_lines_behind_it(session, signed_in):
    story = Story(session, clock.now() - timedelta(hours=1), points_of=500)
    sold = story.sell(milk=2, bread=1, points_used=200)
    story.give_back(sold, lines={1: 1})
    placed = story.paid(bread=2)
    me = signed_in(story.member)
    told = me.get("/api/mall/points").get_json()
    by_event = {entry["event"] + entry["source"][:5]: entry for entry in reversed(told["entries"])}
    spent, earned, back = by_event["spendorder"], by_event["earnorder"], by_event["reinstateorder"]
    assert spent["points"] == -200 == sum(line["points"] for line in spent["lines"])
    assert spent["order_no"] is not None
    assert [line["name"] for line in spent["lines"]] == ["商品milk", "商品bread"]
    assert (earned["state"], earned["order_id"]) == ("pending", placed)
    assert [(line["line_no"], line["qty"], line["points"]) for line in earned["lines"]] == [(1, 2, 13)]
    assert [(line["line_no"], line["qty"], line["points"]) for line in back["lines"]] == [(1, 1, back["points"])]
    assert by_event["earngift:"]["lines"] == []
    (waiting,) = told["pending"]
    assert (waiting["points"], waiting["confirms_at"]) == (13, None)
    assert waiting["expected_at"] == story.head(placed).promise_at.isoformat()
    assert told["points"]["pending"] == 13


def test_entries_come_in_pages_without_a_gap(session, signed_in):
    story = Story(session, clock.now() - timedelta(hours=1), points_of=1)
    for number in range(54):
        points.earn(session, story.member, 1, source=f"g:{number}", key=f"g:{number}", pending=False, actor="t",
                         now=story.now)  # fmt: skip
    me = signed_in(story.member)
    first = me.get("/api/mall/points").get_json()
    second = me.get(f"/api/mall/points?before={first['before']}").get_json()
    assert (len(first["entries"]), len(second["entries"]), second["before"]) == (50, 5, None)
    ids = [entry["id"] for entry in first["entries"] + second["entries"]]
    assert ids == sorted(set(ids), reverse=True)


def test_a_day_is_signed_once_and_a_retry_gets_the_first_answer(session, shop, signed_in):
    me = signed_in(make.a_member(session, now=clock.now()))
    again = {"request_id": "0d5c1f0e-2f0e-4f43-9f3c-6a6f0c1d2e3f"}
    first = me.ask("/api/mall/sign-in", **again)
    assert (first.status_code, first.get_json()["sign_in"]["points"]) == (200, 1)
    assert me.ask("/api/mall/sign-in", **again).get_json() == first.get_json()
    assert me.post("/api/mall/sign-in").get_json()["code"] == "already_signed_in"
    assert me.get("/api/mall/points").get_json()["points"]["available"] == 1
