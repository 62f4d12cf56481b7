"""What the mall's screens cost: home, list, product, cart and search, of a member, beside the floor in the same run.

Every card has what the store has free and the member's price; words are Chinese and pinyin.  A demand is missed when a
screen costs more than AT_MOST_MS of CPU (web and database) and more than AT_MOST times the floor's catalogue page or
search.  `python -m tests.bench.mall --skus 100000`; writes var/bench-mall-N.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import clock, embedded, migrate
from config.db import fetch
from config.settings import settings
from tests import factories
from tests.bench import cpu, seed
from tests.bench.__main__ import fresh_database, postmaster, show
from tests.bench.load import Ask, press
from tests.bench.servers import PRODUCT, serving
from tests.bench.works import WORDS

AT_MOST_MS = {"home": 5.0, "list": 5.0, "product": 4.0, "cart": 8.0, "search": 6.0}
AT_MOST = 2.5
PINYIN = ("nn", "niunai", "pg", "pingguo", "mb", "mianbao", "sp", "dami")
FLOOR_OF = {"search": "/search"}
"""The floor has a catalogue page and a search; the other screens are set beside its page."""


class Asks:
    """Requests of one screen after the other, by the same dice for both targets."""

    def __init__(self, session: Session, shop: factories.Shop) -> None:
        self.store, self.dice = shop.store_id, random.Random(7)
        rows = fetch(session, text("SELECT id, product_id FROM sku WHERE spec = '500g' ORDER BY id"), {})
        self.skus, self.products = [row.id for row in rows], [row.product_id for row in rows]
        self.kinds = list(session.scalars(text("SELECT id FROM category WHERE name LIKE '分类%' ORDER BY id")))
        session.rollback()

    def ask(self, screen: str) -> Ask:
        """One request of the product."""
        base, store = "/api/mall", f"store_id={self.store}"
        if screen == "home":
            return "GET", f"{base}/home?{store}", None
        if screen == "list":
            return "GET", f"{base}/products?{store}&category_id={self.dice.choice(self.kinds)}&in_stock=true", None
        if screen == "product":
            return "GET", f"{base}/products/{self.dice.choice(self.products)}?{store}", None
        if screen == "search":
            return "GET", f"{base}/products?{store}&q={quote(self.dice.choice(WORDS + PINYIN))}", None
        lines = [{"sku_id": sku, "qty": 1} for sku in self.dice.sample(self.skus[:-1], 5)]
        return "POST", f"{base}/quote", {"store_id": self.store, "lines": lines}

    def floor(self, screen: str) -> Ask:
        """One request of the floor."""
        if FLOOR_OF.get(screen) == "/search":
            return "GET", f"/search?q={quote(self.dice.choice(WORDS))}", None
        return "GET", f"/page?category={self.dice.choice(self.kinds)}&after=0", None


def _ms(port: int, pid: int, database: int, headers: dict[str, str], make: Any, seconds: float) -> tuple[float, int]:
    """CPU milliseconds a request, and how many were refused."""
    press(port, headers, make, clients=4, seconds=0.5)
    before = cpu.cpu_ms(pid) + cpu.cpu_ms(database)
    seen = press(port, headers, make, clients=4, seconds=seconds)
    spent = cpu.cpu_ms(pid) + cpu.cpu_ms(database) - before
    return spent / len(seen.latencies), sum(n for status, n in seen.statuses.items() if status >= 300)


def measure(skus: int, seconds: float, port: int) -> list[dict[str, Any]]:
    """Rows of every screen with so many skus."""
    from config.db import open_session

    url = fresh_database("tongdian_bench")
    os.environ["DATABASE_URL"], os.environ["REDIS_PREFIX"] = url, "bench"
    settings.cache_clear()
    embedded.database_url.cache_clear()
    migrate.migrate()
    plain = url.replace("postgresql+psycopg://", "postgresql://")
    env = {"DATABASE_URL": plain, "REDIS_URL": embedded.redis_url(), "REDIS_PREFIX": "bench", "LOG_LEVEL": "ERROR"}
    rows = []
    with open_session() as session:
        shop, database = seed.seed(session, skus), postmaster(session)
        factories.a_promotion(session, clock.now(), kind="member_price", rate_bp=9_000)
        headers = {"Authorization": f"Bearer {seed.tokens(session, 1)[0]}"}
        asks = Asks(session, shop)
        low = serving("granian", "tests.bench.floor:create_app", port + 1, "/scan/0", FLOOR_DATABASE=plain)
        with serving("granian", PRODUCT, port, "/readyz", **env) as web, low as floor:
            for screen, most in AT_MOST_MS.items():
                theirs, _ = _ms(port + 1, floor, database, {}, lambda _c, _t: asks.floor(screen), seconds)  # noqa: B023
                ours, refused = _ms(port, web, database, headers, lambda _c, _t: asks.ask(screen), seconds)  # noqa: B023
                rows.append(
                    {"work": f"{screen}, {skus} skus", "value": round(ours, 2), "unit": f"ms CPU (floor {theirs:.2f})",
                     "floor": theirs, "most": most, "refused": refused}
                )  # fmt: skip
    return rows


def faults(rows: list[dict[str, Any]], slack: float) -> list[str]:
    """The demands that do not hold."""
    found = [f"{row['work']}: {row['refused']} answers were refusals" for row in rows if row["refused"]]
    return found + [
        f"{row['work']}: {row['value']} ms; {row['most']} ms or {AT_MOST} times the floor are allowed"
        for row in rows
        if row["value"] > max(row["most"], AT_MOST * row["floor"]) * slack
    ]


def main() -> int:
    """Measure and judge; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skus", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--slack", type=float, default=1)
    parser.add_argument("--port", type=int, default=settings().port + 60)
    given = parser.parse_args()
    rows = measure(given.skus, given.seconds, given.port)
    show(rows)
    Path(settings().var_dir, f"bench-mall-{given.skus}.json").write_text(
        json.dumps(rows, indent=1, ensure_ascii=False) + "\n"
    )
    for fault in (found := faults(rows, given.slack)):
        print(f"NOT MET: {fault}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
