"""Sales found without their receipt, returns without one, and returns that come late."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from member import points, wallet
from tests import factories as make
from tests.pos.conftest import Client
from tests.stories import books
from tests.wechat_stand_in.pay import codepay
from trade.stores.models import Role


def _sold(till, shop, due, *tenders, more=None, **goods):
    lines = [{"sku_id": shop.skus[name], "qty": qty} for name, qty in goods.items()]
    paid = list(tenders) or [{"kind": "cash", "received_fen": due}]
    body = {"lines": lines, "expected_payable_fen": due, "tenders": paid, **(more or {})}
    answer = till.post("/api/pos/sales", body)
    assert answer.status_code == 201, answer.json
    return answer.json["receipt"]


def _word(till, shop, action, subject):
    approver = {"staff_id": shop.people[Role.STORE_MANAGER], "pin": make.PIN}
    asked = {"action": action, "subject": subject, "reason": "小票丢失", "approver": approver}
    return till.post("/api/pos/approvals", asked).json["approval"]["id"]


def _nos(answer):
    return [sale["no"] for sale in answer.json["sales"]]


def test_a_sale_is_found_by_phone_and_by_member_and_nobody_is_seen_whole(client, shop, session):
    """Complaint 4.34: a return without its receipt is possible, and the sale then says what came back."""
    till, now = client(), clock.now()
    member = make.a_member(session, now=now)
    mine = _sold(till, shop, 990, more={"member_id": member}, milk=1)
    _sold(till, shop, 650, bread=1)
    found = till.get("/api/pos/sales-found?q=13812342046")
    assert (_nos(found), found.json["sales"][0]["customer"]) == ([mine["no"]], "138****2046")
    assert [(one["name"], one["phone"]) for one in found.json["members"]] == [("王**", "138****2046")]
    assert _nos(till.get(f"/api/pos/sales-found?member_id={member}")) == [mine["no"]]
    assert till.get("/api/pos/sales-found?q=2046").json["code"] == "tail_not_permitted"
    assert _nos(client("store_manager").get("/api/pos/sales-found?q=2046")) == [mine["no"]]
    back = {"order_no": mine["no"], "lines": [{"line_no": 1, "qty": 1}], "expected_refund_fen": 990}
    assert till.post("/api/pos/returns", back).status_code == 201
    assert till.get("/api/pos/sales-found?q=13812342046").json["sales"][0]["refunded_fen"] == 990


def test_pages_of_a_member_follow_each_other(client, shop, session):
    till, member = client(), make.a_member(session, now=clock.now())
    nos = [_sold(till, shop, 650, more={"member_id": member}, bread=1)["no"] for _ in range(22)]
    first = till.get(f"/api/pos/sales-found?member_id={member}")
    rest = till.get(f"/api/pos/sales-found?member_id={member}&before={first.json['before']}")
    assert (_nos(first) + _nos(rest), rest.json["before"]) == (nos[::-1], None)


def test_a_sale_is_found_by_the_number_of_its_payment_in_any_store(app, client, shop, session, wechat):
    till = client()
    codepay.behave(wechat.world, "oTongdian0001")
    code = {"kind": "code", "auth_code": codepay.show(wechat.world, "oTongdian0001")}
    sold = _sold(till, shop, 990, code, milk=1)
    paid = session.execute(text("SELECT trade_no, transaction_id FROM tender WHERE kind = 'wechat'")).one()
    other = make.open_shop(session, code="S2", now=clock.now())
    there = Client(app, other.till_token)
    there.sign_in("cashier-S2")
    for no in (paid.trade_no, paid.transaction_id):
        assert _nos(there.get(f"/api/pos/sales-found?q={no}")) == [sold["no"]], no
    assert _nos(there.get("/api/pos/sales-found?q=4200000000000000000000000000")) == []


def test_a_sale_is_found_by_what_was_bought_on_which_day(app, client, shop, session):
    till = client()
    first = _sold(till, shop, 990, milk=1)
    second = _sold(till, shop, 1640, milk=1, bread=1)
    day = clock.business_day(clock.now()).isoformat()
    asks = f"/api/pos/sales-found/goods?sku_id={shop.skus['milk']}&day={day}"
    assert _nos(till.get(asks)) == [second["no"], first["no"]]
    assert _nos(till.get(f"{asks}&payable_fen=990")) == [first["no"]]
    assert _nos(till.get(asks.replace(day, "2020-01-01"))) == []
    other = make.open_shop(session, code="S2", now=clock.now())
    there = Client(app, other.till_token)
    there.sign_in("cashier-S2")
    assert _nos(there.get(asks)) == []
    assert there.get(f"{asks}&everywhere=true").json["code"] == "not_permitted"
    there.sign_in("store_manager-S2")
    assert _nos(there.get(f"{asks}&everywhere=true")) == [second["no"], first["no"]]


def test_goods_without_a_receipt_are_worth_the_least_they_cost_and_earn_nothing(client, shop, session):
    """Complaint 4.34, and 4.7: bought with points and brought back blind, spending it again earns none."""
    till, member = client(), make.a_member(session, now=clock.now())
    _sold(client("store_manager"), shop, 1485, more={"discount_fen": 495}, milk=2)
    asks = {"member_id": member, "lines": [{"sku_id": shop.skus["milk"], "qty": 2, "aside": 1}]}
    seen = till.ask("/api/pos/blind-returns/preview", asks).json["blind"]
    assert (seen["amount_fen"], seen["lines"][0]["unit_fen"], seen["days"]) == (1484, 742, 90)
    body = {**asks, "reason": "小票丢失", "expected_fen": 1484}
    refused = till.post("/api/pos/blind-returns", body)
    assert (refused.status_code, refused.json["code"]) == (409, "approval_missing")
    ids = [_word(till, shop, "blind_return", f"member:{member}")]
    done = till.post("/api/pos/blind-returns", body | {"approval_ids": ids})
    assert (done.status_code, done.json["blind_return"]["wallet"]["bonus_fen"]) == (201, 1484), done.json
    level = "SELECT on_hand, quarantine FROM stock_level WHERE sku_id = :sku"
    assert tuple(session.execute(text(level), {"sku": shop.skus["milk"]}).one()) == (5, 1)
    told = session.execute(text("SELECT data FROM journal WHERE kind = 'return.blind'")).scalar_one()
    assert (told["reason"], told["approved_by"]) == ("小票丢失", f"staff:{shop.people[Role.STORE_MANAGER]}")
    session.rollback()
    paid = {"kind": "wallet", "amount_fen": 1300}
    shown = till.post("/api/pos/members/code", {"code": make.member_code(session, member, now=clock.now())}).json
    _sold(till, shop, 1300, paid, more={"member_id": member, "authorisation": shown["authorisation"]}, bread=2)
    assert points.balance(session, member).available == 0
    assert session.execute(text("SELECT bearer, topped_store_id FROM wallet_due")).all() == [("topping", shop.store_id)]
    session.rollback()
    assert not books(session)


@pytest.mark.parametrize(("terms", "scope"), [({"person_fen": 900}, "person"), ({"store_fen": 900}, "store")])
def test_what_a_person_or_a_store_may_be_given_without_a_receipt_is_capped(client, shop, session, terms, scope):
    figures = {"window_days": 30, "blind_days": 90, "person_fen": 5000, "person_days": 30, "store_fen": 5000, **terms}
    since = (clock.now() - timedelta(days=1)).isoformat()
    assert client("head_office").post("/api/desk/return-terms", {**figures, "from_at": since}).status_code == 201
    till, member = client(), make.a_member(session, now=clock.now())
    ids = [_word(till, shop, "blind_return", f"member:{member}")]
    body = {"member_id": member, "lines": [{"sku_id": shop.skus["milk"], "qty": 1}], "reason": "小票丢失"}
    answer = till.post("/api/pos/blind-returns", {**body, "expected_fen": 990, "approval_ids": ids})
    assert (answer.status_code, answer.json["code"]) == (409, "blind_return_capped")
    assert answer.json["facts"] == {"scope": scope, "left_fen": 900}
    assert wallet.balance(session, member).have.total_fen == 0
    assert session.execute(text("SELECT on_hand FROM stock_level WHERE sku_id = 1")).scalar_one() == 5


def test_of_eight_at_once_no_more_is_given_than_the_person_may_have(app, client, shop, session):
    till, member = client(), make.a_member(session, now=clock.now())
    words = [_word(till, shop, "blind_return", f"member:{member}") for _ in range(8)]

    def bring(approval_id):
        mine = Client(app, shop.till_token)
        mine.sign_in("cashier-S1")
        lines = [{"sku_id": shop.skus["milk"], "qty": 10}]
        body = {"member_id": member, "lines": lines, "reason": "小票丢失", "expected_fen": 9900}
        answer = mine.post("/api/pos/blind-returns", {**body, "approval_ids": [approval_id]})
        return answer.json.get("code", "done")

    with ThreadPoolExecutor(8) as pool:
        ended = sorted(pool.map(bring, words))
    assert ended == ["blind_return_capped"] * 6 + ["done"] * 2
    assert wallet.balance(session, member).have.total_fen == 19_800
    session.rollback()
    assert not books(session)


def test_what_comes_late_needs_a_managers_word_unless_it_is_our_fault(client, shop, session):
    till = client()
    old = _sold(till, shop, 1980, milk=2)
    with transaction(session):
        session.execute(text("UPDATE sale_order SET closed_at = closed_at - interval '31 days'"))
    back = {"order_no": old["no"], "lines": [{"line_no": 1, "qty": 1, "aside": 1}]}
    plan = till.ask("/api/pos/returns/preview", back).json["preview"]
    assert (plan["approvals"], plan["window"]["late"], plan["needs_approval"]) == (["late_return"], True, True)
    assert till.ask("/api/pos/returns/preview", {**back, "fault": True}).json["preview"]["approvals"] == []
    body = {**back, "expected_refund_fen": 990}
    assert till.post("/api/pos/returns", body).json["code"] == "approval_missing"
    assert session.execute(text("SELECT count(*) FROM sale_return")).scalar_one() == 0
    session.rollback()
    ids = [_word(till, shop, "late_return", f"order:{old['no']}")]
    assert till.post("/api/pos/returns", {**body, "approval_ids": ids}).status_code == 201
    level = "SELECT on_hand, quarantine FROM stock_level WHERE sku_id = :sku"
    assert tuple(session.execute(text(level), {"sku": shop.skus["milk"]}).one()) == (4, 1)
    session.rollback()
    assert not books(session)
