"""kill -9 of Redis and PostgreSQL while phones tell what is done; writes var/chaos-behaviour.json.

Every phone keeps its batch until it is answered for, as the mall's does, and sends it again.  In the end every event
that was made is stored once, and the counts equal a recount.  Before the kills the web worker's own pace is taken:
events a second, and CPU of web worker and PostgreSQL for each.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import requests

from config.db import engine
from config.settings import ROOT, settings
from tests.bench import cpu
from tests.chaos.house import House

PACE, PHONES = 1000, 6
PAGES = ("pages/home/home", "pages/search/search", "pages/product/product", "pages/cart/cart")


class Phone(threading.Thread):
    """A guest who agreed: a batch of 50 at a time, kept until it is answered for."""

    def __init__(self, url: str, pause_s: float) -> None:
        super().__init__(daemon=True)
        self.url, self.pause_s, self.dice = url, pause_s, random.Random(str(uuid.uuid4()))
        self.anon, self.visit = str(uuid.uuid4()), str(uuid.uuid4())
        self.made, self.answered, self.held, self.retries = 0, 0, 0, 0
        self.stopping = threading.Event()

    def event(self, at: str) -> dict[str, Any]:
        """One of four kinds, in a visit of ten batches."""
        kind = self.dice.choice(["page_view", "product_impression", "product_view", "search"])
        made: dict[str, Any] = {"id": str(uuid.uuid4()), "kind": kind, "at": at, "visit_id": self.visit, "store_id": 1}
        if kind == "page_view":
            return made | {"page": self.dice.choice(PAGES), "from_page": self.dice.choice(PAGES)}
        if kind == "search":
            return made | {"keyword": self.dice.choice(["tea", "rice", "milk"]), "results": self.dice.randrange(9)}
        return made | {"product_id": self.dice.randrange(1, 200), "slot": "home.here", "position": 1}

    def run(self) -> None:
        """Make and send until told to stop, and then until the last batch is answered for."""
        from config import clock

        http = requests.Session()
        while not self.stopping.is_set():
            at = clock.now().isoformat()
            events = [self.event(at) for _ in range(50)]
            self.made += 50
            if self.made % 500 == 0:
                self.visit = str(uuid.uuid4())
            while not self._sent(http, events):
                self.retries += 1
                time.sleep(0.2)
            self.answered += 50
            time.sleep(self.pause_s)

    def _sent(self, http: requests.Session, events: list[dict[str, Any]]) -> bool:
        from config import clock

        said = {"anon_id": self.anon, "consent_version": "2026-11", "app_version": "chaos", "events": events}
        said |= {"request_id": str(uuid.uuid4()), "sent_at": clock.now().isoformat()}
        try:
            answer = http.post(f"{self.url}/api/mall/events", json=said, timeout=15)
        except requests.RequestException:
            return False
        assert answer.ok or answer.status_code >= 500, answer.text
        self.held += 50 if answer.status_code == 202 else 0
        return answer.ok


def measured(house: House, phones: list[Phone], seconds: float) -> dict[str, float]:
    """How fast one web worker answers for events, and what an event costs it and PostgreSQL."""
    postgres = int((house.folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    trees = {"web": house.running["web"].pid, "postgres": postgres}
    before, events = {name: cpu.cpu_ms(pid) for name, pid in trees.items()}, sum(one.answered for one in phones)
    began = time.monotonic()
    time.sleep(seconds)
    done = sum(one.answered for one in phones) - events
    figures = {"events_per_s": round(done / (time.monotonic() - began), 1)}
    for name, pid in trees.items():
        figures[f"{name}_us_per_event"] = round((cpu.cpu_ms(pid) - before[name]) * 1000 / max(done, 1), 1)
    return figures


def judge(phones: list[Phone]) -> dict[str, Any]:
    """What is stored, against what was made; counted by the job as in production, and recounted."""
    from datetime import timedelta

    from sqlalchemy import text

    from config import clock
    from config.clock import business_day
    from config.db import fetch, open_session, transaction
    from recommend import bridge, counting
    from workers.jobs import count_behaviour

    engine().dispose()
    began = time.monotonic()
    while count_behaviour.run():
        pass
    counted_s = time.monotonic() - began
    today = business_day(clock.now())
    with open_session() as session:
        stored = fetch(session, text("SELECT count(*) AS n FROM behaviour_event"), {})[0].n
        began = time.monotonic()
        with transaction(session):
            differ = counting.recount(session, today - timedelta(days=1), today)
    made = sum(one.made for one in phones)
    return {
        "made": made, "held_by_redis": sum(one.held for one in phones), "retries": sum(one.retries for one in phones),
        "lost": made - stored, "on_the_bridge": bridge.length(), "differ": differ, "counted_s": round(counted_s, 2),
        "recounted_s": round(time.monotonic() - began, 2),
    }  # fmt: skip


def run(house: House, kills: int, base: str) -> dict[str, Any]:
    """Measure, then kill Redis and PostgreSQL in turn, and both at once; the figures."""
    house.env["WEB_WORKERS"] = "1"
    kept = {name: value for name, value in house.env.items() if name != "PATH"}
    os.environ.update(kept)  # with another PATH a Redis of another version would start again, on other files
    settings.cache_clear()
    from config import clock
    from config.db import open_session, transaction
    from config.migrate import migrate
    from recommend import partitions

    migrate()
    with open_session() as session, transaction(session):
        partitions.keep(session, now=clock.now())
    house.start("web")
    for _ in range(300):
        try:
            if requests.get(f"{base}/readyz", timeout=2).ok:
                break
        except requests.RequestException:
            time.sleep(0.1)
    phones = [Phone(base, PHONES * 50 / (PACE * 2)) for _ in range(PHONES)]
    for one in phones:
        one.start()
    time.sleep(1)
    figures: dict[str, Any] = measured(house, phones, 5)
    for number in range(kills):
        victims = (("postgres",), ("redis",), ("postgres", "redis"))[number % 3]
        for victim in victims:
            house.kill(victim)
        time.sleep(1.5)
        for victim in victims:
            house.revive(victim)
        time.sleep(1.5)
    for one in phones:
        one.stopping.set()
    for one in phones:
        one.join(60)
    return {"kills": kills, **figures, **judge(phones)}


def main() -> int:
    """Run and judge; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--port", type=int, default=settings().port + 64)
    parser.add_argument("--slack", type=float, default=1.0, help="how much slower than 1,000 events/s is forgiven")
    given = parser.parse_args()
    target = Path(settings().var_dir) / "chaos-behaviour.json"
    house = House((ROOT / "var" / "chaos").resolve(), given.port, given.port + 1)
    try:
        house.start_postgres()
        house.start_redis()
        figures = run(house, given.kills, f"http://127.0.0.1:{given.port}")
    finally:
        house.stop()
    target.write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures, indent=1))
    bad = [name for name in ("lost", "on_the_bridge", "differ") if figures[name]]
    if figures["events_per_s"] * given.slack < PACE:
        bad.append("events_per_s")
    if bad:
        print(f"NOT MET: {', '.join(bad)}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
