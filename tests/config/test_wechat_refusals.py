"""When WeChat says no: what is tried again, what is not, who is told, and that nothing hangs (wechat.md W03 to W07)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.wechat import origin
from config.wechat.client import BUSY_PAUSES_S, STABLE_TOKEN, Client
from config.wechat.given import WeChatFailed
from config.wechat.people import OpenPlatform
from config.wechat.refusals import alarms, midnight
from tests.wechat_stand_in.faults import ALWAYS

PHONE = "/wxa/business/getuserphonenumber"
SEND = "/cgi-bin/message/subscribe/send"
OPENID = "oTongdian0001"


@pytest.fixture
def shop(wechat, redis_url):
    """A shop; another one shares nothing with it but Redis."""

    def made(**other):
        return Client(replace(wechat.given, **other), redis.Redis.from_url(redis_url))

    return made


@pytest.fixture
def standing(wechat, redis_url):
    """What the operator is told at this moment."""
    return lambda: [
        (one.code, one.path, one.address) for one in alarms(redis.Redis.from_url(redis_url), wechat.given.redis_prefix)
    ]


def _number(wechat, client):
    said = client.call("POST", PHONE, json={"code": wechat.world.code("phone", OPENID)})
    return said["phone_info"]["purePhoneNumber"]


def _fails(wechat, client):
    with pytest.raises(WeChatFailed) as failed:
        _number(wechat, client)
    return failed.value


@pytest.mark.parametrize(
    ("fault", "code", "lasts"), [("quota_minute", "45011", timedelta(seconds=60)), ("quota_day", "45009", None)]
)
def test_a_used_up_quota_stops_this_endpoint_in_every_process_until_it_is_over(
    wechat, shop, standing, monkeypatch, fault, code, lasts
):
    began = datetime.now(UTC)
    wechat.world.faults.plant(fault, path=PHONE)
    first = _fails(wechat, shop())
    until = began + lasts if lasts else midnight(began)
    assert (first.code, first.retryable) == (code, False)
    assert abs(first.until - until) < timedelta(seconds=5)
    again = _fails(wechat, shop())
    assert (again.code, again.retryable, again.until) == (code, False, first.until)
    assert wechat.world.calls["getuserphonenumber"] == 1
    assert shop().access_token
    assert standing() == ([("45009", PHONE, "")] if code == "45009" else [])
    monkeypatch.setattr("config.clock.now", lambda: first.until)
    assert _number(wechat, shop()) == "13800000001"
    assert standing() == []


def test_midnight_is_beijings():
    assert midnight(datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)) == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert midnight(datetime(2026, 11, 30, 16, 0, 0, tzinfo=UTC)) == datetime(2026, 12, 1, 16, tzinfo=UTC)


def test_a_customer_in_haste_does_not_stop_the_log_in_of_others(wechat, shop, redis_url):
    wechat.world.faults.plant("quota_minute", path="/sns/*")
    mall = OpenPlatform(wechat.given, redis.Redis.from_url(redis_url))
    with pytest.raises(WeChatFailed) as failed:
        mall.code_to_session(wechat.world.code("login", OPENID))
    assert (failed.value.code, failed.value.retryable, failed.value.until) == ("45011", True, None)
    assert mall.code_to_session(wechat.world.code("login", OPENID)).openid == OPENID


@pytest.mark.parametrize("times", [3, ALWAYS])
def test_a_busy_platform_is_asked_three_times_more_and_no_more(wechat, shop, monkeypatch, times):
    pauses = list[float]()
    monkeypatch.setattr("time.sleep", pauses.append)
    wechat.world.faults.plant("busy", times, PHONE)
    if times == ALWAYS:
        failed = _fails(wechat, shop())
        assert (failed.code, failed.retryable) == ("-1", True)
    else:
        assert _number(wechat, shop()) == "13800000001"
    assert wechat.world.calls["getuserphonenumber"] == 4
    assert len(pauses) == 3
    assert all(mean / 2 <= pause <= mean * 1.5 for pause, mean in zip(pauses, BUSY_PAUSES_S, strict=True))


@pytest.mark.parametrize("code", [43101, 47003, 40037])
def test_what_asking_again_cannot_mend_is_asked_once(wechat, shop, code):
    wechat.world.faults.plant("refused", ALWAYS, SEND, errcode=code, errmsg="no")
    with pytest.raises(WeChatFailed) as failed:
        shop().call("POST", SEND, json={})
    assert (failed.value.code, failed.value.retryable, failed.value.until) == (str(code), False, None)
    assert wechat.world.calls["send"] == 1


@pytest.mark.parametrize(
    ("fault", "code", "address"), [("address_refused", "40164", "203.0.113.9"), ("secret_refused", "40125", "")]
)
def test_the_operator_is_told_which_address_or_secret_is_refused_until_it_is_mended(
    wechat, shop, standing, fault, code, address
):
    wechat.world.faults.plant(fault, 2)
    assert [_fails(wechat, shop()).code for _ in range(2)] == [code, code]
    assert standing() == [(code, STABLE_TOKEN, address)]
    assert _number(wechat, shop()) == "13800000001"
    assert standing() == []


@pytest.mark.parametrize("fault", ["token_refused", "token_expired", "token_dies", "token_taken"])
def test_a_token_lost_once_costs_one_more_question(wechat, shop, fault):
    client = shop()
    assert client.access_token
    wechat.world.faults.plant(fault)
    if fault in ("token_refused", "token_expired"):  # WeChat stands by its token: asking cannot help
        assert _fails(wechat, client).code == "TOKEN_REFUSED"
    else:
        assert _number(wechat, client) == "13800000001"
    assert wechat.world.calls["stable_token"] == 2


def test_a_token_that_stays_refused_is_an_alarm_and_no_storm(wechat, shop, standing):
    wechat.world.faults.plant("token_refused", ALWAYS)
    assert [_fails(wechat, shop()).code for _ in range(3)] == ["TOKEN_REFUSED"] * 3
    assert (wechat.world.calls["stable_token"], wechat.world.calls["getuserphonenumber"]) == (4, 3)
    assert standing() == [("TOKEN_REFUSED", STABLE_TOKEN, "")]


@pytest.mark.parametrize("path", [STABLE_TOKEN, PHONE])
@pytest.mark.parametrize("fault", ["timeout_before", "trickle", "reset", "answer_lost", "server_error", "truncated"])
def test_nothing_hangs_and_every_broken_answer_is_a_failure(wechat, shop, monkeypatch, fault, path):
    monkeypatch.setattr(origin, "TIMEOUT_S", (0.2, 0.2))
    monkeypatch.setattr(origin, "DEADLINE_S", 0.4)
    client = shop()
    wechat.world.faults.plant(fault, path=path, **({"seconds": 0.1} if fault == "trickle" else {}))
    failed = _fails(wechat, client)
    assert (failed.code, failed.retryable) in [
        ("ReadTimeout", True), ("ConnectionError", True), ("HTTPError", True), ("NOT_JSON", False),
    ]  # fmt: skip
    assert failed.__context__ is None
    wechat.world.faults.clear()
    assert _number(wechat, shop()) == "13800000001"


def test_without_redis_a_call_fails_soon_and_a_log_in_works(wechat):
    mall = OpenPlatform(wechat.given, redis.Redis(port=1, retry=Retry(NoBackoff(), 0)))
    assert mall.code_to_session(wechat.world.code("login", OPENID)).openid == OPENID
    with pytest.raises(WeChatFailed) as failed:
        mall.phone_number(wechat.world.code("phone", OPENID))
    assert (failed.value.code, failed.value.retryable) == ("TOKEN_STORE", True)


def test_an_error_in_a_pictures_place_is_no_picture(wechat, shop):
    for fault in ("busy", "server_error"):
        wechat.world.faults.plant(fault, ALWAYS, "/wxa/getwxacodeunlimit")
        with pytest.raises(WeChatFailed):
            shop().picture("POST", "/wxa/getwxacodeunlimit", json={"scene": "a"})
        wechat.world.faults.clear()
