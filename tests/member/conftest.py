from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from config.db import transaction
from tests import factories as make


@pytest.fixture
def member(session, now) -> int:
    return make.a_member(session, now=now)


@pytest.fixture
def do(session) -> Callable[..., Any]:
    """Run one domain step in its own transaction."""

    def step(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        with transaction(session):
            return work(session, *args, **kwargs)

    return step


@pytest.fixture
def everything(session) -> Callable[[], Any]:
    """Every row of the ledger and of the people, for "nothing moved"."""
    tables = ("member", "identity", "member_session", "lot_account", "lot", "lot_entry", "lot_consumption", "journal")

    def look() -> Any:
        session.rollback()
        return {name: session.execute(text(f"SELECT t::text FROM {name} t ORDER BY 1")).all() for name in tables}

    return look
