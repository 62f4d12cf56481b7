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
from trade.pricing.promotions.counts import QuotaUsed

TTL_S = 3
PASS_S = 24 * 3600
_TAKE = """
    if redis.call('EXISTS', KEYS[2]) == 1 then return 1 end
    local left = redis.call('GET', KEYS[1])
    if not left then return -1 end
    if tonumber(left) < tonumber(ARGV[1]) then return 0 end
    redis.call('DECRBY', KEYS[1], ARGV[1])
    redis.call('SET', KEYS[2], 1, 'EX', ARGV[2])
    return 1"""
_LEAVE = """
    if redis.call('DEL', KEYS[2]) == 1 and redis.call('EXISTS', KEYS[1]) == 1 then
        redis.call('INCRBY', KEYS[1], ARGV[1])
    end
    return 0"""


def _keys(known: InForce, promotion_id: int, ticket: str) -> tuple[str, str]:
    return key(f"rush:{promotion_id}:{known.store_id}"), key(f"rush:{promotion_id}:pass:{ticket}")


def enter(session: Session, known: InForce, promotion_id: int, units: int, *, ticket: str, now: datetime) -> None:
    """Take tokens for so many units of a promotion, once a `ticket` (the request's id); a retry passes with its own.

    Everybody passes without Redis, and where no quota is.

    :raises QuotaUsed: it is not worth asking the database.
    """
    limits = known.limits.get(promotion_id)
    if limits is None:
        return
    bucket, passed = _keys(known, promotion_id, ticket)
    try:
        for _ in range(2):
            answer = int(connection().eval(_TAKE, 2, bucket, passed, str(units), str(PASS_S)))  # type: ignore[arg-type]
            if answer == 0:
                refused = {"id": promotion_id, "name": limits.name, "limit": "total", "left": 0}
                raise QuotaUsed(promotions=[refused])
            left = counts.left(session, known, None, now).get(promotion_id) if answer < 0 else None
            if left is None or left.units is None:
                return
            connection().set(bucket, left.units, nx=True, ex=TTL_S)
    except (RedisError, OSError):
        return


def leave(known: InForce, promotion_id: int, units: int, *, ticket: str) -> None:
    """Tokens that bought nothing (the order was refused) go back; a bucket that is gone stays gone."""
    try:
        connection().eval(_LEAVE, 2, *_keys(known, promotion_id, ticket), str(units))
    except (RedisError, OSError):
        return
