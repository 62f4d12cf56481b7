"""Notes and sellers of a ticket, and tickets that are voided (rules 3.7, 3.11)."""

from __future__ import annotations

import uuid
from dataclasses import replace

from sqlalchemy import text

from config import clock
from config.db import transaction
from tests import factories as make
from trade.orders import place
from trade.orders.price import price
from trade.pricing.quoted import Want
from trade.stores.models import Role


def _sale(shop, fen=990, *, line=None, **more):
    lines = [{"sku_id": shop.skus["milk"], "qty": 1} | (line or {})]
    return {"lines": lines, "expected_payable_fen": fen, "tenders": [{"kind": "cash", "received_fen": fen}]} | more


def _void(shop, **more):
    lines = [{"name": "商品milk", "qty": 2, "list_fen": 1_980}]
    told = {"id": str(uuid.uuid4()), "reason": "left", "lines": lines, "payable_fen": 1_980}
    return told | {"after_subtotal": True} | more


def _word(till, shop, subject, action="void"):
    approver = {"staff_id": shop.people[Role.STORE_MANAGER], "pin": make.PIN}
    asked = {"action": action, "subject": subject, "reason": "顾客不要了", "approver": approver}
    return till.post("/api/pos/approvals", asked).json["approval"]["id"]


def _count(session, table):
    found = session.scalar(text(f"SELECT count(*) FROM {table}"))
    session.rollback()
    return found


def _voided(session):
    rows = session.execute(text("SELECT * FROM voided_ticket")).all()
    session.rollback()
    return rows


def test_notes_are_kept_with_the_order_and_on_the_receipt_where_wanted(session, shop, client):
    till = client("cashier")
    told = _sale(shop, line={"note": "刻字：小明"}, note="生日蛋糕，九点取", print_notes=True)
    receipt = till.post("/api/pos/sales", told).json["receipt"]
    assert receipt["notes"] == [
        {"line_no": 0, "note": "生日蛋糕，九点取", "printed": True},
        {"line_no": 1, "note": "刻字：小明", "printed": True},
    ]  # fmt: skip
    assert till.get(f"/api/pos/receipts/{receipt['no']}").json["receipt"]["notes"] == receipt["notes"]
    plain = till.post("/api/pos/sales", _sale(shop)).json["receipt"]
    assert plain["notes"] == []
    assert till.post("/api/pos/sales", _sale(shop, line={"note": "x" * 61})).status_code == 422


def test_sellers_go_with_the_sale_and_are_put_right_until_the_shift_is_closed(session, shop, client):
    till = client("cashier")
    people = {one["id"]: one["name"] for one in till.get("/api/pos/sellers").json["sellers"]}
    cashier, other = shop.people[Role.CASHIER], shop.people[Role.STORE_STAFF]
    assert {cashier, other} <= people.keys()
    parts = [{"staff_id": cashier, "bp": 7_000}, {"staff_id": other, "bp": 3_000}]
    no = till.post("/api/pos/sales", _sale(shop, line={"sellers": parts})).json["receipt"]["no"]
    shown = till.get(f"/api/pos/sales/{no}/sellers").json["sellers"]
    assert [(one["line_no"], one["staff_id"], one["bp"]) for one in shown] == [(1, cashier, 7_000), (1, other, 3_000)]
    orders = session.scalar(text("SELECT count(*) FROM sale_order"))
    session.rollback()
    unsound = till.post("/api/pos/sales", _sale(shop, line={"sellers": parts[:1]}))
    assert (unsound.status_code, unsound.json["code"]) == (422, "sellers_not_sound")
    assert session.scalar(text("SELECT count(*) FROM sale_order")) == orders
    session.rollback()
    change = {"lines": [{"line_no": 1, "sellers": [{"staff_id": other, "bp": 10_000}]}]}
    assert till.post(f"/api/pos/sales/{no}/sellers", change).status_code == 200
    with transaction(session):
        make.close_shift(session, shop.store_id, shop.shift_id, 20_990, clock.now())
    late = till.post(f"/api/pos/sales/{no}/sellers", change)
    assert (late.status_code, late.json["code"]) == (409, "sellers_closed")
    named = change | {"correction": "登记错误"}
    assert till.post(f"/api/pos/sales/{no}/sellers", named).json["code"] == "approval_missing"
    word = _word(till, shop, f"order:{no}", action="sellers")
    assert till.post(f"/api/pos/sales/{no}/sellers", named | {"approval_ids": [word]}).status_code == 200


