"""W23: whatever happens, no secret, key, token, code, openid or phone stands in a log line, an exception or a repr.

Every line at DEBUG counts, urllib3's and both libraries' too.  The stand-in's own server (werkzeug) is WeChat's side
of the wire and does not.
"""

from __future__ import annotations

import logging
import traceback
from dataclasses import replace
from datetime import timedelta

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from structlog.testing import capture_logs

from config.clock import now
from config.wechat import client, core, origin
from config.wechat.given import WeChatFailed
from config.wechat.pay import Pay
from config.wechat.people import OpenPlatform
from tests.wechat_stand_in.faults import ALWAYS
from tests.wechat_stand_in.pay import orders

PERSON, PHONE = "oTongdian0001", "13800000001"
NO_REDIS = redis.Redis(port=1, retry=Retry(NoBackoff(), 0))
TRADE_NO = "TD000001"
FAULTS = (
    "timeout_before", "answer_lost", "reset", "server_error", "truncated", "token_refused", "token_dies",
    "address_refused", "secret_refused", "quota_day", "busy", "code_refused", "pay_unavailable",
)  # fmt: skip


def _everything(failed: BaseException | None) -> str:
    """A failure and all that hangs on it, suppressed or not."""
    said = ""
    while failed is not None:
        said += "".join(traceback.format_exception(failed)) + repr(failed) + repr(failed.args)
        failed = failed.__cause__ or failed.__context__
    return said


class Spy:
    """Calls that may fail; everything they say is kept."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.failures = 0

    def __call__(self, do, *args, **sent):
        try:
            self.told.append(type(do(*args, **sent)).__name__)
        except WeChatFailed as failed:
            self.failures += 1
            self.told.append(_everything(failed))


def _noted(world, monkeypatch):
    """Every code and token that WeChat makes from now on."""
    made = set[str]()

    def noting(make):
        def noted(*of):
            made.add(one := make(*of))
            return one

        return noted

    for name in ("code", "new_token"):
        monkeypatch.setattr(world, name, noting(getattr(world, name)))
    return made


def _walk(wechat, mall, pay, spy):
    """A customer signs in, gives a phone, is looked up, orders; some of it with what WeChat does not know."""
    world = wechat.world
    spy(mall.code_to_session, world.code("login", PERSON))
    spy(mall.phone_number, world.code("phone", PERSON), PERSON)
    spy(mall.code_to_session, "nobody-knows-this-login-code")
    spy(mall.phone_number, "nobody-knows-this-phone-code")
    spy(mall._client.call, "GET", "/cgi-bin/user/info", params={"openid": PERSON})
    until = now() + timedelta(minutes=15)
    spy(pay.prepay, trade_no=TRADE_NO, description="x", amount_fen=1, openid=PERSON, expires_at=until)
    spy(pay.query, TRADE_NO)
    spy(pay.refund, trade_no=TRADE_NO, refund_no="R1", refund_fen=1, total_fen=1, reason="x")


def test_no_secret_is_ever_told(wechat, redis_url, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    for noisy in ("urllib3", "urllib3.connectionpool", "wechatpy", "wechatpayv3", "requests"):
        monkeypatch.setattr(logging.getLogger(noisy), "level", logging.DEBUG)
    for place, name in ((origin, "TIMEOUT_S"), (origin, "DEADLINE_S"), (core, "TIMEOUT_S")):
        monkeypatch.setattr(place, name, 0.3)
    monkeypatch.setattr(client, "BUSY_PAUSES_S", (0, 0, 0))
    given, spy, passing = wechat.given, Spy(), _noted(wechat.world, monkeypatch)
    with capture_logs() as ours:
        for fault in (None, *FAULTS):
            if fault:
                wechat.world.faults.plant(fault, ALWAYS)
            mall = OpenPlatform(given, redis.Redis.from_url(redis_url))
            _walk(wechat, mall, Pay(given), spy)
            nowhere = replace(given, api_base="http://127.0.0.1:9")
            for shop in (OpenPlatform(nowhere, redis.Redis.from_url(redis_url)), OpenPlatform(given, NO_REDIS)):
                spy(shop.code_to_session, wechat.world.code("login", PERSON))
                spy(shop.phone_number, wechat.world.code("phone", PERSON))
            wechat.world.faults.clear()
            hasty = [one for one in wechat.world.violations if "RATE_LIMIT" in one]  # so many refunds fail in a second
            wechat.world.violations[:] = [one for one in wechat.world.violations if one not in hasty]
            for kept in redis.Redis.from_url(redis_url).scan_iter(f"{given.redis_prefix}:wechat-stop*"):
                redis.Redis.from_url(redis_url).delete(kept)
        assert orders.settle(wechat.world, wechat.notifier, TRADE_NO)
    lines = [f"{one.name} {one.getMessage()} {one.exc_text}" for one in caplog.records if one.name != "werkzeug"]
    told = "\n".join([*lines, *spy.told, repr(ours), repr(given), repr(mall), repr(mall._client)])
    assert spy.failures > 40, spy.failures
    assert any("urllib3" in line and "/sns/jscode2session?…" in line for line in lines), lines[:9]
    private = given.private_key.splitlines()[1:-1]
    held = {given.secret, given.apiv3_key, *private, *passing, *wechat.world.session_keys.values()}
    held |= {PERSON, "oTongdian", "uTongdian", PHONE}
    assert len(wechat.world.session_keys) > 0
    assert [secret for secret in held if secret in told] == []
    kept = [redis.Redis.from_url(redis_url).get(key) for key in redis.Redis.from_url(redis_url).scan_iter("*token:*")]
    assert not any(key.encode() in (one or b"") for key in wechat.world.session_keys.values() for one in kept)
