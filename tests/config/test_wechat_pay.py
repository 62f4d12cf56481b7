from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from flask import Flask

from config.clock import SHANGHAI
from config.wechat.given import WeChatFailed
from config.wechat.pay import Found, Pay
from tests.servers import running
from tests.wechat_stand_in.pay import orders as stand_in_pay
from trade.payments.bills import parse_funds, parse_trades

NO = "TD000001"
LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def pay(wechat):
    return Pay(wechat.given)


def _prepay(pay, no=NO, fen=990, openid="o1", until=LATER):
    return pay.prepay(trade_no=no, description="通店订单 1", amount_fen=fen, openid=openid, expires_at=until)


def _settle(wechat, no=NO):
    return stand_in_pay.settle(wechat.world, wechat.notifier, no)


def _paid(wechat, pay, fen=990):
    _prepay(pay, fen=fen)
    assert _settle(wechat)


def test_an_order_is_told_paid_and_found(wechat, pay):
    assert pay.query(NO) is None
    prepay_id = _prepay(pay)
    assert prepay_id.startswith("wx")
    waiting = pay.query(NO)
    assert waiting == Found(NO, "NOTPAY", "", 990, "o1")
    assert (waiting.paid, waiting.closed) == (False, False)
    assert _settle(wechat)
    paid = pay.query(NO)
    assert (paid.paid, paid.closed, paid.amount_fen, paid.transaction_id[:5]) == (True, False, 990, "42000")


def test_the_same_number_with_the_same_facts_is_the_same_order(wechat, pay):
    assert _prepay(pay) == _prepay(pay)
    with pytest.raises(WeChatFailed, match="OUT_TRADE_NO_USED") as refused:
        _prepay(pay, fen=991)
    assert not refused.value.retryable
    assert [order["total"] for order in wechat.world.orders.values()] == [990]


def test_another_expiry_for_the_same_number_is_refused_or_taken(wechat, pay):
    _prepay(pay)
    soon = LATER - timedelta(hours=23, minutes=59)
    if wechat.world.reading.expiry_moves:
        _prepay(pay, until=soon)
    else:
        with pytest.raises(WeChatFailed, match="INVALID_REQUEST"):
            _prepay(pay, until=soon)
    wechat.world.offset_s += 60
    assert _settle(wechat) is not wechat.world.reading.expiry_moves


def test_a_lost_answer_is_asked_for_again_with_the_same_number(wechat, pay):
    wechat.world.faults["prepay_answer_lost"] += 1
    with pytest.raises(WeChatFailed, match="SYSTEM_ERROR") as failed:
        _prepay(pay)
    assert failed.value.retryable
    assert _prepay(pay) == wechat.world.orders[NO]["prepay_id"]


def test_closing_ends_an_order_and_a_paid_one_stays_paid(wechat, pay):
    _prepay(pay)
    if not wechat.world.reading.close_early:
        with pytest.raises(WeChatFailed, match="INVALID_REQUEST"):
            pay.close(NO)
        wechat.world.orders[NO]["made"] -= 300
    pay.close(NO)
    assert (pay.query(NO).closed, _settle(wechat)) == (True, False)
    _prepay(pay, "TD000002")
    assert _settle(wechat, "TD000002")
    pay.close("TD000002")
    assert pay.query("TD000002").paid


def test_closing_an_unknown_order_is_a_failure(pay):
    with pytest.raises(WeChatFailed, match="ORDER_NOT_EXIST"):
        pay.close(NO)


def _refund(pay, fen, number="R1", total=990):
    return pay.refund(trade_no=NO, refund_no=number, refund_fen=fen, total_fen=total, reason="returned")


def test_a_refund_is_asked_once_however_often_it_is_sent(wechat, pay):
    _paid(wechat, pay)
    assert (_refund(pay, 400), _refund(pay, 400), pay.query_refund("R1")) == ("PROCESSING", "SUCCESS", "SUCCESS")
    assert pay.query(NO).paid
    assert [one["refund"] for one in wechat.world.refunds.values()] == [400]


@pytest.mark.parametrize(
    ("fen", "total", "code"),
    [(991, 990, "INVALID_REQUEST"), pytest.param(1, 500, "PARAM_ERROR", marks=pytest.mark.violates("PARAM_ERROR"))],
)
def test_a_wrong_refund_moves_no_money(wechat, pay, fen, total, code):
    _paid(wechat, pay)
    with pytest.raises(WeChatFailed, match=code):
        _refund(pay, fen, total=total)
    assert wechat.world.refunds == {}


def test_a_refund_of_nothing_known_is_a_failure(pay):
    for ask in (lambda: _refund(pay, 1), lambda: pay.query_refund("R1")):
        with pytest.raises(WeChatFailed, match="RESOURCE_NOT_EXISTS"):
            ask()


CALLS = {
    "prepay": _prepay,
    "query": lambda pay: pay.query(NO),
    "close": lambda pay: pay.close(NO),
    "refund": lambda pay: _refund(pay, 1),
    "query_refund": lambda pay: pay.query_refund("R1"),
}


