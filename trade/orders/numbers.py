"""Order numbers as people read them: store (3 digits) and order (9 digits) in one 12-digit number."""

from __future__ import annotations

from config.errors import NotFound


def number(store_id: int, order_id: int) -> str:
    """The printed number of an order."""
    return f"{store_id:03d}{order_id:09d}"


def parse(no: str) -> tuple[int, int]:
    """Store and order id of a printed number; NotFound when it cannot be one."""
    plain = no.strip()
    if len(plain) != 12 or not plain.isascii() or not plain.isdigit():
        raise NotFound(no=plain[:20])
    return int(plain[:3]), int(plain[3:])
