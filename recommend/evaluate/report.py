"""One row for each model: how good its lists are, what they cost, and whether ours is really better."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from recommend.evaluate.metrics import Truth, by_question, interval, summary
from recommend.histories import Floats, Ints

OURS = "tongdian"


@dataclass
class Report:
    """Writes rows as JSON lines while they come, and a table for people."""

    task: str
    truth: Truth
    items: int
    out: Path | None
    each: dict[str, Floats] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, fit: Callable[[], Any], lists: Callable[[Ints], Ints], asked: Ints, batch: int) -> None:
        """Fit a model, ask it everything, then ask it again one by one for its latency.

        :param lists: the items for an array of questions, best first.
        """
        began = time.perf_counter()
        fit()
        fit_s = time.perf_counter() - began
        began = time.process_time()
        answers = [lists(asked[start : start + batch]) for start in range(0, len(asked), batch)]
        batch_ms = (time.process_time() - began) * 1000 / len(asked)
        found = np.concatenate(answers)
        figures = by_question(found, self.truth)
        self.each[name] = figures["ndcg@10"]
        middle, slow = latency(lists, asked)
        row = {"task": self.task, "model": name, **summary(found, self.truth, self.items)}
        row |= {"fit_s": round(fit_s, 2), "p50_ms": round(middle, 2), "p99_ms": round(slow, 2), "rss_mb": memory_mb()}
        row |= {"batch_ms": round(batch_ms, 3), "questions": len(asked)}
        self.rows.append(row)
        self._print(row)

    def compare(self, counting: list[str]) -> None:
        """Set our list against the strongest of the counting rules, question by question."""
        known = [name for name in counting if name in self.each]
        if OURS in self.each and known:
            best = max(known, key=lambda name: float(self.each[name].mean()))
            mean, low, high = interval(self.each[OURS], self.each[best])
            ours = next(row for row in self.rows if row["model"] == OURS)
            ours["against"] = best
            ours["ndcg@10_gain"] = [round(mean, 5), round(low, 5), round(high, 5)]
            sys.stdout.write(f"{OURS} minus {best}, NDCG@10: {mean:+.4f} [{low:+.4f}, {high:+.4f}]\n")
        if self.out:
            self.out.write_text("".join(json.dumps(row) + "\n" for row in self.rows), "utf-8")

    def _print(self, row: dict[str, Any]) -> None:
        if len(self.rows) == 1:
            sys.stdout.write(
                f"{'model':40}" + "".join(f"{name:>17}" for name in row if name not in ("task", "model")) + "\n"
            )
        cells = (f"{value!s:>17}" for name, value in row.items() if name not in ("task", "model"))
        sys.stdout.write(f"{row['model'][:39]:40}" + "".join(cells) + "\n")
        sys.stdout.flush()


def latency(lists: Callable[[Ints], Ints], asked: Ints, times: int = 100) -> tuple[float, float]:
    """The median and the 99th percentile of single questions, in milliseconds."""
    taken = []
    for question in asked[: times + 5]:
        began = time.perf_counter()
        lists(np.array([question]))
        taken.append((time.perf_counter() - began) * 1000)
    taken = taken[5:] or taken
    return float(np.median(taken)), float(np.quantile(taken, 0.99))


def memory_mb() -> int:
    """The resident memory of this process now."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) // 1024
    return 0
