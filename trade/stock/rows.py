"""Rows of a statement as plain JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any


def as_json(found: Iterable[Any]) -> list[dict[str, Any]]:
    """Named tuples as dicts, moments as text."""
    return [
        {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row._asdict().items()}
        for row in found
    ]
