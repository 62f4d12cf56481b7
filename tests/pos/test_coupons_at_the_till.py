from __future__ import annotations

from config import clock
from config.db import transaction
from member.coupons import claim
from tests import factories as make


def _proved(session, till, member):
    """The member shows their code: the till gets the word that lets it spend."""
    code = make.member_code(session, member, now=clock.now())
    return till.post("/api/pos/members/code", {"code": code}).json["authorisation"]


def test_a_code_from_paper_lowers_the_sale_and_stands_on_the_receipt(session, client, shop):
    member = make.a_member(session, now=clock.now())
    template_id = make.an_offer(session, clock.now(), in_centre=False, issue_limit=1)
    with transaction(session):
        (code,) = claim.make_codes(session, template_id, 1, actor="t", now=clock.now())
    till = client()
    claimed = till.post("/api/pos/coupons/claim", {"member_id": member, "code": code})
    assert claimed.status_code == 201
    coupon = claimed.json["coupon"]["id"]
    basket = {"lines": [{"sku_id": shop.skus["milk"], "qty": 2}], "member_id": member}
    quote = till.ask("/api/pos/quote", basket).json["quote"]
    assert [(one["id"], one["off_fen"]) for one in quote["coupons"]] == [(coupon, 500)]
    basket["coupon_ids"] = [coupon]
    assert till.ask("/api/pos/quote", basket).json["code"] == "possession_needed"
    money = {"expected_payable_fen": 1480, "tenders": [{"kind": "cash", "received_fen": 1480}]}
    assert till.post("/api/pos/sales", basket | money).json["code"] == "possession_needed"
    basket["authorisation"] = _proved(session, till, member)
    sold = till.post("/api/pos/sales", basket | money)
    assert sold.status_code == 201, sold.json
    receipt = sold.json["receipt"]
    assert receipt["coupons"] == [{"id": coupon, "name": "满10减5", "off_fen": 500}]
    page = till.get(f"/api/pos/receipts/{receipt['no']}/print").text
    assert "满10减5" in page and "-5.00" in page
    back = {"order_no": receipt["no"], "lines": [{"line_no": 1, "qty": 2}]}
    preview = till.ask("/api/pos/returns/preview", back).json["preview"]
    assert preview["coupons_back"] == [{"id": coupon, "name": "满10减5"}]
