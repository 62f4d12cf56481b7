"""Where batches wait while PostgreSQL is away: a Redis stream, if that Redis writes its log.

The house's rule holds: losing all of Redis loses nothing that PostgreSQL could have taken.  The bridge is used only
when it could not, and only on a Redis whose append-only file survives a kill; else the client keeps its batch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from redis import RedisError

from config.redis import connection, key

MOST = 20_000
"""Batches: a million events, about 400 MB of Redis.  Above it the clients keep theirs."""

_PUT = """
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[2]) then return false end
return redis.call('XADD', KEYS[1], '*', 'batch', ARGV[1])"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One batch on the bridge: whose token it came with (its hash), what it said, and when it came."""

    entry: bytes
    token_hash: bytes | None
    anon_id: str
    consent_version: str | None
    app_version: str | None
    events: list[dict[str, Any]]
    now: datetime


def _stream() -> str:
    return key("behaviour")


def hold(batch: dict[str, Any], *, token_hash: bytes | None, now: datetime) -> bool:
    """Let a batch wait; False when Redis is away, full, or keeps no log that would survive it."""
    said = {**batch, "token": token_hash.hex() if token_hash else None, "now": now.isoformat()}
    try:
        store: Any = connection()
        if not store.info("persistence").get("aof_enabled"):
            return False
        return bool(store.eval(_PUT, 1, _stream(), json.dumps(said, ensure_ascii=False), MOST))
    except (RedisError, OSError):
        return False


def waiting(most: int = 200) -> Iterator[Waiting]:
    """The oldest batches that wait, in the order they came."""
    store: Any = connection()
    for entry, fields in store.xrange(_stream(), count=most):
        said = json.loads(fields[b"batch"])
        token = said["token"]
        yield Waiting(
            entry,
            bytes.fromhex(token) if token else None,
            said["anon_id"],
            said["consent_version"],
            said["app_version"],
            said["events"],
            datetime.fromisoformat(said["now"]),
        )


def done(entry: bytes) -> None:
    """A batch is stored, or nobody agreed to it; a crash before this offers it again, and its events are known."""
    connection().xdel(_stream(), entry)


def length() -> int:
    """How many batches wait."""
    store: Any = connection()
    return int(store.xlen(_stream()))
