"""P1 to P6: tokens, time-outs, log-in, and what is asked again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import requests
from wechatpy.exceptions import WeChatClientException

from config.settings import ROOT
from config.wechat import origin
from config.wechat.given import WeChatFailed
from config.wechat.people import OpenPlatform
from tests.bench.wechat.row import HARMLESS, Here, Row, _keys
from tests.wechat_stand_in.faults import ALWAYS

PERSON = "oTongdian0001"
WORKERS, CALLS = 8, 3
FAILURES = (WeChatClientException, WeChatFailed, requests.RequestException, RecursionError)


def _tried(ask: Callable[[], Any]) -> bool:
    try:
        ask()
    except FAILURES:
        return False
    return True


def _ask(here: Here) -> Callable[[], Any]:
    client = here.ours()
    return lambda: client.call("GET", HARMLESS)


def _refused_for_ever(here: Here, ask: Callable[[], Any]) -> int:
    here.world.faults.plant("token_refused", ALWAYS)
    _tried(ask)
    return here.calls("token") + here.calls("stable_token")


def _cold(here: Here, kind: str) -> str:
    """Eight real processes with an empty cache; fetches, and calls that failed."""
    asked = [here.url, here.redis_url, str(_keys()), here.given.redis_prefix, str(WORKERS), str(CALLS)]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bench.wechat.worker", kind, *asked], cwd=ROOT, stdout=subprocess.PIPE
        )
        for _ in range(WORKERS)
    ]
    failed = sum(int(one.communicate(timeout=120)[0]) for one in started)
    return f"{here.calls('token') + here.calls('stable_token')} and {failed} of {WORKERS * CALLS}"


def _raw_refetches(here: Here) -> int:
    """A's own clock says the token ends; B has put a fresh one into Redis."""
    a, b = here.raw(), here.raw()
    a.menu.delete()
    a.expires_at = int(time.time()) + 30
    b.fetch_access_token()
    before = here.calls("token")
    a.menu.delete()
    return here.calls("token") - before


def _our_refetches(here: Here) -> int:
    a, b = here.ours(), here.ours()
    a.call("GET", HARMLESS)
    here.world.tokens.clear()
    b.refresh(a.access_token)
    before = here.calls("stable_token")
    a.call("GET", HARMLESS)
    return here.calls("stable_token") - before


def _seconds(here: Here, ask: Callable[[], Any], fault: str, path: str, seconds: float) -> float:
    here.world.faults.plant(fault, path=path, seconds=seconds)
    began = time.monotonic()
    _tried(ask)
    return round(time.monotonic() - began, 1)


def _our_seconds(here: Here, fault: str, path: str, seconds: float) -> float:
    client = here.ours()
    way = client._http.get_adapter(origin.API)
    way.timeout_s, way.deadline_s = (1, 1), 1
    return _seconds(here, lambda: client.call("GET", HARMLESS), fault, path, seconds)


def _login(here: Here, ask: Callable[[str], Any]) -> str:
    """Whether log-in works while the token endpoint refuses, and how many tokens it wanted."""
    here.world.faults.plant("address_refused", ALWAYS)
    works = _tried(lambda: ask(here.world.code("login", PERSON)))
    return f"{'works' if works else 'fails'}, {here.calls('token') + here.calls('stable_token')} asked"


def _busy_once(here: Here, ask: Callable[[], Any]) -> str:
    here.world.faults.plant("busy", path=HARMLESS)
    return "works" if _tried(ask) else "fails"


def _quota(here: Here, ask: Callable[[], Any], fault: str) -> int:
    """Requests that six calls sent after the platform said that the quota is used up."""
    with suppress(*FAILURES):
        ask()
    before = here.calls("delete")
    here.world.faults.plant(fault, ALWAYS, HARMLESS)
    for _ in range(6):
        _tried(ask)
    return here.calls("delete") - before


def _quota_row(fault: str, words: str) -> Row:
    return Row(
        "P6", words, "requests of 6 calls",
        lambda here: _quota(here, here.raw().menu.delete, fault), lambda here: _quota(here, _ask(here), fault),
        "1", lambda ours: ours == 1,
    )  # fmt: skip


TOKEN = "/cgi-bin/*token"
ROWS = (
    Row(
        "P1", "a token refused for ever", "token calls of one call",
        lambda here: _refused_for_ever(here, here.raw().menu.delete),
        lambda here: _refused_for_ever(here, _ask(here)),
        "at most 2", lambda ours: 1 <= ours <= 2,
    ),
    Row(
        "P2", f"{WORKERS} processes, empty cache", "fetches, and failed calls",
        lambda here: _cold(here, "raw"), lambda here: _cold(here, "ours"),
        "1 and 0", lambda ours: ours == f"1 and 0 of {WORKERS * CALLS}",
    ),
    Row(
        "P3", "a fresh token in Redis, an old one in mind", "further fetches",
        _raw_refetches, _our_refetches, "0", lambda ours: ours == 0,
    ),
    Row(
        "P4", "the token's answer takes 4 s, 1 s is allowed", "seconds",
        lambda here: _seconds(here, here.raw(timeout=1).menu.delete, "timeout_after", TOKEN, 4),
        lambda here: _our_seconds(here, "timeout_after", TOKEN, 4),
        "below 2", lambda ours: ours < 2,
    ),
    Row(
        "P4b", "an answer trickles for 4 s, 1 s is allowed", "seconds",
        lambda here: _seconds(here, here.raw(timeout=1).menu.delete, "trickle", HARMLESS, 0.15),
        lambda here: _our_seconds(here, "trickle", HARMLESS, 0.15),
        "below 3", lambda ours: ours < 3,
    ),
    Row(
        "P5", "log-in while tokens are refused (40164)", "outcome, tokens asked",
        lambda here: _login(here, here.raw().wxa.code_to_session),
        lambda here: _login(here, OpenPlatform(here.given, here.store).code_to_session),
        "works, 0 asked", lambda ours: ours == "works, 0 asked",
    ),
    Row(
        "P6", "busy (-1) once", "outcome",
        lambda here: _busy_once(here, here.raw().menu.delete), lambda here: _busy_once(here, _ask(here)),
        "works", lambda ours: ours == "works",
    ),
    _quota_row("quota_day", "the day's quota used up (45009)"),
    _quota_row("quota_minute", "the minute's quota used up (45011)"),
)  # fmt: skip
