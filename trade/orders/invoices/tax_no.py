"""The unified social credit code of a company (统一社会信用代码, GB 32100-2015): 17 signs and a check sign."""

from __future__ import annotations

_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def is_sound(code: str) -> bool:
    """Whether a code has 18 signs of the standard and its check sign is right."""
    if len(code) != 18 or any(sign not in _SIGNS for sign in code):
        return False
    total = sum(_SIGNS.index(sign) * pow(3, at, 31) for at, sign in enumerate(code[:17]))
    return _SIGNS[-total % 31] == code[17]
