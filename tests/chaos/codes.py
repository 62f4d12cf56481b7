"""kill -9 of web and till worker at every step of a payment code; writes var/chaos-codes.json.

A step is a move of the attempt in its transaction, where a trigger holds it up while the process is killed, or a call
to WeChat, which the stand-in leaves unanswered before or after its effect.  Every payment has a till of its own, whose
browser is gone, too, unless it `retries`.  In the end each is sold and WeChat has the money, or it is let go and
WeChat has nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import requests

from config.db import engine
from config.settings import ROOT, settings
from tests.chaos.house import House, a_cashier

HELD_S, CODE_S, END_S = 4, 16, 120.0
CODEPAY, QUERY, REVERSE = "/v3/pay/transactions/codepay", "*/out-trade-no/{no}", "*/out-trade-no/{no}/reverse"
PROCESSES = ("stand-in", "web", "till", "relay", "effects", "wechat", "schedule")


@dataclass
class Case:
    """One payment and where its process dies; `free`: no password is asked, else it is typed after `types_after_s`."""

    victim: str
    step: str
    free: bool = True
    types_after_s: int | None = None
    act: str = ""
    retries: bool = False
    wire: str = ""
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    till_id: int = 0
    began: float = 0
    said: list[Any] = field(default_factory=list)
    tender_id: int = 0
    trade_no: str = ""

    @property
    def name(self) -> str:
        """How the report calls it."""
        where = f"{self.wire} {self.path}" if self.wire else self.step
        more = " (cancel)" * bool(self.act) + " and a retry" * self.retries + " (password)" * (not self.free)
        return f"{self.victim} at {where}{more}"


def cases() -> list[Case]:
    """Every step, for whoever can take it."""
    at_once = [
        *(Case("web", step, retries=retries) for step in ("INSERT >created", "UPDATE created>prepaid")
          for retries in (False, True)),
        Case("web", "UPDATE prepaid>paid"),
        Case("web", "", wire="timeout_before", path=CODEPAY), Case("web", "", wire="timeout_after", path=CODEPAY),
        Case("web", "", wire="timeout_after", path=CODEPAY, free=False, types_after_s=8),
        Case("till", "UPDATE prepaid>prepaid", free=False, types_after_s=4),
        Case("till", "UPDATE prepaid>paid", free=False, types_after_s=2),
        Case("till", "", wire="timeout_before", path=QUERY, free=False, types_after_s=2),
        Case("till", "", wire="timeout_after", path=QUERY, free=False, types_after_s=2),
    ]  # fmt: skip
    later = [
        Case("till", "UPDATE prepaid>closing", free=False), Case("till", "UPDATE closing>closed", free=False),
        Case("till", "", wire="timeout_before", path=REVERSE, free=False),
        Case("till", "", wire="timeout_after", path=REVERSE, free=False),
        Case("web", "UPDATE prepaid>closing", free=False, act="cancel"),
        Case("web", "", wire="timeout_before", path=REVERSE, free=False, act="cancel"),
        Case("web", "", wire="timeout_after", path=REVERSE, free=False, act="cancel"),
    ]  # fmt: skip
    return [*at_once, *later]


_TRIGGER = f"""
    CREATE TABLE chaos_held (till_id bigint, step text);
    CREATE FUNCTION chaos_hold() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE stands text := TG_OP || ' ' || CASE TG_OP WHEN 'UPDATE' THEN OLD.state ELSE '' END || '>' || NEW.state;
    BEGIN
        IF EXISTS (SELECT FROM chaos_held h WHERE h.till_id = NEW.till_id AND h.step = stands) THEN
            PERFORM pg_sleep({HELD_S});
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER chaos_hold BEFORE INSERT OR UPDATE ON tender FOR EACH ROW EXECUTE FUNCTION chaos_hold();"""


class Run:
    """One run over all cases."""

    def __init__(self, house: House, base: str, phone: str) -> None:
        self.house, self.base, self.phone, self.dead = house, base, phone, list[str]()
        self.db = psycopg.connect(house.env["DATABASE_URL"], autocommit=True)

    def fill(self, found: list[Case]) -> None:
        """A shop with a till, an open shift and a signed-in cashier for each case."""
        from config import clock, migrate
        from config.db import open_session
        from tests import factories

        migrate.migrate()
        now = clock.now()
        with open_session() as session:
            shop = factories.open_shop(session, stock_of={"milk": 1_000}, now=now)
            self.sku = shop.skus["milk"]
            for number, case in enumerate(found):
                case.till_id, case.headers = a_cashier(session, shop, f"code {number}", now=now)
        self.db.execute(_TRIGGER)

    def await_answers(self) -> None:
        """Wait until product and stand-in answer."""
        _await(f"{self.base}/readyz")
        _await(f"{self.phone}/control/violations")

    def begin(self, number: int, case: Case) -> threading.Thread:
        """Ring the sale up in a thread of its own: the answer may never come."""
        person, habit = f"oTongdian{number:04d}", {"asked": not case.free, "types_after_s": case.types_after_s}
        code = requests.post(f"{self.phone}/control/code", json={"openid": person, "habit": habit}, timeout=9).json()
        body = {
            "request_id": str(uuid.uuid4()), "lines": [{"sku_id": self.sku, "qty": 1}], "expected_payable_fen": 990,
            "tenders": [{"kind": "code", "auth_code": code["auth_code"]}],
        }  # fmt: skip
        case.began = time.monotonic()

        def ring() -> None:
            for _ in range(60 if case.retries else 1):
                with suppress(requests.RequestException):
                    answer = requests.post(f"{self.base}/api/pos/sales", json=body, headers=case.headers, timeout=20)
                    if answer.status_code < 500:
                        case.said.append((answer.status_code, answer.json()))
                        return
                time.sleep(0.5)

        thread = threading.Thread(target=ring, daemon=True)
        thread.start()
        return thread

    def strike(self, number: int, case: Case) -> None:
        """Bring one payment to its step, kill the process there, and start it again."""
        self._arm(case, before=True)
        if not case.began:
            self.begin(number, case)
        self._look_up(case)
        self._arm(case, before=False)
        if case.act:
            args = {"json": {"request_id": str(uuid.uuid4())}, "headers": case.headers, "timeout": 20}
            url = f"{self.base}/api/pos/payments/{case.tender_id}/cancel"
            threading.Thread(target=lambda: _quietly(requests.post, url, **args), daemon=True).start()
        struck = self._await_step(case)
        self.house.kill(case.victim)
        if not struck:
            self.dead.append(f"{case.name}: never came to its step")
        self.db.execute("DELETE FROM chaos_held")
        requests.delete(f"{self.phone}/control/faults", timeout=9)
        self.house.revive(case.victim)
        _await(f"{self.base}/readyz")
        time.sleep(2 if case.retries else 0)
        print(f"   killed {case.name}", flush=True)

    def _arm(self, case: Case, *, before: bool) -> None:
        """Hold up the case's step: its first moves before it is rung up, later ones and its own calls after."""
        early = case.step in ("INSERT >created", "UPDATE created>prepaid") or case.path == CODEPAY
        early = early or (case.victim == "web" and case.step == "UPDATE prepaid>paid")
        if early is not before:
            return
        if case.step:
            self.db.execute("INSERT INTO chaos_held VALUES (%s, %s)", (case.till_id, case.step))
        else:
            planted = {"name": case.wire, "path": case.path.format(no=case.trade_no), "arguments": {"seconds": 60}}
            requests.post(f"{self.phone}/control/fault", json=planted, timeout=9)

    def _look_up(self, case: Case) -> None:
        if case.step == "INSERT >created":
            return
        said = "SELECT id, trade_no FROM tender WHERE till_id = %s AND way = 'code' ORDER BY id DESC"
        for _ in range(400):
            if row := self.db.execute(said, (case.till_id,)).fetchone():
                case.tender_id, case.trade_no = row
                return
            time.sleep(0.02)
        self.dead.append(f"{case.name}: was never rung up")

    def _await_step(self, case: Case) -> bool:
        """Wait until somebody stands at the step."""
        until = time.monotonic() + 70
        while time.monotonic() < until:
            if case.step:
                held = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                there = self.db.execute(held).fetchone() != (0,)
            else:
                there = any(one["struck"] for one in self._planted())
            if there:
                time.sleep(0.3)
                return True
            time.sleep(0.05)
        return False

    def _planted(self) -> list[Any]:
        return list(requests.get(f"{self.phone}/control/faults", timeout=9).json()["planted"])

    def judge(self, found: list[Case]) -> dict[str, Any]:
        """Wait for every end, and compare it with what WeChat has."""
        began = time.monotonic()
        open_ = "SELECT count(*) FROM tender WHERE way = 'code' AND state IN ('created', 'prepaid', 'closing')"
        while self.db.execute(open_).fetchone() != (0,) and time.monotonic() - began < END_S:
            time.sleep(0.5)
        waited = time.monotonic() - began
        world = json.loads((self.house.folder / "stand-in" / "world.json").read_text("utf-8"))["orders"]
        ends: dict[str, str] = {}
        for case in found:
            ends[case.name] = self._end(case, world)
        wrong = [f"{name}: {end}" for name, end in ends.items() if end not in ("sold", "let go", "never begun")]
        return {
            "cases": len(found),
            "ends": ends,
            "wrong": wrong + self.dead,
            "books": _books(),
            "waited_s": int(waited),
        }

    def _end(self, case: Case, world: dict[str, Any]) -> str:
        said = """SELECT o.state, t.state, t.trade_no,
                (SELECT coalesce(sum(qty), 0) FROM stock_hold h WHERE h.order_id = o.id)
            FROM tender t JOIN sale_order o ON o.store_id = t.store_id AND o.id = t.order_id WHERE t.till_id = %s"""
        rows = self.db.execute(said, (case.till_id,)).fetchall()
        if not rows:
            return "never begun"
        has = [world.get(row[2], {"state": "-"})["state"] for row in rows]
        if len(rows) > 1:
            return f"{len(rows)} attempts: {rows}, WeChat {has}"
        order, tender, _, held = rows[0]
        if (order, tender, has[0]) == ("done", "paid", "SUCCESS") and not held:
            return "sold"
        if (order, tender) == ("cancelled", "closed") and has[0] in ("-", "REVOKED") and not held:
            return "let go"
        return f"{rows[0]}, WeChat {has[0]}"


