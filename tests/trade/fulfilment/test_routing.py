"""Which store gets the parcel: the page's worked tables, and every case against every possible split."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.trade.fulfilment import brute
from tests.trade.fulfilment.stores import INSIDE, OUTSIDE, SQUARE, WEIGHTS, need, place
from trade.fulfilment.clocks import Hours
from trade.fulfilment.places import Line, Need, groups_of
from trade.fulfilment.routing import key_of, route
from trade.fulfilment.weights import Tier, Weights

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MILK, BREAD, MUG, POT = 1, 2, 3, 4
EXAMPLES = int(os.environ.get("TONGDIAN_ROUTING_CASES", "150"))
FAR = tuple((lat + 5_000_000, lng) for lat, lng in SQUARE)


def _page():
    both = {MILK: 5, BREAD: 5}
    return [
        place(1, both, distance_m=1200),
        place(2, both, distance_m=3400, load_minutes=20),
        place(3, both, distance_m=900, load_minutes=58),
        place(4, {MILK: 9, BREAD: 0}, distance_m=700),
        place(5, {}, distance_m=500),
        place(6, both, distance_m=9000, area=FAR),
        place(7, both, distance_m=600),
        place(8, both, distance_m=800, hours=Hours(840, 1320)),
        place(9, {MILK: 5, BREAD: 0}, distance_m=800, cold=frozenset()),
        place(10, {MILK: 0, BREAD: 0}, distance_m=300),
    ]


def _asked(**more):
    lines = (Line(1, MILK, 2, "chilled"), Line(2, BREAD, 3))
    more = {"promise_at": NOON + timedelta(hours=1), "home_store_id": 2, "may_split": True} | more
    return need({}, lines=lines, refused=frozenset({7}), **more)


def test_the_worked_table_of_the_page():
    found = route(_asked(), _page(), WEIGHTS, NOON)
    assert [(one.store_id, one.lines) for one in found.parcels] == [(2, {1: 2, 2: 3})]
    assert found.removed == {
        3: "no_capacity", 5: "not_sellable", 6: "outside_area", 7: "refused_before", 8: "closed", 9: "cold_chain",
        10: "no_stock",
    }  # fmt: skip
    kept = {one["store_id"]: one for one in found.why(WEIGHTS)["kept"]}
    figures = ("late", "away", "cost_fen", "keep", "load")
    assert {store: tuple(one[name] for name in figures) for store, one in kept.items()} == {
        1: (0, 1, 620, 18, 0),
        2: (0, 0, 840, 18, 333),
        4: (0, 1, 570, 18, 0),
    }
    assert route(_asked(home_store_id=None), _page(), WEIGHTS, NOON).parcels[0].store_id == 1
    json.dumps([found.why(WEIGHTS), found.chosen.as_json()])


def test_nothing_depends_on_the_order_in_which_stores_come():
    assert len({str(route(_asked(), stores, WEIGHTS, NOON)) for stores in (_page(), _page()[::-1])}) == 1


@pytest.mark.parametrize(
    ("other", "first"),
    [
        ({"load_minutes": 30}, "late"),  # 12:36, and the way takes longer than is left
        ({"distance_m": 1000}, "cost_fen"),
        ({"sell_down": {BREAD: 9}, "swap": True}, "keep"),
        ({"load_minutes": 5}, "load"),
        ({}, "store_id"),
    ],
)
def test_each_score_decides_when_those_before_it_are_equal(other, first):
    """Store 1 has the figure that loses; with equal figures the lower id wins."""
    swap = other.pop("swap", False)
    one, two = place(1, {BREAD: 5}, **({} if swap else other)), place(2, {BREAD: 5}, **(other if swap else {}))
    asked = need({BREAD: 1}, promise_at=NOON + timedelta(minutes=30))
    winner = route(asked, [one, two], WEIGHTS, NOON).parcels[0].store_id
    assert winner == (1 if first == "store_id" else 2)


def test_the_order_of_scores_is_data():
    near_busy, far_idle = place(1, {BREAD: 5}, load_minutes=9), place(2, {BREAD: 5}, distance_m=4000)
    asked = need({BREAD: 1})
    assert route(asked, [near_busy, far_idle], WEIGHTS, NOON).parcels[0].store_id == 1
    level = Weights(tiers=(Tier(scores={"load": 10, "cost_fen": 1}),))  # 1500 + 500 against 0 + 900
    assert route(asked, [near_busy, far_idle], level, NOON).parcels[0].store_id == 2
    refused = [place(1, {BREAD: 5}, rejects=200), place(2, {BREAD: 5}, load_minutes=9)]
    assert route(asked, refused, WEIGHTS, NOON).parcels[0].store_id == 1
    assert route(asked, refused, WEIGHTS, NOON, rerouted=True).parcels[0].store_id == 2


def test_a_pickup_is_only_ever_where_the_customer_chose():
    stores = [place(1, {BREAD: 0}), place(2, {BREAD: 9})]
    asked = need({BREAD: 1}, mode="pickup", chosen_store_id=1)
    found = route(asked, stores, WEIGHTS, NOON)
    assert (found.parcels, found.removed) == ((), {1: "no_stock", 2: "not_chosen"})
    assert route(need({BREAD: 1}, mode="pickup", chosen_store_id=2), stores, WEIGHTS, NOON).parcels[0].store_id == 2


def test_what_is_not_to_be_split_is_told_whether_that_would_help():
    stores = [place(1, {MILK: 3, BREAD: 0}), place(2, {MILK: 0, BREAD: 2})]
    found = route(need({MILK: 3, BREAD: 2}), stores, WEIGHTS, NOON)
    assert (found.chosen.outcome, found.parcels) == ("needs_split", ())
    assert found.removed == {1: "no_stock", 2: "no_stock"}
    short = route(need({MILK: 3, BREAD: 3}), stores, WEIGHTS, NOON).chosen
    assert (short.outcome, short.short, short.parcels) == ("short", {2: 1}, ())
    split = route(need({MILK: 3, BREAD: 2}, may_split=True), stores, WEIGHTS, NOON)
    assert [(one.store_id, one.lines) for one in split.parcels] == [(1, {1: 3}), (2, {2: 2})]


def test_kits_leave_in_whole_multiples():
    """2 mugs and a pot, 3 kits: five mugs in store 1 are two kits, not two and a half."""
    lines = (Line(1, MUG, 6, multiple=2, kit=1), Line(2, POT, 3, multiple=1, kit=1))
    stores = [place(1, {MUG: 5, POT: 3}), place(2, {MUG: 2, POT: 1})]
    found = route(need({}, lines=lines, may_split=True), stores, WEIGHTS, NOON)
    assert [(one.store_id, one.lines) for one in found.parcels] == [(1, {1: 4, 2: 2}), (2, {1: 2, 2: 1})]
    rest = route(need({}, lines=lines, may_split=True), [stores[0], place(2, {MUG: 1, POT: 9})], WEIGHTS, NOON)
    assert (rest.chosen.outcome, rest.chosen.short) == ("short", {1: 2, 2: 1})


def test_two_lines_of_one_sku_share_its_stock_and_fill_up_in_their_order():
    lines = (Line(1, MILK, 2), Line(2, MILK, 3))
    assert route(need({}, lines=lines), [place(1, {MILK: 4})], WEIGHTS, NOON).chosen.short == {2: 1}
    found = route(need({}, lines=lines, may_split=True), [place(1, {MILK: 4}), place(2, {MILK: 1})], WEIGHTS, NOON)
    assert [(one.store_id, one.lines) for one in found.parcels] == [(1, {1: 2, 2: 2}), (2, {2: 1})]


def test_temperatures_travel_apart_by_post_and_together_by_courier():
    lines = (Line(1, MILK, 1, "frozen"), Line(2, BREAD, 1), Line(3, MUG, 1, "chilled"))
    stores = [place(1, {MILK: 1, BREAD: 1, MUG: 1})]
    assert [one.temperature for one in route(need({}, lines=lines), stores, WEIGHTS, NOON).parcels] == [None]
    posted = route(need({}, lines=lines, mode="ship"), stores, WEIGHTS, NOON).parcels
    assert [(one.temperature, one.lines) for one in posted] == [
        ("ambient", {2: 1}), ("chilled", {3: 1}), ("frozen", {1: 1}),
    ]  # fmt: skip
    cold, warm = place(1, {MILK: 1, MUG: 1}), place(2, {MILK: 1, BREAD: 1, MUG: 1}, cold=frozenset())
    apart = route(need({}, lines=lines, mode="ship", may_split=True), [cold, warm], WEIGHTS, NOON).parcels
    assert [(one.store_id, one.temperature) for one in apart] == [(1, "chilled"), (1, "frozen"), (2, "ambient")]


def test_a_store_takes_no_more_lines_than_it_has_minutes_for():
    """Work is 4 and 1 a line: of 60 minutes 53 are taken, so three lines fit."""
    goods = dict.fromkeys(range(1, 6), 9)
    busy, rest = place(1, goods, load_minutes=53), place(2, goods, load_minutes=54, distance_m=3000)
    asked = need(dict.fromkeys(range(1, 6), 1), promise_at=NOON + timedelta(hours=1), may_split=True)
    found = route(asked, [busy, rest], WEIGHTS, NOON)
    assert [(one.store_id, len(one.lines)) for one in found.parcels] == [(1, 3), (2, 2)]
    assert route(asked, [busy], WEIGHTS, NOON).chosen.outcome == "cannot_split"
    paused = [place(1, goods, paused=True), place(2, goods, capacity_minutes=0), place(3, goods, offers=False)]
    assert route(asked, paused, WEIGHTS, NOON).removed == {1: "closed", 2: "no_capacity", 3: "closed"}
    nowhere = need({1: 1}, position=OUTSIDE)
    assert route(nowhere, [place(1, goods)], WEIGHTS, NOON).removed == {1: "outside_area"}
    unknown = need({1: 1}, position=None, home_store_id=2)
    found = route(unknown, [place(1, goods), place(2, goods, area=())], WEIGHTS, NOON)
    assert ([one.store_id for one in found.parcels], found.removed) == ([2], {1: "outside_area"})


SKUS = (1, 2, 3)


@st.composite
def cases(draw):
    """Up to five stores and four lines over three skus: packs, kits, tight minutes, refusals."""
    lines: list[Line] = []
    for _ in range(draw(st.integers(1, 2))):
        pack = draw(st.sampled_from((1, 1, 2, 3)))
        qty = pack * draw(st.integers(1, 4 if pack == 1 else 2))
        lines.append(Line(len(lines) + 1, draw(st.sampled_from(SKUS)), qty, multiple=pack))
    if draw(st.booleans()):
        kits, parts = (
            draw(st.integers(1, 3)),
            draw(st.lists(st.sampled_from(SKUS), min_size=2, max_size=2, unique=True)),
        )
        for sku in parts:
            per = draw(st.integers(1, 2))
            lines.append(Line(len(lines) + 1, sku, per * kits, multiple=per, kit=1))
    free = st.dictionaries(st.sampled_from(SKUS), st.integers(0, 6))
    stores = [
        place(
            number, draw(free), distance_m=draw(st.sampled_from((0, 1000, 5000, 40_000))),
            load_minutes=draw(st.sampled_from((0, 0, 20, 54))),
            sell_down=draw(st.dictionaries(st.sampled_from(SKUS), st.integers(0, 9))),
        )
        for number in range(1, draw(st.integers(1, 5)) + 1)
    ]  # fmt: skip
    promise = draw(st.sampled_from((None, NOON + timedelta(hours=1))))
    refused = frozenset(draw(st.sets(st.integers(1, 5), max_size=2)))
    split = draw(st.booleans())
    more = {"may_split": split, "promise_at": promise, "refused": refused, "home_store_id": draw(st.integers(1, 5))}
    return Need("delivery", tuple(lines), position=INSIDE, **more), stores


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases(), st.booleans())
def test_the_answer_is_the_best_of_all_possible_splits(case, rerouted):
    asked, stores = case
    found = route(asked, stores, WEIGHTS, NOON, rerouted=rerouted)
    groups = groups_of(asked.lines)
    tiers = WEIGHTS.rerouted if rerouted else WEIGHTS.tiers
    keys = [key_of(one, asked.mode, WEIGHTS, tiers) for one in found.candidates]
    wanted = brute.best(groups, found.candidates, keys, WEIGHTS.most_parcels if asked.may_split else 1)
    assert found.chosen.optimal
    _check(asked, stores, found.parcels)
    if wanted is None:
        assert found.parcels == ()
        assert found.chosen.outcome in ("short", "needs_split", "cannot_split")
        return
    by_store = {one.store_id: key for one, key in zip(found.candidates, keys, strict=True)}
    assert (len(found.parcels), sum(by_store[one.store_id] for one in found.parcels)) == wanted


def _check(asked, stores, parcels):
    """Nothing beyond what is free, whole multiples, nobody who refused, and everything or nothing."""
    lines = {line.line_no: line for line in asked.lines}
    free = {one.store_id: one.free for one in stores}
    sent = dict.fromkeys(lines, 0)
    for parcel in parcels:
        assert parcel.store_id not in asked.refused
        taken: dict[int, int] = {}
        kits: dict[int, set[int]] = {}
        for line_no, qty in parcel.lines.items():
            line = lines[line_no]
            assert qty > 0 and qty % line.multiple == 0
            sent[line_no] += qty
            taken[line.sku_id] = taken.get(line.sku_id, 0) + qty
            if line.kit is not None:
                kits.setdefault(line.kit, set()).add(qty // line.multiple)
        assert all(len(counts) == 1 for counts in kits.values())
        assert all(qty <= free[parcel.store_id][sku] for sku, qty in taken.items())
        if kits:
            assert {line.line_no for line in asked.lines if line.kit in kits} <= parcel.lines.keys()
    assert sent == ({no: line.qty for no, line in lines.items()} if parcels else dict.fromkeys(lines, 0))


@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=1, max_size=4), st.data())
def test_parcels_by_post_are_fewest_when_temperatures_travel_apart(shelves, data):
    """Fewest parcels over all classes, then the best scores; one store that has everything goes before two."""
    lines = tuple(
        Line(sku, sku, data.draw(st.integers(1, 3)), ("ambient", "ambient", "frozen")[sku - 1]) for sku in SKUS
    )
    far = st.sampled_from((0, 300_000, 900_000))
    stores = [
        place(no, dict(zip(SKUS, shelf, strict=True)), distance_m=data.draw(far)) for no, shelf in enumerate(shelves, 1)
    ]
    found = route(Need("ship", lines, may_split=True), stores, WEIGHTS, NOON)
    _check(Need("ship", lines), stores, found.parcels)
    groups = groups_of(lines)
    keys = [key_of(one, "ship", WEIGHTS, WEIGHTS.tiers) for one in found.candidates]
    parts: list[Any] = [
        brute.best([one for one in groups if one.temperature == kind], found.candidates, keys, 4)
        for kind in ("ambient", "frozen")
    ]
    if None in parts:
        assert found.parcels == ()
        return
    by_store = {one.store_id: key for one, key in zip(found.candidates, keys, strict=True)}
    assert len(found.parcels) == sum(count for count, _ in parts)
    whole = brute.best(groups, found.candidates, keys, 1)
    best = 2 * whole[1] if whole else sum(key for _, key in parts)
    assert sum(by_store[one.store_id] for one in found.parcels) == best


def test_a_sku_that_is_a_kit_is_sent_whole_out_of_the_stock_of_its_parts():
    """The set (9) is 2 mugs and a pot; a mug is ordered besides.  Store 3 has the parts and does not sell the set."""
    lines = (Line(1, 9, 3, parts=((MUG, 2), (POT, 1))), Line(2, MUG, 1))
    stores = [
        place(1, {9: 0, MUG: 6, POT: 9}), place(2, {9: 0, MUG: 3, POT: 1}), place(3, {MUG: 9, POT: 9}, distance_m=9000),
    ]  # fmt: skip
    found = route(need({}, lines=lines, may_split=True), stores[:2], WEIGHTS, NOON)
    assert [(one.store_id, one.lines) for one in found.parcels] == [(1, {1: 3}), (2, {2: 1})]
    assert route(need({}, lines=lines), stores, WEIGHTS, NOON).removed == {
        1: "no_stock", 2: "no_stock", 3: "not_sellable",
    }  # fmt: skip
