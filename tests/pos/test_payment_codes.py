"""A payment code at the till, against WeChat as the stand-in speaks it."""

from __future__ import annotations

import logging
import random
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from config import clock
from config.db import open_session
from paying import code, told
from tests import factories as make
from tests.pos import drawer
from tests.stories import books
from tests.wechat_stand_in.pay import codepay
from tests.wechat_stand_in.reading import FIRST, SECOND
from trade.orders.pay import Outcome
from trade.payments.moves import Paid
from workers.jobs import watch_codes

PERSON = "oTongdian0001"


BOTH = pytest.mark.parametrize("wechat", [FIRST, SECOND], ids=["first", "second"], indirect=True)


CODEPAY, REVERSE = "/v3/pay/transactions/codepay", "*/reverse"


def _sale(shop, due, auth_code, *more, member=None, **goods):
    lines = [{"sku_id": shop.skus[name], "qty": qty} for name, qty in goods.items()]
    tenders = [*more, {"kind": "code", "auth_code": auth_code}]
    return {
        "lines": lines,
        "expected_payable_fen": due,
        "tenders": tenders,
        **({"member_id": member} if member else {}),
    }


def _shown(wechat, **habit):
    """A code on the phone of somebody who pays so."""
    codepay.behave(wechat.world, PERSON, **habit)
    return codepay.show(wechat.world, PERSON)


def _asks(wechat, types_after_s=5, **habit):
    return _shown(wechat, asked=True, types_after_s=types_after_s, **habit)


def _stock(session, shop):
    said = "SELECT on_hand, held FROM stock_level WHERE store_id = :store AND sku_id = :sku"
    return tuple(session.execute(text(said), {"store": shop.store_id, "sku": shop.skus["milk"]}).one())


def _ended(session, shop, wechat, *states, on_hand=5):
    """Every sale ended in these states, nothing is held, WeChat has exactly what was sold, and the books agree."""
    session.close()
    ended = session.execute(text("SELECT state FROM sale_order ORDER BY id")).scalars().all()
    assert ended == list(states)
    assert _stock(session, shop) == (on_hand, 0)
    sold = session.execute(
        text("SELECT coalesce(sum(amount_fen), 0) FROM tender WHERE way = 'code' AND state = 'paid'")
    )
    kept = sum(one["total"] for one in wechat.world.orders.values() if one["state"] in ("SUCCESS", "REFUND"))
    assert kept == sold.scalar_one()
    assert not books(session)


def _state(till, answer):
    return till.get(f"/api/pos/payments/{answer.json['payment']['tender_id']}").json["payment"]


def test_a_code_without_a_password_is_paid_at_once(client, shop, session, wechat):
    till = client()
    answer = till.post("/api/pos/sales", _sale(shop, 1980, _shown(wechat), milk=2))
    assert answer.status_code == 201, answer.json
    receipt = answer.json["receipt"]
    assert receipt["tenders"] == [
        {"kind": "wechat", "amount_fen": 1980, "received_fen": 0, "change_fen": 0, "state": "paid"}
    ]
    assert (receipt["state"], answer.json["payment"]["state"]) == ("done", "paid")
    assert till.get("/api/pos/payments/open").json == {"payments": []}
    assert till.get("/api/pos/shift").json["shift"]["sales"] == 1
    assert "微信支付" in till.paper(receipt["no"]).text
    _ended(session, shop, wechat, "done", on_hand=3)


