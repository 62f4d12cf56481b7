"""The gate before a rush: a bucket of tokens in Redis that turns buyers away without asking the database.

The quota in the database decides (`counts.claim`); the bucket is filled from it and forgotten after `TTL_S`, so tokens
that leak, or a Redis that loses all, cost nothing but a question.  Call it before the order's transaction, never in it.
"""

from __future__ import annotations

from datetime import datetime

from redis import RedisError
from sqlalchemy.orm import Session

from config.redis import connection, key
from trade.pricing.promotions import counts
from trade.pricing.promotions.book import InForce

TTL_S = 3
_TAKE = """
    local left = redis.call('GET', KEYS[1])
    if not left then return -1 end
    if tonumber(left) < tonumber(ARGV[1]) then return 0 end
    redis.call('DECRBY', KEYS[1], ARGV[1])
    return 1"""


def enter(session: Session, known: InForce, promotion_id: int, units: int, *, now: datetime) -> bool:
    """Whether it is worth asking the database for so many units of a promotion; takes the tokens.

    True also without Redis, and for a promotion that has no quota.
    """
    limits = known.limits.get(promotion_id)
    if limits is None:
        return True
    bucket = key(f"promotion:{promotion_id}:{known.store_id}")
    try:
        for _ in range(2):
            answer = int(connection().eval(_TAKE, 1, bucket, str(units)))  # type: ignore[arg-type]
            if answer >= 0:
                return bool(answer)
            left = counts.left(session, known, None, now).get(promotion_id)
            if left is None or left.units is None:
                return True
            connection().set(bucket, left.units, nx=True, ex=TTL_S)
    except (RedisError, OSError):
        pass
    return True


def leave(known: InForce, promotion_id: int, units: int) -> None:
    """Tokens that bought nothing (the order was refused) go back; a bucket that is gone stays gone."""
    bucket = key(f"promotion:{promotion_id}:{known.store_id}")
    try:
        if connection().exists(bucket):
            connection().incrby(bucket, units)
    except (RedisError, OSError):
        pass
