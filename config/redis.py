"""Redis: what is shown as available, shared tokens, and what wakes the workers.

Losing all of it loses nothing: every value is recomputed, every queue filled again.
"""

from __future__ import annotations

from functools import lru_cache

import redis

from config.settings import settings


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
