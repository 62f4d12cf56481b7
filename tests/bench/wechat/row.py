"""One fault: what it is, how it is measured on the raw library and on ours, and what ours may be."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import redis
import requests
from requests.adapters import HTTPAdapter
from wechatpy import WeChatClient
from wechatpy.session.redisstorage import RedisStorage

from config.wechat.client import Client
from config.wechat.given import WeChatSettings
from config.wechat.ready import credentials
from tests.servers import running
from tests.wechat_stand_in.app import create_app

API = "https://api.weixin.qq.com"
HARMLESS = "/cgi-bin/menu/delete"
"""An endpoint that wants nothing but a token."""


class Rewrite(HTTPAdapter):
    """The raw library's way to the stand-in: the origin, and nothing else."""

    def __init__(self, base: str) -> None:
        self.base = base
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Rewrite the origin."""
        assert request.url is not None
        request.url = request.url.replace(API, self.base, 1)
        return super().send(request, *args, **kwargs)


def raw_client(url: str, given: WeChatSettings, store: redis.Redis, **options: Any) -> WeChatClient:
    """wechatpy's client as its documentation shows it, with the token in Redis."""
    made = WeChatClient(given.appid, given.secret, session=RedisStorage(store, given.redis_prefix), **options)
    made._http.mount(API, Rewrite(url))
    return made


@dataclass(frozen=True)
class Here:
    """A stand-in that nobody has asked anything yet, and what a shop was given to speak with it."""

    url: str
    world: Any
    notifier: Any
    given: WeChatSettings
    redis_url: str

    @property
    def store(self) -> redis.Redis:
        """The Redis of this measurement; its prefix is `given.redis_prefix`."""
        return redis.Redis.from_url(self.redis_url)

    def raw(self, **options: Any) -> WeChatClient:
        """The raw client of one more process."""
        return raw_client(self.url, self.given, self.store, **options)

    def ours(self, **other: Any) -> Client:
        """Our client of one more process."""
        return Client(replace(self.given, **other), self.store)

    def calls(self, name: str) -> int:
        """How often an endpoint was asked, by the last part of its path."""
        return int(self.world.calls[name])


@dataclass(frozen=True)
class Row:
    """`raw` and `ours` give one figure each, on a fresh stand-in; `good` judges ours, `bound` says it in words."""

    id: str
    fault: str
    figure: str
    raw: Callable[[Here], Any]
    ours: Callable[[Here], Any]
    bound: str
    good: Callable[[Any], bool]


@lru_cache(maxsize=1)
def _keys() -> Path:
    return Path(tempfile.mkdtemp(prefix="wechat-faults-"))


@contextmanager
def here(redis_url: str) -> Iterator[Here]:
    """A fresh world on the same keys."""
    folder = _keys()
    (folder / "world.json").unlink(missing_ok=True)
    app = create_app(folder)
    with running(app) as url:
        given = replace(credentials(folder), api_base=url, pay_base=url, redis_prefix=f"faults-{secrets.token_hex(4)}")
        try:
            yield Here(url, app.extensions["world"], app.extensions["notifier"], given, redis_url)
        finally:
            app.extensions["world"].faults.clear()
            app.extensions["notifier"].stopping.set()