def test_before_the_subtotal_a_cashier_voids_alone_and_it_is_written_down(session, shop, client):
    told = _void(shop, after_subtotal=False)
    for _ in range(2):
        assert client("cashier").post("/api/pos/voids", told).status_code == 201
    (row,) = _voided(session)
    assert (row.payable_fen, row.approver_id, row.shift_id, row.reason) == (1_980, None, shop.shift_id, "left")
    fact = session.execute(text("SELECT actor, data FROM journal WHERE kind = 'ticket.voided'")).one()
    assert (fact.actor, fact.data["before_fen"], fact.data["after_fen"], fact.data["approved_by"]) == (
        f"staff:{shop.people[Role.CASHIER]}", 1_980, 0, None,
    )  # fmt: skip


def test_after_it_a_manager_must_say_so(session, shop, client):
    till, told = client("cashier"), _void(shop)
    refused = till.post("/api/pos/voids", told)
    assert (refused.status_code, refused.json["code"], _voided(session)) == (409, "approval_missing", [])
    other = _word(till, shop, "ticket:another")
    assert till.post("/api/pos/voids", told | {"approval_ids": [other]}).json["code"] == "approval_over"
    assert _voided(session) == []
    word = _word(till, shop, f"ticket:{told['id']}")
    assert till.post("/api/pos/voids", told | {"approval_ids": [word]}).status_code == 201
    (row,) = _voided(session)
    assert (row.approver_id, row.after_subtotal) == (shop.people[Role.STORE_MANAGER], True)
    done = session.execute(text("SELECT done, asked_by FROM approval WHERE id = :id"), {"id": word}).one()
    assert (done.done, done.asked_by) == ({"before_fen": 1_980, "after_fen": 0}, shop.people[Role.CASHIER])


def test_nobody_s_word_is_told_afterwards_over_the_network(session, shop, client):
    """Whoever has a network asks: a cashier cannot name a manager in the request itself."""
    alone = {"at": "2026-11-30T08:00:00+08:00", "approver_id": shop.people[Role.STORE_MANAGER]}
    assert client("cashier").post("/api/pos/voids", _void(shop, alone=alone)).status_code == 422
    assert (_voided(session), _count(session, "approval")) == ([], 0)


def test_a_voided_basket_that_had_been_put_aside_is_dropped(session, shop, client):
    till, held = client("cashier"), str(uuid.uuid4())
    lines = [{"sku_id": shop.skus["milk"], "qty": 2}]
    till.post("/api/pos/held", {"id": held, "lines": lines})
    version = till.post(f"/api/pos/held/{held}/resume", {}).json["held"]["version"]
    mine = {"after_subtotal": False, "held_id": held}
    stale = till.post("/api/pos/voids", _void(shop, **mine, held_version=version + 1))
    assert (stale.status_code, stale.json["code"], _voided(session)) == (409, "held_moved_on", [])
    assert till.post("/api/pos/voids", _void(shop, **mine, held_version=version)).status_code == 201
    assert till.get("/api/pos/held").json["held"] == []


def test_the_same_instrument_pays_once(session, shop, client, now):
    """Complaint 4.35: stored value, a payment code, cash, a coupon: each once in one order."""
    till = client("cashier")
    cash = {"kind": "cash", "received_fen": 990}
    wallet = {"kind": "wallet", "amount_fen": 495}
    code = {"kind": "code", "auth_code": "134567890123456789"}
    for tenders in ([cash, cash], [wallet, wallet], [code, code], [wallet, wallet, cash]):
        refused = till.post("/api/pos/sales", _sale(shop) | {"tenders": tenders})
        assert refused.status_code == 422, tenders
    assert session.scalar(text("SELECT count(*) FROM sale_order")) == 0
    session.rollback()
    member = make.a_member(session, now=now)
    coupon = make.a_coupon(session, member, now)
    want = place.Basket(shop.store_id, [Want(shop.skus["milk"], 2)], member, coupon_ids=[coupon])
    once = price(session, want, now=now)
    twice = price(session, replace(want, coupon_ids=[coupon, coupon]), now=now)
    assert (once.coupon_fen, twice.coupon_fen, twice.coupon_ids) == (500, 500, [coupon])