def _quietly(call: Any, *given: Any, **named: Any) -> None:
    with suppress(requests.RequestException):
        call(*given, **named)


def _books() -> int:
    from config.db import open_session, transaction
    from trade.books.registry import prove

    with open_session() as session, transaction(session):
        return sum(len(one.rows) for one in prove(session))


def _await(url: str) -> None:
    for _ in range(600):
        with suppress(requests.RequestException):
            if requests.get(url, timeout=2).ok:
                return
        time.sleep(0.1)
    raise SystemExit(f"no answer from {url}")


def run(house: House, base: str, phone: str) -> dict[str, Any]:
    """The whole experiment."""
    os.environ.update(house.env)
    settings.cache_clear()
    found = cases()
    one = Run(house, base, phone)
    one.fill(found)
    for name in PROCESSES:
        house.start(name)
    one.await_answers()
    for number, case in enumerate(found, 1):
        one.strike(number, case)
    figures = one.judge(found)
    engine().dispose()
    return figures


def main() -> int:
    """Run and judge; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=settings().port + 70)
    given = parser.parse_args()
    folder, base = (ROOT / "var" / "chaos-codes").resolve(), f"http://127.0.0.1:{given.port}"
    target = Path(settings().var_dir) / "chaos-codes.json"
    house = House(folder, given.port, given.port + 1)
    house.env["WECHAT_CODE_S"] = str(CODE_S)
    try:
        house.start_postgres()
        house.start_redis()
        figures = run(house, base, f"http://127.0.0.1:{given.port + 1}")
    finally:
        house.stop()
    target.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps(figures, indent=1, ensure_ascii=False))
    return 1 if figures["wrong"] or figures["books"] else 0


if __name__ == "__main__":
    sys.exit(main())
