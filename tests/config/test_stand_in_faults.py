"""The stand-in's planted faults: each strikes where it says, as often as it says, and before or after the work."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import requests

from tests.wechat_stand_in.faults import ALWAYS, CATALOGUE

LOGIN = "/sns/jscode2session"


@pytest.fixture
def ask(wechat):
    """Redeems a fresh log-in code of a person; the answer."""

    def asked(timeout=5.0):
        params = {"appid": wechat.given.appid, "secret": wechat.given.secret, "js_code": ask_code(wechat)}
        return requests.get(wechat.url + LOGIN, params=params, timeout=timeout)

    return asked


def ask_code(wechat):
    return wechat.world.code("login", "oTongdian0001")


def test_every_fault_of_the_catalogue_strikes_somewhere_and_none_is_asked_for_that_it_lacks():
    folder = Path(__file__).parent.parent / "wechat_stand_in"
    sources = "\n".join(file.read_text() for file in folder.rglob("*.py") if file.name != "faults.py")
    asked = set(re.findall(r'(?:take_fault|faults\.take)\("(\w+)"', sources))
    assert asked <= CATALOGUE.keys()
    assert [name for name, one in CATALOGUE.items() if not one.strikes and f'"{name}"' not in sources] == []
    assert all(one.says and one.name == name for name, one in CATALOGUE.items())


@pytest.mark.parametrize(
    ("fault", "failure", "done"),
    [
        ("timeout_before", requests.Timeout, False),
        ("timeout_after", requests.Timeout, True),
        ("answer_lost", requests.ConnectionError, True),
        ("reset", requests.ConnectionError, False),
    ],
)
def test_a_fault_of_the_wire_strikes_once_and_before_or_after_the_work(wechat, ask, fault, failure, done):
    wechat.world.faults.plant(fault)
    with pytest.raises(failure):
        ask(timeout=0.3)
    assert (wechat.world.codes == {}) is done
    wechat.world.faults.clear()
    assert ask().json()["openid"] == "oTongdian0001"


def test_a_gateways_page_half_an_answer_and_a_slow_one(wechat, ask):
    for fault in ("server_error", "truncated"):
        wechat.world.faults.plant(fault)
    assert (ask().status_code, wechat.world.codes != {}) == (502, True)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        ask().json()
    wechat.world.faults.plant("trickle", seconds=0.005)
    began = time.monotonic()
    assert ask().json()["openid"] == "oTongdian0001"
    assert time.monotonic() - began > 0.2


def test_faults_are_planted_listed_counted_and_healed_over_http(wechat, ask):
    plant = {"name": "busy", "count": 2, "path": LOGIN}
    assert requests.post(f"{wechat.url}/control/fault", json=plant, timeout=5).status_code == 200
    unknown = requests.post(f"{wechat.url}/control/fault", json={"name": "bussy"}, timeout=5)
    assert (unknown.status_code, unknown.json()["unknown"]) == (400, "bussy")
    assert [ask().json().get("errcode") for _ in range(3)] == [-1, -1, None]
    said = requests.get(f"{wechat.url}/control/faults", timeout=5).json()
    assert [(one["name"], one["left"], one["struck"]) for one in said["planted"]] == [("busy", 0, 2)]
    assert {one["name"]: one["says"] for one in said["faults"]} == {one.name: one.says for one in CATALOGUE.values()}
    counters = requests.get(f"{wechat.url}/control/counters", timeout=5).json()
    assert (counters["calls"], counters["faults"]) == ({"jscode2session": 3}, {"busy": 2})
    log = requests.get(f"{wechat.url}/control/log", params={"path": "/sns/*"}, timeout=5).json()["log"]
    assert [(one["fault"], one["code"]) for one in log] == [("busy", -1), ("busy", -1), (None, None)]
    assert wechat.given.secret not in str(log)
    wechat.world.faults.plant("busy", ALWAYS)
    requests.delete(f"{wechat.url}/control/faults", timeout=5)
    assert ask().json()["openid"] == "oTongdian0001"


def test_a_fault_keeps_to_its_paths_and_takes_its_arguments(wechat, ask):
    wechat.world.faults.plant("address_refused", ip="198.51.100.7")
    assert ask().json()["openid"] == "oTongdian0001"
    said = requests.post(f"{wechat.url}/cgi-bin/stable_token", json={}, timeout=5).json()
    assert said["errcode"] == 40164
    assert "invalid ip 198.51.100.7 ipv6 ::ffff:198.51.100.7, not in whitelist" in said["errmsg"]
