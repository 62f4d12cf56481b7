"""Members as a till may know them while it has no network: enough for their price, too little to list their phones.

A row is `[id, name, tier, print, ...]` with the masked name and one print for the phone and each card that is not lost.
A print is the first 28 bits of a keyed hash.  The key is the store's and lies on the till, so whoever steals a till can
try every phone: about fourteen of China's 3.7 thousand million fit each print, and none is told apart.  A stranger's
phone fits one of 20,000 members once in 13,000 times; the cashier sees the name.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from member import masking
from member.secrets import open_sealed, signing_key

DIGITS = 7
"""Hexadecimal digits of a print."""

_KNOWN = text("""
    SELECT m.id, m.name, m.tier, array_agg(i.sealed ORDER BY i.id) AS sealed
    FROM member m JOIN identity i ON i.member_id = m.id AND i.kind IN ('phone', 'card') AND i.lost_at IS NULL
    WHERE m.id = ANY(:ids) AND m.merged_into_id IS NULL AND m.erased_at IS NULL GROUP BY m.id ORDER BY m.id""")


def key(store_id: int) -> bytes:
    """What the tills of a store hash phones and cards with."""
    return hmac.new(signing_key("till-cards"), str(store_id).encode(), hashlib.sha256).digest()


def print_of(store_key: bytes, value: bytes) -> str:
    """The print of a phone or a card."""
    return hmac.new(store_key, value, hashlib.sha256).hexdigest()[:DIGITS]


def rows(session: Session, store_id: int, member_ids: Sequence[int]) -> list[list[Any]]:
    """The rows of members as above, by id; a guest without phone or card has none."""
    store_key = key(store_id)
    return [
        [one.id, masking.masked_name(one.name), one.tier]
        + [print_of(store_key, open_sealed(bytes(sealed))) for sealed in one.sealed]
        for one in fetch(session, _KNOWN, {"ids": list(member_ids)})
    ]
