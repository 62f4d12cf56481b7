"""An exchange in one document, at a till."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from config import clock
from config.db import open_session, transaction
from member import points, terms, wallet
from tests import factories as make
from tests.pos import drawer
from tests.pos.conftest import Client
from tests.stories import books
from tests.wechat_stand_in.pay import codepay
from trade.pricing.promotions.moves import settle_cash_rounding
from workers.jobs import send_refunds, watch_codes

PERSON = "oTongdian0001"


def _lines(shop, **goods):
    return [{"sku_id": shop.skus[name], "qty": qty} for name, qty in goods.items()]


def _sold(till, shop, due, *tenders, **goods):
    more = goods.pop("more", {})
    paid = list(tenders) or [{"kind": "cash", "received_fen": due}]
    body = {"lines": _lines(shop, **goods), "expected_payable_fen": due, "tenders": paid, **more}
    answer = till.post("/api/pos/sales", body)
    assert answer.status_code == 201, answer.json
    return answer.json["receipt"]


def _asks(shop, no, back, **goods):
    more = goods.pop("more", {})
    lines = [{"line_no": line, "qty": qty} for line, qty in back.items()]
    return {"order_no": no, "back": lines, "lines": _lines(shop, **goods), **more}


def _exchange(till, asks, *tenders, net=None, **more):
    """Look, agree to what is shown, and do it."""
    shown = till.ask("/api/pos/exchanges/preview", asks)
    assert shown.status_code == 200, shown.json
    agreed = {
        **{name: value for name, value in asks.items() if name != "by_code"},
        "expected_refund_fen": shown.json["preview"]["refund_fen"],
        "expected_net_fen": shown.json["exchange"]["net_fen"] if net is None else net,
        "token": shown.json["quote"]["token"],
        "tenders": list(tenders),
        **more,
    }
    return till.post("/api/pos/exchanges", agreed), shown.json["exchange"]


def _drawer(session, shop):
    """Cash that came in less cash that went out, as a shift counts it."""
    session.rollback()
    said = """SELECT (SELECT coalesce(sum(amount_fen), 0) FROM tender WHERE kind = 'cash' AND state = 'paid')
                   - (SELECT coalesce(sum(amount_fen), 0) FROM refund WHERE kind = 'cash')"""
    return int(session.execute(text(said)).scalar_one())


def _stock(session, shop, name):
    session.rollback()
    said = "SELECT on_hand FROM stock_level WHERE store_id = :store AND sku_id = :sku"
    return session.execute(text(said), {"store": shop.store_id, "sku": shop.skus[name]}).scalar_one()


def test_who_takes_something_dearer_pays_the_difference(client, shop, session):
    till = client()
    old = _sold(till, shop, 990, milk=1)
    asks = _asks(shop, old["no"], {1: 1}, milk=1, bread=1)
    done, shown = _exchange(till, asks, {"kind": "cash", "received_fen": 1000})
    assert (done.status_code, shown["net_fen"], shown["brought_fen"], shown["back"]) == (201, 650, 990, [])
    receipt = done.json["receipt"]
    assert receipt["tenders"] == [
        {"kind": "cash", "amount_fen": 650, "received_fen": 1000, "change_fen": 350, "state": "paid"},
        {"kind": "exchange", "amount_fen": 990, "received_fen": 0, "change_fen": 0, "state": "paid"},
    ]
    assert (receipt["exchange"]["no"], receipt["exchange"]["refund_fen"]) == (old["no"], 990)
    assert [line["qty"] for line in receipt["exchange"]["lines"]] == [1]
    page = till.paper(receipt["no"]).text
    assert "换回" in page and "退货抵付" in page
    assert (_stock(session, shop, "milk"), _stock(session, shop, "bread")) == (4, 99)
    assert _drawer(session, shop) == 990 + 650
    assert drawer.close(till, shop, 20_000 + 1640)["difference_fen"] == 0
    assert not books(session)


def test_who_takes_something_cheaper_gets_the_difference_back(client, shop, session):
    till = client()
    old = _sold(till, shop, 1980, milk=2)
    done, shown = _exchange(till, _asks(shop, old["no"], {1: 1}, bread=1))
    assert done.status_code == 201, done.json
    assert (shown["net_fen"], shown["back"]) == (-340, [{"kind": "cash", "amount_fen": 340}])
    assert done.json["receipt"]["exchange"]["back"] == [{"kind": "cash", "amount_fen": 340}]
    assert _drawer(session, shop) == 1980 - 340
    assert not books(session)


def test_who_sold_the_new_goods_and_what_was_noted_is_kept_as_with_any_sale(client, shop, session):
    till = client()
    old = _sold(till, shop, 990, milk=1)
    asks = _asks(shop, old["no"], {1: 1}, milk=1, bread=1)
    other = next(one["id"] for one in till.get("/api/pos/sellers").json["sellers"] if one["role"] == "store_manager")
    asks["lines"][1] |= {"sellers": [{"staff_id": other, "bp": 10_000}], "note": "切片"}
    cash = {"kind": "cash", "received_fen": 1000}
    done, _ = _exchange(till, asks, cash, note="礼品装", print_notes=True)
    sold = till.get(f"/api/pos/sales/{done.json['receipt']['no']}/sellers").json["sellers"]
    assert [(one["line_no"], one["staff_id"], one["bp"]) for one in sold] == [(2, other, 10_000)]
    session.rollback()
    noted = session.execute(text("SELECT line_no, note, printed FROM order_note ORDER BY line_no")).all()
    assert [tuple(row) for row in noted] == [(0, "礼品装", True), (2, "切片", True)]


def test_a_net_of_zero_moves_no_money_at_all(client, shop, session):
    till = client()
    old = _sold(till, shop, 990, milk=1)
    done, shown = _exchange(till, _asks(shop, old["no"], {1: 1}, milk=1))
    assert (done.status_code, shown["net_fen"], shown["back"]) == (201, 0, [])
    assert [one["kind"] for one in done.json["receipt"]["tenders"]] == ["exchange"]
    assert _drawer(session, shop) == 990
    kinds = session.execute(text("SELECT kind FROM refund")).scalars().all()
    assert (kinds, _stock(session, shop, "milk")) == (["exchange"], 4)
    assert not books(session)


def test_goods_that_were_exchanged_give_back_what_was_once_paid_and_where(client, shop, session):
    """Exchanged twice, then brought back: every fen is cash again, and no more than was taken."""
    till = client()
    old = _sold(till, shop, 990, milk=1)
    first, _ = _exchange(till, _asks(shop, old["no"], {1: 1}, milk=1))
    second, _ = _exchange(till, _asks(shop, first.json["receipt"]["no"], {1: 1}, bread=1))
    assert second.status_code == 201, second.json
    back = {"order_no": second.json["receipt"]["no"], "lines": [{"line_no": 1, "qty": 1}]}
    plan = till.ask("/api/pos/returns/preview", back).json["preview"]
    assert plan["refunds"] == [{"kind": "cash", "amount_fen": 650}]
    assert till.post("/api/pos/returns", {**back, "expected_refund_fen": 650}).status_code == 201
    assert (_drawer(session, shop), _stock(session, shop, "milk")) == (0, 5)
    assert not books(session)


def test_points_of_both_sides_are_exact(client, shop, session):
    till, now = client(), clock.now()
    member = make.a_member(session, points_of=0, now=now)
    old = _sold(till, shop, 1980, milk=2, more={"member_id": member})
    assert points.balance(session, member).available == 19
    asks = _asks(shop, old["no"], {1: 2}, bread=2, more={"member_id": member})
    done, shown = _exchange(till, asks)
    assert (done.status_code, shown["net_fen"]) == (201, -680)
    session.rollback()
    assert points.balance(session, member).available == 13
    assert not books(session)


def test_stored_value_goes_back_and_is_spent_anew_without_the_code(client, shop, session):
    """Worked table: stored 60 back, WeChat or cash first, stored value last."""
    till, now = client(), clock.now()
    member = make.a_member(session, now=now)
    make.top_up(session, shop, member, 1000, now, bonus_fen=200)
    shown = till.post("/api/pos/members/code", {"code": make.member_code(session, member, now=now)}).json
    paid = [{"kind": "wallet", "amount_fen": 900}, {"kind": "cash", "received_fen": 1080}]
    more = {"member_id": member, "authorisation": shown["authorisation"]}
    old = _sold(till, shop, 1980, *paid, milk=2, more=more)
    asks = _asks(shop, old["no"], {1: 2}, milk=1, bread=1, more={"member_id": member})
    done, shown = _exchange(till, asks)
    assert done.status_code == 201, done.json
    assert (shown["net_fen"], shown["brought_fen"], shown["respent_fen"]) == (-340, 1080, 560)
    assert shown["back"] == [{"kind": "wallet", "amount_fen": 340}]
    session.rollback()
    assert wallet.balance(session, member).have.total_fen == 1200 - 560
    assert not books(session)


@pytest.mark.parametrize(("mode", "more", "less"), [("drop_fen", 650, -340), ("drop_jiao", 600, -300)])
def test_only_the_net_is_rounded_and_on_both_sides_alike(client, shop, session, mode, more, less):
    settle_cash_rounding_to(session, shop, mode)
    till, old = client(), None
    paid = 1980 if mode == "drop_fen" else 1900
    old = _sold(till, shop, 1980, {"kind": "cash", "received_fen": paid}, milk=2)
    done, shown = _exchange(
        till, _asks(shop, old["no"], {1: 1}, milk=1, bread=1), {"kind": "cash", "received_fen": 700}
    )
    assert (done.status_code, shown["net_fen"]) == (201, more), done.json
    assert _drawer(session, shop) == paid + more
    again, shown = _exchange(till, _asks(shop, done.json["receipt"]["no"], {1: 1}, bread=1))
    assert (again.status_code, shown["net_fen"]) == (201, less), again.json
    assert _drawer(session, shop) == paid + more + less
    assert not books(session)


def settle_cash_rounding_to(session, shop, mode):
    with transaction(session):
        settle_cash_rounding(session, shop.store_id, mode, actor="test", now=clock.now())


def test_a_repeat_is_answered_with_the_first_receipt_and_another_net_is_refused(client, shop, session):
    till = client()
    old = _sold(till, shop, 990, milk=1)
    asks = _asks(shop, old["no"], {1: 1}, bread=1)
    refused, _ = _exchange(till, asks, net=-339)
    assert (refused.status_code, refused.json["code"]) == (409, "exchange_changed")
    assert (_stock(session, shop, "milk"), _drawer(session, shop)) == (4, 990)
    once = str(uuid.uuid4())
    agreed = {**asks, "expected_refund_fen": 990, "expected_net_fen": -340, "request_id": once}
    first, again = till.post("/api/pos/exchanges", agreed), till.post("/api/pos/exchanges", agreed)
    assert (first.status_code, again.status_code, again.json) == (201, 201, first.json)
    assert session.execute(text("SELECT count(*) FROM exchange")).scalar_one() == 1
    assert not books(session)


def test_too_little_cash_leaves_both_sides_as_they_were(client, shop, session):
    till = client()
    old = _sold(till, shop, 650, bread=1)
    asks = _asks(shop, old["no"], {1: 1}, milk=1)
    done, _ = _exchange(till, asks, {"kind": "cash", "received_fen": 300})
    assert (done.status_code, done.json["code"], done.json["facts"]) == (409, "tender_short", {"missing_fen": 40})
    assert (_stock(session, shop, "milk"), _stock(session, shop, "bread")) == (5, 99)
    assert session.execute(text("SELECT count(*) FROM sale_return")).scalar_one() == 0
    assert not books(session)


def test_units_that_are_not_for_sale_are_set_apart(client, shop, session):
    till = client()
    old = _sold(till, shop, 1980, milk=2)
    asks = _asks(shop, old["no"], {1: 2}, bread=1)
    asks["back"][0]["aside"] = 1
    done, _ = _exchange(till, asks)
    assert done.status_code == 201, done.json
    session.rollback()
    level = session.execute(
        text("SELECT on_hand, quarantine FROM stock_level WHERE sku_id = :sku"), {"sku": shop.skus["milk"]}
    )
    assert tuple(level.one()) == (5, 1)
    assert not books(session)


def test_of_eight_exchanges_of_one_unit_at_once_one_happens(app, client, shop, session):
    old = _sold(client(), shop, 990, milk=1)
    asks = _asks(shop, old["no"], {1: 1}, bread=1)

    def swap(_):
        till = Client(app, shop.till_token)
        till.sign_in("cashier-S1")
        agreed = {**asks, "expected_refund_fen": 990, "expected_net_fen": -340, "tenders": []}
        answer = till.post("/api/pos/exchanges", agreed)
        return answer.json.get("code", "done")

    with ThreadPoolExecutor(8) as pool:
        ended = sorted(pool.map(swap, range(8)))
    assert ended == ["done"] + ["too_much_returned"] * 7
    assert (_drawer(session, shop), _stock(session, shop, "bread")) == (650, 99)
    assert not books(session)


def test_a_payment_code_pays_the_difference_and_until_then_nothing_moved(client, shop, session, wechat):
    till = client()
    old = _sold(till, shop, 650, bread=1)
    codepay.behave(wechat.world, PERSON, asked=True, types_after_s=5)
    asks = _asks(shop, old["no"], {1: 1}, milk=1, more={"by_code": True})
    done, shown = _exchange(till, asks, {"kind": "code", "auth_code": codepay.show(wechat.world, PERSON)})
    assert (done.status_code, done.json["payment"]["amount_fen"], shown["net_fen"]) == (202, 340, 340)
    assert (_stock(session, shop, "bread"), _drawer(session, shop)) == (99, 650)
    back = {"order_no": old["no"], "lines": [{"line_no": 1, "qty": 1}], "expected_refund_fen": 650}
    refused = till.post("/api/pos/returns", back)
    assert (refused.status_code, refused.json["code"]) == (409, "exchange_waiting")
    wechat.later(6)
    watch_codes.run()
    found = till.get(f"/api/pos/payments/{done.json['payment']['tender_id']}").json
    assert (found["payment"]["state"], found["receipt"]["exchange"]["no"]) == ("paid", old["no"])
    assert (_stock(session, shop, "bread"), _stock(session, shop, "milk"), _drawer(session, shop)) == (100, 4, 650)
    assert not books(session)


def test_a_reversed_code_leaves_nothing_moved_and_the_goods_may_be_returned(client, shop, session, wechat):
    till = client()
    old = _sold(till, shop, 650, bread=1)
    codepay.behave(wechat.world, PERSON, asked=True, types_after_s=None)
    asks = _asks(shop, old["no"], {1: 1}, milk=1, more={"by_code": True})
    done, _ = _exchange(till, asks, {"kind": "code", "auth_code": codepay.show(wechat.world, PERSON)})
    wechat.later(16)
    till.post(f"/api/pos/payments/{done.json['payment']['tender_id']}/cancel")
    wechat.later(5)
    watch_codes.run()
    assert (_stock(session, shop, "bread"), _stock(session, shop, "milk"), _drawer(session, shop)) == (99, 5, 650)
    states = session.execute(text("SELECT o.state, e.return_id FROM sale_order o JOIN exchange e ON e.order_id = o.id"))
    assert [tuple(row) for row in states] == [("cancelled", None)]
    back = {"order_no": old["no"], "lines": [{"line_no": 1, "qty": 1}], "expected_refund_fen": 650}
    assert till.post("/api/pos/returns", back).status_code == 201
    assert not books(session)


def test_goods_that_give_back_less_by_then_leave_all_undone_and_the_money_goes_back(
    client, shop, session, wechat, monkeypatch
):
    """The member spends the points of the old sale while the code waits, and these terms take them off the refund."""
    made = replace(terms.Terms(), redeem_step=1, shortfall="deduct_refund")
    monkeypatch.setattr(terms, "_stale", lambda: False)
    monkeypatch.setattr(terms._Known, "versions", [(datetime(2000, 1, 1, tzinfo=UTC), made)])
    till, now = client(), clock.now()
    member = make.a_member(session, now=now)
    old = _sold(till, shop, 650, bread=1, more={"member_id": member})
    codepay.behave(wechat.world, PERSON, asked=True, types_after_s=5)
    asks = _asks(shop, old["no"], {1: 1}, milk=1, more={"by_code": True, "member_id": member})
    done, shown = _exchange(till, asks, {"kind": "code", "auth_code": codepay.show(wechat.world, PERSON)})
    assert (done.status_code, shown["net_fen"]) == (202, 340)
    with open_session() as mall, transaction(mall):
        points.spend(mall, member, 6, source="x:1", actor="t", now=now)
    wechat.later(6)
    watch_codes.run()
    assert (_stock(session, shop, "bread"), _stock(session, shop, "milk"), _drawer(session, shop)) == (99, 5, 650)
    found = till.get(f"/api/pos/payments/{done.json['payment']['tender_id']}").json["payment"]
    assert (found["state"], found["words"]) == ("reversed", "refunded")
    wechat.later(1)
    ids = session.execute(text("SELECT id FROM journal WHERE kind = 'refund.requested'")).scalars().all()
    assert send_refunds.run(ids) == 1
    assert [one["refund"] for one in wechat.world.refunds.values()] == [340]
    assert not books(session)


def test_wechat_money_goes_on_to_the_new_goods_and_back_to_its_own_payment(client, shop, session, wechat):
    till = client()
    codepay.behave(wechat.world, PERSON)
    code = {"kind": "code", "auth_code": codepay.show(wechat.world, PERSON)}
    old = _sold(till, shop, 1980, code, milk=2)
    done, shown = _exchange(till, _asks(shop, old["no"], {1: 2}, milk=1))
    assert (done.status_code, shown["back"]) == (201, [{"kind": "wechat", "amount_fen": 990}])
    back = {"order_no": done.json["receipt"]["no"], "lines": [{"line_no": 1, "qty": 1}], "expected_refund_fen": 990}
    last = till.post("/api/pos/returns", back)
    assert last.json["return"]["refunds"] == [{"kind": "wechat", "amount_fen": 990}]
    session.rollback()
    ids = session.execute(text("SELECT id FROM journal WHERE kind = 'refund.requested' ORDER BY id")).scalars().all()
    assert send_refunds.run(ids[:1]) == 1
    wechat.later(90)
    assert send_refunds.run(ids[1:]) == 1
    assert [sum(r["refund"] for r in wechat.world.refunds.values())] == [1980]
    assert _drawer(session, shop) == 0
    assert not books(session)
