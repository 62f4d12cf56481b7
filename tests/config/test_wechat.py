from __future__ import annotations

import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
import redis
from flask import Flask

from config.wechat import client as module
from config.wechat.given import WeChatFailed
from config.wechat.people import OpenPlatform, Person
from member.identity import BadPhone, normalise_phone
from tests.servers import running

OPENID, PHONE = "oTongdian0001", "13800000001"


@pytest.fixture
def client(wechat, redis_url):
    """Makes shops that share nothing but Redis, as processes do."""

    def made(**other):
        return OpenPlatform(replace(wechat.given, **other), redis.Redis.from_url(redis_url))

    return made


@pytest.fixture
def odd_wechat(client):
    """A server in WeChat's place that answers every path with what it is told."""

    def made(answers):
        app, asked = Flask("odd"), []

        @app.route("/<path:path>", methods=["GET", "POST"])
        def any_path(path):
            asked.append(path)
            return answers.get(path, ({}, 200))

        return running(app), asked

    return made


def _numbers(wechat, shops, each):
    codes = [[wechat.world.code("phone", OPENID) for _ in range(each)] for _ in shops]
    start = Barrier(len(shops))

    def ask(pair):
        start.wait()
        return [pair[0].phone_number(code) for code in pair[1]]

    with ThreadPoolExecutor(len(shops)) as pool:
        return [number for told in pool.map(ask, zip(shops, codes, strict=True)) for number in told]


def test_eight_workers_fetch_one_token_and_one_more_when_it_is_revoked(wechat, client):
    shops = [client() for _ in range(8)]
    assert _numbers(wechat, shops, 5) == [PHONE] * 40
    assert wechat.world.calls["stable_token"] == 1
    wechat.world.tokens.clear()
    assert _numbers(wechat, shops, 5) == [PHONE] * 40
    assert wechat.world.calls["stable_token"] == 2


def test_a_login_needs_no_token_and_a_code_counts_once(wechat, client):
    code = wechat.world.code("login", OPENID)
    assert client().code_to_session(code).openid == OPENID
    with pytest.raises(WeChatFailed) as refused:
        client().code_to_session(code)
    assert (refused.value.code, refused.value.retryable) == ("40029", False)
    assert wechat.world.calls["stable_token"] == 0


def test_a_login_works_while_tokens_are_refused(wechat, client):
    with pytest.raises(WeChatFailed, match="40125"):
        client(secret="wrong").phone_number(wechat.world.code("phone", OPENID))
    assert client().code_to_session(wechat.world.code("login", OPENID)) == Person(OPENID, "uTongdian0001")


@pytest.mark.parametrize("code", ["unknown", ""])
def test_a_phone_code_of_nobody_is_refused(wechat, client, code):
    with pytest.raises(WeChatFailed, match="40029"):
        client().phone_number(code)


@pytest.mark.parametrize("as_number", [True, False])
def test_a_country_code_is_read_as_a_number_and_as_a_text(wechat, client, as_number):
    wechat.world.reading = replace(wechat.world.reading, country_is_number=as_number)
    assert client().phone_number(wechat.world.code("phone", OPENID), OPENID) == PHONE
    wechat.world.faults.plant("phone_abroad")
    abroad = client().phone_number(wechat.world.code("phone", OPENID))
    assert abroad == "+85291234567"
    with pytest.raises(BadPhone):
        normalise_phone(abroad)


def test_a_phone_code_of_another_person_is_refused(wechat, client):
    with pytest.raises(WeChatFailed, match="40029"):
        client().phone_number(wechat.world.code("phone", "oTongdian0002"), OPENID)


@pytest.mark.parametrize("words", ["😀 积分 “满减” ]]> \u2028 <b>&amp;", "𠮷野家"])
def test_what_is_said_reaches_wechat_as_it_was(wechat, client, words):
    wechat.world.windows[f"{OPENID}:mini"] = {"text": {"left": 1, "until": wechat.world.now() + 60}}
    message = {"touser": OPENID, "msgtype": "text", "text": {"content": words}}
    client()._client.call("POST", "/cgi-bin/message/custom/send", json=message)
    (said,) = wechat.world.talks[f"{OPENID}:mini"]
    assert said["text"] == words


def test_a_wrong_secret_is_said_without_the_secret(wechat, client, redis_url):
    secret = "s3cr3t" * 5
    with pytest.raises(WeChatFailed) as refused:
        client(secret=secret).phone_number("any")
    told = "".join(traceback.format_exception(refused.value))
    assert (refused.value.code, secret in told) == ("40125", False)
    assert redis.Redis.from_url(redis_url).keys(f"{wechat.given.redis_prefix}:wechat-token*") == []
    assert secret not in repr(replace(wechat.given, secret=secret))


