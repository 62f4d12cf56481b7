"""Clients that ask one server as fast as it answers, and how long each answer took."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Ask = tuple[str, str, dict[str, Any] | None]
"""Method, path, body."""


@dataclass
class Measured:
    """What a load saw: latencies in ms, and how often each status came."""

    seconds: float = 0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    def add(self, more: Measured) -> None:
        """What another load saw as well."""
        self.seconds += more.seconds
        self.latencies += more.latencies
        for status, times in more.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + times

    def percentile(self, share: float) -> float:
        """The latency that `share` of the answers stayed below."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


class Client:
    """One keep-alive connection."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.headers = {**headers, "Content-Type": "application/json", "Accept-Encoding": "identity"}

    def ask(self, one: Ask, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Status and body of one request."""
        method, path, body = one
        payload = None if body is None else json.dumps(body)
        self.connection.request(method, path, payload, {**self.headers, **(headers or {})})
        answer = self.connection.getresponse()
        return answer.status, answer.read()


def press(
    port: int, headers: dict[str, str], make: Callable[[int, int], Ask], *, clients: int, seconds: float
) -> Measured:
    """`clients` threads ask `make(client, turn)` for `seconds`."""
    seen, lock = Measured(), threading.Lock()
    until = time.monotonic() + seconds

    def work(number: int) -> None:
        client, turn = Client(port, headers), 0
        mine: list[float] = []
        statuses: dict[int, int] = {}
        while time.monotonic() < until:
            began = time.perf_counter()
            status, _ = client.ask(make(number, turn))
            mine.append((time.perf_counter() - began) * 1000)
            statuses[status] = statuses.get(status, 0) + 1
            turn += 1
        with lock:
            seen.latencies += mine
            for status, times in statuses.items():
                seen.statuses[status] = seen.statuses.get(status, 0) + times

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen.seconds = time.monotonic() - began
    return seen


def volley(port: int, asks: list[tuple[Ask, dict[str, str]]], *, clients: int) -> Measured:
    """Every request of `asks` once, `clients` at a time."""
    seen, lock, waiting = Measured(), threading.Lock(), list(enumerate(asks))

    def work() -> None:
        client = Client(port, {})
        while True:
            with lock:
                if not waiting:
                    return
                _, (one, headers) = waiting.pop()
            began = time.perf_counter()
            status, _ = client.ask(one, headers)
            with lock:
                seen.latencies.append((time.perf_counter() - began) * 1000)
                seen.statuses[status] = seen.statuses.get(status, 0) + 1

    threads = [threading.Thread(target=work) for _ in range(clients)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen.seconds = time.monotonic() - began
    return seen
