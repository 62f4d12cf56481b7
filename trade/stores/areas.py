"""Is a place inside a delivery area?  In whole millionths of a degree; pure."""

from __future__ import annotations

from collections.abc import Sequence

Corner = tuple[int, int] | Sequence[int]
"""Degrees north and east, times a million."""


def inside(area: Sequence[Corner], lat_e6: int, lng_e6: int) -> bool:
    """Is the place inside the polygon?  Its edge belongs to it; fewer than three corners enclose nothing.

    A ray to the north is counted; cross products are exact, so no place is in two of two areas that share an edge
    by rounding.  An area across the 180th meridian must be given as two.
    """
    if len(area) < 3:
        return False
    found = False
    lat_a, lng_a = area[-1]
    for lat_b, lng_b in area:
        cross = (lat_b - lat_a) * (lng_e6 - lng_a) - (lng_b - lng_a) * (lat_e6 - lat_a)
        if (
            cross == 0
            and min(lat_a, lat_b) <= lat_e6 <= max(lat_a, lat_b)
            and min(lng_a, lng_b) <= lng_e6 <= max(lng_a, lng_b)
        ):
            return True
        if (lng_a > lng_e6) != (lng_b > lng_e6) and (cross > 0) == (lng_b > lng_a):
            found = not found
        lat_a, lng_a = lat_b, lng_b
    return found
