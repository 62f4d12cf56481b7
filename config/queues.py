"""Redis and the RQ queues.  Redis only wakes workers: every queue can be lost without losing an effect."""

from __future__ import annotations

from functools import lru_cache

import redis
from rq import Queue, Retry
from rq.serializers import JSONSerializer

from config.settings import settings

QUEUES = ("effects", "wechat", "clock")
"""One queue per worker: a worker on two queues loses a job when it dies between taking and starting it."""


@lru_cache(maxsize=1)
def connection() -> redis.Redis:
    """This process's Redis, for values (bytes in, bytes out)."""
    from config.embedded import redis_url

    return redis.Redis.from_url(
        redis_url(), socket_timeout=5, socket_connect_timeout=2, health_check_interval=30, retry_on_timeout=False
    )


@lru_cache(maxsize=1)
def blocking() -> redis.Redis:
    """A connection for workers, which wait on their queue longer than a normal answer may take."""
    from config.embedded import redis_url

    return redis.Redis.from_url(redis_url(), socket_connect_timeout=2, health_check_interval=30)


def key(name: str) -> str:
    """A Redis key of ours."""
    return f"{settings().redis_prefix}:{name}"


@lru_cache(maxsize=len(QUEUES))
def queue(name: str) -> Queue:
    """One of QUEUES; jobs travel as JSON, so nobody who writes to Redis can run code here."""
    assert name in QUEUES, name
    return Queue(key(name), connection=connection(), serializer=JSONSerializer, default_timeout=120)


def retry() -> Retry:
    """Every job is retried; when all tries fail the relay offers its rows again."""
    return Retry(max=2)
