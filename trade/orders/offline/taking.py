"""What the takers of all kinds of documents share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class CannotTake(Exception):
    """The document names what we do not have, in one word such as `unknown_shift`."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a document became: its order, where it is one, and line by line what we would have said otherwise."""

    order_id: int | None = None
    differences: list[dict[str, Any]] | None = None
