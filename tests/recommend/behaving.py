"""People who buy, view and want things: made up for the tests, the same at every run.

Each member belongs to a taste, whose items go together, and buys a few staples again and again.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

ITEMS = 60
TASTES = 4
FIRST = np.datetime64("2026-01-01T09:00:00")


def baskets(members: int = 80, days: int = 120, seed: int = 7) -> list[tuple[str, int, list[str]]]:
    """(member, day, items): staples every one to two weeks, and something of the member's taste beside them."""
    chance = np.random.default_rng(seed)
    found = []
    for member in range(members):
        staples = chance.choice(ITEMS, 3, replace=False)
        day = int(chance.integers(0, 15))
        while day < days:
            other = chance.integers(0, ITEMS // TASTES, 3) * TASTES + member % TASTES
            items = {f"i{item}" for item in (*staples[chance.random(3) < 0.7], *other)}
            found.append((f"m{member}", day, sorted(items)))
            day += int(chance.integers(5, 15))
    return found


def sessions(many: int = 900, seed: int = 7) -> list[list[str]]:
    """Visits that walk from an item to one of the next few."""
    chance = np.random.default_rng(seed)
    found = []
    for _ in range(many):
        steps = np.cumsum(chance.integers(1, 4, chance.integers(2, 7)))
        found.append([f"i{item}" for item in (chance.integers(0, ITEMS) + steps) % ITEMS])
    return found


def events(members: int = 150, days: int = 9, seed: int = 7) -> list[tuple[str, str, str, int]]:
    """(member, item, event, Unix second): half of what is carted is bought within a day."""
    chance = np.random.default_rng(seed)
    start = 1511539200
    found = []
    for member in range(members):
        for _ in range(int(chance.integers(3, 9))):
            item = int(chance.integers(0, ITEMS // TASTES)) * TASTES + member % TASTES
            at = start + int(chance.integers(0, days * 86400))
            found.append((f"{member}", f"{item}", str(chance.choice(["fav", "cart"])), at))
            if chance.random() < 0.5:
                found.append((f"{member}", f"{item}", "buy", at + int(chance.integers(60, 86400))))
    return sorted(found, key=lambda event: event[3])


def write_tickets(path: Path, rows: list[tuple[str, int, list[str]]]) -> Path:
    """As `user_id,basket_id,date,item_id`."""
    lines = [(owner, n, day, item) for n, (owner, day, items) in enumerate(rows) for item in items]
    return _write(path, "user_id,basket_id,date,item_id", lines)


def write_invoices(path: Path, rows: list[tuple[str, int, list[str]]], first_number: int = 0) -> Path:
    """As invoice lines, with a cancellation, a charge and a customer unknown among them."""
    lines: list[tuple[object, ...]] = []
    for number, (owner, day, items) in enumerate(rows, 500000 + first_number):
        at = str(FIRST + np.timedelta64(day, "D")) + ".000000"
        lines += [(number, item, "THING", 2, at, 1.5, owner, "Anywhere") for item in items]
    at = str(FIRST)
    lines.append(("C1", "i0", "BACK", -1, at, 1.5, "m0", "Anywhere"))
    lines.append((1, "POST", "POSTAGE", 1, at, 9, "m0", "Anywhere"))
    lines.append((2, "i1", "THING", 1, at, 1.5, "", "Anywhere"))
    return _write(path, "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country", lines)


def write_lists(path: Path, rows: list[tuple[str, int, list[str]]]) -> Path:
    """As one JSON object without dates, packed."""
    found: dict[str, list[list[str]]] = {}
    for owner, _, items in rows:
        found.setdefault(owner, []).append(items)
    path.write_bytes(gzip.compress(json.dumps(found).encode()))
    return path


def write_sessions(path: Path, train: list[list[str]], test: list[list[str]]) -> Path:
    """As JSON lines; each prefix of a test session is a question."""
    rows: list[dict[str, object]] = [{"split": "train", "items": items} for items in train]
    rows += [{"split": "test", "items": s[:n], "next": s[n]} for s in test for n in range(1, len(s))]
    path.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))
    return path


def write_events(path: Path, rows: list[tuple[str, str, str, int]], column: str = "ts") -> Path:
    """As `user,item,event` with Unix seconds, or with the days of a year."""
    if column == "mmdd":
        days = [str(np.datetime64("2015-09-01") + np.timedelta64((at - rows[0][3]) // 9000, "D")) for *_, at in rows]
        return _write(path, "user,item,event,mmdd", [(*r[:3], d[5:7] + d[8:]) for r, d in zip(rows, days, strict=True)])
    return _write(path, f"user,item,event,{column}", list(rows))


def _write(path: Path, header: str, lines: Iterable[tuple[object, ...]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(lines)
    return path
