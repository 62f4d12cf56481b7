"""A phone number says who it is; only the member's code, or a manager, lets them spend."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config import clock
from config.gs1 import check_digit
from tests import factories as make
from tests.pos.conftest import Client
from trade.stores.models import Role


@pytest.fixture
def member(session, shop):
    return make.a_member(session, points_of=500, now=clock.now())


@pytest.fixture
def code(session, member):
    """What the member's phone shows now."""
    return make.member_code(session, member, now=clock.now())


@pytest.fixture
def nothing_moved(session):
    """What a refused sale must leave as it was."""
    tables = ("sale_order", "stock_level", "tender", "lot", "lot_entry", "lot_account", "spend_authorisation")

    def look():
        session.rollback()
        return {name: session.execute(text(f"SELECT t::text FROM {name} t ORDER BY 1")).all() for name in tables}

    return look


def _sale(shop, member_id, *, points=300, **more):
    due = 990 - points
    return {
        "lines": [{"sku_id": shop.skus["milk"], "qty": 1}], "member_id": member_id, "points": points,
        "expected_payable_fen": due, "tenders": [{"kind": "cash", "received_fen": due}], **more,
    }  # fmt: skip


def _quote(sale):
    return {key: sale[key] for key in ("lines", "member_id", "points", "authorisation") if key in sale}


def test_a_phone_alone_earns_and_does_not_spend(client, shop, member, nothing_moved):
    till = client()
    before = nothing_moved()
    said = till.post("/api/pos/sales", _sale(shop, member))
    assert (said.status_code, said.json["code"]) == (409, "possession_needed")
    assert "会员码" in said.json["message"]
    assert till.ask("/api/pos/quote", _quote(_sale(shop, member))).json["code"] == "possession_needed"
    assert nothing_moved() == before
    earned = till.post("/api/pos/sales", _sale(shop, member, points=0))
    assert earned.json["receipt"]["member"]["points_earned"] == 9


def test_a_shown_code_lets_one_sale_spend(client, shop, member, code, nothing_moved):
    till = client()
    shown = till.post("/api/pos/members/code", {"code": code}).json
    assert (shown["member"]["id"], shown["member"]["phone"]) == (member, "138****2046")
    sale = _sale(shop, member, authorisation=shown["authorisation"])
    assert till.ask("/api/pos/quote", _quote(sale)).json["quote"]["payable_fen"] == 690
    assert till.post("/api/pos/sales", sale).json["receipt"]["points_used"] == 300
    before = nothing_moved()
    again = _sale(shop, member, points=200, authorisation=shown["authorisation"])
    assert till.post("/api/pos/sales", again).json["code"] == "possession_needed"
    assert nothing_moved() == before


def test_a_refused_sale_leaves_the_leave_to_spend(client, shop, member, code):
    till = client()
    token = till.post("/api/pos/members/code", {"code": code}).json["authorisation"]
    wrong = {**_sale(shop, member, authorisation=token), "expected_payable_fen": 1}
    assert till.post("/api/pos/sales", wrong).json["code"] == "price_changed"
    assert till.post("/api/pos/sales", _sale(shop, member, authorisation=token)).status_code == 201


def test_a_code_is_taken_once_and_a_retry_gets_the_first_answer(client, shop, code):
    till = client()
    body = {"code": code, "request_id": "b" * 32}
    assert till.post("/api/pos/members/code", body).json == till.post("/api/pos/members/code", body).json
    said = till.post("/api/pos/members/code", {"code": code})
    assert (said.status_code, said.json["code"]) == (409, "member_code_used")
    assert said.json["facts"]["place"] == "通店S1 1号机"


def test_a_leave_of_another_till_or_member_spends_nothing(app, client, session, shop, member, code, nothing_moved):
    other = make.a_member(session, phone="13912345678", points_of=500, now=clock.now())
    there = make.open_shop(session, code="S2", now=clock.now())
    elsewhere = Client(app, there.till_token)
    elsewhere.sign_in("cashier-S2")
    token = client().post("/api/pos/members/code", {"code": code}).json["authorisation"]
    before = nothing_moved()
    assert elsewhere.post("/api/pos/sales", _sale(there, member, authorisation=token)).json["code"] == (
        "possession_needed"
    )
    assert client().post("/api/pos/sales", _sale(shop, other, authorisation=token)).json["code"] == "possession_needed"
    assert nothing_moved() == before


