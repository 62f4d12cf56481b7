"""GS1's arithmetic, shared by barcodes of goods, scale labels, member codes and cards."""

from __future__ import annotations


def check_digit(digits: str) -> str:
    """The GS1 check digit of a number without one."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)
