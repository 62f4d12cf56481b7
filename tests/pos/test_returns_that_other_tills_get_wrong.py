"""Complaints of table 4 about what comes back at a till (till-and-store-desk.md), each by its number."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from member import points, wallet
from tests import factories as make
from tests.pos.conftest import Client
from tests.stories import books
from tests.wechat_stand_in.pay import codepay
from trade.pricing.promotions.moves import settle_cash_rounding
from trade.stores.models import Role

MODES = ("none", "drop_fen", "drop_jiao", "half_up", "half_down")


def _lines(shop, **goods):
    return [{"sku_id": shop.skus[name], "qty": qty} for name, qty in goods.items()]


def _sold(till, shop, due, *tenders, more=None, **goods):
    body = {"lines": _lines(shop, **goods), "expected_payable_fen": due, "tenders": list(tenders), **(more or {})}
    answer = till.post("/api/pos/sales", body)
    assert answer.status_code == 201, answer.json
    return answer.json["receipt"]["no"]


def _back(till, no, units, line_no=1):
    asked = {"order_no": no, "lines": [{"line_no": line_no, "qty": units}]}
    plan = till.ask("/api/pos/returns/preview", asked).json["preview"]
    done = till.post("/api/pos/returns", {**asked, "expected_refund_fen": plan["refund_fen"]})
    assert done.status_code == 201, done.json
    return plan


def _gave(session, kind="cash"):
    session.rollback()
    said = "SELECT coalesce(sum(amount_fen), 0) FROM refund WHERE kind = :kind"
    return int(session.execute(text(said), {"kind": kind}).scalar_one())


def test_buying_and_bringing_back_a_hundred_times_neither_makes_nor_takes_a_point(client, shop, session):
    """Complaint 4.7, and 4.8: points of the sale are taken back, points spent come back, and no return spends any."""
    till, member = client(), make.a_member(session, points_of=1_000, now=clock.now())
    says = {"member_id": member, "staff_id": shop.people[Role.STORE_MANAGER], "pin": make.PIN, "reason": "手机没电"}
    for _ in range(100):
        proved = till.post("/api/pos/members/approve", says).json
        leave = {"member_id": member, "points": 100, "authorisation": proved["authorisation"]}
        no = _sold(till, shop, 1880, {"kind": "cash", "received_fen": 1880}, more=leave, milk=2)
        _back(till, no, 1)
        _back(till, no, 1)
    assert points.balance(session, member).available == 1_000
    spent = "SELECT count(*), sum(quantity) FROM lot_entry WHERE account = 'points' AND event = 'spend'"
    assert session.execute(text(spent)).one() == (100, -10_000)
    assert session.execute(text("SELECT count(*) FROM sale_return")).scalar_one() == 200
    session.rollback()
    assert not books(session)


@pytest.mark.parametrize("mode", MODES)
def test_all_of_a_rounded_sale_gives_back_exactly_the_cash_it_took(client, shop, session, mode):
    """Complaint 4.15: at once, unit by unit, and as the net of an exchange in both signs."""
    with transaction(session):
        settle_cash_rounding(session, shop.store_id, mode, actor="t", now=clock.now())
    till, took = client(), 0
    for grams in (531, 127, 4):  # 6.36, 1.52 and 0.05
        quote = till.ask("/api/pos/quote", {"lines": _lines(shop, apple=grams, bread=1)}).json["quote"]
        due = quote["payable_fen"] + quote["rounding_fen"]
        cash = {"kind": "cash", "received_fen": due}
        no = _sold(till, shop, quote["payable_fen"], cash, apple=grams, bread=1)
        _back(till, no, grams)
        _back(till, no, 1, line_no=2)
        took += due
        assert _gave(session) == took, (mode, grams)
    old = _sold(till, shop, 650, {"kind": "cash", "received_fen": 650}, bread=1)
    before = _drawer(session)
    for goods in ({"apple": 531}, {"apple": 562}, {"bread": 1}):
        asked = {"order_no": old, "back": [{"line_no": 1, "qty": _units(till, old)}], "lines": _lines(shop, **goods)}
        seen = till.ask("/api/pos/exchanges/preview", asked).json
        net = seen["exchange"]["net_fen"]
        agreed = {"expected_refund_fen": seen["preview"]["refund_fen"], "expected_net_fen": net}
        pays = [{"kind": "cash", "received_fen": net}] if net > 0 else []
        done = till.post("/api/pos/exchanges", {**asked, **agreed, "tenders": pays})
        assert done.status_code == 201, done.json
        assert (net % 10 == 0) or mode == "none", (mode, net)
        before += net
        assert _drawer(session) == before
        old = done.json["receipt"]["no"]
    _back(till, old, _units(till, old))
    assert _drawer(session) == 0
    session.rollback()
    assert not books(session)


def _units(till, no):
    return till.get(f"/api/pos/receipts/{no}").json["receipt"]["lines"][0]["qty"]


def _drawer(session):
    session.rollback()
    said = """SELECT (SELECT coalesce(sum(amount_fen), 0) FROM tender WHERE kind = 'cash' AND state = 'paid')
                   - (SELECT coalesce(sum(amount_fen), 0) FROM refund WHERE kind = 'cash')"""
    return int(session.execute(text(said)).scalar_one())


def test_a_split_payment_goes_back_the_ways_it_came_and_none_gets_more_than_it_gave(client, shop, session, wechat):
    """Complaint 4.18: stored value by its share, then WeChat, then cash, each up to what it took."""
    till, now = client(), clock.now()
    member = make.a_member(session, now=now)
    make.top_up(session, shop, member, 1_000, now)
    proved = till.post("/api/pos/members/code", {"code": make.member_code(session, member, now=now)}).json
    codepay.behave(wechat.world, "oTongdian0001")
    paid = [
        {"kind": "wallet", "amount_fen": 500},
        {"kind": "cash", "received_fen": 480},
        {"kind": "code", "auth_code": codepay.show(wechat.world, "oTongdian0001")},
    ]
    leave = {"member_id": member, "authorisation": proved["authorisation"]}
    no = _sold(till, shop, 1980, *paid, more=leave, milk=2)
    first, second = _back(till, no, 1), _back(till, no, 1)
    told = [{one["kind"]: one["amount_fen"] for one in plan["refunds"]} for plan in (first, second)]
    assert told == [{"wallet": 250, "wechat": 740}, {"wallet": 250, "wechat": 260, "cash": 480}]
    session.rollback()
    assert wallet.balance(session, member).have.total_fen == 1_000
    session.rollback()
    assert not books(session)


def test_of_returns_and_exchanges_of_two_units_at_once_no_more_comes_back_than_was_paid(app, client, shop, session):
    """Complaint 4.12: eight tills, one receipt, two units of 9.90."""
    no = _sold(client(), shop, 1980, {"kind": "cash", "received_fen": 1980}, milk=2)

    def bring(at):
        till = Client(app, shop.till_token)
        till.sign_in("cashier-S1")
        if at % 2:
            asked = {"order_no": no, "lines": [{"line_no": 1, "qty": 1}], "expected_refund_fen": 990}
            return till.post("/api/pos/returns", asked).json.get("code", "done")
        asked = {"order_no": no, "back": [{"line_no": 1, "qty": 1}], "lines": _lines(shop, bread=1)}
        agreed = {"expected_refund_fen": 990, "expected_net_fen": -340, "tenders": []}
        return till.post("/api/pos/exchanges", {**asked, **agreed}).json.get("code", "done")

    with ThreadPoolExecutor(8) as pool:
        ended = Counter(pool.map(bring, range(8)))
    assert ended == {"done": 2, "too_much_returned": 6}
    assert session.execute(text("SELECT sum(refund_fen) FROM sale_return")).scalar_one() == 1980
    session.rollback()
    assert not books(session)
