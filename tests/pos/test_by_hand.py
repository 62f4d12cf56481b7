"""A line made cheaper by hand: within the role's limit, above it with a manager's word, and always with a reason."""

from __future__ import annotations

from sqlalchemy import text

from tests import factories as make
from trade.orders import proof
from trade.stores.models import Role


def _basket(shop, **hand):
    """19.80 of milk, by hand as asked, and 6.50 of bread."""
    milk = {"sku_id": shop.skus["milk"], "qty": 2}
    return {"lines": [milk | ({"hand": hand} if hand else {}), {"sku_id": shop.skus["bread"], "qty": 1}]}


def _sale(basket, payable_fen, **more):
    tenders = [{"kind": "cash", "received_fen": payable_fen}]
    return basket | {"expected_payable_fen": payable_fen, "tenders": tenders} | more


def _written(session):
    tables = ("sale_order", "journal", "stock_movement", "tender", "allocation")
    return [session.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables]


def _noted(session):
    return session.execute(
        text("SELECT actor, data FROM journal WHERE kind = 'order.discounted_by_hand' ORDER BY id")
    ).all()


def test_within_the_limit_a_cashier_needs_nobody(session, shop, client):
    """5 % of 19.80 is 0.99: that passes, 1.00 is asked about."""
    till = client("cashier")
    quote = till.ask("/api/pos/quote", _basket(shop, reason="damaged", off_fen=99)).json["quote"]
    assert (quote["payable_fen"], quote["discount_fen"], quote["needs_approval"]) == (2531, 99, None)
    assert [line["net_fen"] for line in quote["lines"]] == [1881, 650]
    sold = till.post("/api/pos/sales", _sale(_basket(shop, reason="damaged", off_fen=99), 2531))
    assert (sold.status_code, sold.json["receipt"]["discount_fen"]) == (201, 99)
    (row,) = _noted(session)
    assert row.actor == f"staff:{shop.people[Role.CASHIER]}"
    assert (row.data["approved_by"], row.data["till_id"]) == (None, shop.till_id)
    discount = {"line_no": 1, "reason": "damaged", "before_fen": 1980, "after_fen": 1881, "off_fen": 99}
    assert row.data["discounts"] == [discount]
    asked = till.ask("/api/pos/quote", _basket(shop, reason="damaged", off_fen=100)).json["quote"]
    assert asked["needs_approval"] == {"line_no": 1, "max_fen": 99}


def test_above_it_a_manager_says_so_up_to_their_own_limit(session, shop, client):
    """8.00 apiece and 2.25 off the order: 14.40 and 5.85; 6.00 off 19.80 is above the manager's 5.94 too."""
    till, basket = client("cashier"), _basket(shop, reason="near_expiry", unit_price_fen=800) | {"discount_fen": 225}
    quote = till.ask("/api/pos/quote", basket).json["quote"]
    assert [line["net_fen"] for line in quote["lines"]] == [1440, 585]
    assert [row["delta_fen"] for row in quote["trace"] if row["source"] == "manual"] == [-380, -225]
    assert [line["allocations"][0]["amount_fen"] for line in quote["lines"]] == [540, 65]
    before = _written(session)
    refused = till.post("/api/pos/sales", _sale(basket, 2025))
    assert (refused.status_code, refused.json["code"]) == (409, "discount_needs_approval")
    manager = {"staff_id": shop.people[Role.STORE_MANAGER], "pin": make.PIN}
    for approver, code in (
        (manager | {"pin": "111111"}, "wrong_pin"),
        ({"staff_id": shop.people[Role.CASHIER], "pin": make.PIN}, "not_an_approver"),
    ):
        assert till.post("/api/pos/sales", _sale(basket, 2025, approver=approver)).json["code"] == code
    too_much = _sale(_basket(shop, reason="damaged", off_fen=600), 2030, approver=manager)
    told = till.post("/api/pos/sales", too_much).json
    assert (told["code"], told["facts"]) == ("discount_too_large", {"line_no": 1, "max_fen": 594})
    assert _written(session) == before
    assert till.post("/api/pos/sales", _sale(basket, 2025, approver=manager)).status_code == 201
    (row,) = _noted(session)
    assert row.actor == f"staff:{shop.people[Role.CASHIER]}"
    assert row.data["approved_by"] == f"staff:{shop.people[Role.STORE_MANAGER]}"
    assert [(one["line_no"], one["off_fen"]) for one in row.data["discounts"]] == [(1, 380), (None, 225)]
    shares = session.execute(text("SELECT line_no, source, amount_fen FROM allocation ORDER BY line_no")).all()
    assert [tuple(share) for share in shares] == [(1, "manual", 540), (2, "manual", 65)]
    assert proof.differences(session) == []


def test_no_line_falls_below_nothing_and_a_reason_is_needed(session, shop, client):
    till = client("store_manager")
    free = till.ask("/api/pos/quote", _basket(shop, reason="damaged", unit_price_fen=0)).json["quote"]
    assert (free["payable_fen"], free["needs_approval"]) == (650, {"line_no": 1, "max_fen": 594})
    dearer = till.ask("/api/pos/quote", _basket(shop, reason="damaged", unit_price_fen=2_000)).json["quote"]
    assert dearer["payable_fen"] == 2630
    refused = till.ask("/api/pos/quote", _basket(shop, reason="damaged", off_fen=1_981)).json
    assert (refused["code"], refused["facts"]) == ("discount_too_large", {"max_fen": 1980})
    assert till.ask("/api/pos/quote", _basket(shop, reason="because", off_fen=1)).status_code == 422
