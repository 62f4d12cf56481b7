"""Everything WeChat knows in this small world: people, codes, tokens, orders, refunds, faults, violations."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import Counter, deque
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, ClassVar

from tests.wechat_stand_in.faults import Faults
from tests.wechat_stand_in.keys import Keys, load
from tests.wechat_stand_in.open_platform import library
from tests.wechat_stand_in.reading import Reading, of_the_run
from tests.wechat_stand_in.trust import Trust

BEIJING = timezone(timedelta(hours=8))
PEOPLE = tuple(
    {"openid": f"oTongdian{number:04d}", "name": name, "phone": f"1380000{number:04d}"}
    for number, name in enumerate(("王小明", "李慧", "陈建国", "赵敏", "刘洋", "孙悦", "周涛", "吴新"), start=1)
)
CODE_LIVES_S, TOKEN_LIVES_S = 300, 7200
LOG_KEEPS = 2000

KEPT = ("orders", "refunds", "consents", "messages", "talks", "followers", "menus", "habits")


class World:
    """The state, guarded by one lock; kept in a file so that a restarted demo remembers its payments."""

    made: ClassVar[list[World]] = []
    """Every world of this process since the test began: each must end without a violation (`tests/conftest.py`)."""

    orders: dict[str, dict[str, Any]]
    refunds: dict[str, dict[str, Any]]
    habits: dict[str, dict[str, Any]]

    def __init__(self, folder: Path, reading: Reading | None = None) -> None:
        self.made.append(self)
        self.reading = reading or of_the_run()
        self.lock = threading.RLock()
        self.keys: Keys = load(folder)
        self.file = folder / "world.json"
        self.trust = Trust(self.keys)
        self.offset_s: float = 0
        self.skew_s: float = 0
        self.plain_http = True
        self.recent: dict[str, deque[float]] = {}
        self.codes: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, float] = {}
        self.token_apps: dict[str, str] = {}
        self.stable: dict[str, str] = {}
        self.plain: dict[str, str] = {}
        self.forced: dict[str, float] = {}
        self.counts: Counter[tuple[str, str]] = Counter()
        self.session_keys: dict[str, str] = {}
        self.blocked: set[str] = set()
        self.phones: dict[str, str] = {}
        self.nonces: set[str] = set()
        self.auth_codes: dict[str, dict[str, Any]] = {}
        self.templates = library.load(folder)
        self.consents: dict[str, dict[str, int]] = {}
        self.messages: dict[str, list[dict[str, Any]]] = {}
        self.trade_managed = True
        self.ranks: dict[str, int] = {}
        self.risk_asked: list[dict[str, Any]] = []
        self.codes_drawn: dict[str, dict[str, str]] = {}
        self.pages: dict[str, str] = {}
        self.violations: list[str] = []
        self.faults = Faults()
        self.calls: Counter[str] = Counter()
        self.log: deque[dict[str, Any]] = deque(maxlen=LOG_KEEPS)
        self.deliveries: list[dict[str, Any]] = []
        self.callbacks: dict[str, dict[str, str]] = {}
        self.pushes: list[dict[str, Any]] = []
        self.talks: dict[str, list[dict[str, Any]]] = {}
        self.windows: dict[str, dict[str, Any]] = {}
        self.followers: dict[str, dict[str, Any]] = {}
        self.menus: dict[str, dict[str, Any]] = {}
        self.qr_codes: dict[str, dict[str, Any]] = {}
        self.shop_url = ""
        self._recall()

    def _recall(self) -> None:
        """What an earlier run kept; an older file lacks some of it."""
        kept = json.loads(self.file.read_text()) if self.file.exists() else {}
        for name in KEPT:
            setattr(self, name, kept.get(name, {}))

    def now(self) -> float:
        """Unix seconds on the stand-in's own clock, which tests may move forward."""
        return time.time() + self.offset_s

    def shown(self) -> int:
        """What its clock shows to the shop: the true time, or a fault's (`skew_s`), whatever tests moved forward."""
        return int(time.time() + self.skew_s)

    def beijing(self) -> str:
        """The moment as WeChat writes it."""
        return datetime.fromtimestamp(self.now(), BEIJING).isoformat(timespec="seconds")

    def keep(self) -> None:
        """Write down what a restarted demo must remember."""
        draft = self.file.with_suffix(".new")
        kept = {name: getattr(self, name) for name in KEPT}
        draft.write_text(json.dumps(kept, ensure_ascii=False))
        draft.replace(self.file)

    def code(self, kind: str, openid: str) -> str:
        """A single-use code of five minutes for one person."""
        made = f"{kind}{secrets.token_hex(12)}"
        self.codes[made] = {"kind": kind, "openid": openid, "until": self.now() + CODE_LIVES_S}
        return made

    def redeem(self, code: str, kind: str) -> str | None:
        """The person behind a code, once; None when it is unknown, used, late or of another kind."""
        with self.lock:
            held = self.codes.pop(code, None)
        return held["openid"] if held and held["kind"] == kind and held["until"] > self.now() else None

    def credentials(self, app: str) -> dict[str, str]:
        """What one of our apps was given: `mini`, the mini-program, or `service`, the service account."""
        return self.keys.service if app == "service" else self.keys.given

    def app_of(self, token: str) -> str:
        """The app that a token was given to."""
        return self.token_apps.get(token, "mini")

    def habits_of(self, openid: str) -> dict[str, Any]:
        """How a person answers a shop: `slow_s` before they pay, `refuses_phone`, `balance_fen` (None: as much as it
        takes); `known`: whether they signed in at the mini-program before; `read`: how many notices they saw."""
        usual = {"slow_s": 0, "refuses_phone": False, "balance_fen": None, "known": False, "read": 0}
        return self.habits.setdefault(openid, usual)

    def number_of(self, package: str) -> str | None:
        """The merchant's order number behind `prepay_id=...`."""
        prepay_id = package.removeprefix("prepay_id=")
        return next((no for no, one in list(self.orders.items()) if one["prepay_id"] == prepay_id), None)

    def new_token(self, app: str) -> str:
        """A token of one app that nobody had before."""
        token = secrets.token_hex(64)
        self.tokens[token] = self.now() + TOKEN_LIVES_S
        self.token_apps[token] = app
        return token

    def take_fault(self, name: str) -> bool:
        """Whether a planted fault strikes now."""
        return self.faults.take(name) is not None


def service_openid(openid: str) -> str:
    """How the service account knows a person whom the mini-program knows by `openid`."""
    return openid.replace("oTongdian", "oService")


def mini_openid(openid: str) -> str:
    """The way back."""
    return openid.replace("oService", "oTongdian")


def unionid(openid: str) -> str:
    """The same in every app of the chain, whose apps are bound to one open-platform account."""
    return mini_openid(openid).replace("oTongdian", "uTongdian")


def person(openid: str) -> dict[str, str]:
    """One of PEOPLE."""
    return next(one for one in PEOPLE if one["openid"] == openid)
