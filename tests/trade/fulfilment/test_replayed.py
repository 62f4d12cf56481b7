"""Stored decisions chosen again with other weights."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings

from tests.trade.fulfilment.stores import WEIGHTS, need, place
from tests.trade.fulfilment.test_routing import cases
from trade.fulfilment import replayed
from trade.fulfilment.routing import route
from trade.fulfilment.weights import Tier, Weights

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
COST_FIRST = Weights(tiers=(Tier(scores={"cost_fen": 1}), Tier(scores={"away": 1})))


def stored(asked, stores, weights=WEIGHTS, **more):
    """A decision as it comes back from the table."""
    found = route(asked, stores, weights, NOON, **more)
    return json.loads(json.dumps([found.why(weights), found.chosen.as_json()]))


def test_the_table_of_the_module():
    one = stored(need({1: 1}, home_store_id=1), [place(1, {1: 9}, distance_m=3000), place(2, {1: 9}, distance_m=1000)])
    told = replayed.again([one, one], COST_FIRST)
    assert told["old"] == {"parcels": 2, "late": 0, "away": 0, "cost_fen": 1600, "unroutable": 0}
    assert told["new"] == {"parcels": 2, "late": 0, "away": 2, "cost_fen": 1200, "unroutable": 0}
    assert (told["decisions"], told["changed"], told["not_kept"]) == (2, 2, 0)
    assert told["moves"] == [{"from_store_id": 1, "to_store_id": 2, "parcels": 2}]
    assert told["stores"] == [{"store_id": 1, "old": 2, "new": 0}, {"store_id": 2, "old": 0, "new": 2}]


def test_only_the_best_are_kept_and_that_is_said():
    many = [place(number, {1: 9}, distance_m=number * 100) for number in range(1, 60)]
    kept, chosen = stored(need({1: 1}, home_store_id=59), many)
    assert (len(kept["kept"]), kept["more"], chosen["parcels"][0]["store_id"]) == (30, 29, 59)
    assert replayed.again([(kept, chosen)], COST_FIRST)["not_kept"] == 1


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_the_same_weights_choose_the_same_again(case):
    told = replayed.again([stored(*case), stored(*case, rerouted=True)], WEIGHTS)
    assert (told["changed"], told["old"]) == (0, told["new"])