@BOTH
def test_who_types_the_password_has_paid_and_until_then_the_till_waits(client, shop, session, wechat):
    till = client()
    answer = till.post("/api/pos/sales", _sale(shop, 990, _asks(wechat, 5), milk=1))
    payment = answer.json["payment"]
    assert (answer.status_code, payment["state"], payment["words"]) == (202, "paying", "paying")
    assert _stock(session, shop) == (5, 1)
    assert till.get("/api/pos/payments/open").json["payments"] == [payment]
    for refused, why in (
        (
            till.post("/api/pos/sales", _sale(shop, 990, codepay.show(wechat.world, PERSON), milk=1)),
            "code_payment_open",
        ),
        (till.post(f"/api/pos/payments/{payment['tender_id']}/cancel"), "too_early_to_cancel"),
        (till.post(f"/api/pos/shifts/{drawer.count(till, shop, 20_000)['id']}/settle"), "code_payments_open"),
    ):
        assert (refused.status_code, refused.json["code"]) == (409, why)
    asked = wechat.world.calls["codepay"]
    assert till.post(f"/api/pos/payments/{payment['tender_id']}/ask").json["payment"]["state"] == "paying"
    assert wechat.world.calls["codepay"] == asked == 1
    wechat.later(6)
    assert watch_codes.run() == 1
    found = till.get(f"/api/pos/payments/{payment['tender_id']}").json
    assert (found["payment"]["state"], found["receipt"]["state"]) == ("paid", "done")
    settled = till.post(f"/api/pos/shifts/{shop.shift_id}/settle").json["shift"]
    assert (settled["state"], settled["difference_fen"], settled["sales"]) == ("settled", 0, 1)
    _ended(session, shop, wechat, "done", on_hand=4)


