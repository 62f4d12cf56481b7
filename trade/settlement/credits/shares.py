"""The arithmetic of credit: shares of an order, and what each party stands at.  Pure.

The base is what is kept of an order: paid less refunded, without freight and without the bonus of stored value.  Of a
base B a share of b basis points is floor(B x b / 10,000), and the first takes what is left; a document is credited as
the difference of two such figures.  So the parts of each document sum to it exactly, and of an order that came back
wholly nothing stays with anybody.  Worked table, 70 / 30 of 9.99, returned in two steps:

    document    base   kept   first (70)   second (30)
    payment     9.99   9.99         7.00          2.99
    return     -3.33   6.66        -2.33         -1.00
    return     -6.66   0.00        -4.67         -1.99

A service fee goes from the head office to the fulfilling store: an amount an order, an amount for each item that is
kept, or a part of the base; it, too, is 0 once nothing is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from config.money import split
from trade.settlement.credits.owners import HEAD_OFFICE, Owner
from trade.settlement.credits.rules import ALL_BP, OWNER, Rule, Source


@dataclass(frozen=True, slots=True)
class Share:
    """One party's part; `store_id` 0 is the head office."""

    role: str
    store_id: int
    staff_id: int | None
    bp: int
    why: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of an order: base and items."""

    base_fen: int
    items: int


def shares_of(rule: Rule, owner: Owner, fulfilling: Mapping[int, int]) -> list[Share]:
    """The shares of one order.

    :param fulfilling: what each store hands over, in fen; the fulfilling part is divided in this proportion.
    :return: their basis points sum to 10,000.
    """
    found: list[Share] = []
    for role, bp in rule.shares:
        if role == OWNER:
            found.append(Share(owner.role, owner.store_id, owner.staff_id, bp, owner.why))
        elif role == Source.FULFILLING:
            stores = sorted(fulfilling)
            weights = [fulfilling[store] for store in stores]
            parts = split(bp, weights if sum(weights) else [1] * len(stores))
            each = zip(stores, parts, strict=True)
            found += [Share("fulfilling", store, None, part, "fulfils") for store, part in each]
        else:
            found.append(Share("hq", HEAD_OFFICE, None, bp, "rule"))
    assert sum(one.bp for one in found) == ALL_BP, found
    return found


def amounts(base_fen: int, bps: Sequence[int]) -> list[int]:
    """What each share of a base is; they sum to it, and the first takes what the floors leave."""
    assert sum(bps) == ALL_BP, bps
    rest = [base_fen * bp // ALL_BP for bp in bps[1:]]
    return [base_fen - sum(rest), *rest]


def fee_fen(rule: Rule, kept: Kept) -> int:
    """What the head office owes for fulfilment of what is kept."""
    if kept.base_fen == 0 and kept.items == 0:
        return 0
    of = {"none": 0, "order": rule.fee, "item": rule.fee * kept.items, "bp": kept.base_fen * rule.fee // ALL_BP}
    return of[rule.fee_kind]


def fees(rule: Rule, kept: Kept, fulfilling: Mapping[int, int]) -> dict[int, int]:
    """The fee by store, the head office's part negative; they sum to 0."""
    fee = fee_fen(rule, kept)
    stores = sorted(fulfilling)
    weights = [fulfilling[store] for store in stores]
    parts = split(fee, weights if sum(weights) else [1] * len(stores))
    return {HEAD_OFFICE: -fee} | dict(zip(stores, parts, strict=True))
