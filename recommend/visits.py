"""Browsing sessions as flat arrays, oldest first: the form in which the next item of a visit is learned."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from recommend.histories import Floats, Ints


@dataclass(frozen=True)
class Visits:
    """Closed sessions in order of time.

    :param item: what was looked at, one session after the other.
    :param start: where each session begins in `item`; one more at the end.
    :param items: how many items the catalogue has; they keep their numbers in every part.
    """

    item: Ints
    start: Ints
    items: int

    @classmethod
    def of(cls, sessions: list[Ints], items: int) -> Self:
        """From a list of sessions; an empty one is left out."""
        sessions = [one for one in sessions if len(one)]
        sizes = [len(one) for one in sessions]
        flat = np.concatenate([*sessions, np.zeros(0, np.int64)])
        return cls(flat, np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]), items)

    @property
    def many(self) -> int:
        """How many sessions there are."""
        return len(self.start) - 1

    @cached_property
    def session(self) -> Ints:
        """The session of each look."""
        return np.repeat(np.arange(self.many), np.diff(self.start))

    @cached_property
    def place(self) -> Ints:
        """The place of each look in its session, from 0."""
        return np.arange(len(self.item)) - self.start[self.session]

    def first(self, many: int) -> Visits:
        """Only the oldest sessions."""
        return Visits(self.item[: self.start[many]], self.start[: many + 1], self.items)

    def newest(self, share: float) -> Ints:
        """What was looked at in the newest share of the sessions."""
        return self.item[self.start[self.many - max(1, int(self.many * share))] :] if self.many else self.item

    def popular(self, share: float = 1.0) -> Floats:
        """How often each item was looked at in that newest share."""
        return np.bincount(self.newest(share), minlength=self.items).astype(float)


def newest_first(seen: Ints, most: int) -> tuple[Ints, Ints]:
    """The different items of a visit, the last seen first, and how many steps back each was seen last."""
    turned = seen[::-1]
    _, back = np.unique(turned, return_index=True)
    back = np.sort(back)[:most]
    return turned[back], back
