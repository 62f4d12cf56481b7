"""Inside a delivery area, in integers."""

from __future__ import annotations

from random import Random

import pytest

from trade.stores.areas import inside

SQUARE = ((0, 0), (0, 100), (100, 100), (100, 0))
HORSESHOE = ((0, 0), (0, 90), (90, 90), (90, 60), (30, 60), (30, 30), (90, 30), (90, 0))


@pytest.mark.parametrize(
    ("area", "place", "found"),
    [
        (SQUARE, (50, 50), True),
        (SQUARE, (101, 50), False),
        (SQUARE, (50, -1), False),
        (SQUARE, (0, 50), True),
        (SQUARE, (100, 100), True),
        (SQUARE[::-1], (50, 50), True),
        (HORSESHOE, (60, 45), False),
        (HORSESHOE, (60, 15), True),
        (HORSESHOE, (60, 75), True),
        (HORSESHOE, (30, 45), True),
        (HORSESHOE, (31, 45), False),
        (((0, 0), (100, 0)), (50, 0), False),
        ((), (0, 0), False),
    ],
)
def test_inside(area, place, found):
    assert inside(area, *place) is found


def test_a_triangle_is_the_sum_of_its_halves():
    dice = Random(5)
    for _ in range(2_000):
        a, b, c, place = ((dice.randrange(40), dice.randrange(40)) for _ in range(4))
        turns = [
            (q[0] - p[0]) * (place[1] - p[1]) - (q[1] - p[1]) * (place[0] - p[0]) for p, q in ((a, b), (b, c), (c, a))
        ]
        flat = (b[0] - a[0]) * (c[1] - a[1]) == (b[1] - a[1]) * (c[0] - a[0])
        if not flat:
            assert inside((a, b, c), *place) is (min(turns) >= 0 or max(turns) <= 0)
