"""What points cost a till sale: statements and CPU that earning and spending add, on the bench database.

Nothing is replaced for it: a sale too small for a point is compared with one that earns a point, and a sale with one
that spends 100 points besides.  `python -m tests.bench.points` measures this alone.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from unittest.mock import patch

import psycopg
from sqlalchemy.orm import Session

from config import clock
from config.db import transaction
from tests import factories
from tests.bench import cpu
from trade.orders import place
from trade.pricing.quoted import Want

AT_MOST, ROUNDS, SALES = 2, 5, 40
MORE = {"points earn": ("earning nothing", "earning"), "points spend": ("spending nothing", "spending")}
Sell = Callable[[str], None]


@contextmanager
def counting() -> Iterator[list[str]]:
    """Every statement that reaches PostgreSQL from this process, one an entry; a batch counts once a row."""
    sent: list[str] = []
    one, many = psycopg.Cursor.execute, psycopg.Cursor.executemany

    def execute(self: Any, query: Any, *given: Any, **more: Any) -> Any:
        sent.append(str(query))
        return one(self, query, *given, **more)

    def executemany(self: Any, query: Any, rows: Any, **more: Any) -> Any:
        rows = list(rows)
        sent.extend([str(query)] * len(rows))
        return many(self, query, rows, **more)

    with patch.object(psycopg.Cursor, "execute", execute), patch.object(psycopg.Cursor, "executemany", executemany):
        yield sent


def sales(session: Session, shop: factories.Shop, sku_id: int, now: datetime) -> Sell:
    """Sells to one member, by the names of MORE: 50 g of apples earn nothing, 100 g earn; `sku_id` spends."""
    member = factories.a_member(session, phone="13700000001", points_of=1_000_000, now=now)
    apple = shop.skus["apple"]
    wants = {"earning nothing": (apple, 50, 0), "earning": (apple, 100, 0),
             "spending nothing": (sku_id, 1, 0), "spending": (sku_id, 1, 100)}  # fmt: skip
    baskets = {
        name: place.Basket(shop.store_id, [Want(sku, qty)], member, points)
        for name, (sku, qty, points) in wants.items()
    }
    due = {name: place.price(session, basket, now=now).payable_fen for name, basket in baskets.items()}

    def sell(name: str) -> None:
        given: Any = {"received_fen": due[name], "expected_payable_fen": due[name]}
        with transaction(session):
            place.at_till(session, baskets[name], shop.sale(), **given, actor="bench", now=now)

    return sell


def statements(sell: Sell) -> dict[str, int]:
    """How many statements more each of MORE sends, once everything that is kept in memory is known."""
    sent: dict[str, int] = {}
    for name in [name for pair in MORE.values() for name in pair]:
        sell(name)
        with counting() as seen:
            sell(name)
        sent[name] = len(seen)
    return {work: sent[more] - sent[less] for work, (less, more) in MORE.items()}


def cpu_ms(sell: Sell, database: int) -> dict[str, float]:
    """How many milliseconds of CPU more each of MORE takes a sale, of this process and of the database."""
    spent = {name: 0.0 for pair in MORE.values() for name in pair}
    for _ in range(ROUNDS):
        for name in spent:
            before = time.process_time() * 1000 + cpu.cpu_ms(database)
            for _ in range(SALES):
                sell(name)
            spent[name] += time.process_time() * 1000 + cpu.cpu_ms(database) - before
    return {work: (spent[more] - spent[less]) / (ROUNDS * SALES) for work, (less, more) in MORE.items()}


def rows(session: Session, shop: factories.Shop, sku_id: int, database: int) -> list[dict[str, Any]]:
    """The rows of the bench's table; `sku_id` has stock for some 500 sales and costs 2.00 or more."""
    sell = sales(session, shop, sku_id, clock.now())
    told = [{"work": f"{work}: statements", "value": n, "unit": "more"} for work, n in statements(sell).items()]
    return told + [
        {"work": f"{work}: CPU", "value": round(ms, 2), "unit": "ms more"}
        for work, ms in cpu_ms(sell, database).items()
    ]


def faults(found: list[dict[str, Any]]) -> list[str]:
    """The demand that does not hold."""
    return [
        f"{row['work']}: {row['value']} more, at most {AT_MOST} are allowed"
        for row in found
        if row["work"].endswith(": statements") and row["value"] > AT_MOST
    ]


def main() -> int:
    """Measure this alone, on a small shop in the bench's own database; the exit code."""
    from config import embedded, migrate
    from config.db import open_session
    from config.settings import settings
    from tests.bench.__main__ import fresh_database, postmaster, show

    os.environ["DATABASE_URL"] = fresh_database("tongdian_bench")
    settings.cache_clear()
    embedded.database_url.cache_clear()
    migrate.migrate()
    with open_session() as session:
        shop = factories.open_shop(session, stock_of={"milk": 1000}, now=clock.now())
        found = rows(session, shop, shop.skus["milk"], postmaster(session))
    show(found)
    for fault in faults(found):
        print(f"NOT MET: {fault}", file=sys.stderr)
    return 1 if faults(found) else 0


if __name__ == "__main__":
    sys.exit(main())
