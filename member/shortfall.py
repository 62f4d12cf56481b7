"""Points that must go back were spent already: who bears it?  Pure (members-mall-orders.md 3.2).

    policy          of the points that are not there any more
    deficit         all are owed, and what comes next makes them good
    deduct_refund   as many as the refund's money covers are paid out of it, at what they redeem for; the rest is owed
    ask_manager     all are owed, and a manager says yes to that before money goes out
    write_off       as many as the month's budget covers are forgotten; the rest is owed

Worked table: 40 points to take back, 15 there, one fen a point, 20 fen of money to refund, 10 points of budget:

    policy          taken back   owed   paid out of the refund   forgotten
    deficit                 40     25                        0           0
    deduct_refund           20      5         20 (= 20 points)           0
    write_off               30     15                        0          10
"""

from __future__ import annotations

from dataclasses import dataclass

from member.terms import Shortfall


@dataclass(frozen=True, slots=True)
class Borne:
    """How points to take back are taken: by an entry (of which `owed` become a debt), out of the refund, or not."""

    policy: Shortfall
    clawed: int
    owed: int = 0
    paid: int = 0
    deducted_fen: int = 0
    written_off: int = 0

    @property
    def asks_manager(self) -> bool:
        """A manager must say yes first."""
        return self.policy == "ask_manager" and self.owed > 0


def bear(due: int, there: int, policy: Shortfall, *, fen_per_point: int, money_fen: int, budget: int) -> Borne:
    """Share out what is missing of the `due` points.

    :param there: how many can be taken without a debt.
    :param money_fen: what of the refund is not stored value, so that it may be kept back.
    :param budget: how many points may still be forgotten this month.
    """
    assert min(due, there, money_fen, budget) >= 0 and fen_per_point > 0, (due, there, money_fen, budget)
    short = max(due - there, 0)
    if policy == "deduct_refund":
        paid = min(short, money_fen // fen_per_point)
        return Borne(policy, due - paid, short - paid, paid, paid * fen_per_point)
    if policy == "write_off":
        forgotten = min(short, budget)
        return Borne(policy, due - forgotten, short - forgotten, written_off=forgotten)
    return Borne(policy, due, short)
