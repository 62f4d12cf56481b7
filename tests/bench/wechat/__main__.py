"""Prints the fault table; exits 1 where ours is out of bounds."""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any

from config.embedded import start_redis
from config.logs import set_up
from config.settings import settings
from tests.bench.wechat import payments, pushes, secrecy, tokens
from tests.bench.wechat.row import Row, here

PARTS = (tokens, pushes, secrecy, payments)


def measure(row: Row, redis_url: str) -> dict[str, Any]:
    """Both figures of a row, each on a world of its own."""
    with here(redis_url) as one:
        raw = row.raw(one)
    with here(redis_url) as one:
        ours = row.ours(one)
    known = {"id": row.id, "fault": row.fault, "figure": row.figure, "bound": row.bound}
    return known | {"raw": raw, "ours": ours, "good": row.good(ours)}


def main() -> int:
    """Measure every row, or those whose id is named."""
    set_up("CRITICAL")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    redis_url = os.environ.get("REDIS_URL") or start_redis(settings().var_dir / "bench" / "redis")
    wanted, found = set(sys.argv[1:]), []
    print(f"{'':5}{'fault':46}{'figure':34}{'raw library':>24}{'ours':>22}   allowed")
    for row in (one for part in PARTS for one in part.ROWS if not wanted or one.id in wanted):
        found.append(one := measure(row, redis_url))
        verdict = "" if one["good"] else "   OUT OF BOUNDS"
        print(f"{row.id:5}{row.fault:46}{row.figure:34}{one['raw']!s:>24}{one['ours']!s:>22}   {row.bound}{verdict}")
    path = settings().var_dir / "wechat-faults.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False))
    return 0 if all(one["good"] for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
