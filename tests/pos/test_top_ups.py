from __future__ import annotations

from config import clock
from tests import factories as make
from trade.stores.models import Role


def _pay(shop, wallet_fen, **more):
    return {
        "lines": [{"sku_id": shop.skus["milk"], "qty": 1}],
        "expected_payable_fen": 990,
        "tenders": [{"kind": "wallet", "amount_fen": wallet_fen}, {"kind": "cash", "received_fen": 990 - wallet_fen}],
        **more,
    }


def _comes_out_counted(till, path):
    assert till.get(f"{path}/0/print").status_code == 404, "nobody counted it"
    assert [till.post(f"{path}/print").json["copy"] for _ in range(2)] == [0, 1]
    assert "充值" in till.get(f"{path}/0/print?width=58").text
    assert "50.00".encode("gb18030") in till.get(f"{path}/0/escpos").data
    assert "补打 1".encode("gb18030") in till.get(f"{path}/1/escpos").data


def test_a_member_tops_up_pays_with_the_code_and_gets_the_rest_back(client, shop, session):
    member = make.a_member(session, now=clock.now())
    till, body = client(), {"member_id": member, "amount_fen": 5_000, "received_fen": 10_000, "request_id": "b" * 32}
    first, again = till.post("/api/pos/top-ups", body), till.post("/api/pos/top-ups", body)
    assert (first.status_code, first.json) == (201, again.json)
    paper = first.json["top_up"]
    assert (paper["principal_fen"], paper["tender"]["change_fen"], paper["wallet"]["total_fen"]) == (
        5_000,
        5_000,
        5_000,
    )
    assert till.get(f"/api/pos/top-ups/{paper['no']}").json["top_up"] == paper
    assert till.get("/api/pos/members?q=13812342046").json["members"][0]["wallet"]["total_fen"] == 5_000
    page = client().get(paper["url"][paper["url"].index("/r/") :])
    assert (
        page.status_code == 200 and "50.00" in page.text and paper["no"] in page.text and "13812342046" not in page.text
    )
    assert client().get(f"/r/{paper['no']}.{'A' * 20}").status_code == 404
    _comes_out_counted(till, f"/api/pos/top-ups/{paper['no']}")

    refused = till.post("/api/pos/sales", _pay(shop, 600, member_id=member))
    assert (refused.status_code, refused.json["code"]) == (409, "wallet_code_needed")
    assert refused.json["facts"] == {"free_fen": 0}
    by_manager = {
        "member_id": member,
        "staff_id": shop.people[Role.STORE_MANAGER],
        "pin": make.PIN,
        "reason": "phone is off",
    }
    approved = till.post("/api/pos/members/approve", by_manager)
    assert approved.status_code == 200, approved.json
    token = approved.json["authorisation"]
    sold = till.post("/api/pos/sales", _pay(shop, 600, member_id=member, authorisation=token))
    assert sold.status_code == 201, sold.json
    assert [t["kind"] for t in sold.json["receipt"]["tenders"]] == ["cash", "wallet"]
    till.post(f"/api/pos/receipts/{sold.json['receipt']['no']}/copies")
    assert "储值" in till.get(f"/api/pos/receipts/{sold.json['receipt']['no']}/1/print").text

    shown = till.get(f"/api/pos/top-ups/{paper['no']}/refund").json["preview"]
    assert (shown["refund_fen"], shown["kind"], shown["bank"]) == (4_400, "cash", False)
    path, wanted = f"/api/pos/top-ups/{paper['no']}/refund", {"expected_refund_fen": 4_400}
    for stale in (None, token, "not a token"):  # a slip's number, or leave that a sale has used up, gives no cash
        refused = till.post(path, wanted | {"authorisation": stale})
        assert (refused.status_code, refused.json["code"]) == (409, "possession_needed")
    assert till.get(path).json["preview"] == shown
    shown_now = till.post("/api/pos/members/code", {"code": make.member_code(session, member, now=clock.now())})
    back = till.post(path, wanted | {"authorisation": shown_now.json["authorisation"]})
    assert (back.status_code, back.json["refund"]["refund_fen"]) == (201, 4_400)
    assert till.get(f"/api/pos/members/{member}/wallet").json["wallet"]["total_fen"] == 0


def test_a_tender_of_one_kind_comes_once(client, shop, session):
    twice = _pay(shop, 600) | {"tenders": [{"kind": "wallet", "amount_fen": 1}] * 2}
    assert client().post("/api/pos/sales", twice).status_code == 422


def test_only_a_manager_sees_what_stores_owe(client, shop, session):
    path = "/api/desk/statements/stored-value?month=2026-11"
    assert client("cashier").get(path).status_code == 403
    assert client("store_manager").get(path).json["statement"] == {
        "store_id": shop.store_id, "month": "2026-11", "net_fen": 0, "pays": [], "lines": [],
    }  # fmt: skip


def test_the_head_office_writes_offers_and_terms_and_nobody_else_does(client, shop, session):
    offer = {
        "code": "T100", "title": "充 100 送 5%", "from_fen": 10_000, "bonus_bp": 500, "bearer": "hq",
        "starts_at": "2026-01-01T00:00:00+08:00",
    }  # fmt: skip
    terms = {"from_at": "2026-01-01T00:00:00+08:00", "free_day_fen": 700}
    office, manager = client("head_office"), client("store_manager")
    assert manager.post("/api/desk/stored-value/offers", offer).status_code == 403
    assert office.post("/api/desk/stored-value/offers", offer | {"amount_fen": 1}).status_code == 422
    assert office.post("/api/desk/stored-value/offers", offer).status_code == 201
    assert office.post("/api/desk/stored-value/offers", offer | {"bonus_bp": 1_000}).status_code == 201
    found = office.get(f"/api/desk/stored-value/offers?store_id={shop.store_id}").json["offers"]
    assert [(one["version"], one["bonus_bp"]) for one in found] == [(2, 1_000)]
    assert office.post("/api/desk/stored-value/terms", terms).status_code == 201

    member = make.a_member(session, now=clock.now())
    make.top_up(session, shop, member, 10_000, clock.now())
    till = client()
    shown = till.get(f"/api/pos/members/{member}/wallet").json["wallet"]
    assert (shown["bonus_fen"], shown["free_today_fen"]) == (1_000, 700)
    assert till.post("/api/pos/sales", _pay(shop, 600, member_id=member)).status_code == 201
    again = till.post("/api/pos/sales", _pay(shop, 600, member_id=member))
    assert (again.json["code"], again.json["facts"]) == ("wallet_code_needed", {"free_fen": 100})
