"""A worker on one queue: `python -m workers.run effects`."""

from __future__ import annotations

import sys
import time
from typing import Any

from redis import Redis, RedisError
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from config.logs import log, set_up
from config.queues import QUEUES
from config.redis import blocking, key
from config.settings import settings
from config.wechat import ready
from member.reach import ways
from workers import failing

WORKER_TTL_S = 30
MAINTENANCE_S = 5


class Worker(SimpleWorker):
    """RQ's worker in one process, that tells the exception desk which jobs fail and which work again."""

    def handle_job_success(self, job: Job, queue: Queue, *args: Any, **kwargs: Any) -> None:
        """Note that the job works."""
        super().handle_job_success(job, queue, *args, **kwargs)
        failing.works(job)


def make(name: str, on: Redis) -> Worker:
    """A worker on one queue, over the given connection."""
    return Worker(
        [key(name)],
        connection=on,
        serializer=JSONSerializer,
        exception_handlers=[failing.fails],
        worker_ttl=WORKER_TTL_S,
        maintenance_interval=MAINTENANCE_S,
        job_monitoring_interval=MAINTENANCE_S,
        log_job_description=False,
    )


def main(name: str) -> None:
    """Work until told to stop; a Redis that is away is waited for."""
    set_up(settings().log_level)
    if name not in QUEUES:
        sys.exit(f"There is no queue {name!r}; one of: {', '.join(QUEUES)}.")
    if name == "wechat" and (wrong := ways.faults(ready.templates())):
        sys.exit("templates.json is wrong:\n" + "\n".join(f"  - {fault}" for fault in wrong))
    while True:
        try:
            make(name, blocking()).work(logging_level="WARNING")
            return
        except (RedisError, OSError) as error:
            log.warning("worker_waits_for_redis", error=type(error).__name__)
            time.sleep(1)


if __name__ == "__main__":
    main(sys.argv[1])
