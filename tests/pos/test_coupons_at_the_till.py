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
    till.post(f"/api/pos/receipts/{receipt['no']}/copies")
    page = till.get(f"/api/pos/receipts/{receipt['no']}/1/print").text
    assert "满10减5" in page and "-5.00" in page
    back = {"order_no": receipt["no"], "lines": [{"line_no": 1, "qty": 2}]}
    preview = till.ask("/api/pos/returns/preview", back).json["preview"]
    assert preview["coupons_back"] == [{"id": coupon, "name": "满10减5"}]


def test_only_a_manager_and_the_head_office_see_who_bears_what_coupons_took_off(session, client, shop):
    """The clock is real: what is sold here lies in this month."""
    now = clock.now()
    member = make.a_member(session, now=now)
    coupon = make.a_coupon(session, member, now, hq_bp=6_000, store_bp=4_000)
    make.ring_up(session, shop, now, member_id=member, coupon_ids=[coupon], milk=2)
    path = f"/api/desk/statements/coupons?month={now.astimezone(clock.SHANGHAI):%Y-%m}"
    assert client("cashier").get(path).status_code == 403
    said = client("store_manager").get(path).json["statement"]
    assert (said["store_id"], said["hq_fen"], said["store_fen"], said["supplier_fen"]) == (shop.store_id, 300, 200, 0)
    office = client("head_office")
    assert office.get(path).json["code"] == "malformed"
    everywhere = office.get(f"{path}&store_id=0").json["statement"]
    assert everywhere["lines"] == said["lines"] and everywhere["off_fen"] == 500
