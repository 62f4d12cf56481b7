from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from config.clock import business_day, month_end, now


def test_now_is_aware():
    assert now().tzinfo is UTC


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 11, 22, 19, 59, 59, tzinfo=UTC), date(2026, 11, 22)),  # 03:59:59 in Hangzhou
        (datetime(2026, 11, 22, 20, 0, tzinfo=UTC), date(2026, 11, 23)),  # 04:00
    ],
)
def test_the_business_day_turns_at_four_in_the_morning(at, day):
    assert business_day(at) == day


@pytest.mark.parametrize(
    ("at", "months", "end"),
    [
        (datetime(2026, 11, 23, tzinfo=UTC), 12, datetime(2027, 11, 30, 16, tzinfo=UTC)),
        (datetime(2026, 1, 31, 16, 0, tzinfo=UTC), 0, datetime(2026, 2, 28, 16, tzinfo=UTC)),  # 1 Feb, local
        (datetime(2026, 12, 1, tzinfo=UTC), 1, datetime(2027, 1, 31, 16, tzinfo=UTC)),
    ],
)
def test_a_month_ends_with_the_local_month(at, months, end):
    assert month_end(at, months) == end