def test_five_guesses_lock_the_till_and_misreads_do_not(client, shop, member, code):
    till = client()
    plain = code[:11] + f"{(int(code[11:19]) + 1) % 10**8:08d}"
    guess = plain + check_digit(plain)
    for _ in range(6):
        assert till.post("/api/pos/members/code", {"code": code[:-1]}).json["code"] == "member_code_misread"
    for _ in range(5):
        assert till.post("/api/pos/members/code", {"code": guess}).json["code"] == "member_code_wrong"
    said = till.post("/api/pos/members/code", {"code": code})
    assert (said.status_code, said.json["code"]) == (429, "member_code_locked")


def test_a_manager_approves_in_the_codes_place_and_the_cashier_stays(client, session, shop, member):
    till = client()
    ask = {"member_id": member, "staff_id": shop.people[Role.STORE_MANAGER], "pin": make.PIN, "reason": "手机没电"}
    given = till.post("/api/pos/members/approve", ask).json
    assert given["member"]["id"] == member
    sold = till.post("/api/pos/sales", _sale(shop, member, authorisation=given["authorisation"]))
    assert sold.json["receipt"]["cashier"] == "员工S1"
    assert till.get("/api/staff/me").json["staff"]["role"] == "cashier"
    session.rollback()
    kept = session.execute(text("SELECT actor, data FROM journal WHERE kind = 'member.spending_approved'")).one()
    cashier, manager = shop.people[Role.CASHIER], shop.people[Role.STORE_MANAGER]
    assert (kept.actor, kept.data) == (
        f"staff:{manager}", {"asked_by": f"staff:{cashier}", "reason": "手机没电", "till_id": shop.till_id},
    )  # fmt: skip


def test_who_may_not_approve_gives_no_leave(client, session, shop, member, nothing_moved):
    till = client()
    before = nothing_moved()
    ask = {"member_id": member, "pin": make.PIN, "reason": "忘带手机"}
    own = till.post("/api/pos/members/approve", {**ask, "staff_id": shop.people[Role.CASHIER]})
    assert (own.status_code, own.json["code"]) == (403, "not_an_approver")
    wrong = {**ask, "staff_id": shop.people[Role.STORE_MANAGER], "pin": "000000"}
    assert till.post("/api/pos/members/approve", wrong).json["code"] == "wrong_pin"
    assert (
        till.post("/api/pos/members/approve", {**wrong, "pin": make.PIN, "member_id": 999}).json["code"] == "not_found"
    )
    assert nothing_moved() == before


def test_the_chain_may_decide_that_a_phone_is_enough(client, shop, member, monkeypatch):
    from config.settings import settings

    monkeypatch.setattr(settings(), "phone_may_spend", True)
    assert client().post("/api/pos/sales", _sale(shop, member)).json["receipt"]["points_used"] == 300


def test_each_role_sees_as_much_as_it_needs(app, client, session, shop, member):
    four = "/api/pos/members?q=2046"
    assert client().get(four).json["members"] == [], "no cashier finds whom the store does not know"
    manager = client("store_manager")
    [shown] = manager.get(four).json["members"]
    assert (shown["name"], shown["phone"]) == ("王**", "138****2046")
    path, why = f"/api/pos/members/{member}/reveal", {"reason": "客户来电核对"}
    assert [one.post(path, why).json["code"] for one in (client(), manager)] == ["not_permitted"] * 2
    office = client("head_office")
    assert [office.post(path, why).json["phone"] for _ in range(2)] == ["13812342046"] * 2
    assert office.post("/api/pos/members/999/reveal", why).json["code"] == "not_found"
    session.rollback()
    looks = session.execute(text("SELECT actor, data FROM journal WHERE kind = 'member.revealed'")).all()
    assert [tuple(look) for look in looks] == [
        (f"staff:{shop.people[Role.HEAD_OFFICE]}", {"reason": "客户来电核对"})
    ] * 2
    stored = session.execute(text("SELECT count(*) FROM request_answer t WHERE t::text LIKE '%13812342046%'")).scalar()
    assert stored == 0


def test_a_printed_card_is_given_found_replaced_and_only_identifies(client, shop, member):
    till = client()
    old, new = (f"96{n:013d}" + check_digit(f"96{n:013d}") for n in (1, 2))
    assert till.post(f"/api/pos/members/{member}/card", {"no": old}).json["member"]["id"] == member
    assert [one["id"] for one in till.get(f"/api/pos/members?q={old}").json["members"]] == [member]
    assert till.post("/api/pos/sales", _sale(shop, member)).json["code"] == "possession_needed"
    assert till.post(f"/api/pos/members/{member}/card", {"no": new, "replaces": old}).status_code == 200
    assert till.get(f"/api/pos/members?q={old}").json["code"] == "card_lost"
    assert till.post(f"/api/pos/members/{member}/card/lose", {"no": new}).json == {}
    assert till.post(f"/api/pos/members/{member}/card", {"no": new[:-1]}).json["code"] == "bad_card_number"
