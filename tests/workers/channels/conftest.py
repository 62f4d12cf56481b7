from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from config import clock
from tests import partner as partners
from tests.partner import Partner
from tests.trade.channels.conftest import shops

__all__ = ["shops"]


class Clock:
    """The time of a test: it stands until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def on(self, **by: float) -> None:
        """Let time pass."""
        self.at += timedelta(**by)


@pytest.fixture
def clocked(now, monkeypatch) -> Clock:
    standing = Clock(now)
    monkeypatch.setattr(clock, "now", lambda: standing.at)
    return standing


@pytest.fixture
def partner() -> Iterator[Partner]:
    with partners.serving() as serving:
        yield serving
