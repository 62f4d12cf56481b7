"""Ask both engines the same questions."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from config.node import PACKAGES, environment, install
from config.settings import ROOT, settings
from tests.vectors.problems import moment, vector
from tests.vectors.written import written

COMPARE = ROOT / "tests/vectors/compare.mjs"


def compare(seeds: Iterable[int]) -> dict[str, Any]:
    """What `compare.mjs` says of these questions, and `python_micros`: how long Python took for its answers."""
    log = Path(settings().var_dir) / "node-staff.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    install(PACKAGES[0], log)
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    took_ns = 0
    with subprocess.Popen(["node", str(COMPARE)], cwd=ROOT, env=environment(), **pipes) as node:
        assert node.stdin and node.stdout
        for seed in seeds:
            asked = vector(seed)
            began = time.perf_counter_ns()
            answer = asked.answer()
            took_ns += time.perf_counter_ns() - began
            node.stdin.write(written(asked, answer, *moment(seed)) + "\n")
        node.stdin.close()
        said = node.stdout.read()
    found: dict[str, Any] = json.loads(said)
    return found | {"python_micros": took_ns // 1000}
