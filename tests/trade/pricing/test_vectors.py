"""Till and mini-program price in TypeScript as the server does in Python; `make vectors` is the long form."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from config.settings import ROOT
from tests.vectors.comparing import compare

VECTORS = int(os.environ.get("TONGDIAN_VECTORS", "600"))


def test_both_engines_answer_alike() -> None:
    found = compare(range(VECTORS))
    assert (found["compared"], found["differing"]) == (VECTORS, 0), found.get("first")


@pytest.mark.parametrize("path", sorted((ROOT / "config/web/pricing").glob("*.ts")), ids=lambda path: path.name)
def test_the_engine_of_the_browser_has_no_clock_and_no_float(path: Path) -> None:
    """Nor BigInt, which old phones lack; tests may do as they like.  One `/` divides what has no remainder."""
    if path.name.endswith(".test.ts"):
        return
    code = re.sub(r"/\*.*?\*/|//[^\n]*|'[^'\n]*'", "", path.read_text("utf-8"), flags=re.DOTALL)
    assert re.findall(r"\bDate\b|BigInt|\b\d+n\b|\d\.\d|parseFloat|toFixed|Math\.(?:round|floor|random)", code) == []
    divided = re.findall(r"\s/=?\s[^/\n]*", code)
    assert divided == ([" / b", " /= 2) {"] if path.name == "fen.ts" else [])
