from __future__ import annotations

import pytest

from tests.devices import Device
from tests.stories import Story


@pytest.fixture
def story(session, now):
    return Story(session, now, milk=200)


@pytest.fixture
def device(story):
    return Device(story.shop)
