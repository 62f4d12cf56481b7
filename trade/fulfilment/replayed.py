"""What routing would have chosen in the last days with other weights: parcels, promises kept, cost, other stores.

Every stored decision is chosen again from the figures of its moment (`routing.Decision.why`); nothing is written.  Two
orders of one line, store 1 at 3 km and home, store 2 at 1 km, tried with cost before home store:

| | stores | parcels | late | away | cost_fen |
|---|---|---|---|---|---|
| as it was | 1, 1 | 2 | 0 | 0 | 1600 |
| tried | 2, 2 | 2 | 0 | 2 | 1200 |

Both sides cost by the tariff that is tried, so the difference is that of the choice alone.  A decision keeps its best
stores only: what was not among them cannot be chosen, and `not_kept` counts the decisions that had more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.fulfilment.places import Candidate, groups_of
from trade.fulfilment.routing import choose, cost_fen, need_of_json, sort
from trade.fulfilment.weights import Weights

MOST = 2_000
"""Decisions asked again at once: about a millisecond of CPU each."""
TOP, FORGOTTEN = 50, 500

_SIDES = ("parcels", "late", "away", "cost_fen", "unroutable")
_DECISIONS = text("""
    SELECT store_id, order_id, candidates, chosen, count(*) OVER () AS decisions FROM routing_decision
    WHERE at >= :from_at AND at < :until_at ORDER BY at DESC, store_id, id LIMIT :most""")
_FORGET = text("""
    DELETE FROM routing_decision WHERE (store_id, id) IN (
        SELECT store_id, id FROM routing_decision WHERE at < :before ORDER BY at LIMIT :most) RETURNING id""")
_NAMES = text("SELECT id, name FROM store WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id")


@dataclass
class Tally:
    """The sums of both sides."""

    weights: Weights
    sums: Counter[str] = field(default_factory=Counter)
    stores: dict[int, Counter[str]] = field(default_factory=dict)
    moves: Counter[tuple[int, int]] = field(default_factory=Counter)

    def add(self, kept: Mapping[str, Any], was: Mapping[str, Any]) -> None:
        """Choose one decision again: `kept` is why it was made, `was` what was chosen."""
        need = need_of_json(kept["need"])
        groups = groups_of(need.lines)
        known = {one["store_id"]: Candidate.of_json(one, groups) for one in kept["kept"]}
        ranked = sort(known.values(), need.mode, self.weights, rerouted=kept["need"]["rerouted"])
        found = choose(need, groups, ranked, self.weights)
        old = [parcel["store_id"] for parcel in was["parcels"]]
        new = [parcel.store_id for parcel in found.parcels]
        self.sums["decisions"] += 1
        self.sums["not_kept"] += kept["more"] > 0
        self.sums["changed"] += sorted(old) != sorted(new)
        for side, store_ids in (("old", old), ("new", new)):
            self._side(side, [known[store_id] for store_id in store_ids], need.mode)
        gone, come = Counter(old) - Counter(new), Counter(new) - Counter(old)
        for pair in zip(sorted(gone.elements()), sorted(come.elements()), strict=False):
            self.moves[pair] += 1

    def _side(self, side: str, sends: list[Candidate], mode: Any) -> None:
        self.sums[f"{side}.unroutable"] += not sends
        for one in sends:
            self.sums[f"{side}.parcels"] += 1
            self.sums[f"{side}.late"] += one.figures["late"]
            self.sums[f"{side}.away"] += one.figures["away"]
            self.sums[f"{side}.cost_fen"] += cost_fen(one, mode, self.weights)
            self.stores.setdefault(one.store_id, Counter())[side] += 1

    def told(self) -> dict[str, Any]:
        """As the head office reads it: old beside new, the stores that win or lose most first."""
        stores = sorted(self.stores.items(), key=lambda one: (-abs(one[1]["new"] - one[1]["old"]), one[0]))
        moves = sorted(self.moves.items(), key=lambda one: (-one[1], one[0]))
        return {
            **{name: self.sums[name] for name in ("decisions", "changed", "not_kept")},
            **{side: {name: self.sums[f"{side}.{name}"] for name in _SIDES} for side in ("old", "new")},
            "stores": [{"store_id": store, "old": had["old"], "new": had["new"]} for store, had in stores[:TOP]],
            "moves": [{"from_store_id": pair[0], "to_store_id": pair[1], "parcels": n} for pair, n in moves[:TOP]],
        }


def again(decisions: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]], weights: Weights) -> dict[str, Any]:
    """The sums over (why, chosen) of stored decisions.  Pure."""
    tally = Tally(weights)
    for kept, was in decisions:
        tally.add(kept, was)
    return tally.told()


def replay(session: Session, weights: Weights, *, days: int, now: datetime) -> dict[str, Any]:
    """The last `days` days with other weights: the newest MOST decisions; `of` says how many there were."""
    given = {"from_at": now - timedelta(days=days), "until_at": now, "most": MOST}
    rows = fetch(session, _DECISIONS, given)
    told = again(((row.candidates, row.chosen) for row in rows), weights)
    ids = {one["store_id"] for one in told["stores"]} | {one[side] for one in told["moves"]
           for side in ("from_store_id", "to_store_id")}  # fmt: skip
    names = {str(row.id): row.name for row in fetch(session, _NAMES, {"ids": sorted(ids)})}
    return told | {"of": rows[0].decisions if rows else 0, "names": names}


def forget(session: Session, *, before: datetime) -> int:
    """Delete decisions of long ago, at most FORGOTTEN; returns how many."""
    return len(fetch(session, _FORGET, {"before": before, "most": FORGOTTEN}))