@BOTH
def test_who_never_types_it_is_let_go_and_keeps_everything(client, shop, session, wechat):
    till, now = client(), clock.now()
    member = make.a_member(session, phone="13812342046", points_of=1_000, now=now)
    make.top_up(session, shop, member, 5_000, now)
    shown = till.post("/api/pos/members/code", {"code": make.member_code(session, member, now=now)}).json
    wallet = {"kind": "wallet", "amount_fen": 300}
    coupon = make.a_coupon(session, member, now)
    sale = _sale(shop, 1_980 - 500 - 100, _asks(wechat, None), wallet, member=member, milk=2)
    sale |= {"points": 100, "coupon_ids": [coupon], "authorisation": shown["authorisation"]}
    answer = till.post("/api/pos/sales", sale)
    assert (answer.status_code, answer.json["payment"]["amount_fen"]) == (202, 1_080), answer.json
    for _ in range(wechat.lives_s // 3):
        wechat.later(3)
        watch_codes.run()
    assert (_state(till, answer)["state"], _state(till, answer)["words"]) == ("reversed", "reversed")
    assert session.execute(text("SELECT state FROM coupon")).scalar_one() == "issued"
    balances = "SELECT account, balance FROM lot_account WHERE balance > 0 ORDER BY 1"
    assert dict(map(tuple, session.execute(text(balances)).all())) == {"points": 1_000, "stored_principal": 5_000}
    _ended(session, shop, wechat, "cancelled")
    assert till.post("/api/pos/sales", _sale(shop, 990, _shown(wechat), milk=1)).status_code == 201


@BOTH
def test_the_cashier_cancels_after_fifteen_seconds_and_it_is_reversed_until_wechat_agrees(
    client, shop, session, wechat
):
    till = client()
    answer = till.post("/api/pos/sales", _sale(shop, 990, _asks(wechat, None), milk=1))
    wechat.later(16)
    wechat.world.faults.plant("reverse_refused", 2)
    cancelled = till.post(f"/api/pos/payments/{answer.json['payment']['tender_id']}/cancel").json
    assert cancelled["payment"]["state"] == "reversing"
    wechat.later(2)
    watch_codes.run()
    assert _state(till, answer)["state"] == "reversing"
    wechat.later(3)
    watch_codes.run()
    assert _state(till, answer)["state"] == "reversed"
    told_of = "SELECT kind, actor FROM journal WHERE kind LIKE 'payment.%' ORDER BY id"
    actor = session.execute(text(told_of)).all()
    assert [tuple(row) for row in actor] == [
        ("payment.reversing", f"staff:{shop.people['cashier']}"), ("payment.reversed", "wechat")
    ]  # fmt: skip
    _ended(session, shop, wechat, "cancelled")


@pytest.mark.parametrize("at", ["before_cancel", "while_reversing"])
def test_who_pays_while_the_cashier_cancels_has_bought_it_or_has_the_money_back(client, shop, session, wechat, at):
    till = client()
    answer = till.post("/api/pos/sales", _sale(shop, 990, _asks(wechat, 14 if at == "before_cancel" else None), milk=1))
    wechat.later(16)
    if at == "while_reversing":
        wechat.world.faults.plant("pays_before_reverse")
    said = till.post(f"/api/pos/payments/{answer.json['payment']['tender_id']}/cancel").json
    if at == "before_cancel":
        assert (said["payment"]["state"], said["receipt"]["state"]) == ("paid", "done")
        _ended(session, shop, wechat, "done", on_hand=4)
    else:
        assert said["payment"]["state"] == "reversed"
        assert [one["reversed_fen"] for one in wechat.world.orders.values()] == [990]
        _ended(session, shop, wechat, "cancelled")


def test_a_password_that_is_refused_ends_after_fifteen_seconds(client, shop, session, wechat):
    till = client()
    answer = till.post("/api/pos/sales", _sale(shop, 990, _asks(wechat, 2, cancels=True), milk=1))
    for _ in range(6):
        wechat.later(3)
        watch_codes.run()
    assert (_state(till, answer)["state"], _state(till, answer)["words"]) == ("reversed", "not_taken")
    _ended(session, shop, wechat, "cancelled")


@pytest.mark.parametrize("how", ["unknown", "used", "expired"])
def test_a_code_that_wechat_refuses_ends_at_once(client, shop, session, wechat, how):
    till = client()
    shown = "134567890123456789" if how == "unknown" else _shown(wechat)
    if how == "used":
        wechat.world.auth_codes[shown]["used"] = True
    if how == "expired":
        wechat.later(61)
    answer = till.post("/api/pos/sales", _sale(shop, 990, shown, milk=1))
    words = "code_expired" if how == "expired" else "code_invalid"
    assert (answer.status_code, answer.json["payment"]["state"], answer.json["payment"]["words"]) == (
        202, "reversed", words
    )  # fmt: skip
    _ended(session, shop, wechat, "cancelled")
    assert till.post("/api/pos/sales", _sale(shop, 990, _shown(wechat), milk=1)).status_code == 201


@pytest.mark.parametrize("fault", ["answer_lost", "server_error_after", "truncated", "reset", "server_error"])
def test_an_answer_that_never_came_is_unknown_until_wechat_is_asked(client, shop, session, wechat, fault):
    till = client()
    wechat.world.faults.plant(fault, path=CODEPAY)
    answer = till.post("/api/pos/sales", _sale(shop, 990, _shown(wechat), milk=1))
    assert (answer.status_code, answer.json["payment"]["state"]) == (202, "unknown")
    assert till.post("/api/pos/sales", _sale(shop, 990, _shown(wechat), milk=1)).json["code"] == "code_payment_open"
    for _ in range(4):
        wechat.later(5)
        watch_codes.run()
    charged = fault not in ("reset", "server_error")
    assert _state(till, answer)["state"] == ("paid" if charged else "reversed")
    _ended(session, shop, wechat, "done" if charged else "cancelled", on_hand=4 if charged else 5)


def test_an_intent_that_nobody_sent_is_given_up_and_a_retry_in_time_sends_it(
    client, shop, session, wechat, monkeypatch
):
    till, sent = client(), code.start
    for retried in (False, True):
        sale = _sale(shop, 990, _shown(wechat), milk=1) | {"request_id": f"{int(retried)}" * 32}
        monkeypatch.setattr(code, "start", lambda *_: 1 / 0)
        assert till.post("/api/pos/sales", sale).status_code == 500
        monkeypatch.setattr(code, "start", sent)
        if not retried:
            wechat.later(11)
            watch_codes.run()
        answer = till.post("/api/pos/sales", sale)
        assert (answer.status_code, answer.json["payment"]["state"]) == (
            (201, "paid") if retried else (202, "reversed")
        )
    assert wechat.world.calls["codepay"] == 1
    _ended(session, shop, wechat, "cancelled", "done", on_hand=4)


def test_one_request_or_one_code_however_often_at_once_is_charged_once(app, client, shop, session, wechat):
    tills = [client() for _ in range(6)]
    auth_code = _shown(wechat)
    sale = _sale(shop, 990, auth_code, milk=1) | {"request_id": "a" * 32}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda till: till.post("/api/pos/sales", sale), tills))
    assert len({answer.json["payment"]["tender_id"] for answer in answers}) == 1
    assert wechat.world.calls["codepay"] == 1
    assert tills[0].post("/api/pos/sales", sale).status_code == 201
    other = _sale(shop, 990, codepay.show(wechat.world, PERSON), milk=1) | {"request_id": "a" * 32}
    assert tills[0].post("/api/pos/sales", other).json["code"] == "request_id_reused"

    def at_once(till):
        return till.post("/api/pos/sales", _sale(shop, 990, auth_code_2, milk=1))

    auth_code_2 = _asks(wechat, None)
    with ThreadPoolExecutor(6) as pool:
        said = [answer.json.get("code", "charged") for answer in pool.map(at_once, tills)]
    assert sorted(said) == ["charged", *["code_payment_open"] * 5]
    assert wechat.world.calls["codepay"] == 2


