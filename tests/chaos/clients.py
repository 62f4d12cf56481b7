"""Six customers who repeat a request until it is answered: four at tills, two in the mall."""

from __future__ import annotations

import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import requests

PAUSE_S, TRY_AGAIN_S = 0.03, 0.2


@dataclass
class Seen:
    """What clients were told: request id -> order id, and every answer that was a refusal."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    died: list[str] = field(default_factory=list)
    paid: set[int] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Client(threading.Thread):
    """One client; `stop` ends it after its current request is answered."""

    def __init__(self, number: int, base: str, headers: dict[str, str], skus: dict[int, int], seen: Seen) -> None:
        super().__init__(daemon=True, name=f"client-{number}")
        self.base, self.skus, self.seen = base, skus, seen
        self.dice, self.ending = random.Random(number), threading.Event()
        self.http = requests.Session()
        self.http.headers.update(headers)

    def stop(self) -> None:
        """Finish what is under way, then end."""
        self.ending.set()

    def run(self) -> None:
        """Buy until told to stop; a client that cannot go on is a finding."""
        try:
            while not self.ending.is_set():
                self.buy()
                time.sleep(PAUSE_S)
        except Exception as error:
            self.seen.died.append(f"{self.name}: {error!r}")
            raise

    def buy(self) -> None:
        """One purchase."""
        raise NotImplementedError

    def post(self, path: str, body: dict[str, Any], *, patience_s: float = 120) -> tuple[int, Any]:
        """Repeat one request with one id until it is answered; a 5xx or a lost connection is no answer."""
        body = {"request_id": str(uuid.uuid4()), **body}
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            try:
                answer = self.http.post(self.base + path, json=body, timeout=10)
                if answer.status_code < 500:
                    return answer.status_code, answer.json() | {"request_id": body["request_id"]}
            except (requests.RequestException, ValueError):
                pass
            time.sleep(TRY_AGAIN_S)
        raise AssertionError(f"no answer to {path} in {patience_s} s")

    def lines(self) -> tuple[list[dict[str, int]], int]:
        """One to three skus and what they cost."""
        chosen = self.dice.sample(sorted(self.skus), self.dice.randint(1, min(3, len(self.skus))))
        lines = [{"sku_id": sku, "qty": self.dice.randint(1, 3)} for sku in chosen]
        return lines, sum(self.skus[line["sku_id"]] * line["qty"] for line in lines)

    def note(self, status: int, said: dict[str, Any], order_id: int | None) -> None:
        """Keep what was answered."""
        with self.seen.lock:
            if order_id is None:
                self.seen.refused.append(f"{status} {said.get('code')}")
            else:
                self.seen.acknowledged[said["request_id"]] = order_id


class Cashier(Client):
    """Sells to a member for cash."""

    members: list[int]

    def buy(self) -> None:
        """One till sale."""
        lines, due = self.lines()
        status, said = self.post("/api/pos/sales", {
            "lines": lines, "member_id": self.dice.choice(self.members), "points": 0, "discount_fen": 0,
            "expected_payable_fen": due, "tenders": [{"kind": "cash", "received_fen": due}],
        })  # fmt: skip
        self.note(status, said, said["receipt"]["order_id"] if status == 201 else None)


class Shopper(Client):
    """Orders for pickup and pays on the phone."""

    store_id: int
    phone: str
    slot: str

    def buy(self) -> None:
        """One mall order, paid at the stand-in."""
        lines, due = self.lines()
        order = {"store_id": self.store_id, "lines": lines, "points": 0, "remark": "", "promise_at": self.slot}
        status, said = self.post("/api/mall/orders", {**order, "expected_payable_fen": due})
        if status != 201:
            self.note(status, said, None)
            return
        order_id = said["order"]["id"]
        self.note(status, said, order_id)
        status, said = self.post(f"/api/mall/orders/{order_id}/pay", {})
        if status == 200:
            package = {"package": said["payment"]["package"]}
            paid = requests.post(f"{self.phone}/control/pay", json=package, timeout=10).json()["paid"]
            if paid:
                with self.seen.lock:
                    self.seen.paid.add(order_id)
        else:
            self.note(status, said, None)