def test_a_shop_that_cannot_reach_wechat_may_try_again(client):
    shop = client(api_base="http://127.0.0.1:9")
    for ask in (shop.code_to_session, shop.phone_number):
        with pytest.raises(WeChatFailed) as failed:
            ask("any")
        assert failed.value.retryable
        assert "secret" not in str(failed.value)


def test_a_token_refused_for_ever_is_replaced_once_and_not_endlessly(odd_wechat, client):
    server, asked = odd_wechat(
        {
            "cgi-bin/stable_token": {"access_token": "same", "expires_in": 7200},
            "wxa/business/getuserphonenumber": {"errcode": 40001, "errmsg": "invalid credential"},
        }
    )
    with server as url, pytest.raises(WeChatFailed, match="TOKEN_REFUSED"):
        client(api_base=url).phone_number("any")
    assert asked == ["cgi-bin/stable_token", "wxa/business/getuserphonenumber", "cgi-bin/stable_token"]


@pytest.mark.parametrize(
    ("answer", "retryable"),
    [
        (("<html>bad gateway</html>", 502), True),
        (("not json", 200), False),
        (({"errcode": -1, "errmsg": "busy"}, 200), True),
        (({"errcode": 45011, "errmsg": "too often"}, 200), True),
        (({"errcode": 40226, "errmsg": "blocked"}, 200), False),
        (({}, 200), False),
    ],
)
def test_an_odd_answer_to_a_login_is_a_failure_and_no_crash(odd_wechat, client, answer, retryable):
    server, _ = odd_wechat({"sns/jscode2session": answer})
    with server as url, pytest.raises(WeChatFailed) as failed:
        client(api_base=url).code_to_session("any")
    assert failed.value.retryable is retryable


@pytest.mark.parametrize("answer", [("<html>bad gateway</html>", 502), ("not json", 200), ({}, 200), ("[]", 200)])
def test_an_odd_answer_for_a_token_is_a_failure_and_no_crash(odd_wechat, client, answer):
    server, _ = odd_wechat({"cgi-bin/stable_token": answer})
    with server as url, pytest.raises(WeChatFailed):
        client(api_base=url).phone_number("any")


def test_a_late_complaint_about_an_old_token_keeps_the_newer_one(wechat, client):
    shop = client()
    token = shop._client.access_token
    assert shop._client.refresh("an older one") == token
    assert wechat.world.calls["stable_token"] == 1


def test_a_token_that_came_while_we_waited_for_the_lock_is_taken(wechat, client):
    token = client()._client.access_token
    assert client()._client._fetch("an older one") == token
    assert wechat.world.calls["stable_token"] == 1


def test_the_lock_of_a_process_that_died_runs_out(wechat, client, redis_url):
    lock = f"{wechat.given.redis_prefix}:wechat-token:{wechat.given.appid}:lock"
    redis.Redis.from_url(redis_url).set(lock, "dead", px=300)
    began = time.monotonic()
    assert len(client()._client.access_token) == 128
    assert 0.2 < time.monotonic() - began < 5


def test_nobody_waits_for_a_token_for_ever(wechat, client, redis_url, monkeypatch):
    monkeypatch.setattr(module, "LOCK_S", 1)
    lock = f"{wechat.given.redis_prefix}:wechat-token:{wechat.given.appid}:lock"
    redis.Redis.from_url(redis_url).set(lock, "alive", ex=60)
    with pytest.raises(WeChatFailed, match="TOKEN_WAIT") as failed:
        client().phone_number("any")
    assert failed.value.retryable
    assert wechat.world.calls["stable_token"] == 0
    assert redis.Redis.from_url(redis_url).get(lock) == b"alive"


def test_a_token_ends_five_minutes_before_wechat_lets_it_end(wechat, client, redis_url):
    assert client()._client.access_token
    left_s: Any = redis.Redis.from_url(redis_url).ttl(f"{wechat.given.redis_prefix}:wechat-token:{wechat.given.appid}")
    assert 7200 - 300 - 5 <= left_s <= 7200 - 300


def test_only_what_is_addressed_to_wechat_is_sent_elsewhere(wechat, client):
    answer = client()._client._http.get(f"{wechat.url}/control/violations", timeout=5)
    assert answer.json()["violations"] == []
