"""A worker on one queue: `python -m workers.run effects`."""

from __future__ import annotations

import sys
import time

from redis import RedisError
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from config.logs import log, set_up
from config.queues import QUEUES
from config.redis import blocking, key
from config.settings import settings

WORKER_TTL_S = 30
MAINTENANCE_S = 5


def main(name: str) -> None:
    """Work until told to stop; a Redis that is away is waited for."""
    set_up(settings().log_level)
    if name not in QUEUES:
        sys.exit(f"There is no queue {name!r}; one of: {', '.join(QUEUES)}.")
    while True:
        try:
            worker = SimpleWorker(
                [key(name)],
                connection=blocking(),
                serializer=JSONSerializer,
                worker_ttl=WORKER_TTL_S,
                maintenance_interval=MAINTENANCE_S,
                job_monitoring_interval=MAINTENANCE_S,
                log_job_description=False,
            )
            worker.work(logging_level="WARNING")
            return
        except (RedisError, OSError) as error:
            log.warning("worker_waits_for_redis", error=type(error).__name__)
            time.sleep(1)


if __name__ == "__main__":
    main(sys.argv[1])
