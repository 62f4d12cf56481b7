"""Certificates, the public key, and both at once; two hosts; two clocks (wechat.md 2.6, 2.7, W11 to W13, W26)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from config.wechat import health, ready
from config.wechat.given import WeChatFailed
from config.wechat.pay import Pay
from config.wechat.verdict import Forged, Genuine
from tests.wechat_stand_in.notices import draft
from tests.wechat_stand_in.trust import LISTED_BEFORE_S, MIGRATION_BP

LATER = datetime.now(UTC) + timedelta(days=1)
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def world(wechat):
    return wechat.world


@pytest.fixture
def old_merchant(wechat):
    """Who never had the public key."""
    wechat.world.trust.use("certificate", now=wechat.world.now())
    return Pay(replace(wechat.given, platform_key_id="", platform_public_key=""))


def _notice(world, **change):
    made = draft(world, {"id": "e1", "event_type": "TRANSACTION.SUCCESS"}, {"out_trade_no": "TD000001"}, "transaction")
    for name, value in change.items():
        setattr(made, name, value)
    return made.signed(world)


def _later(pay):
    """The minute between two downloads is over."""
    pay._core.trust._refreshed = -60.0


def _ask(pay):
    return pay.prepay(trade_no="TD000001", description="面包 🍞", amount_fen=1, openid="o1", expires_at=LATER)


def test_a_merchant_without_the_public_key_trusts_what_its_apiv3_key_opens(world, old_merchant):
    assert _ask(old_merchant).startswith("wx")
    assert isinstance(old_merchant.verify_notification(*_notice(world)), Genuine)
    assert world.calls["certificates"] == 1
    assert old_merchant._core.trust.serial() == f"{int(world.trust.issued[0].serial, 16):X}"


def test_the_certificates_of_another_apiv3_key_are_not_believed(wechat, old_merchant):
    stranger = Pay(replace(wechat.given, platform_key_id="", platform_public_key="", apiv3_key="f" * 32))
    assert stranger.verify_notification(*_notice(wechat.world)) == Forged()


def test_a_new_certificate_is_listed_a_day_before_it_signs_and_the_old_one_stays_believed(world, old_merchant):
    _ask(old_merchant)
    old = _notice(world)
    world.trust.rotate(world.now())
    assert [len(world.trust.listed(world.now())), world.trust.of_notice(world.now())] == [2, world.trust.issued[0]]
    world.offset_s += LISTED_BEFORE_S
    assert world.trust.listed(world.now()) == world.trust.issued[1:]
    _later(old_merchant)
    judged = [type(old_merchant.verify_notification(*one)) for one in (_notice(world), old)]
    assert judged == [Genuine, Genuine]
    assert isinstance(
        old_merchant.verify_notification(
            *_notice(world, signer=replace(world.trust.issued[0], key=world.keys.merchant))
        ),
        Forged,
    )


def test_a_failed_download_costs_no_trust(world, old_merchant):
    _ask(old_merchant)
    world.faults["certificates_down"] += 1
    _later(old_merchant)
    assert (
        old_merchant.verify_notification(*_notice(world, signer=replace(world.trust.issued[0], serial="AB" * 20)))
        == Forged()
    )
    assert isinstance(old_merchant.verify_notification(*_notice(world)), Genuine)


def test_answers_follow_the_serial_that_we_send(wechat, world):
    """In the week of the move one client takes both; the public key is what we ask for."""
    world.trust.use("both", now=world.now())
    pay = Pay(wechat.given)
    _ask(pay)
    assert world.calls["certificates"] == 0
    old = Pay(replace(wechat.given, platform_key_id="", platform_public_key=""))
    _ask(old)
    _ask(old)
    assert world.calls["certificates"] == 1


@pytest.mark.parametrize("share_bp", MIGRATION_BP)
def test_in_the_week_of_the_move_every_notice_counts_whoever_signed_it(wechat, world, share_bp):
    world.trust.use("both", now=world.now(), notices_by_key_bp=share_bp)
    pay = Pay(wechat.given)
    drafts = [draft(world, {"id": "e", "event_type": "x"}, {}, "t") for _ in range(1_000)]
    by_key = sum(one.signer.serial.startswith("PUB_KEY_ID_") for one in drafts)
    assert by_key == share_bp // 10
    sample = [drafts[0], drafts[-1]]
    assert {type(pay.verify_notification(*one.signed(world))) for one in sample} == {Genuine}
    assert world.calls["certificates"] == (share_bp < 10_000)


def test_a_flood_of_forged_serials_from_many_threads_is_one_download(world, old_merchant):
    _ask(old_merchant)
    _later(old_merchant)
    before = world.calls["certificates"]
    sent = [_notice(world, signer=replace(world.trust.issued[0], serial=f"{n:040X}")) for n in range(64)]
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda one: type(old_merchant.verify_notification(*one)), sent)) == {Forged}
    assert world.calls["certificates"] - before == 1
    assert isinstance(old_merchant.verify_notification(*_notice(world)), Genuine)


def test_the_other_host_is_asked_with_the_same_number_when_the_first_is_gone(wechat, world):
    pay = Pay(replace(wechat.given, pay_base=NOWHERE, pay_backup=wechat.url))
    for _ in range(2):
        _ask(pay)
    assert list(world.orders) == ["TD000001"]
    assert pay._core.road.hosts() == [wechat.url, NOWHERE]


def test_a_broken_connection_is_tried_on_the_other_host_and_a_payment_code_is_not(wechat, world):
    pay = Pay(replace(wechat.given, pay_backup=wechat.url))
    world.faults.plant("answer_lost", path="/v3/refund/*")
    with pytest.raises(WeChatFailed, match="RESOURCE_NOT_EXISTS"):
        pay.query_refund("R1")
    world.faults.plant("answer_lost", path="*/codepay")
    with pytest.raises(WeChatFailed, match="ConnectionError"):
        pay.charge_code(
            trade_no="TD000001", description="a", amount_fen=1, auth_code="134567890123456789", store_no="1", device="t"
        )
    assert world.calls["codepay"] == 1


def test_without_another_host_the_failure_is_said_and_may_be_repeated(wechat):
    with pytest.raises(WeChatFailed) as failed:
        _ask(Pay(replace(wechat.given, pay_base=NOWHERE)))
    assert failed.value.retryable


@pytest.mark.parametrize(("skew_s", "alarm"), [(30, False), (-90, True), (120, True)])
def test_a_clock_that_is_off_is_a_figure_and_from_a_minute_on_an_alarm(wechat, world, monkeypatch, skew_s, alarm):
    monkeypatch.setattr(health, "_heard", -60.0)
    world.skew_s = skew_s
    with capture_logs() as logs:
        _ask(Pay(wechat.given))
    assert abs(health.figures()["skew_s"] + skew_s) <= 2
    assert [line["event"] for line in logs if line["event"] == "clock_is_off"] == ["clock_is_off"] * alarm


@pytest.mark.violates("SIGN_ERROR: the time")
def test_a_clock_ten_minutes_off_is_refused_and_still_told(wechat, world, monkeypatch):
    monkeypatch.setattr(health, "_heard", -60.0)
    world.skew_s = 600
    with pytest.raises(WeChatFailed, match="SIGN_ERROR"):
        _ask(Pay(wechat.given))
    assert abs(health.figures()["skew_s"] + 600) <= 2


def test_what_became_of_notices_and_when_our_certificate_ends_is_shown(wechat, wechat_keys, monkeypatch):
    monkeypatch.setattr(ready, "_credentials", lambda: ready.credentials(wechat_keys))
    health.FIGURES.register()
    pay = Pay(wechat.given)
    pay.verify_notification({}, b"{}")
    pay.verify_notification(*_notice(wechat.world))
    told = generate_latest().decode()
    assert 'tongdian_wechat_notices{verdict="forged"} 1.0' in told
    assert 'tongdian_wechat_notices{verdict="genuine"} 1.0' in told
    assert 'tongdian_wechat_certificate_days{which="merchant"} 1823.0' in told


@pytest.mark.parametrize("mode", ["public_key", "certificate"])
def test_the_echo_proves_signatures_and_encryption_both_ways(wechat, world, mode):
    world.trust.use(mode, now=world.now())
    by_key = mode == "public_key"
    pay = Pay(wechat.given if by_key else replace(wechat.given, platform_key_id="", platform_public_key=""))
    assert pay.echo("通店 🍞") == "通店 🍞"
