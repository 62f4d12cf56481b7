"""A line made cheaper by hand: within the role's limit, above it with a manager's word, and always with a reason."""

from __future__ import annotations

from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from trade.orders import proof
from trade.pricing import limits
from trade.stores.models import Role


def _basket(shop, **hand):
    """19.80 of milk, by hand as asked, and 6.50 of bread."""
    milk = {"sku_id": shop.skus["milk"], "qty": 2}
    return {"lines": [milk | ({"hand": hand} if hand else {}), {"sku_id": shop.skus["bread"], "qty": 1}]}


def _sale(basket, payable_fen, **more):
    tenders = [{"kind": "cash", "received_fen": payable_fen}]
    return basket | {"expected_payable_fen": payable_fen, "tenders": tenders} | more


def _word(till, shop, what, action="discount"):
    approver = {"staff_id": shop.people[Role.STORE_MANAGER], "pin": make.PIN}
    asked = {"action": action, "subject": "basket", "reason": "临期处理", "what": what, "approver": approver}
    return till.post("/api/pos/approvals", asked).json["approval"]["id"]


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
    assert asked["needs_approval"] == {"action": "discount", "line_no": 1, "max_fen": 99}


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
    off = {"before_fen": 2630, "after_fen": 2025}
    small = _word(till, shop, {"before_fen": 2630, "after_fen": 2026})
    for word, code in ((small, "approval_over"), (_word(till, shop, off, action="void"), "approval_over")):
        assert till.post("/api/pos/sales", _sale(basket, 2025, approval_ids=[word])).json["code"] == code
    word = _word(till, shop, off)
    too_much = _sale(_basket(shop, reason="damaged", off_fen=600), 2030, approval_ids=[word])
    told = till.post("/api/pos/sales", too_much).json
    assert (told["code"], told["facts"]) == (
        "discount_too_large", {"action": "discount", "line_no": 1, "max_fen": 594},
    )  # fmt: skip
    assert [*_written(session)[:1], *_written(session)[2:]] == [*before[:1], *before[2:]]
    assert till.post("/api/pos/sales", _sale(basket, 2025, approval_ids=[word])).status_code == 201
    again = till.post("/api/pos/sales", _sale(basket, 2025, approval_ids=[word]))
    assert again.json["code"] == "approval_over"
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
    assert (free["payable_fen"], free["needs_approval"]) == (650, {"action": "discount", "line_no": 1, "max_fen": 594})
    dearer = till.ask("/api/pos/quote", _basket(shop, reason="damaged", unit_price_fen=2_000)).json["quote"]
    assert dearer["payable_fen"] == 2630
    refused = till.ask("/api/pos/quote", _basket(shop, reason="damaged", off_fen=1_981)).json
    assert (refused["code"], refused["facts"]) == ("discount_too_large", {"max_fen": 1980})
    assert till.ask("/api/pos/quote", _basket(shop, reason="because", off_fen=1)).status_code == 422


def test_categories_have_limits_of_their_own_and_a_sku_a_lowest_price(session, shop, client, now):
    """Milk may be made cheaper by 1 % only; bread costs 6.00 at least, however high the limit for it is."""
    till, milk, bread = client("cashier"), shop.skus["milk"], shop.skus["bread"]
    category = "SELECT category_id FROM product p JOIN sku s ON s.product_id = p.id WHERE s.id = :sku"
    of = {name: session.scalar(text(category), {"sku": shop.skus[name]}) for name in ("milk", "bread")}
    with transaction(session):
        limits.set_limit(session, Role.CASHIER, of["milk"], 100, actor="t", now=now)
        limits.set_limit(session, Role.CASHIER, of["bread"], 5_000, actor="t", now=now)
        limits.set_floor(session, bread, 600, actor="t", now=now)

    def asks(sku, off_fen):
        lines = [{"sku_id": sku, "qty": 1, "hand": {"reason": "damaged", "off_fen": off_fen}}]
        return till.ask("/api/pos/quote", {"lines": lines}).json["quote"]["needs_approval"]

    assert (asks(milk, 9), asks(milk, 10)) == (None, {"action": "discount", "line_no": 1, "max_fen": 9})
    assert (asks(bread, 50), asks(bread, 51)) == (None, {"action": "price_floor", "line_no": 1, "max_fen": 50})
    lines = [{"sku_id": bread, "qty": 1, "hand": {"reason": "damaged", "off_fen": 150}}]
    sale, what = _sale({"lines": lines}, 500), {"before_fen": 650, "after_fen": 500}
    before = _written(session)
    discount = _word(till, shop, what)
    assert till.post("/api/pos/sales", sale | {"approval_ids": [discount]}).json["code"] == "approval_over"
    assert [*_written(session)[:1], *_written(session)[2:]] == [*before[:1], *before[2:]]
    floor = _word(till, shop, what, action="price_floor")
    assert till.post("/api/pos/sales", sale | {"approval_ids": [floor]}).status_code == 201
    with transaction(session):
        limits.set_floor(session, bread, None, actor="t", now=now)
        limits.set_limit(session, Role.CASHIER, of["milk"], None, actor="t", now=now)
    assert (asks(bread, 150), asks(milk, 49)) == (None, None)
