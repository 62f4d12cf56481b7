"""One process of a shop: waits until all are there, then asks; prints how many of its calls failed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import redis
from wechatpy.exceptions import WeChatClientException

from config.wechat.client import Client
from config.wechat.given import WeChatFailed
from config.wechat.ready import credentials
from tests.bench.wechat.row import HARMLESS, raw_client

if __name__ == "__main__":
    kind, url, redis_url, folder, prefix, workers, calls = sys.argv[1:]
    store = redis.Redis.from_url(redis_url)
    given = replace(credentials(Path(folder)), api_base=url, redis_prefix=prefix)
    ask: Callable[[], Any]
    if kind == "raw":
        ask = raw_client(url, given, store).menu.delete
    else:
        client = Client(given, store)
        ask = lambda: client.call("GET", HARMLESS)  # noqa: E731
    store.incr(f"{prefix}:ready")
    while int(store.get(f"{prefix}:ready") or 0) < int(workers):  # type: ignore[arg-type]
        time.sleep(0.001)
    failed = 0
    for _ in range(int(calls)):
        try:
            ask()
        except (WeChatClientException, WeChatFailed, RecursionError):
            failed += 1
    print(failed)
