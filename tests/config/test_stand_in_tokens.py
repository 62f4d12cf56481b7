"""The stand-in's tokens, quotas and log-in rules, each as its page says it (FIDELITY.md)."""

from __future__ import annotations

import pytest
import requests

from tests.wechat_stand_in.open_platform import limits
from tests.wechat_stand_in.open_platform.tokens import FORCED_A_DAY, FORCED_APART_S

OPENID = "oTongdian0001"


@pytest.fixture
def ask(wechat):
    """One request to the stand-in as the mini-program's server makes it; its JSON."""

    def asked(method, path, token=None, **sent):
        params = {**sent.pop("params", {}), **({"access_token": token} if token else {})}
        return requests.request(method, wechat.url + path, params=params, timeout=5, **sent).json()

    return asked


@pytest.fixture
def ours(wechat):
    return {"grant_type": "client_credential", "appid": wechat.given.appid, "secret": wechat.given.secret}


def _alive(ask, token):
    return ask("GET", "/cgi-bin/menu/delete", token).get("errcode") == 0


def test_a_stable_token_stays_the_same_and_is_renewed_five_minutes_early_with_the_old_one_beside_it(wechat, ask, ours):
    first = ask("POST", "/cgi-bin/stable_token", json=ours)
    assert first["expires_in"] == 7200
    assert ask("POST", "/cgi-bin/stable_token", json=ours)["access_token"] == first["access_token"]
    wechat.world.offset_s += 7200 - 299
    second = ask("POST", "/cgi-bin/stable_token", json=ours)
    assert second["expires_in"] == 7200
    assert (_alive(ask, first["access_token"]), _alive(ask, second["access_token"])) == (True, True)
    wechat.world.offset_s += 300
    assert ask("GET", "/cgi-bin/menu/delete", first["access_token"])["errcode"] == 42001
    assert _alive(ask, second["access_token"])


def test_a_forced_token_ends_the_former_but_not_more_often_than_twenty_times_thirty_seconds_apart(wechat, ask, ours):
    tokens = [ask("POST", "/cgi-bin/stable_token", json=ours)["access_token"]]
    for _ in range(FORCED_A_DAY - 1):
        wechat.world.offset_s += FORCED_APART_S
        tokens.append(ask("POST", "/cgi-bin/stable_token", json=ours | {"force_refresh": True})["access_token"])
    assert len(set(tokens)) == FORCED_A_DAY
    assert [_alive(ask, token) for token in tokens] == [False] * (FORCED_A_DAY - 1) + [True]
    last = ask("POST", "/cgi-bin/stable_token", json=ours | {"force_refresh": True})
    assert last["access_token"] == tokens[-1]
    assert ask("POST", "/cgi-bin/stable_token", json=ours | {"force_refresh": True})["errcode"] == 45009


def test_a_plain_token_ends_the_former_plain_one_and_no_stable_one(ask, ours):
    stable = ask("POST", "/cgi-bin/stable_token", json=ours)["access_token"]
    plain = [ask("GET", "/cgi-bin/token", params=ours)["access_token"] for _ in range(2)]
    assert [_alive(ask, token) for token in (stable, *plain)] == [True, False, True]


@pytest.mark.parametrize(
    ("lacks", "errcode"),
    [({"appid": ""}, 41002), ({"appid": "wx0"}, 40013), ({"secret": ""}, 41004), ({"secret": "x"}, 40125)],
)
@pytest.mark.parametrize("path", ["/cgi-bin/stable_token", "/cgi-bin/token", "/sns/jscode2session"])
def test_who_cannot_prove_itself_gets_nothing(ask, ours, path, lacks, errcode):
    sent = {"json" if "stable" in path else "params": ours | {"js_code": "x"} | lacks}
    assert ask("POST" if "stable" in path else "GET", path, **sent)["errcode"] == errcode


def test_a_quota_ends_is_a_violation_and_can_be_reset_ten_times_a_month(wechat, ask, ours, monkeypatch):
    monkeypatch.setitem(limits.LIMITS, "/cgi-bin/menu/delete", (None, 2))
    token = ask("POST", "/cgi-bin/stable_token", json=ours)["access_token"]
    said = [ask("GET", "/cgi-bin/menu/delete", token)["errcode"] for _ in range(3)]
    assert said == [0, 0, 45009]
    assert wechat.world.violations.pop() == "/cgi-bin/menu/delete: more than 2 calls in a day"
    assert ask("POST", "/cgi-bin/clear_quota", token, json={"appid": "wx0"})["errcode"] == 40013
    assert ask("POST", "/cgi-bin/clear_quota", token, json={"appid": ours["appid"]})["errcode"] == 0
    assert _alive(ask, token)
    by_secret = {"appid": ours["appid"], "appsecret": ours["secret"]}
    said = [ask("POST", "/cgi-bin/clear_quota/v2", params=by_secret)["errcode"] for _ in range(10)]
    assert said == [0] * 9 + [48006]


def test_a_person_signs_in_a_hundred_times_a_minute_and_a_blocked_one_never(wechat, ask, ours):
    def log_in(openid):
        asked = ours | {"js_code": wechat.world.code("login", openid)}
        return ask("GET", "/sns/jscode2session", params=asked).get("errcode", 0)

    wechat.world.offset_s += 60 - wechat.world.now() % 60
    assert [log_in(OPENID) for _ in range(101)] == [0] * 100 + [45011]
    wechat.world.blocked.add("oTongdian0002")
    assert (log_in("oTongdian0002"), log_in("oTongdian0003")) == (40226, 0)