def test_a_code_at_two_tills_is_charged_at_one(app, client, shop, session, wechat):
    there = make.open_shop(session, code="S2", now=clock.now())
    other = type(client())(app, there.till_token)
    assert other.sign_in("cashier-S2").status_code == 200
    auth_code = _asks(wechat, 3)
    assert client().post("/api/pos/sales", _sale(shop, 990, auth_code, milk=1)).status_code == 202
    second = other.post("/api/pos/sales", _sale(there, 990, auth_code, milk=1))
    assert (second.status_code, second.json["code"]) == (409, "payment_code_used")
    wechat.later(4)
    watch_codes.run()
    _ended(session, shop, wechat, "done", on_hand=4)


def test_cash_stored_value_and_a_code_pay_together_and_go_back_where_they_came_from(client, shop, session, wechat):
    till, now = client(), clock.now()
    member = make.a_member(session, phone="13812342046", now=now)
    make.top_up(session, shop, member, 5_000, now)
    shown = till.post("/api/pos/members/code", {"code": make.member_code(session, member, now=now)}).json
    more = ({"kind": "cash", "received_fen": 700}, {"kind": "wallet", "amount_fen": 300})
    sale = _sale(shop, 1_980, _shown(wechat), *more, member=member, milk=2)
    answer = till.post("/api/pos/sales", sale | {"authorisation": shown["authorisation"]})
    assert answer.status_code == 201, answer.json
    receipt = answer.json["receipt"]
    assert {one["kind"]: one["amount_fen"] for one in receipt["tenders"]} == {"cash": 700, "wallet": 300, "wechat": 980}
    assert receipt["member"]["points_earned"] > 0
    back = {"order_no": receipt["no"], "lines": [{"line_no": 1, "qty": 1}]}
    fen = till.ask("/api/pos/returns/preview", back).json["preview"]["refund_fen"]
    assert till.post("/api/pos/returns", back | {"expected_refund_fen": fen}).status_code == 201
    refunds = session.execute(text("SELECT kind, amount_fen FROM refund ORDER BY kind")).all()
    assert dict(map(tuple, refunds)) == {"wallet": 150, "wechat": 840}
    nothing_left = _sale(shop, 990, _shown(wechat), {"kind": "cash", "received_fen": 990}, milk=1)
    assert till.post("/api/pos/sales", nothing_left).json["code"] == "nothing_for_code"
    assert not books(session)
    assert drawer.close(till, shop, 20_700 + 5_000)["difference_fen"] == 0


def test_a_code_pays_to_the_fen_where_cash_is_rounded(client, shop, session, wechat):
    session.execute(text("UPDATE store SET cash_rounding = 'drop_jiao'"))
    answer = client().post("/api/pos/sales", _sale(shop, 990, _shown(wechat), milk=1))
    assert (answer.status_code, answer.json["payment"]["amount_fen"]) == (201, 990)
    assert answer.json["receipt"]["rounding_fen"] == 0


