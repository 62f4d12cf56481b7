"""Who of two merged members owns which fact and lot, and what can be told apart again.  Pure.

A fact belongs to the source when it was there at the merge, or when its document did (one of the source's orders or
top-ups, or the end of one of its lots).  Facts and lots hang together: a fact opens a lot, takes from it, gives back
to it.  What hangs together and is the source's alone goes back as it was.  What hangs together and belongs to both
stays where it is, and what the source's lots in it would still hold is made good by two adjustments:

    owed of a lot = what is left of it + what the other took of it and has not got back

Money is not made good but refused, and so is what the source itself spent of such a lot: its return must find its lot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from config.errors import Refused

Order = tuple[int, int]
"""An order's key: store id, order id."""


class MergeSpentAcross(Refused):
    """One spent what the other had, more than it has itself; `account` and `short` say how much, `sources` on what."""

    code = "merge_spent_across"


@dataclass(frozen=True, slots=True)
class Merged:
    """A merge as it was written down."""

    id: int
    source_id: int
    into_id: int
    moved: dict[str, Any]

    @property
    def orders(self) -> list[Order]:
        """Keys of the orders that were the source's."""
        return [(store_id, order_id) for store_id, order_id in self.moved["orders"]]

    @property
    def documents(self) -> set[str]:
        """How the ledgers name what was the source's, before the merge and since."""
        orders = {f"order:{order_id}" for _, order_id in self.orders}
        return orders | {f"top_up:{store_id}:{top_up_id}" for store_id, top_up_id in self.moved["top_ups"]}


class _Groups:
    """What hangs together (union and find); a fact is (0, id), a lot (1, id)."""

    def __init__(self) -> None:
        self.above: dict[tuple[int, int], tuple[int, int]] = {}

    def root(self, one: tuple[int, int]) -> tuple[int, int]:
        while self.above.get(one, one) != one:
            one = self.above[one]
        return one

    def join(self, one: tuple[int, int], other: tuple[int, int]) -> None:
        self.above[self.root(one)] = self.root(other)


@dataclass(slots=True)
class History:
    """The merged member's facts, lots and takings, told apart."""

    entries: Sequence[Any]
    lots: Sequence[Any]
    taken: Sequence[Any]
    own_entries: set[int]
    own_lots: set[int]
    mixed: set[tuple[int, int]]
    groups: _Groups

    @classmethod
    def of(cls, merged: Merged, entries: Sequence[Any], lots: Sequence[Any], taken: Sequence[Any]) -> Self:
        """Tell apart what `merged.into_id` holds now."""
        documents = merged.documents
        own_lots = {lot.id for lot in lots if lot.source in documents} | set(merged.moved["lots"])
        documents |= {f"lot:{lot_id}" for lot_id in own_lots}
        own_entries = {entry.id for entry in entries if entry.source in documents} | set(merged.moved["entries"])
        groups = _Groups()
        for lot in lots:
            if lot.entry_id is not None:
                groups.join((0, lot.entry_id), (1, lot.id))
        for entry in entries:
            for lot_id in entry.lots or ():
                groups.join((0, entry.id), (1, lot_id))
        for row in taken:
            groups.join((0, row.entry_id), (1, row.lot_id))
        owners: dict[tuple[int, int], set[bool]] = defaultdict(set)
        for entry in entries:
            owners[groups.root((0, entry.id))].add(entry.id in own_entries)
        for lot in lots:
            owners[groups.root((1, lot.id))].add(lot.id in own_lots)
        mixed = {root for root, whose in owners.items() if len(whose) > 1}
        return cls(entries, lots, taken, own_entries, own_lots, mixed, groups)

    def _is_mixed(self, kind: int, one: int) -> bool:
        return self.groups.root((kind, one)) in self.mixed

    @property
    def entries_back(self) -> list[int]:
        """Facts that are the source's alone."""
        return [one.id for one in self.entries if one.id in self.own_entries and not self._is_mixed(0, one.id)]

    @property
    def lots_back(self) -> list[int]:
        """Lots that are the source's alone."""
        return [one.id for one in self.lots if one.id in self.own_lots and not self._is_mixed(1, one.id)]

    def owed(self, now: datetime) -> list[tuple[Any, int]]:
        """The source's lots that have to stay, with what they would still hold, the first to expire first.

        :raises MergeSpentAcross: it is money, or the source spent of them too, or took more of the other's than it has.
        """
        facts = {entry.id: entry for entry in self.entries}
        by_other: dict[int, int] = defaultdict(int)
        owes: dict[str, int] = defaultdict(int)
        for row in self.taken:
            entry = facts[row.entry_id]
            if not row.net or not self._is_mixed(0, row.entry_id):
                continue
            mine = entry.id in self.own_entries
            if entry.account.startswith("stored_") or (mine and entry.event in ("hold", "spend")):
                raise MergeSpentAcross(account=entry.account, short=row.net, sources=[entry.source])
            if mine and row.lot_id not in self.own_lots:
                owes[entry.account] += row.net
            elif not mine and row.lot_id in self.own_lots:
                by_other[row.lot_id] += row.net
        staying = [lot for lot in self.lots if lot.id in self.own_lots and self._is_mixed(1, lot.id)]
        found = []
        for lot in sorted(staying, key=lambda one: (one.expires_at is None, one.expires_at or now, one.id)):
            worth = by_other[lot.id] + (lot.remaining if lot.state == "available" else 0)
            back = min(worth, owes[lot.account])
            owes[lot.account] -= back
            if worth > back:
                found.append((lot, worth - back))
        for account, short in owes.items():
            if short:
                raise MergeSpentAcross(account=account, short=short, sources=[])
        return found
