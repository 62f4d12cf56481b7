from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
import requests

from config import clock, journal
from config.db import open_session, transaction
from pos.http import who
from tests import factories as make
from tests.servers import whole_house
from tests.stories import Story
from workers import relay
from workers.jobs import ask_payments
from workers.routes import ALSO, OFFERED


class Person:
    """Somebody at a browser, over real HTTP."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.url, self.http = url, requests.Session()
        self.http.headers.update(headers)

    def get(self, path: str) -> Any:
        return self.http.get(self.url + path, timeout=10).json()

    def post(self, path: str, **body: Any) -> tuple[int, Any]:
        answer = self.http.post(self.url + path, json={"request_id": str(uuid.uuid4()), **body}, timeout=20)
        return answer.status_code, answer.json()


class House:
    """The whole house, and the people in it."""

    def __init__(self, url: str, phone_url: str, world: Any, shop: make.Shop) -> None:
        self.url, self.phone_url, self.world, self.shop = url, phone_url, world, shop

    def staff(self, role: str) -> Person:
        one = Person(self.url, {"X-Tongdian": "1", "X-Till-Token": self.shop.till_token})
        assert one.post("/api/staff/login", login=f"{role}-S1", password=make.PASSWORD)[0] == 200
        return one

    def customer(self, number: int, *, with_phone: bool = True) -> Person:
        openid = f"oTongdian{number:04d}"
        one = Person(self.url, {})
        token = one.post("/api/mall/login", code=self.world.code("login", openid))[1]["token"]
        one.http.headers["Authorization"] = f"Bearer {token}"
        if with_phone:
            assert one.post("/api/mall/phone", code=self.world.code("phone", openid))[0] == 200
        return one

    def basket(self, **goods: int) -> dict[str, Any]:
        return {
            "store_id": self.shop.store_id,
            "lines": [{"sku_id": self.shop.skus[name], "qty": qty} for name, qty in goods.items()],
        }

    def order(self, who_: Person, due: int, points: int = 0, **goods: int) -> tuple[int, Any]:
        slot = who_.get(f"/api/mall/slots?store_id={self.shop.store_id}")["slots"][0]
        return who_.post(
            "/api/mall/orders",
            **self.basket(**goods),
            points=points,
            expected_payable_fen=due,
            promise_at=slot["from_at"],
        )

    def pay(self, who_: Person, order_id: int) -> str:
        status, said = who_.post(f"/api/mall/orders/{order_id}/pay")
        assert status == 200, said
        prepay_id = said["payment"]["package"].removeprefix("prepay_id=")
        no = next(one["out_trade_no"] for one in self.world.orders.values() if one["prepay_id"] == prepay_id)
        assert requests.post(f"{self.phone_url}/control/pay", json={"out_trade_no": no}, timeout=10).json()["paid"]
        return str(no)

    def until(self, seen: Callable[[], bool], what: str) -> None:
        for _ in range(100):
            if seen():
                return
            time.sleep(0.05)
        raise AssertionError(f"not within 5 s: {what}")

    def let_jobs_run(self) -> None:
        """What relay and workers do, in this process."""
        while True:
            with open_session() as session, transaction(session):
                leased = journal.lease(session, list(OFFERED), now=clock.now(), most=relay.BATCH, also=ALSO)
            if not leased:
                return
            for row, kind in leased:
                import_module(f"workers.jobs.{OFFERED[kind][1]}").run([row])

    ask_payments = staticmethod(ask_payments.run)


@pytest.fixture
def house(session, tmp_path):
    who._staff.clear()
    who._tills.clear()
    shop = make.open_shop(session, stock_of={"milk": 3}, now=clock.now())
    with whole_house(tmp_path) as (url, phone_url, world):
        yield House(url, phone_url, world, shop)


@pytest.fixture
def story(session, now):
    """A shop and one member with 1,000 points, over the domain functions: no HTTP, and therefore fast."""
    return Story(session, now, points_of=1_000)
