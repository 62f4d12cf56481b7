"""`python -m tests.bench.notices`: how long from WeChat's tick on the phone to an order that is confirmed.

The stand-in signs, seals and posts fifty notices a second to the real web process over real HTTP; the time runs from
the customer's payment at WeChat to the answer 204, which comes after the commit that confirms the order, and afterwards
the database must say that every order is confirmed and paid once.  Demand: p95 at most 1 s.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench import cpu
from tests.bench.channels import p, set_up

AT_MOST_S = 1.0
PORT = 8127


class Watch:
    """When each payment was told to us, and when we had taken it."""

    def __init__(self, notifier: Any) -> None:
        self.paid_at: dict[str, float] = {}
        self.taken_s: list[float] = []
        self.refused, self.web_cpu_ms = 0, 0.0
        self._tell, self._deliver, self._notifier = notifier.tell, notifier._deliver, notifier
        notifier.tell, notifier._deliver = self.tell, self.deliver

    def tell(self, url: str, event_type: str, label: str, resource: dict[str, Any]) -> None:
        """The customer has paid."""
        self.paid_at[resource["out_trade_no"]] = time.monotonic()
        self._tell(url, event_type, label, resource)

    def deliver(self, one: dict[str, Any]) -> None:
        """One delivery, with its outcome."""
        self._deliver(one)
        if one in self._notifier.waiting:
            self.refused += 1
        else:
            self.taken_s.append(time.monotonic() - self.paid_at[one["plain"]["out_trade_no"]])


def place_orders(session: Any, world: Any, count: int, url: str) -> list[str]:
    """Orders that wait for their money, known to WeChat; their numbers."""
    from config import clock
    from tests import factories as make

    now = clock.now()
    shop = make.open_shop(session, stock_of={"milk": count}, now=now)
    numbers = []
    for at in range(count):  # somebody else each time: many orders of one person are looked at before they go on
        member = make.a_member(session, phone=f"138{at:08d}", now=now)
        attempt = make.tender(session, shop, make.order_online(session, shop, member, now, milk=1), now)
        numbers.append(attempt.trade_no)
        world.orders[attempt.trade_no] = {
            "out_trade_no": attempt.trade_no, "prepay_id": f"wx{attempt.id}", "state": "NOTPAY", "openid": "o1",
            "total": attempt.amount_fen, "expires": world.now() + 900, "made": world.now(), "description": "milk",
            "notify_url": f"{url}/api/mall/wechat/pay-notice",
        }  # fmt: skip
    return numbers


def pay(world: Any, notifier: Any, numbers: list[str], per_s: float) -> None:
    """The customers pay, evenly, whatever becomes of the notices."""
    from tests.wechat_stand_in.pay import orders

    world.keep = lambda: None  # the stand-in's own file is not what is measured
    began = time.monotonic()
    for at, number in enumerate(numbers):
        time.sleep(max(began + at / per_s - time.monotonic(), 0))
        assert orders.settle(world, notifier, number), number


def main() -> None:
    """Measure, print, and end with 1 when a demand is not met."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--per-second", type=float, default=50)
    words.add_argument("--orders", type=int, default=1000)
    words.add_argument("--slack", type=float, default=1.0)
    given = words.parse_args()
    set_up("tongdian_bench_notices")
    watch, confirmed, paid = measure(given)
    p95_s = p(watch.taken_s, 0.95)
    print(f"{given.orders} notices at {given.per_second:g} a second, load {os.getloadavg()[0]:.1f}")
    print(f"p50 {p(watch.taken_s, 0.5):.3f} s, p95 {p95_s:.3f} s, longest {max(watch.taken_s, default=0):.3f} s")
    print(f"confirmed {confirmed}, paid {paid}, refused {watch.refused}")
    print(f"{watch.web_cpu_ms / given.orders:.1f} ms of the web's CPU a notice, however busy the machine is")
    exact = (confirmed, paid, len(watch.taken_s)) == (given.orders,) * 3
    sys.exit(0 if exact and p95_s <= AT_MOST_S * given.slack else 1)


def measure(given: argparse.Namespace) -> tuple[Watch, int, int]:
    """What was seen, and how many orders are confirmed and were paid."""
    from sqlalchemy import text

    from config.db import open_session
    from config.settings import settings
    from tests.bench.servers import PRODUCT, serving
    from tests.servers import running
    from tests.wechat_stand_in.app import create_app

    folder = Path(settings().var_dir) / "bench" / "stand-in"
    shutil.rmtree(folder, ignore_errors=True)
    app = create_app(folder)
    world, notifier = app.extensions["world"], app.extensions["notifier"]
    watch, url = Watch(notifier), f"http://127.0.0.1:{PORT}"
    with running(app) as phone, open_session() as session:
        numbers = place_orders(session, world, given.orders, url)
        os.environ |= {"WECHAT_DIR": str(folder), "WECHAT_API_BASE": phone, "WECHAT_PAY_BASE": phone}
        with serving("granian", PRODUCT, PORT, "/healthz") as web:
            before = cpu.cpu_ms(web)
            pay(world, notifier, numbers, given.per_second)
            until = time.monotonic() + 60
            while len(watch.taken_s) < given.orders and time.monotonic() < until:
                time.sleep(0.05)
            watch.web_cpu_ms = cpu.cpu_ms(web) - before
        notifier.stopping.set()
        confirmed = session.scalar(text("SELECT count(*) FROM sale_order WHERE state = 'confirmed'"))
        paid = session.scalar(text("SELECT count(*) FROM journal WHERE kind = 'order.paid'"))
    return watch, int(confirmed), int(paid)


if __name__ == "__main__":
    main()