def test_the_code_itself_is_kept_and_logged_nowhere(client, shop, session, wechat, caplog):
    caplog.set_level(logging.DEBUG)
    till, auth_code = client(), _asks(wechat, 3)
    assert till.post("/api/pos/sales", _sale(shop, 990, auth_code, milk=1)).status_code == 202
    for bad in (f"{auth_code}1", f"2{auth_code[1:]}"):
        refused = till.post("/api/pos/sales", _sale(shop, 990, bad, milk=1))
        assert (refused.status_code, auth_code[1:] in refused.text) == (422, False)
    wechat.later(4)
    watch_codes.run()
    for table in ("tender", "request_answer", "journal", "sale_order"):
        rows = session.execute(text(f"SELECT to_jsonb(t)::text FROM {table} t")).scalars().all()
        assert rows
        assert not [row for row in rows if auth_code in row]
    assert auth_code not in caplog.text


def test_an_old_word_of_a_reversed_payment_proves_nothing_and_a_new_one_is_refunded(client, shop, session, wechat):
    till = client()
    answer = till.post("/api/pos/sales", _sale(shop, 990, _asks(wechat, None), milk=1))
    wechat.later(16)
    till.post(f"/api/pos/payments/{answer.json['payment']['tender_id']}/cancel")
    one = next(iter(wechat.world.orders.values()))
    fact = Paid(one["out_trade_no"], "4200", 990, PERSON)
    assert told.apply(session, fact, now=clock.now()) is Outcome.ASK_AGAIN
    _ended(session, shop, wechat, "cancelled")
    one |= {"state": "SUCCESS", "transaction_id": "4200", "success_time": wechat.world.beijing()}
    assert told.apply(session, fact, now=clock.now()) is Outcome.REFUNDED_LATE
    assert told.apply(session, fact, now=clock.now()) is Outcome.REPEATED
    owed = session.execute(text("SELECT refund_no, amount_fen FROM refund")).one()
    assert (owed.refund_no.startswith("L"), owed.amount_fen) == (True, 990)
    assert (_state(till, answer)["state"], _state(till, answer)["words"]) == ("reversed", "refunded")


def test_poll_cancel_and_a_typed_password_at_once_end_in_one_of_the_two(client, shop, session, wechat):
    """Four look, one cancels, one types: whoever is first, it is sold and paid, or reversed and given back."""
    till, dice = client(), random.Random(7)
    states = []
    for _ in range(5):
        tender_id = till.post("/api/pos/sales", _sale(shop, 990, _asks(wechat, None), milk=1)).json["payment"][
            "tender_id"
        ]
        wechat.later(16)
        number = list(wechat.world.orders)[-1]
        fact = Paid(number, "4200", 990, PERSON)

        def look(_, tender_id=tender_id):
            with open_session() as own:
                code.follow(own, shop.store_id, tender_id)

        acts = [look] * 4
        acts.append(lambda _, tender_id=tender_id: till.post(f"/api/pos/payments/{tender_id}/cancel"))
        acts.append(lambda _, number=number: codepay.type_password(wechat.world, number))
        dice.shuffle(acts)
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda act: act(None), acts))
        for _ in range(3):
            wechat.later(5)
            watch_codes.run()
        told.apply(session, fact, now=clock.now())
        states.append(session.execute(text("SELECT state FROM sale_order ORDER BY id DESC LIMIT 1")).scalar_one())
        session.close()
    _ended(session, shop, wechat, *states, on_hand=5 - states.count("done"))


def test_a_till_that_did_not_hear_the_answer_is_told_what_became_of_its_sale(client, shop, wechat):
    till = client()
    body = _sale(shop, 990, codepay.show(wechat.world, PERSON), milk=1) | {"request_id": str(uuid.uuid4())}
    path = f"/api/pos/payments/of/{body['request_id']}"
    assert till.get(path).status_code == 404
    sold = till.post("/api/pos/sales", body).json
    found = till.get(path)
    assert (found.status_code, found.json["receipt"]["no"]) == (200, sold["receipt"]["no"])
