"""Which words are searched for most: counted a day in Redis, read over a week.

Only words that found something are counted, and nobody's name stands with them.  Losing the counts loses a hint.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from redis import RedisError

from config.redis import connection, key

DAYS, MOST, KEPT_PER_DAY, AT_LEAST = 7, 10, 500, 3
_TOP = "hot:top"
_FRESH_S = 300


def _day(at: datetime) -> str:
    return key(f"hot:{at:%Y%m%d}")


def count(words: str, *, now: datetime) -> None:
    """One search for `words` found something.  A Redis that is down counts nothing."""
    try:
        with connection().pipeline(transaction=False) as pipe:
            pipe.zincrby(_day(now), 1, words)
            pipe.zremrangebyrank(_day(now), 0, -KEPT_PER_DAY - 1)
            pipe.expire(_day(now), timedelta(days=DAYS + 1))
            pipe.execute()
    except (RedisError, OSError):
        return


def hot(*, now: datetime) -> list[str]:
    """The MOST words searched for in the last DAYS days, each at least AT_LEAST times; summed every five minutes."""
    top = key(_TOP)
    try:
        if not connection().exists(top):
            with connection().pipeline(transaction=False) as pipe:
                pipe.zunionstore(top, [_day(now - timedelta(days=back)) for back in range(DAYS)])
                pipe.expire(top, _FRESH_S)
                pipe.execute()
        found: Any = connection().zrevrangebyscore(top, "+inf", AT_LEAST, start=0, num=MOST)
    except (RedisError, OSError):
        return []
    return [str(word, "utf-8") for word in found]
