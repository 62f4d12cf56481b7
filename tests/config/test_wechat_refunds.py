"""What WeChat Pay checks on us, and how its refunds end, over real HTTP (wechat.md 2.9, 4.1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from wechatpayv3.type import RequestType

from config.wechat.given import WeChatFailed
from config.wechat.pay import Pay
from tests.wechat_stand_in.pay import orders

NO = "TD000001"
LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def pay(wechat):
    made = Pay(wechat.given)
    made.prepay(trade_no=NO, description="通店", amount_fen=10_000, openid="o1", expires_at=LATER)
    assert orders.settle(wechat.world, wechat.notifier, NO)
    return made


def _refund(pay, number="R1", fen=100):
    return pay.refund(trade_no=NO, refund_no=number, refund_fen=fen, total_fen=10_000, reason="returned")


def test_a_refund_without_funds_is_given_up_after_seven_days_and_owed_under_the_next_number(wechat, pay):
    wechat.world.faults["refund_stays"] += 1
    assert _refund(pay) == "PROCESSING"
    wechat.world.offset_s += 7 * 86_400 - 5
    assert pay.query_refund("R1") == "PROCESSING"
    wechat.world.offset_s += 5
    assert pay.query_refund("R1") == "CLOSED"
    assert (_refund(pay, "R1-2"), pay.query_refund("R1-2")) == ("PROCESSING", "SUCCESS")


def test_a_closed_refund_may_or_may_not_keep_its_number(wechat, pay):
    wechat.world.faults["refund_closed"] += 1
    _refund(pay)
    assert pay.query_refund("R1") == "CLOSED"
    if wechat.world.reading.closed_refund_keeps_no:
        assert (_refund(pay), pay.query_refund("R1")) == ("PROCESSING", "SUCCESS")
    else:
        with pytest.raises(WeChatFailed, match="INVALID_REQUEST"):
            _refund(pay)


def test_what_the_customers_account_does_not_take_is_paid_to_our_own(wechat, pay):
    wechat.world.faults["refund_abnormal"] += 1
    _refund(pay)
    assert pay.query_refund("R1") == "ABNORMAL"
    assert pay.take_abnormal_back(refund_no="R1") == "PROCESSING"
    assert pay.query_refund("R1") == "SUCCESS"
    with pytest.raises(WeChatFailed, match="INVALID_REQUEST"):
        pay.take_abnormal_back(refund_no="R1")


@pytest.mark.parametrize(
    ("fault", "code", "retryable"), [("not_enough", "NOT_ENOUGH", False), ("refund_busy", "FREQUENCY_LIMITED", True)]
)
def test_what_is_not_taken_is_taken_later_under_the_same_number(wechat, pay, fault, code, retryable):
    wechat.world.faults[fault] += 1
    with pytest.raises(WeChatFailed, match=code) as refused:
        _refund(pay)
    assert (refused.value.retryable, wechat.world.refunds) == (retryable, {})
    assert _refund(pay) == "PROCESSING"


def test_fifty_parts_are_taken_and_no_more(wechat, pay):
    for part in range(50):
        _refund(pay, f"R{part}", 1)
        wechat.world.offset_s += 60
    with pytest.raises(WeChatFailed, match="INVALID_REQUEST"):
        _refund(pay, "R50", 1)
    assert len(wechat.world.refunds) == 50


@pytest.mark.violates("RATE_LIMIT")
def test_two_refunds_of_one_order_within_a_minute_fail_the_test_that_asked(wechat, pay):
    _refund(pay)
    with pytest.raises(WeChatFailed, match="RATE_LIMIT"):
        _refund(pay, "R2")
    assert list(wechat.world.refunds) == ["R1"]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an amount that is no integer": ({"amount": {"total": 1.5, "currency": "CNY"}}, "amount.total"),
    "an amount in yuan": ({"amount": {"total": "1.00", "currency": "CNY"}}, "amount.total"),
    "a field nobody knows": ({"decription": "a"}, "no such field: decription"),
    "an inner field nobody knows": ({"payer": {"openid": "o1", "name": "x"}}, "no such field: payer.name"),
    "a description too long": ({"description": "通" * 128}, "description"),
    "a number too long": ({"out_trade_no": "T" * 33}, "out_trade_no"),
    "an attach too long": ({"attach": "通" * 43}, "attach"),
    "a moment without its zone": ({"time_expire": "2026-12-01T00:00:00"}, "time_expire"),
    "a moment in a year": ({"time_expire": "2099-12-01T00:00:00+08:00"}, "time_expire"),
    "a notice address with a query": ({"notify_url": "https://a.cn/x?y=1"}, "notify_url"),
    "a notice address without TLS": ({"notify_url": "http://a.cn/x"}, "notify_url must be https"),
}


@pytest.mark.violates("PARAM_ERROR")
@pytest.mark.parametrize("how", WRONG)
def test_an_order_with_a_fault_is_refused_and_fails_the_test_that_sent_it(wechat, pay, how):
    change, words = WRONG[how]
    given = wechat.given
    right: dict[str, Any] = {
        "appid": given.appid, "mchid": given.mchid, "description": "a", "out_trade_no": "TD000002",
        "time_expire": LATER.isoformat(timespec="seconds"), "notify_url": "https://a.cn/x",
        "amount": {"total": 1, "currency": "CNY"}, "payer": {"openid": "o1"},
    }  # fmt: skip
    with pytest.raises(WeChatFailed, match="PARAM_ERROR"):
        pay._said(lambda: pay._core.request("/v3/pay/transactions/jsapi", RequestType.POST, right | change))
    assert list(wechat.world.orders) == [NO]
    assert words in wechat.world.violations[-1]


@pytest.mark.violates("notify_url must be https")
def test_where_wechat_is_outside_our_own_notice_address_must_be_https(wechat, pay):
    wechat.world.plain_http = False
    with pytest.raises(WeChatFailed, match="PARAM_ERROR"):
        pay.prepay(trade_no="TD000002", description="a", amount_fen=1, openid="o1", expires_at=LATER)


@pytest.mark.violates("SIGN_ERROR: the nonce")
def test_a_request_sent_twice_byte_for_byte_is_refused(wechat, pay, monkeypatch):
    fixed = pay._core._headers("GET", f"/v3/pay/transactions/out-trade-no/{NO}?mchid={wechat.given.mchid}", "")
    monkeypatch.setattr(pay._core, "_headers", lambda *_: fixed)
    assert pay.query(NO).paid
    with pytest.raises(WeChatFailed, match="SIGN_ERROR"):
        pay.query(NO)


@pytest.mark.violates("RATE_LIMIT: more than 6")
def test_more_than_six_failing_refunds_in_a_second_are_too_many(wechat, pay):
    for _ in range(7):
        with pytest.raises(WeChatFailed):
            pay.refund(trade_no="TD000009", refund_no="R9", refund_fen=1, total_fen=1, reason="x")
