"""Baskets put aside, over HTTP: shared in the store, under a lease, at the prices of now or by a manager's word."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from tests import factories as make
from tests.pos.conftest import Client
from trade.orders import proof
from trade.pricing.models import Price
from trade.stores import tills
from trade.stores.models import Role, Till


@pytest.fixture
def two(session, app, shop):
    """A second till of the store, its cashier signed in and its shift open."""
    with transaction(session):
        other = Till(store_id=shop.store_id, name="2号机")
        session.add(other)
        session.flush()
        card, token = tills.register(session, other.id, shop.store_id, actor="t", now=clock.now())
        make.open_shift(session, card, shop.people[Role.CASHIER], 0, clock.now())
    made = Client(app, token)
    assert made.sign_in("cashier-S1").status_code == 200
    return made


def _hold(till, shop, **more):
    lines = [{"sku_id": shop.skus["milk"], "qty": 2}, {"sku_id": shop.skus["bread"], "qty": 1}]
    return till.post("/api/pos/held", {"id": str(uuid.uuid4()), "lines": lines, "note": "红衣服"} | more)


def _resume(till, held, **more):
    return till.post(f"/api/pos/held/{held}/resume", more)


def _sale(held, fen, lines, **more):
    tenders = [{"kind": "cash", "received_fen": fen}]
    lines = [{key: line[key] for key in ("sku_id", "qty", "hand") if key in line} for line in lines]
    return {"lines": lines, "expected_payable_fen": fen, "tenders": tenders, "held": held} | more


def _reprice(session, sku, fen):
    with transaction(session):
        session.add(Price(sku_id=sku, store_id=0, price_fen=fen, from_at=clock.now() - timedelta(seconds=1)))


def _written(session):
    tables = ("sale_order", "stock_movement", "tender", "allocation")
    return [session.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables]


def test_held_here_and_sold_there_once(session, shop, client, two):
    one = client("cashier")
    held = _hold(one, shop).json["held"]
    (shown,) = two.get("/api/pos/held").json["held"]
    assert (shown["note"], shown["payable_fen"], shown["names"]) == ("红衣服", 2_630, ["商品milk", "商品bread"])
    taken = _resume(two, held["id"]).json
    assert (taken["held"]["version"], taken["changes"]) == (2, [])
    assert [(line["qty"], line["price_fen"], line["name"]) for line in taken["held"]["lines"]] == [
        (2, 990, "商品milk"), (1, 650, "商品bread"),
    ]  # fmt: skip
    refused = _resume(one, held["id"])
    assert (refused.status_code, refused.json["code"]) == (409, "held_elsewhere")
    assert "2号机" in refused.json["message"]
    hand = {"id": held["id"], "version": 2}
    before = _written(session)
    late = one.post("/api/pos/sales", _sale({"id": held["id"], "version": 1}, 2_630, taken["held"]["lines"]))
    assert (late.json["code"], _written(session)) == ("held_moved_on", before)
    sold = two.post("/api/pos/sales", _sale(hand, 2_630, taken["held"]["lines"]))
    assert sold.status_code == 201
    assert (two.get("/api/pos/held").json["held"], proof.differences(session)) == ([], [])
    assert two.post("/api/pos/sales", _sale(hand, 2_630, taken["held"]["lines"])).json["code"] == "held_moved_on"


def test_nothing_is_promised_and_a_member_stays_but_what_needs_their_code_does_not(session, shop, client, two):
    member = make.a_member(session, points_of=1_000, now=clock.now())
    held = _hold(client("cashier"), shop, member_id=member, points=100, discount_fen=50).json["held"]["id"]
    assert session.scalar(text("SELECT sum(held) FROM stock_level")) == 0
    taken = _resume(two, held).json["held"]
    assert (taken["member"]["id"], taken["discount_fen"]) == (member, 50)
    assert session.scalar(text("SELECT basket ? 'points' FROM held_basket")) is False


def test_dearer_and_cheaper_lines_are_shown_and_the_new_prices_count(session, shop, client, two):
    held = _hold(client("cashier"), shop).json["held"]["id"]
    _reprice(session, shop.skus["milk"], 1_090)
    _reprice(session, shop.skus["bread"], 600)
    taken = _resume(two, held).json
    assert taken["changes"] == [
        {"line": 0, "name": "商品milk", "before_fen": 1_980, "after_fen": 2_180},
        {"line": 1, "name": "商品bread", "before_fen": 650, "after_fen": 600},
    ]
    lines = taken["held"]["lines"]
    hand = {"id": held, "version": 2}
    assert two.post("/api/pos/sales", _sale(hand, 2_630, lines)).json["code"] == "price_changed"
    assert two.post("/api/pos/sales", _sale(hand, 2_780, lines)).status_code == 201


def test_what_the_customer_was_shown_is_compared_however_late_it_was_shared(session, shop, client, two):
    """Held without network at the prices of the morning, shared at noon: the price has changed in between."""
    _reprice(session, shop.skus["milk"], 1_090)
    shown = [{"name": "商品milk", "net_fen": 1_980}, {"name": "商品bread", "net_fen": 650}]
    held = _hold(client("cashier"), shop, shown=shown, shown_fen=2_630).json["held"]["id"]
    assert two.get("/api/pos/held").json["held"][0]["payable_fen"] == 2_630
    taken = _resume(two, held).json
    assert taken["changes"] == [{"line": 0, "name": "商品milk", "before_fen": 1_980, "after_fen": 2_180}]
    before = session.scalar(text("SELECT count(*) FROM held_basket"))
    session.rollback()
    assert _hold(client("cashier"), shop, shown=shown[:1]).status_code == 422
    assert session.scalar(text("SELECT count(*) FROM held_basket")) == before


def test_a_manager_may_let_the_old_price_count_and_not_a_fen_less(session, shop, client, two):
    """2.00 above what it cost when it was held: that comes off, beyond any limit for discounts; 2.01 does not."""
    held = _hold(client("cashier"), shop).json["held"]["id"]
    _reprice(session, shop.skus["milk"], 1_090)
    taken = _resume(two, held).json
    hand, lines = {"id": held, "version": 2}, taken["held"]["lines"]

    def at(off_fen):
        first = lines[0] | {"hand": {"reason": "held_price", "off_fen": off_fen}}
        return _sale(hand, 2_830 - off_fen, [first, lines[1]])

    quoted = {"lines": at(200)["lines"]}
    assert two.ask("/api/pos/quote", quoted).json["quote"]["needs_approval"] is None
    before = _written(session)
    assert two.post("/api/pos/sales", at(200)).json["code"] == "approval_missing"
    manager = {"staff_id": shop.people[Role.STORE_MANAGER], "pin": make.PIN}
    asked = {"action": "old_price", "subject": f"held:{held}", "reason": "挂单时的价格", "approver": manager}
    word = two.post("/api/pos/approvals", asked).json["approval"]["id"]
    for wrong in (at(201), at(200) | {"held": None}):
        assert two.post("/api/pos/sales", wrong | {"approval_ids": [word]}).json["code"] == "approval_over"
    assert _written(session) == before
    sold = two.post("/api/pos/sales", at(200) | {"approval_ids": [word]})
    assert (sold.status_code, sold.json["receipt"]["payable_fen"]) == (201, 2_630)
    done = session.scalar(text("SELECT done FROM approval"))
    assert done["prices"] == [
        {"line_no": 1, "reason": "held_price", "before_fen": 2_180, "after_fen": 1_980, "off_fen": 200}
    ]


def test_what_is_not_sold_any_more_is_named(session, shop, client, two):
    held = _hold(client("cashier"), shop).json["held"]["id"]
    with transaction(session):
        session.execute(text("UPDATE store_sku SET sellable = false WHERE sku_id = :s"), {"s": shop.skus["milk"]})
    taken = _resume(two, held).json
    assert taken["changes"] == [{"line": None, "name": "商品milk", "before_fen": 1_980, "after_fen": None}]
    assert [line["name"] for line in taken["held"]["lines"]] == ["商品bread"]


def test_a_manager_takes_it_from_the_till_that_edits_it(session, shop, client, two):
    one = client("cashier")
    held = _hold(one, shop).json["held"]["id"]
    assert _resume(one, held).json["held"]["version"] == 2
    manager = {"staff_id": shop.people[Role.STORE_MANAGER], "pin": make.PIN}
    asked = {"action": "take_over", "subject": f"held:{held}", "reason": "1号机故障", "approver": manager}
    word = two.post("/api/pos/approvals", asked).json["approval"]["id"]
    assert _resume(two, held).json["code"] == "held_elsewhere"
    assert _resume(two, held, approval_ids=[word]).json["held"]["version"] == 3
    renewed = one.post(f"/api/pos/held/{held}/renew", {"version": 2})
    assert (renewed.status_code, renewed.json["code"]) == (409, "held_moved_on")
    assert two.post(f"/api/pos/held/{held}/renew", {"version": 3}).status_code == 200


def test_told_again_it_is_held_once(session, shop, client):
    """A till that was without network shares what it held as often as it must."""
    till, held = client("cashier"), str(uuid.uuid4())
    for _ in range(3):
        assert _hold(till, shop, id=held).json["held"] == {"id": held, "version": 1, "state": "held"}
    assert len(till.get("/api/pos/held").json["held"]) == 1


def test_what_stood_on_a_label_is_there_again(session, shop, client, two):
    tag = {"code": "0169012345678921724013110L7", "measured": False, "fen": None, "lot": "L7", "serial": ""}
    held = _hold(client("cashier"), shop, tags={"0": tag}).json["held"]["id"]
    assert [line.get("tag") for line in _resume(two, held).json["held"]["lines"]] == [tag, None]
