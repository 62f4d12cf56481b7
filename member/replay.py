"""The lots as their facts alone make them: pure, so that what is stored can be held against it.

A fact (`lot_entry` with its `lot_consumption`) opens one lot, takes from lots, gives back to them, or changes what they
are; `member/ledger.py` writes both sides in one statement, and a proof replays one and compares it with the other.

    event               new lot               its lots
    earn, adjust (+)    quantity + pending    a debt is made good out of it (`settled`)
    confirm                                   available until `expires_at`; `deltas` make a debt good
    void                                      void, and nothing is left
    hold, spend, claw,
    adjust (-), expire                        less
    release, reinstate                        more; one whose time was over lives until `expires_at`
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


class Impossible(Exception):
    """A fact took of a lot what was not in it, or touched a lot that had not come yet."""


@dataclass(slots=True)
class Kept:
    """What a lot is at one moment."""

    initial: int
    remaining: int
    state: str
    expires_at: datetime | None


def replayed(facts: Iterable[Any]) -> dict[int, Kept]:
    """The lots after all `facts`, by id.

    :param facts: in the order they were written, with the columns of `lot_entry`, `new_lot` (id or None) and what
        it `used` of which lots (`used_quantities`).
    :raises Impossible: a lot would be below nothing or above its start, or is not known.
    """
    lots: dict[int, Kept] = {}
    for fact in facts:
        if fact.new_lot is not None:
            lots[fact.new_lot] = _opened(fact)
        for lot_id, taken in zip(fact.used, fact.used_quantities, strict=True):
            _change(lots, fact, lot_id, -taken)
        for lot_id, delta in zip(fact.lots, fact.deltas, strict=True):
            _change(lots, fact, lot_id, delta)
    return lots


def _opened(fact: Any) -> Kept:
    quantity = fact.quantity + fact.pending
    if not 0 <= fact.settled <= quantity:
        raise Impossible(f"entry {fact.id} made {fact.settled} good out of {quantity}")
    return Kept(quantity, quantity - fact.settled, "pending" if fact.pending else "available", fact.expires_at)


def _change(lots: dict[int, Kept], fact: Any, lot_id: int, delta: int) -> None:
    lot = lots.get(lot_id)
    if lot is None or not 0 <= lot.remaining + delta <= lot.initial:
        raise Impossible(f"entry {fact.id} changes lot {lot_id} by {delta}: {lot}")
    lot.remaining += delta
    if fact.event == "confirm":
        lot.state, lot.expires_at = "available", fact.expires_at
    elif fact.event == "void":
        lot.state = "void"
    elif fact.event in ("release", "reinstate") and lot.expires_at is not None and lot.expires_at <= fact.at:
        lot.expires_at = fact.expires_at
