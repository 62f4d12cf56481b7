"""The command that measures recommendations on any file of the documented formats."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from recommend.evaluate import addon, basket, intent, session
from recommend.evaluate.readers import Events, Read, Sessions, Unreadable, day_of_year, read
from recommend.histories import Lines

NEEDED: dict[str, type[Read]] = {"session": Sessions, "basket": Lines, "intent": Events, "addon": Lines}


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `evaluate` is told."""
    parser.add_argument("--task", required=True, choices=list(NEEDED))
    parser.add_argument(
        "--data", required=True, type=Path, nargs="+", action="extend", help="a file; again for its continuation"
    )
    parser.add_argument("--cut", help="a date, a day's number, or MMDD: what is learned lies before it")
    parser.add_argument("--end", help="likewise: questions lie before it; by default the end of the file")
    parser.add_argument("--json", type=Path, dest="out", help="one JSON object a line for each model")
    parser.add_argument("--only", default="", help="only models whose name holds these words")
    parser.add_argument("--threads", type=int, default=1, help="of the trees and of linear algebra")


def evaluate(asked: argparse.Namespace) -> int:
    """Measure and print; 0, or 2 with a sentence about a file or a cut that cannot be used."""
    try:
        known = read(asked.data)
        if not isinstance(known, NEEDED[asked.task]):
            raise Unreadable(
                f"{asked.data[0]} holds {type(known).__name__.lower()}, which task {asked.task} cannot use"
            )
        cut, end = moment(asked.cut, known), moment(asked.end, known)
        with threadpool_limits(asked.threads):
            _measure(asked, known, cut, end)
    except Unreadable as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2
    return 0


def _measure(asked: argparse.Namespace, known: Read, cut: float | None, end: float | None) -> None:
    if isinstance(known, Lines):
        task = addon if asked.task == "addon" else basket
        task.evaluate(known, cut, end, asked.out, asked.only)
    if isinstance(known, Sessions):
        if cut is not None or end is not None:
            sys.stderr.write("a log of sessions says itself what is asked about: --cut and --end change nothing\n")
        session.evaluate(known, asked.out, asked.only)
    if isinstance(known, Events):
        intent.evaluate(known, cut, end, asked.out, asked.only)


def moment(text: str | None, known: Read) -> float | None:
    """A cut in the days of the file: 2011-07-10, the number of a day, or MMDD where the file has such days."""
    if text is None:
        return None
    try:
        if "-" in text:
            return float(np.datetime64(text, "s").astype(np.int64)) / 86400
        if isinstance(known, Events) and not known.clock:
            return day_of_year(text)
        return float(text)
    except ValueError:
        raise Unreadable(f"the cut {text!r} is neither a date nor a day") from None
