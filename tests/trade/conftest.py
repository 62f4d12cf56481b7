from __future__ import annotations

import pytest

from tests import factories as make


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, now=now)


@pytest.fixture
def member(session, now):
    return make.a_member(session, points_of=500, now=now)
