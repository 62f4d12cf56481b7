"""What we make of a notice that says it comes from WeChat Pay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Genuine:
    """A notice that WeChat signed and we could read."""

    event_id: str
    event_type: str
    resource: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Forged:
    """Not signed by WeChat, or garbled."""


@dataclass(frozen=True, slots=True)
class Stale:
    """Signed by WeChat, but older than the window, or from the future: a copy, or a repeat that was not signed anew."""


@dataclass(frozen=True, slots=True)
class WrongKey:
    """Signed by WeChat, but our APIv3 key does not open it: a fault of ours, not an attack."""


Verdict = Genuine | Forged | Stale | WrongKey
