"""Notices: really signed and encrypted, repeated by the real table until they are taken."""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from tests.wechat_stand_in.notices import STRIKES, draft
from tests.wechat_stand_in.world import World

RETRY_S = (0, 15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
"""Seconds from each delivery to the next; the last is 24 h 4 min after the first."""
DELAYED_S, REPLAYED_S = 3600, 600
AT_ONCE = 8


class Notifier:
    """Delivers notices in threads of its own, on the stand-in's clock.

    Planted faults of a notice: `notice_lost` (for ever), `notice_twice`, `notice_delayed` (an hour, past every close),
    `notice_reordered` (after the next one), `notice_replayed` (the same bytes again ten minutes after they were taken),
    and those of one delivery (`notices.STRIKES`).
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.waiting: list[dict[str, Any]] = []
        self.held_back: list[dict[str, Any]] = []
        self.delivering = threading.Lock()
        self.stopping = threading.Event()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="notice")
        threading.Thread(target=self._run, daemon=True, name="notifier").start()

    def tell(self, url: str, event_type: str, label: str, resource: dict[str, Any]) -> None:
        """Queue a notice."""
        world = self.world
        body = {
            "id": secrets.token_hex(16),
            "event_type": event_type,
            "resource_type": "encrypt-resource",
            "create_time": world.beijing(),
            "summary": event_type,
        }
        if world.take_fault("notice_lost"):
            return
        at = world.now() + (DELAYED_S if world.take_fault("notice_delayed") else 0)
        one = {"url": url, "label": label, "body": body, "plain": resource, "tries": 0, "at": at, "first_at": None}
        copies = [dict(one) for _ in range(2 if world.take_fault("notice_twice") else 1)]
        with world.lock:
            if world.take_fault("notice_reordered"):
                self.held_back += copies
            else:
                self.waiting += copies
                self.waiting += [late | {"at": at + 1} for late in self.held_back]
                self.held_back = []

    def advance(self, seconds: float) -> None:
        """Move the stand-in's clock; all that falls due on the way is delivered, each at its moment, before the end."""
        world = self.world
        with self.delivering:
            until = world.now() + seconds
            while due := self._due(until):
                first = min(due, key=lambda one: one["at"])
                world.offset_s += max(first["at"] - world.now(), 0)
                self._deliver(first)
            world.offset_s += max(until - world.now(), 0)

    def _due(self, until: float) -> list[dict[str, Any]]:
        with self.world.lock:
            return [one for one in self.waiting if one["at"] <= until]

    def _run(self) -> None:
        while not self.stopping.wait(0.05):
            with self.delivering:
                list(self._pool.map(self._deliver, self._due(self.world.now())))
        self._pool.shutdown(wait=False)

    def _deliver(self, one: dict[str, Any]) -> None:
        world = self.world
        if one["first_at"] is None:
            one["first_at"] = world.now()
        again = one.get("replayed")
        headers, raw = again or self._signed(one)
        status = self.send(one["url"], headers, raw)
        with world.lock:
            world.deliveries.append({"url": one["url"], "event": one["body"]["event_type"], "status": status})
            one["tries"] += 1
            taken = status in (200, 204)
            if again or taken or one["tries"] >= len(RETRY_S):
                self.waiting.remove(one)
                if taken and world.take_fault("notice_replayed"):
                    self.waiting.append(one | {"replayed": (headers, raw), "at": world.now() + REPLAYED_S})
            else:
                one["at"] += RETRY_S[one["tries"]]

    def _signed(self, one: dict[str, Any]) -> tuple[dict[str, str], bytes]:
        """The time stamp is of now, or of the first delivery (`Reading.notice_signed_anew`)."""
        world = self.world
        age_s = 0 if world.reading.notice_signed_anew else world.now() - one["first_at"]
        made = draft(world, one["body"], one["plain"], one["label"], age_s=age_s)
        for fault, strike in STRIKES.items():
            if world.take_fault(fault):
                strike(world, made)
        return made.signed(world)

    def send(self, url: str, headers: dict[str, str], raw: bytes) -> int:
        """One delivery; the status, or 0 when nobody answered within WeChat's five seconds."""
        try:
            return requests.post(url, data=raw, timeout=5, headers=headers).status_code
        except requests.RequestException:
            return 0
