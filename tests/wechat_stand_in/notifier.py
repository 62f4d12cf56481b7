"""Notices: really signed and encrypted, repeated by the real table until they are taken."""

from __future__ import annotations

import json
import secrets
import threading
import time
from typing import Any

import requests

from tests.wechat_stand_in.world import World

RETRY_S = (0, 15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)


class Notifier:
    """Delivers notices in a thread of its own, on the stand-in's clock."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.waiting: list[dict[str, Any]] = []
        self.stopping = threading.Event()
        threading.Thread(target=self._run, daemon=True, name="notifier").start()

    def tell(self, url: str, event_type: str, label: str, resource: dict[str, Any]) -> None:
        """Queue a notice; planted faults may lose, double or delay it."""
        body = {
            "id": secrets.token_hex(16),
            "event_type": event_type,
            "resource_type": "encrypt-resource",
            "create_time": time.strftime("%Y-%m-%dT%H:%M:%S+08:00"),
            "summary": event_type,
            "plain": resource,
        }
        if self.world.take_fault("notice_lost"):
            return
        delay = 3600 if self.world.take_fault("notice_delayed") else 0
        copies = 2 if self.world.take_fault("notice_twice") else 1
        with self.world.lock:
            for _ in range(copies):
                self.waiting.append(
                    {"url": url, "label": label, "body": body, "tries": 0, "at": self.world.now() + delay}
                )

    def _run(self) -> None:
        while not self.stopping.wait(0.05):
            with self.world.lock:
                due = [one for one in self.waiting if one["at"] <= self.world.now()]
            for one in due:
                self._deliver(one)

    def _deliver(self, one: dict[str, Any]) -> None:
        status = self.send(one["url"], one["body"], one["label"])
        with self.world.lock:
            self.world.deliveries.append({"url": one["url"], "event": one["body"]["event_type"], "status": status})
            one["tries"] += 1
            if status in (200, 204) or one["tries"] >= len(RETRY_S):
                self.waiting.remove(one)
            else:
                one["at"] = self.world.now() + RETRY_S[one["tries"]]

    def send(self, url: str, body: dict[str, Any], label: str) -> int:
        """Sign and send one delivery anew; 0 when nobody answered."""
        keys, plain = self.world.keys, json.dumps(body["plain"])
        sent = json.dumps(
            {key: value for key, value in body.items() if key != "plain"} | {"resource": keys.seal(plain, label)}
        )
        stamp, nonce = str(int(time.time())), secrets.token_hex(16)
        signature = keys.sign(f"{stamp}\n{nonce}\n{sent}\n")
        if self.world.take_fault("notice_forged"):
            signature = keys.sign(f"{stamp}\n{nonce}\n{sent} \n")
        try:
            return requests.post(
                url,
                data=sent.encode(),
                timeout=5,
                headers={
                    "Content-Type": "application/json",
                    "Wechatpay-Serial": keys.given["platform_key_id"],
                    "Wechatpay-Signature": signature,
                    "Wechatpay-Timestamp": stamp,
                    "Wechatpay-Nonce": nonce,
                    "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
                },
            ).status_code
        except requests.RequestException:
            return 0
