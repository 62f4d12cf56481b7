"""The RQ queues.  Redis only wakes workers: every queue can be lost without losing an effect."""

from __future__ import annotations

from functools import lru_cache

from rq import Queue, Retry
from rq.serializers import JSONSerializer

from config.redis import connection, key

QUEUES = ("effects", "wechat", "clock", "channels", "intake", "till", "talks", "learning")
"""One queue per worker: a worker on two queues loses a job when it dies between taking and starting it."""

TIMEOUT_S = {"learning": 3600}
"""How long a job may take, where that is more than two minutes."""


@lru_cache(maxsize=len(QUEUES))
def queue(name: str) -> Queue:
    """One of QUEUES; jobs travel as JSON, so nobody who writes to Redis can run code here."""
    assert name in QUEUES, name
    return Queue(
        key(name), connection=connection(), serializer=JSONSerializer, default_timeout=TIMEOUT_S.get(name, 120)
    )


def retry() -> Retry:
    """Every job is tried three times at once; then the relay offers its rows again (see `workers/failing.py`)."""
    return Retry(max=2)
