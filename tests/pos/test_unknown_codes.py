"""A code that nobody sells is reported from the till, once a code and store, and settled by the head office."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests import factories as make
from trade.books import registry
from trade.stores.models import Role

CODE = "6900000000001"


def _waiting(client):
    return [
        (one["code"], one["times"], one["note"])
        for one in client("head_office").get("/api/desk/unknown-codes").json["codes"]
    ]


def test_a_reported_code_waits_until_it_is_settled(session, shop, client):
    till = client("cashier")
    assert till.post("/api/pos/unknown-codes", {"code": CODE}).json == {"times": 1}
    again = {"code": CODE, "note": "新到的酸奶", "request_id": "b" * 32}
    assert [till.post("/api/pos/unknown-codes", again).json for _ in range(2)] == [{"times": 2}] * 2
    assert _waiting(client) == [(CODE, 2, "新到的酸奶")]
    office, done = client("head_office"), {"store_id": shop.store_id, "code": CODE, "note": "已建档"}
    assert office.post("/api/desk/unknown-codes/settle", done).json == {"codes": []}
    assert office.post("/api/desk/unknown-codes/settle", done).status_code == 404
    kinds = "SELECT kind FROM journal WHERE kind LIKE 'unknown_code.%' ORDER BY id"
    assert session.scalars(text(kinds)).all() == ["unknown_code.reported"] * 2 + ["unknown_code.settled"]
    assert till.post("/api/pos/unknown-codes", {"code": CODE}).json == {"times": 3}
    assert _waiting(client) == [(CODE, 3, "新到的酸奶")]


@pytest.mark.parametrize("code", ["134567890123456789", "2812345678901234567", "6212345678901234567"])
def test_a_payment_code_is_kept_nowhere(session, client, code):
    refused = client("cashier").post("/api/pos/unknown-codes", {"code": code})
    assert refused.status_code == 422
    assert session.scalar(text("SELECT count(*) FROM unknown_code")) == 0
    assert (
        session.scalar(text("SELECT count(*) FROM journal WHERE data::text LIKE '%' || :code || '%'"), {"code": code})
        == 0
    )


def test_only_the_head_office_settles(session, shop, client):
    client("cashier").post("/api/pos/unknown-codes", {"code": CODE})
    done = {"store_id": shop.store_id, "code": CODE, "note": "x"}
    assert client("store_manager").post("/api/desk/unknown-codes/settle", done).status_code == 403
    assert session.scalar(text("SELECT count(*) FROM unknown_code WHERE settled_at IS NULL")) == 1


ITEM = {"code": CODE, "name": "手工凉皮", "price_fen": 850}


def _temporary(till, shop, price_fen=850, **form):
    approver = {"staff_id": shop.people[Role.STORE_MANAGER], "pin": make.PIN}
    what = {"action": "temporary_item", "subject": "temporary", "reason": "x", "what": {"after_fen": price_fen}}
    word = till.post("/api/pos/approvals", {**what, "approver": approver}).json["approval"]["id"]
    return till.post("/api/pos/temporary-items", {**ITEM, **form, "approval_ids": [word]})


def _sold(till, sku_id, qty=2):
    paid = {"expected_payable_fen": 850 * qty, "tenders": [{"kind": "cash", "received_fen": 850 * qty}]}
    return till.post("/api/pos/sales", {"lines": [{"sku_id": sku_id, "qty": qty}], **paid})


def test_a_temporary_item_is_sold_returned_and_told_and_every_book_agrees(session, shop, client):
    till = client("cashier")
    till.post("/api/pos/shift/open", {"float_fen": 0})
    item = _temporary(till, shop).json["item"]
    assert (item["name"], item["price_fen"], item["barcode"]) == ("手工凉皮", 850, f"TEMP-{item['sku_id']}")
    receipt = _sold(till, item["sku_id"]).json["receipt"]
    assert [(line["name"], line["qty"], line["net_fen"]) for line in receipt["lines"]] == [("手工凉皮", 2, 1700)]
    level = text("SELECT on_hand FROM stock_level WHERE sku_id = :sku")
    assert session.scalar(level, {"sku": item["sku_id"]}) == 0
    asked = {"order_no": receipt["no"], "lines": [{"line_no": 1, "qty": 1}], "expected_refund_fen": 850}
    assert till.post("/api/pos/returns", asked).status_code == 201
    session.expire_all()
    assert session.scalar(level, {"sku": item["sku_id"]}) == 1
    assert _sold(till, item["sku_id"], 1).status_code == 201
    assert session.scalar(level, {"sku": item["sku_id"]}) == 0
    assert _waiting(client) == [(CODE, 1, "手工凉皮 8.50")]
    assert till.get(f"/api/pos/scan/{CODE}").status_code == 404
    assert [found for book in registry.BOOKS.values() for found in book.differences(session)] == []


def test_a_temporary_item_needs_the_right_or_a_word_for_its_price(session, shop, client):
    till, manager = client("cashier"), client("store_manager")
    refused = till.post("/api/pos/temporary-items", ITEM)
    assert (refused.status_code, refused.json["code"]) == (409, "temporary_needs_approval")
    assert _temporary(till, shop, price_fen=900).json["code"] == "approval_over"
    assert session.scalar(text("SELECT count(*) FROM product WHERE name = '手工凉皮'")) == 0
    assert manager.post("/api/pos/temporary-items", {**ITEM, "code": ""}).status_code == 201
    assert _waiting(client) == []
    assert _temporary(till, shop, name="  ").status_code == 422
