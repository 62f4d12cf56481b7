"""What stored value is made of and how it is split: pure, and the terms by date (members-mall-orders.md 3.5).

A wallet is principal, which the customer paid, and bonus, which we gave.  What is spent is split between them by the
policy, `have` being both balances before.  Worked table, 100.00 principal and 20.00 bonus, 50.00 spent:

    policy            principal_fen                      bonus_fen      left of both
    proportional      5000 * 10000 // 12000 = 4166            834       5834 + 1166
    principal_first                           5000              0       5000 + 2000
    bonus_first                               3000           2000       7000 +    0

The split is stored per order line; what comes back is the k-th fen of the line by cumulative floors, so any sequence
of partial refunds ends at exactly the stored split.  A line of 1000 paid with 400 principal and 100 bonus (and 500
cash), refunded 333, 333, 334:

    refunded so far   stored value 500 * so far // 1000   principal 400 * that // 500   principal, bonus now
    333                                            166                            132               132, 34
    666                                            333                            266               134, 33
    1000                                           500                            400               134, 33

With a policy that spent one bucket first the other comes back first: the reverse order.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import first
from config.errors import Refused
from config.money import split


class WalletShort(Refused):
    """There is less stored value than asked; `available_fen` says how much."""

    code = "wallet_short"


class Policy(StrEnum):
    """In which order the buckets are spent."""

    PROPORTIONAL = "proportional"
    PRINCIPAL_FIRST = "principal_first"
    BONUS_FIRST = "bonus_first"


@dataclass(frozen=True, slots=True)
class Split:
    """An amount of stored value: what of it is principal and what bonus, in fen."""

    principal_fen: int = 0
    bonus_fen: int = 0

    @property
    def total_fen(self) -> int:
        """Both together."""
        return self.principal_fen + self.bonus_fen

    def __add__(self, more: Self) -> Split:
        return Split(self.principal_fen + more.principal_fen, self.bonus_fen + more.bonus_fen)


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of the terms, in fen.  See `member/models/wallet.py`."""

    policy: Policy = Policy.PROPORTIONAL
    free_day_fen: int = 0
    max_balance_fen: int = 500_000
    cash_out_max_fen: int = 10_000
    bonus_spent: str = "deduct"


_TERMS = text(
    "SELECT policy, free_day_fen, max_balance_fen, cash_out_max_fen, bonus_spent FROM wallet_terms"
    " WHERE from_at <= :now ORDER BY from_at DESC, id DESC LIMIT 1"
)


def terms_at(session: Session, now: datetime) -> Terms:
    """The terms in force at a moment; the built-in ones when none were written."""
    row = first(session, _TERMS, {"now": now})
    return Terms(Policy(row.policy), *row[1:]) if row else Terms()


_WRITE = text("""
    INSERT INTO wallet_terms (from_at, policy, free_day_fen, max_balance_fen, cash_out_max_fen, bonus_spent)
    VALUES (:from_at, :policy, :free_day_fen, :max_balance_fen, :cash_out_max_fen, :bonus_spent) RETURNING id""")


def write(session: Session, terms: Terms, from_at: datetime, *, actor: str, now: datetime) -> int:
    """A new version of the terms, in force from a moment on; what was sold before keeps its split."""
    made = session.execute(_WRITE, {**asdict(terms), "from_at": from_at}).scalar_one()
    journal.record(session, "wallet_terms.written", f"wallet_terms:{made}", actor=actor, now=now)
    return int(made)


def divide(amount_fen: int, have: Split, policy: Policy) -> Split:
    """How an amount is taken from both buckets.

    :raises WalletShort: there is less than asked.
    """
    assert amount_fen >= 0, amount_fen
    if amount_fen > have.total_fen:
        raise WalletShort(asked_fen=amount_fen, available_fen=have.total_fen)
    if not amount_fen:
        return Split()
    if policy is Policy.PRINCIPAL_FIRST:
        principal_fen = min(amount_fen, have.principal_fen)
    elif policy is Policy.BONUS_FIRST:
        principal_fen = amount_fen - min(amount_fen, have.bonus_fen)
    else:
        principal_fen = amount_fen * have.principal_fen // have.total_fen
    return Split(principal_fen, amount_fen - principal_fen)


def over_lines(paid: Split, nets_fen: list[int]) -> list[Split]:
    """Spread what was paid over order lines by their net price; each line's two parts never exceed its net."""
    if not paid.total_fen:
        return [Split()] * len(nets_fen)
    parts = split(paid.total_fen, nets_fen)
    principals = split(paid.principal_fen, parts)
    return [Split(principal, part - principal) for part, principal in zip(parts, principals, strict=True)]


def come_back(line: Split, net_fen: int, before_fen: int, more_fen: int, policy: Policy) -> Split:
    """What a refund of `more_fen` of a line of `net_fen` restores, `before_fen` having been refunded already.

    Cumulative and nested (the refund, of it the stored value, of it the principal), so no step is negative, none
    exceeds its refund, and any sequence ends at exactly `line`.
    """
    assert 0 <= before_fen <= before_fen + more_fen <= net_fen, (net_fen, before_fen, more_fen)
    if not line.total_fen or not more_fen:
        return Split()
    before, after = (line.total_fen * so_far // net_fen for so_far in (before_fen, before_fen + more_fen))
    principal_fen = _principal(line, after, policy) - _principal(line, before, policy)
    return Split(principal_fen, after - before - principal_fen)


def _principal(line: Split, restored_fen: int, policy: Policy) -> int:
    if policy is Policy.PRINCIPAL_FIRST:
        return restored_fen - min(restored_fen, line.bonus_fen)
    if policy is Policy.BONUS_FIRST:
        return min(restored_fen, line.principal_fen)
    return line.principal_fen * restored_fen // line.total_fen
