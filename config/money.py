"""Fen arithmetic.  Integers in, integers out; every rounding has a name."""

from __future__ import annotations

from collections.abc import Sequence


def split(total_fen: int, weights: Sequence[int]) -> list[int]:
    """Share an amount over lines in proportion to their weights, losing no fen.

    Used to spread an order-level discount or points over order lines, so that returning one line
    gives back exactly what was paid for it.

    :param total_fen: the amount to share, in fen (1 yuan = 100 fen); not negative.
    :param weights: one per line, usually the line net in fen; not negative, not all zero.
    :return: one share per line, in fen.  They sum to `total_fen`; each is within 1 fen of its
        exact proportion; the fen left over go to the largest remainders, earlier lines first.
        When `total_fen` is at most the sum of the weights no share exceeds its weight.
    :raises AssertionError: on a negative amount or weight, or when every weight is 0.  These are
        our own mistakes, never the customer's, so they are not `Refused`.
    """
    assert total_fen >= 0 and min(weights) >= 0 and sum(weights) > 0, (total_fen, weights)
    whole = sum(weights)
    shares = [total_fen * weight // whole for weight in weights]
    left_fen = total_fen - sum(shares)
    if left_fen:
        remainders = [-(total_fen * weight % whole) for weight in weights]
        for i in sorted(range(len(weights)), key=remainders.__getitem__)[:left_fen]:
            shares[i] += 1
    return shares


def half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` rounded half up; both not negative, the denominator positive."""
    assert numerator >= 0 and denominator > 0, (numerator, denominator)
    return (2 * numerator + denominator) // (2 * denominator)


def line_fen(unit_price_fen: int, qty: int, *, weighed: bool) -> int:
    """What a line costs before deductions: pieces times price, or grams times the price per kg, half up."""
    return half_up(unit_price_fen * qty, 1000) if weighed else unit_price_fen * qty


def refund_share(paid: int, qty: int, returned: int, more: int) -> int:
    """What units `returned + 1 .. returned + more` of a line of `qty` units get back of `paid`.

    Cumulative floors, so that any sequence of partial returns ends at exactly `paid`
    (till-and-store-desk.md 3.1).  Works for fen and for points alike.
    """
    assert returned >= 0 and more > 0 and returned + more <= qty, (qty, returned, more)
    return paid * (returned + more) // qty - paid * returned // qty


def yuan(fen: int) -> str:
    """Fen as yuan with two decimals."""
    sign, fen = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{fen // 100}.{fen % 100:02d}"
