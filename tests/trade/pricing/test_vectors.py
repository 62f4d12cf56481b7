"""Till and mini-program price in TypeScript as the server does in Python; `make vectors` is the long form."""

from __future__ import annotations

import os

from tests.vectors.comparing import compare

VECTORS = int(os.environ.get("TONGDIAN_VECTORS", "600"))


def test_both_engines_answer_alike() -> None:
    found = compare(range(VECTORS))
    assert (found["compared"], found["differing"]) == (VECTORS, 0), found.get("first")
