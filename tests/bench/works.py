"""The works as requests, for the product and for the floor."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlalchemy import text
from sqlalchemy.orm import Session

from tests import factories
from tests.bench import seed
from tests.bench.load import Ask, Client

WORDS = ("牛奶", "苹果", "面包", "薯片", "酱油", "抽纸", "虾", "大米")


@dataclass
class Works:
    """What to ask each server; a work is a function of client number and turn."""

    headers: dict[str, str]
    product: dict[str, Callable[[int, int], Ask]]
    floor: dict[str, Callable[[int, int], Ask]]


def sign_in(port: int, shop: factories.Shop) -> dict[str, str]:
    """The headers of a cashier at the shop's till, signed in over HTTP."""
    client = Client(port, {"X-Tongdian": "1", "X-Till-Token": shop.till_token})
    body = {"request_id": str(uuid.uuid4()), "login": "cashier-S1", "password": factories.PASSWORD}
    client.connection.request("POST", "/api/staff/login", json.dumps(body), client.headers)
    answer = client.connection.getresponse()
    answer.read()
    cookie = (answer.getheader("Set-Cookie") or "").split(";")[0]
    assert answer.status == 200 and cookie, answer.status
    return {"X-Tongdian": "1", "X-Till-Token": shop.till_token, "Cookie": cookie}


class Shelf:
    """What is asked for: the seeded keys, chosen by the same dice for both targets."""

    def __init__(self, session: Session, shop: factories.Shop) -> None:
        self.dice, self.store = random.Random(7), shop.store_id
        self.skus, self.people = seed.skus(session)[:-1], seed.members(session)
        self.price: dict[int, int] = {
            row[0]: row[1] for row in session.execute(text("SELECT sku_id, price_fen FROM price"))
        }
        first = text("SELECT p.category_id, min(p.id) FROM product p WHERE p.name LIKE '% %' GROUP BY 1")
        self.pages = [(row[0], row[1]) for row in session.execute(first)]

    def page(self) -> tuple[int, int]:
        """A category and the product id after which its page begins."""
        kind, first = self.dice.choice(self.pages)
        return kind, first + self.dice.randrange(0, 220)

    def words(self) -> str:
        """A keyword, quoted for an address."""
        return quote(self.dice.choice(WORDS))

    def code(self) -> str:
        """A barcode."""
        return self.dice.choice(seed.CODES)

    def sale(self) -> dict[str, Any]:
        """Three lines, a member and the exact cash."""
        chosen = self.dice.sample(self.skus, 3)
        due = sum(self.price[sku] for sku in chosen)
        return {
            "request_id": str(uuid.uuid4()), "lines": [{"sku_id": sku, "qty": 1} for sku in chosen],
            "member_id": self.dice.choice(self.people), "points": 0, "discount_fen": 0, "expected_payable_fen": due,
            "tenders": [{"kind": "cash", "received_fen": due}],
        }  # fmt: skip

    def order(self) -> dict[str, Any]:
        """The same for the floor."""
        lines = [{"sku_id": sku, "qty": 1} for sku in self.dice.sample(self.skus, 3)]
        return {"key": str(uuid.uuid4()), "member": self.dice.choice(self.people), "lines": lines}


def make(session: Session, port: int, shop: factories.Shop) -> Works:
    """The works on a seeded database, for a product that serves on `port`."""
    shelf, mall = Shelf(session, shop), f"/api/mall/products?store_id={shop.store_id}"

    def page(_client: int, _turn: int) -> Ask:
        kind, after = shelf.page()
        return "GET", f"{mall}&category_id={kind}&after={after}", None

    def floor_page(_client: int, _turn: int) -> Ask:
        kind, after = shelf.page()
        return "GET", f"/page?category={kind}&after={after}", None

    return Works(
        sign_in(port, shop),
        {
            "W1": page,
            "W2": lambda _c, _t: ("GET", f"{mall}&q={shelf.words()}", None),
            "W3": lambda _c, _t: ("GET", f"/api/pos/scan/{shelf.code()}", None),
            "W4": lambda _c, _t: ("POST", "/api/pos/sales", shelf.sale()),
        },
        {
            "W1": floor_page,
            "W2": lambda _c, _t: ("GET", f"/search?q={shelf.words()}", None),
            "W3": lambda _c, _t: ("GET", f"/scan/{shelf.code()}", None),
            "W4": lambda _c, _t: ("POST", "/order", shelf.order()),
        },
    )
