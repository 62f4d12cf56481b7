"""Tens of thousands of baskets, answered in Python and in TypeScript: `python -m tests.vectors --count 20000`."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.vectors.comparing import compare

WORKERS = 2


def main() -> None:
    """Compare, say how many and how long; exit with 1 at a difference and show the first."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first question")
    asked = parser.parse_args()
    shares = [range(asked.first + worker, asked.first + asked.count, WORKERS) for worker in range(WORKERS)]
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(compare, shares))
    python_ms, typescript_ms = (sum(one[key] for one in found) // 1000 for key in ("python_micros", "micros"))
    differing = sum(one["differing"] for one in found)
    print(f"{sum(one['compared'] for one in found)} baskets: Python {python_ms} ms, TypeScript {typescript_ms} ms")
    print(f"{differing} answered differently")
    if differing:
        first = next(one["first"] for one in found if one["differing"])
        print(json.dumps(first, ensure_ascii=False, indent=1))
        sys.exit(1)


if __name__ == "__main__":
    main()
