"""Provinces, cities and districts (GB/T 2260), as an address names them: `regions.json`.

The file is @vant/area-data 2.1.0 (MIT), turned into one object of code -> name, a province a line.  A code of six
digits is in the city of its first four and the province of its first two; an address names a district, the last level.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

COUNTRY = "0"


@cache
def _names() -> Mapping[str, str]:
    found: dict[str, str] = json.loads((Path(__file__).parent / "regions.json").read_text("utf-8"))
    return found


def _above(code: str) -> str:
    if code.endswith("0000"):
        return COUNTRY
    return f"{code[:2]}0000" if code.endswith("00") else f"{code[:4]}00"


@cache
def _levels() -> Mapping[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    for code, name in _names().items():
        found[_above(code)].append({"code": code, "name": name})
    return dict(found)


def under(code: str) -> list[dict[str, str]]:
    """The `{code, name}` of one level: provinces under `COUNTRY`, cities of a province, districts of a city."""
    return _levels().get(code, [])


def is_district(code: str) -> bool:
    """Whether an address may name it."""
    return code in _names() and not code.endswith("00")


def path(code: str) -> list[str]:
    """The names from the province down; a province that is a city is named once."""
    names = _names()
    steps = [names.get(one, "") for one in (f"{code[:2]}0000", f"{code[:4]}00", code)]
    return [name for at, name in enumerate(steps) if name and name not in steps[:at]]
