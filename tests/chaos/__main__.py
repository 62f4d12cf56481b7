"""The run: fill, sell, kill in turn, stop, wait for every effect, compare every book; writes var/chaos.json."""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests

from config.db import engine
from config.settings import ROOT, settings
from tests.chaos.clients import Cashier, Client, Seen, Shopper
from tests.chaos.house import VICTIMS, House, a_cashier

DRAIN_S, CASHIERS, SHOPPERS = 60.0, 4, 2


def fill(house: House) -> dict[str, Any]:
    """A shop with plenty of stock, its tills signed in, its members; runs inside this process."""
    from sqlalchemy import text

    from config import clock, migrate
    from config.db import open_session, transaction
    from member import identity, sessions
    from member.secrets import seal
    from tests import factories
    from trade.stock import availability

    migrate.migrate()
    now = clock.now()
    with open_session() as session:
        shop = factories.open_shop(session, stock_of={"milk": 10**6, "bread": 10**6}, now=now)
        with transaction(session):
            session.execute(text("UPDATE store SET slot_capacity = 1000000"))
        headers = [a_cashier(session, shop, f"chaos {number}", now=now)[1] for number in range(CASHIERS)]
        members = [factories.a_member(session, phone=f"1381234{n:04d}", now=now) for n in range(20)]
        bearers = []
        with transaction(session):
            for number in range(SHOPPERS):
                openid = f"oTongdian{number + 1:04d}"
                guest = identity.by_openid(session, openid, actor="chaos", now=now)
                bearers.append(sessions.sign_in(session, guest, seal(openid.encode()), now=now + timedelta(days=1)))
        availability.compare(session, mend=True)
    skus = {shop.skus["milk"]: 990, shop.skus["bread"]: 650}
    return {"shop": shop, "headers": headers, "members": members, "bearers": bearers, "skus": skus}


def clients(made: dict[str, Any], base: str, phone: str, seen: Seen) -> list[Client]:
    """Six of them, not started yet."""
    found: list[Client] = []
    for number, headers in enumerate(made["headers"]):
        cashier = Cashier(number, base, headers, made["skus"], seen)
        cashier.members = made["members"]
        found.append(cashier)
    store_id = made["shop"].store_id
    slots = requests.get(f"{base}/api/mall/slots?store_id={store_id}", timeout=20).json()["slots"]
    for number, bearer in enumerate(made["bearers"]):
        shopper = Shopper(10 + number, base, {"Authorization": f"Bearer {bearer}"}, made["skus"], seen)
        shopper.store_id, shopper.phone, shopper.slot = store_id, phone, slots[-1]["from_at"]
        found.append(shopper)
    return found


def judge(seen: Seen) -> dict[str, int]:
    """What the database says of every acknowledged order and of every book."""
    from sqlalchemy import text

    from config.db import open_session, transaction
    from trade.books.registry import prove

    with open_session() as session:
        there = set(session.scalars(text("SELECT id FROM sale_order")))
        answered = list(
            session.scalars(
                text("""
            SELECT coalesce(answer->'receipt'->>'order_id', answer->'order'->>'id')::bigint FROM request_answer
            WHERE status = 201""")
            )
        )
        unpaid = set(session.scalars(text("SELECT id FROM sale_order WHERE state IN ('placed', 'cancelled')")))
        with transaction(session):
            books = sum(len(one.rows) for one in prove(session))
    told = list(seen.acknowledged.values())
    return {
        "acknowledged": len(told),
        "orders": len(there),
        "missing": len(set(told) - there),
        "doubled": len(told) - len(set(told)) + len(answered) - len(set(answered)) + len(there - set(answered)),
        "paid_but_open": len(seen.paid & unpaid),
        "ledger_differences": books,
        "refused": len(seen.refused),
        "clients_died": len(seen.died),
    }


def open_effects() -> int:
    """Journal rows whose effect is still to come, and payments whose fate is not known."""
    from sqlalchemy import text

    from config.db import open_session

    with open_session() as session:
        return int(
            session.execute(
                text("""
            SELECT (SELECT count(*) FROM journal WHERE done_at IS NULL)
                 + (SELECT count(*) FROM refund WHERE state IN ('requested', 'accepted'))""")
            ).scalar_one()
        )


def drain(seen: Seen) -> tuple[float, int]:
    """Wait until nothing is open: how long it took, and how many effects were later than a minute."""
    began = time.monotonic()
    while True:
        left = open_effects() + judge(seen)["paid_but_open"]
        waited = time.monotonic() - began
        if left == 0 or waited > DRAIN_S:
            return waited, left
        time.sleep(0.5)


def run(house: House, kills: int, base: str, phone: str) -> dict[str, Any]:
    """The whole experiment; the figures of var/chaos.json."""
    os.environ.update(house.env)
    settings.cache_clear()
    made, seen, dice = fill(house), Seen(), random.Random(kills)
    for name in house.commands:
        house.start(name)
    _await(f"{base}/readyz")
    people = clients(made, base, phone, seen)
    for one in people:
        one.start()
    time.sleep(1.5)
    for number in range(kills):
        victim = VICTIMS[number % len(VICTIMS)]
        house.kill(victim)
        time.sleep(dice.uniform(0.1, 0.6))
        house.revive(victim)
        print(f"   kill {number + 1} of {kills}: {victim}; {len(seen.acknowledged)} orders acknowledged", flush=True)
        _under_load_again(seen)
    last_kill = time.monotonic()
    engine().dispose()
    for one in people:
        one.stop()
    for one in people:
        one.join(130)
    waited, late = drain(seen)
    figures = {"kills": kills, **judge(seen), "effects_late": late}
    return figures | {"drain_s": round(time.monotonic() - last_kill, 1), "waited_s": round(waited, 1)}


def _under_load_again(seen: Seen) -> None:
    """Wait until customers are served again, so that the next kill hits a house at work."""
    before, until = len(seen.acknowledged), time.monotonic() + 30
    while len(seen.acknowledged) < before + 15 and time.monotonic() < until:
        time.sleep(0.05)


def _await(url: str) -> None:
    for _ in range(300):
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    raise SystemExit(f"no answer from {url}")


def main() -> int:
    """Run and judge; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--port", type=int, default=settings().port + 60)
    given = parser.parse_args()
    folder, base = (ROOT / "var" / "chaos").resolve(), f"http://127.0.0.1:{given.port}"
    target = Path(settings().var_dir) / "chaos.json"
    house = House(folder, given.port, given.port + 1)
    try:
        house.start_postgres()
        house.start_redis()
        figures = run(house, given.kills, base, f"http://127.0.0.1:{given.port + 1}")
    finally:
        house.stop()
    target.write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures, indent=1))
    faults = ("missing", "doubled", "ledger_differences", "effects_late", "paid_but_open", "refused", "clients_died")
    bad = [name for name in faults if figures[name]]
    if figures["drain_s"] > DRAIN_S or figures["acknowledged"] < given.kills:
        bad.append("drain_s" if figures["drain_s"] > DRAIN_S else "acknowledged")
    if bad:
        print(f"NOT MET: {', '.join(bad)}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
