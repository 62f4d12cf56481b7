"""`python -m tests.bench.alone`: how fast a till's journal is booked when the network is back.

The web as the Procfile starts it, on a database of our own.  One till that sold DOCUMENTS times without network, two
goods each and every other sale a member's, delivers them in batches as it does; then it delivers them all once more.
1,000 are booked within 60 s, each once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import text

from config import clock, embedded, migrate
from config.db import open_session
from config.settings import settings
from tests import factories as make
from tests.bench import cpu
from tests.bench.__main__ import fresh_database, postmaster
from tests.bench.servers import PRODUCT, serving
from tests.devices import Device
from trade.stores.models import Role

AT_MOST_S, DOCUMENTS, BATCH = 60.0, 1000, 20


def journal(session: Any, many: int) -> tuple[make.Shop, list[str]]:
    """A shop, and what its till wrote while it was alone."""
    now = clock.now()
    shop = make.open_shop(session, stock_of={"milk": 10 * many, "bread": 10 * many}, now=now)
    member = make.a_member(session, now=now)
    device = Device(shop, staff_id=shop.people[Role.CASHIER])
    for number in range(many):
        known: dict[str, Any] = {"member_id": member, "tier": "standard"} if number % 2 else {}
        device.sell(now - timedelta(seconds=many - number), milk=1 + number % 3, bread=1, **known)
    return shop, device.written


def deliver(http: requests.Session, base: str, bodies: list[str], batch: int) -> float:
    """All of them in batches, one after another; how many seconds it took."""
    began = time.monotonic()
    for at in range(0, len(bodies), batch):
        documents = [{"uuid": json.loads(body)["uuid"], "body": body} for body in bodies[at : at + batch]]
        form = {"request_id": str(uuid.uuid4()), "at_ms": clock.epoch_ms(clock.now()), "documents": documents}
        answer = http.post(f"{base}/api/pos/sync", json=form, timeout=60)
        answer.raise_for_status()
        assert {one["state"] for one in answer.json()["results"]} == {"taken"}, answer.text
    return time.monotonic() - began


def measure(port: int, many: int, batch: int) -> dict[str, Any]:
    """The figures of one run."""
    with open_session() as session:
        shop, bodies = journal(session, many)
        database = postmaster(session)
        with serving("granian", PRODUCT, port, "/healthz") as pid, requests.Session() as http:
            base = f"http://127.0.0.1:{port}"
            http.headers.update({"X-Tongdian": "1", "X-Till-Token": shop.till_token})
            login = {"request_id": str(uuid.uuid4()), "login": "cashier-S1", "password": make.PASSWORD}
            http.post(f"{base}/api/staff/login", json=login, timeout=9).raise_for_status()
            before = cpu.cpu_ms(pid), cpu.cpu_ms(database)
            first_s = deliver(http, base, bodies, batch)
            used = [now - then for now, then in zip((cpu.cpu_ms(pid), cpu.cpu_ms(database)), before, strict=True)]
            again_s = deliver(http, base, bodies, batch)
        count = text("SELECT count(*) FROM sale_order WHERE channel = 'till'")
        return {
            "documents": many, "batch": batch, "seconds": round(first_s, 1), "per_second": round(many / first_s),
            "web_cpu_ms": round(used[0] / many, 2), "database_cpu_ms": round(used[1] / many, 2),
            "again_seconds": round(again_s, 1), "orders": session.scalar(count),
        }  # fmt: skip


def main() -> int:
    """Measure; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=settings().port + 90)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--batch", type=int, default=BATCH)
    given = parser.parse_args()
    os.environ["DATABASE_URL"] = fresh_database("tongdian_bench_alone")
    os.environ["REDIS_PREFIX"] = "bench-alone"
    settings.cache_clear()
    embedded.database_url.cache_clear()
    migrate.migrate()
    found = measure(given.port, given.documents, given.batch)
    target = Path(settings().var_dir) / "bench-alone.json"
    target.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found))
    late = found["seconds"] * DOCUMENTS / given.documents > AT_MOST_S
    return 1 if late or found["orders"] != given.documents else 0


if __name__ == "__main__":
    sys.exit(main())
