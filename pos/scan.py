"""What a scanned code stands for (till-and-store-desk.md 3.2, the part for goods).

A scale label has 13 digits: 2, flag 0-9, PLU (5), grams (5), check digit.  Everything else is looked up
as it was read, a UPC-A with its leading zero.
"""

from __future__ import annotations

from config.errors import Malformed
from config.gs1 import check_digit


class BadCheckDigit(Malformed):
    """The label's check digit is wrong: scan it again."""

    code = "bad_check_digit"


def read_code(code: str) -> tuple[str, int | None]:
    """The code to look up, and the grams when it is a scale label.

    :raises BadCheckDigit: a scale label that was misread, which would sell the wrong weight.
    """
    plain = code.strip()
    if len(plain) == 13 and plain.isascii() and plain.isdigit() and plain[0] == "2":
        if check_digit(plain[:12]) != plain[12]:
            raise BadCheckDigit(code=plain)
        return plain[2:7], int(plain[7:12])
    if len(plain) == 12 and plain.isascii() and plain.isdigit():
        return "0" + plain, None
    return plain[:20], None
