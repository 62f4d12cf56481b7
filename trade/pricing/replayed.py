"""What a week of orders would have cost with another promotion: the sums.  Pure.

Two orders of 50.00 and 20.00, 满20减5 (head office 60 %, store 40 %) tried as 满30减8:

               old off   new off   old payable   new payable
    50.00         5.00      8.00         45.00         42.00
    20.00         5.00      0.00         15.00         20.00
    sum          10.00      8.00         60.00         62.00

Touched 2 (1 cheaper, 1 dearer); head office bears 6.00, then 4.80; stores 4.00, then 3.20.  `payable_fen` is goods
after promotions and coupons: points and discounts by hand stay as they were, and an order whose price falls below them
is counted (`beyond_price`).  No cost of goods is known in this system, so the answer says so instead of a margin.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from config.money import split
from trade.pricing.promotions import counts
from trade.pricing.promotions.book import InForce
from trade.pricing.promotions.drafts import Funding
from trade.pricing.quoted import Quote
from trade.pricing.rules import Left
from trade.pricing.simulation import off_by_rule

TOP = 20
_SUMS = ("promotion_fen", "coupon_fen", "payable_fen", "hq_fen", "store_fen", "supplier_fen")
_COUNTS = ("orders", "touched", "cheaper", "dearer", "not_as_charged", "beyond_price", "not_optimal")


@dataclass(frozen=True, slots=True)
class Charged:
    """An order as it was: its printed number, what the goods cost then, and what points and hands took off that."""

    no: str
    payable_fen: int
    further_fen: int


@dataclass(slots=True)
class Tally:
    """The sums so far; it survives as JSON between two batches."""

    sums: Counter[str] = field(default_factory=Counter)
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    displaced: Counter[str] = field(default_factory=Counter)
    top: list[dict[str, Any]] = field(default_factory=list)
    quotas: dict[str, list[int]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        names = ("sums", "rules", "displaced", "top", "quotas")
        return {name: dict(found) if isinstance(found := getattr(self, name), Counter) else found for name in names}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Tally:
        """The other way round."""
        sums: Counter[str] = Counter(kept.get("sums"))
        displaced: Counter[str] = Counter(kept.get("displaced"))
        return cls(sums, kept.get("rules", {}), displaced, kept.get("top", []), kept.get("quotas", {}))

    def left(self, side: str, known: InForce, member_id: int | None, at: datetime) -> dict[int, Left]:
        """What quotas would still hold, had they been whole when the replay began."""
        asked = counts.asked_of(known, member_id, at)
        used = {
            (row["promotion_id"], row["scope"]): self._quota(side, row["promotion_id"], row["scope"], row["key"])
            for row in asked
        }
        return counts.left_of(asked, {key: (have[0], have[1]) for key, have in used.items()})

    def _quota(self, side: str, rule_id: int, scope: str, key: int) -> list[int]:
        return self.quotas.setdefault(f"{side}:{rule_id}:{scope}:{key}", [0, 0])

    def use(self, side: str, known: InForce, quote: Quote, member_id: int | None, at: datetime) -> None:
        """Count what an order would have used."""
        for use in quote.uses:
            limits = known.limits.get(use.promotion_id)
            for scope, key, _, _ in counts.keys(limits, member_id, known.day(at), known.store_id):
                have = self._quota(side, use.promotion_id, scope, key)
                have[0], have[1] = have[0] + use.units, have[1] + use.off_fen

    def add(
        self, was: Charged, old: Quote, new: Quote, funding: Mapping[tuple[int, int], Funding], tried_id: int
    ) -> None:
        """Count one order priced by both books.  `funding` by promotion and version; `tried_id` is the one tried."""
        self.sums["orders"] += 1
        delta_fen = new.payable_fen - old.payable_fen
        touched = off_by_rule(old) != off_by_rule(new) or delta_fen != 0
        self.sums["touched"] += touched
        self.sums["cheaper"] += delta_fen < 0
        self.sums["dearer"] += delta_fen > 0
        self.sums["not_as_charged"] += old.payable_fen != was.payable_fen
        self.sums["beyond_price"] += new.payable_fen < was.further_fen
        self.sums["not_optimal"] += not (old.optimal and new.optimal)
        for side, quote in (("old", old), ("new", new)):
            self._add_side(side, quote, funding)
        if touched:
            self._displace(old, new, tried_id)
        if delta_fen:
            row = {"order_no": was.no, "old_fen": old.payable_fen, "new_fen": new.payable_fen, "delta_fen": delta_fen}
            self.top = sorted([*self.top, row], key=lambda one: (-abs(one["delta_fen"]), one["order_no"]))[:TOP]

    def _add_side(self, side: str, quote: Quote, funding: Mapping[tuple[int, int], Funding]) -> None:
        for name in ("promotion_fen", "coupon_fen", "payable_fen"):
            self.sums[f"{side}.{name}"] += getattr(quote, name)
        names = {row["source_id"]: row["name"] for row in quote.trace if row["source"] == "promotion"}
        for use in quote.uses:
            by = funding[use.promotion_id, use.version]
            parts = split(use.off_fen, [by.hq_bp, by.store_bp, by.supplier_bp])
            for name, fen in zip(("hq_fen", "store_fen", "supplier_fen"), parts, strict=True):
                self.sums[f"{side}.{name}"] += fen
            blank = {"old_orders": 0, "old_fen": 0, "new_orders": 0, "new_fen": 0}
            rule = self.rules.setdefault(str(use.promotion_id), {"name": names.get(use.promotion_id, ""), **blank})
            rule[f"{side}_orders"] += 1
            rule[f"{side}_fen"] += use.off_fen

    def _displace(self, old: Quote, new: Quote, tried_id: int) -> None:
        """Who gave way to whom: what applied before and does not now, to what applies now and did not before."""
        before, after = ({_part(key) for key in off_by_rule(quote)} for quote in (old, new))
        for lost in sorted(before - after):
            for to in sorted(after - before) or [f"promotion:{tried_id}"]:
                if lost != to:
                    self.displaced[f"{lost}>{to}"] += 1

    def told(self) -> dict[str, Any]:
        """As the head office reads it; fen, and new beside old."""
        displaced = sorted(self.displaced.items(), key=lambda one: (-one[1], one[0]))
        pairs = [(*key.split(">"), orders) for key, orders in displaced]
        return {
            **{name: self.sums[name] for name in _COUNTS},
            **{side: {name: self.sums[f"{side}.{name}"] for name in _SUMS} for side in ("old", "new")},
            "rules": [{"id": int(rule_id), **rule} for rule_id, rule in sorted(self.rules.items())],
            "conflicts": [{"lost": lost, "to": to, "orders": orders} for lost, to, orders in pairs],
            "top": self.top,
            "margin": None,
            "below_zero_margin": None,
            "margin_unknown": "no_cost_price",
        }


def _part(key: tuple[str, int]) -> str:
    """Promotions by id; coupons together, every one has an id of its own."""
    return f"promotion:{key[1]}" if key[0] == "promotion" else "coupon"
