"""What WeChat Pay tells us, judged on raw bytes (wechat.md 1.4 and 2.6)."""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.wechat.pay import Pay
from config.wechat.verdict import Forged, Genuine, Stale, WrongKey
from tests.wechat_stand_in.notifier import RETRY_S

SAID = {"out_trade_no": "TD000001", "trade_state": "SUCCESS", "amount": {"total": 990}}


@pytest.fixture
def pay(wechat):
    return Pay(wechat.given)


def _signed(keys, body, *, age_s=0, serial=None):
    stamp, nonce = str(int(time.time()) - age_s), secrets.token_hex(16)
    text = body if isinstance(body, str) else body.decode("utf-8", "surrogateescape")
    return {
        "Wechatpay-Serial": serial or keys.given["platform_key_id"],
        "Wechatpay-Signature": keys.sign(f"{stamp}\n{nonce}\n{text}\n"),
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
    }


def _notice(keys, said=None, **more):
    body = json.dumps(
        {
            "id": "event-1",
            "event_type": "TRANSACTION.SUCCESS",
            "resource": keys.seal(json.dumps(said or SAID), "transaction"),
            **more,
        }
    )
    return body


def test_the_genuine_notice_is_read(wechat, pay):
    keys = wechat.world.keys
    body = _notice(keys)
    headers = _signed(keys, body)
    read = Genuine("event-1", "TRANSACTION.SUCCESS", SAID)
    assert pay.verify_notification(headers, body.encode()) == read
    assert pay.verify_notification({name.upper(): value for name, value in headers.items()}, body.encode()) == read


def test_a_notice_in_chinese_is_read_as_it_was_signed(wechat, pay):
    body = json.dumps(json.loads(_notice(wechat.world.keys, summary="支付成功")), ensure_ascii=False)
    assert isinstance(pay.verify_notification(_signed(wechat.world.keys, body), body.encode()), Genuine)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), bit=st.integers(0, 7), part=st.sampled_from(["body", "signature", "nonce"]))
def test_a_notice_with_one_changed_bit_is_forged(wechat, pay, place, bit, part):
    keys = wechat.world.keys
    body = _notice(keys)
    headers = _signed(keys, body)
    sent = {
        "body": bytearray(body.encode()),
        "signature": bytearray(base64.b64decode(headers["Wechatpay-Signature"])),
        "nonce": bytearray(headers["Wechatpay-Nonce"].encode()),
    }
    sent[part][place % len(sent[part])] ^= 1 << bit
    headers["Wechatpay-Signature"] = base64.b64encode(sent["signature"]).decode()
    headers["Wechatpay-Nonce"] = sent["nonce"].decode("latin-1")
    assert pay.verify_notification(headers, bytes(sent["body"])) == Forged()


@pytest.mark.parametrize("age_s", [301, -301, 86_400])
def test_a_notice_of_another_time_is_stale_however_well_it_is_signed(wechat, pay, age_s):
    body = _notice(wechat.world.keys)
    assert pay.verify_notification(_signed(wechat.world.keys, body, age_s=age_s), body.encode()) == Stale()


def test_with_a_wider_window_a_repeat_of_the_first_signature_counts_to_the_last(wechat):
    """If WeChat does not sign its repeats anew: the last one comes 24 hours and 4 minutes after the first."""
    wide = Pay(replace(wechat.given, notice_age_s=87_000))
    body = _notice(wechat.world.keys)
    judged = [
        type(wide.verify_notification(_signed(wechat.world.keys, body, age_s=age_s), body.encode()))
        for age_s in (sum(RETRY_S), 87_010, -301)
    ]
    assert judged == [Genuine, Stale, Stale]


def test_an_old_notice_that_wechat_did_not_sign_is_forged_and_not_stale(wechat, pay):
    body = _notice(wechat.world.keys)
    assert pay.verify_notification(_signed(wechat.world.keys, body + " ", age_s=400), body.encode()) == Forged()


@pytest.mark.parametrize("age_s", [295, -295])
def test_a_notice_within_five_minutes_counts(wechat, pay, age_s):
    body = _notice(wechat.world.keys)
    assert isinstance(pay.verify_notification(_signed(wechat.world.keys, body, age_s=age_s), body.encode()), Genuine)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Wechatpay-Timestamp", ""),
        ("Wechatpay-Timestamp", "soon"),
        ("Wechatpay-Timestamp", "99999999999999999999"),
        ("Wechatpay-Timestamp", "²²²²²²²²²²"),
        ("Wechatpay-Nonce", ""),
        ("Wechatpay-Signature", ""),
        ("Wechatpay-Signature", "%%%"),
        ("Wechatpay-Serial", ""),
        ("Wechatpay-Serial", "not hex"),
        ("Wechatpay-Serial", "F" * 41),
        ("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3"),
    ],
)
def test_an_odd_header_is_refused_and_raises_nothing(wechat, pay, name, value):
    body = _notice(wechat.world.keys)
    headers = {**_signed(wechat.world.keys, body), name: value}
    assert isinstance(pay.verify_notification(headers, body.encode()), Forged | Stale)
    assert wechat.asked == []


def test_no_headers_at_all_are_forged(wechat, pay):
    assert pay.verify_notification({}, b"{}") == Forged()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "null",
        "not json",
        '{"id": "1"}',
        '{"id": "1", "resource": {"algorithm": "AEAD_SM4_GCM"}}',
        '{"id": "1", "resource": {"algorithm": "AEAD_AES_256_GCM"}}',
        '{"id": "1", "resource": {"algorithm": "AEAD_AES_256_GCM", "nonce": "", "ciphertext": "AA=="}}',
        '{"id": "1", "resource": {"algorithm": "AEAD_AES_256_GCM", "nonce": 5, "ciphertext": 5}}',
    ],
)
def test_a_signed_body_of_another_shape_is_refused_and_raises_nothing(wechat, pay, body):
    assert pay.verify_notification(_signed(wechat.world.keys, body), body.encode()) == Forged()


def test_bytes_that_are_no_text_are_forged(wechat, pay):
    assert pay.verify_notification(_signed(wechat.world.keys, ""), b"\xff\xfe") == Forged()


def test_a_sealed_text_that_is_no_json_is_forged(wechat, pay):
    keys = wechat.world.keys
    body = json.dumps({"id": "1", "event_type": "x", "resource": keys.seal("not json", "t")})
    assert pay.verify_notification(_signed(keys, body), body.encode()) == Forged()


def test_our_own_wrong_key_is_told_apart_from_an_attack(wechat):
    body = _notice(wechat.world.keys)
    wrong = Pay(replace(wechat.given, apiv3_key="f" * 32))
    assert wrong.verify_notification(_signed(wechat.world.keys, body), body.encode()) == WrongKey()


def test_two_hundred_unknown_serials_cause_one_download_and_cost_no_trust(wechat, pay):
    keys = wechat.world.keys
    body = _notice(keys)
    for number in range(200):
        headers = _signed(keys, body, serial=f"{number:040X}")
        assert pay.verify_notification(headers, body.encode()) == Forged()
    assert wechat.asked.count("/v3/certificates") == 1
    assert isinstance(pay.verify_notification(_signed(keys, body), body.encode()), Genuine)
