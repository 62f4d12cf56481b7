from __future__ import annotations

import pytest

from tests import factories as make


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, stock_of={"milk": 5, "bread": 4}, now=now)


@pytest.fixture
def other(session, shop, now):
    """A second store of the same chain."""
    return make.open_shop(session, code="S2", stock_of={"milk": 3, "bread": 2}, now=now)