@pytest.mark.parametrize("call", CALLS)
def test_while_wechat_pay_is_unavailable_the_same_call_may_be_repeated(wechat, pay, call):
    wechat.world.faults["pay_unavailable"] += 1
    with pytest.raises(WeChatFailed, match="SYSTEM_ERROR") as failed:
        CALLS[call](pay)
    assert failed.value.retryable
    assert (wechat.world.orders, wechat.world.refunds) == ({}, {})


@pytest.mark.parametrize("call", CALLS)
def test_a_gateway_that_does_not_answer_may_be_asked_again(wechat, call):
    with pytest.raises(WeChatFailed) as failed:
        CALLS[call](Pay(replace(wechat.given, pay_base="http://127.0.0.1:9")))
    assert failed.value.retryable


@pytest.mark.parametrize(
    ("body", "status", "retryable"),
    [
        ("<html>bad gateway</html>", 502, True),
        ("", 502, True),
        ("<html>forbidden</html>", 403, False),
        ("[]", 429, True),
    ],
)
def test_an_answer_that_is_not_json_is_a_failure_and_no_crash(wechat, body, status, retryable):
    odd = Flask("odd")
    odd.add_url_rule("/<path:path>", "any", lambda **_: (body, status), methods=["GET", "POST"])
    with running(odd) as url, pytest.raises(WeChatFailed) as failed:
        _prepay(Pay(replace(wechat.given, pay_base=url)))
    assert failed.value.retryable is retryable


def _pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.violates("SIGN_ERROR")
def test_another_merchants_key_is_refused(wechat):
    thief = Pay(replace(wechat.given, private_key=_pem(generate_private_key(65537, 2048))))
    with pytest.raises(WeChatFailed, match="SIGN_ERROR") as refused:
        _prepay(thief)
    assert (refused.value.retryable, wechat.world.orders) == (False, {})


@pytest.mark.violates("SIGN_ERROR")
@pytest.mark.parametrize("wrong", [{"serial": "AB" * 20}, {"mchid": "1900000110"}])
def test_wrong_credentials_are_refused(wechat, wrong):
    with pytest.raises(WeChatFailed, match="SIGN_ERROR"):
        _prepay(Pay(replace(wechat.given, **wrong)))
    assert wechat.world.orders == {}


@pytest.mark.violates("PARAM_ERROR: appid")
def test_another_apps_order_is_refused(wechat):
    with pytest.raises(WeChatFailed, match="PARAM_ERROR"):
        _prepay(Pay(replace(wechat.given, appid="wxother")))
    assert wechat.world.orders == {}


def test_an_answer_that_wechat_did_not_sign_is_not_believed(wechat):
    other = generate_private_key(65537, 2048).public_key()
    public = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with pytest.raises(WeChatFailed, match="ANSWER_NOT_SIGNED"):
        _prepay(Pay(replace(wechat.given, platform_public_key=public)))


def test_the_client_gets_what_the_phone_checks(wechat, pay):
    given = pay.sign_for_client("wx123")
    assert (given["appId"], given["package"], given["signType"]) == (pay.appid, "prepay_id=wx123", "RSA")
    signed = f"{given['appId']}\n{given['timeStamp']}\n{given['nonceStr']}\n{given['package']}\n"
    wechat.world.keys.merchant.public_key().verify(
        base64.b64decode(given["paySign"]), signed.encode(), PKCS1v15(), SHA256()
    )
    assert pay.sign_for_client("wx123")["nonceStr"] != given["nonceStr"]


def test_the_library_cannot_move_the_gateway(wechat, pay):
    pay._core._gate_way = "https://elsewhere.example"
    assert pay._core._gate_way == wechat.url


def _yesterday(wechat, pay):
    """A payment of yesterday, and the day."""
    _paid(wechat, pay)
    at = datetime.fromtimestamp(wechat.world.now(), SHANGHAI) - timedelta(days=1)
    wechat.world.orders[NO]["success_time"] = at.isoformat(timespec="seconds")
    return at.date()


def test_a_bill_is_fetched_unpacked_and_proved_by_its_hash(wechat, pay):
    day = _yesterday(wechat, pay)
    (line,) = parse_trades(pay.trade_bill(day))
    assert (line.no, line.amount_fen, line.transaction_id[:5]) == (NO, 990, "42000")
    assert [row.kind for row in parse_funds(pay.fund_flow_bill(day))] == ["paid", "fee"]


@pytest.mark.parametrize(
    ("fault", "code"), [("bill_late", "STATEMENT_CREATING"), ("bill_wrong_hash", "BILL_HASH"), (None, "NO_STATEMENT")]
)
def test_a_bill_that_is_not_there_or_not_whole_is_a_failure(wechat, pay, fault, code):
    day = _yesterday(wechat, pay)
    if fault:
        wechat.world.faults[fault] += 1
    with pytest.raises(WeChatFailed, match=code):
        pay.trade_bill(day if fault else day - timedelta(days=30))
