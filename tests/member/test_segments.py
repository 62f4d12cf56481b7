from __future__ import annotations

import os
import random
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from config.clock import SHANGHAI, business_day, months_later
from config.db import transaction
from config.errors import NotFound
from member import activity, rfm, segments
from member.activity import Bought
from member.segment_terms import BadSegment, understood
from tests import factories as make

BY: dict[str, Any] = {"actor": "t"}
EXAMPLES = int(os.environ.get("SEGMENT_EXAMPLES", "60"))
_MEMBER = text(
    "INSERT INTO member (name, tier, home_store_id, created_at) VALUES ('', :tier, :store, :at) RETURNING id"
)
_POINTS = text(
    "INSERT INTO lot_account (member_id, account, balance, pending, held, deficit)"
    " VALUES (:member, 'points', :points, 0, 0, 0)"
)


class People:
    """A random crowd in the tables, and the same crowd in memory to count by hand."""

    def __init__(self, session, now, count=60):
        self.now, self.members, dice = now, {}, random.Random(7)
        self.bought, self.visits, self.scores = defaultdict(list), defaultdict(set), {}
        with transaction(session):
            for _ in range(count):
                tier, store = dice.choice(["standard", "silver", "gold"]), dice.choice([None, 1, 2])
                at, points = now - timedelta(hours=dice.randrange(0, 9000)), dice.choice([None, 0, 99, 100, 101])
                member = session.execute(_MEMBER, {"tier": tier, "store": store, "at": at}).scalar_one()
                self.members[member] = {"tier": tier, "store": store, "at": at, "points": points or 0}
                if points is not None:
                    session.execute(_POINTS, {"member": member, "points": points})
                self._live(session, member, dice)
            rfm.score(session, now=now)
        for row in session.execute(text("SELECT member_id, r, f, m FROM member_rfm")):
            self.scores[row.member_id] = {"r": row.r, "f": row.f, "m": row.m}
        session.rollback()

    def _live(self, session, member, dice):
        for number in range(dice.choice([0, 0, 1, 2, 5])):
            one = Bought(
                member, member * 100 + number, dice.choice([1, 2]), dice.choice(["till", "mall"]),
                self.now - timedelta(hours=dice.randrange(0, 10_000)), dice.choice([0, 1, 500, 5000]),
                dice.sample(range(1, 6), dice.randrange(0, 4)), dice.sample(range(1, 4), dice.randrange(0, 3)),
            )  # fmt: skip
            self.bought[member].append(one)
        activity.note(session, self.bought[member])
        for _ in range(dice.choice([0, 0, 1, 3])):
            at = self.now - timedelta(hours=dice.randrange(0, 1200))
            activity.visited(session, member, dice.choice(["mall", "till"]), now=at, **BY)
            self.visits[member].add(business_day(at))

    def kept(self, member, days=None):
        since = self.now - timedelta(days=days) if days else None
        return [one for one in self.bought[member] if one.kept_fen > 0 and (since is None or one.at > since)]

    def means(self, definition):
        return {member for member in self.members if self.holds(definition, member)}

    def holds(self, word, member):
        if "all" in word:
            return all(self.holds(part, member) for part in word["all"])
        if "any" in word:
            return any(self.holds(part, member) for part in word["any"])
        if "not" in word:
            return not self.holds(word["not"], member)
        kind = "bought_goods" if word["kind"] == "bought" else word["kind"]
        return getattr(self, kind)(word, member)

    @staticmethod
    def between(word, figure):
        return word.get("min", figure) <= figure <= word.get("max", figure)

    def tier(self, word, member):
        return self.members[member]["tier"] in word["codes"]

    def home_store(self, word, member):
        return self.members[member]["store"] in word["store_ids"]

    def joined(self, word, member):
        return self.between(word, (self.now - self.members[member]["at"]).days)

    def recency(self, word, member):
        kept = self.kept(member)
        return bool(kept) and self.between(word, (self.now - max(one.at for one in kept)).days)

    def frequency(self, word, member):
        kept = [
            one
            for one in self.kept(member, word["within_days"])
            if ("store_ids" not in word or one.store_id in word["store_ids"])
            and word.get("channel", one.channel) == one.channel
        ]
        return self.between(word, len(kept))

    def monetary(self, word, member):
        return self.between(word, sum(one.kept_fen for one in self.kept(member, word["within_days"])))

    def bought_goods(self, word, member):
        wanted = set(word.get("sku_ids") or word["category_ids"])
        kept = self.kept(member, word["within_days"])
        with_it = [one for one in kept if wanted & set(one.sku_ids if "sku_ids" in word else one.category_ids)]
        return len(with_it) >= word.get("min", 1)

    def visited(self, word, member):
        since = (self.now - timedelta(days=word["within_days"])).astimezone(SHANGHAI).date()
        return self.between(word, len({day for day in self.visits[member] if day > since}))

    def points(self, word, member):
        return self.between(word, self.members[member]["points"])

    def rfm(self, word, member):
        mine = self.scores.get(member)
        return mine is not None and all(mine[name] in word[name] for name in "rfm" if name in word)


def _range(most):
    bound = st.integers(0, most)
    low, high = bound.map(lambda n: {"min": n}), bound.map(lambda n: {"max": n})
    both = st.tuples(bound, bound).map(lambda pair: {"min": min(pair), "max": max(pair)})
    return st.one_of(low, high, both)


def _word(kind, **fields):
    return st.fixed_dictionaries({"kind": st.just(kind), **fields})


def _with(kind, most, **fields):
    return st.tuples(_word(kind, **fields), _range(most)).map(lambda pair: pair[0] | pair[1])


_ids = st.lists(st.integers(1, 6), min_size=1, max_size=3)
_days = st.sampled_from([1, 7, 30, 90, 365, 3660])
_scores = st.lists(st.integers(1, 5), min_size=1, max_size=3)
_words = st.one_of(
    _word("tier", codes=st.lists(st.sampled_from(["standard", "silver", "gold", "none"]), min_size=1)),
    _word("home_store", store_ids=_ids),
    _with("joined", 380),
    _with("recency", 420),
    _with("frequency", 4, within_days=_days),
    _with("frequency", 4, within_days=_days, store_ids=_ids, channel=st.sampled_from(["till", "mall"])),
    _with("monetary", 12_000, within_days=_days),
    _word("bought", sku_ids=_ids, within_days=_days),
    _word("bought", category_ids=_ids, within_days=_days, min=st.integers(1, 3)),
    _with("visited", 3, within_days=_days),
    _with("points", 120),
    _word("rfm", r=_scores),
    _word("rfm", f=_scores, m=_scores),
)
_definitions = st.recursive(
    _words,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)


@pytest.fixture
def people(session, now):
    return People(session, now)


def test_every_definition_means_who_a_count_by_hand_finds(session, people, now):
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(_definitions)
    def agree(definition):
        try:
            understood(definition)
        except BadSegment:  # deeper than allowed
            return
        with transaction(session):
            segment = segments.make(session, "x", definition, now=now, **BY)
            shot = segments.refresh(session, segment, now=now)
            rows = session.execute(text("SELECT member_id FROM segment_member WHERE segment_id = :s"), {"s": segment})
            found = {row.member_id for row in rows}
            assert segments.preview(session, definition, now=now) == shot.size == len(found)
        assert found == people.means(definition)

    agree()


def test_the_holdout_is_the_same_at_every_refresh_and_a_tenth(session, do, now):
    with transaction(session):
        for _ in range(1000):
            session.execute(_MEMBER, {"tier": "standard", "store": 1, "at": now - timedelta(days=5)})
    everyone = {"kind": "joined", "min": 0}
    segment = do(segments.make, "all", everyone, now=now, **BY)
    first = do(segments.refresh, segment, now=now)
    treated = segments.treated(session, segment, most=2000)
    assert first.size == first.came == 1000
    assert first.held_out == 1000 - len(treated)
    assert 70 <= first.held_out <= 130
    do(segments.change, segment, "nobody", {"kind": "joined", "min": 99}, now=now, **BY)
    assert do(segments.refresh, segment, now=now).gone == 1000
    do(segments.change, segment, "all", everyone, now=now, **BY)
    assert do(segments.refresh, segment, now=now) == first
    assert segments.treated(session, segment, most=2000) == treated
    assert {member for member in treated if segments.held_out(segment, member, segments.HOLDOUT_BP)} == set()
    assert segments.is_treated(session, segment, treated[0])
    assert not segments.is_treated(session, segment + 1, treated[0])


def test_two_refreshes_at_once_neither_lose_nor_double(session, open_session, do, people, now):
    segment = do(segments.make, "all", {"kind": "joined", "min": 0}, now=now, **BY)

    def refresh(_):
        with open_session() as opened, transaction(opened):
            return segments.refresh(opened, segment, now=now)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(refresh, range(4)))
    assert sorted(shot.came for shot in found) == [0, 0, 0, 60]
    assert {shot.size for shot in found} == {60}


@pytest.mark.parametrize(
    ("definition", "where"),
    [
        ({"kind": "unheard_of"}, ""),
        ({"kind": "points"}, "points"),
        ({"kind": "points", "min": 5, "max": 4}, "points"),
        ({"kind": "tier", "codes": []}, "codes"),
        ({"kind": "tier", "codes": ["x"], "extra": 1}, "extra"),
        ({"kind": "points", "min": "1; DROP TABLE member"}, "min"),
        ({"kind": "bought", "within_days": 3}, "bought"),
        ({"all": []}, "all.all"),
        ({"all": [{"not": {"kind": "points", "min": -1}}]}, "all.all.0.not.not.points.min"),
        ("gold", ""),
        ({"not": {"not": {"not": {"not": {"not": {"kind": "points", "min": 1}}}}}}, ""),
        ({"all": [{"any": [{"kind": "points", "min": 1}] * 16}] * 2}, ""),
    ],
)
def test_a_definition_that_cannot_be_understood_is_refused(session, do, now, definition, where):
    with pytest.raises(BadSegment) as refused:
        do(segments.make, "bad", definition, now=now, **BY)
    assert where in refused.value.facts["where"]
    assert segments.known(session) == []


def test_a_dropped_segment_is_refreshed_no_more(session, do, now):
    segment = do(segments.make, "gold", {"kind": "tier", "codes": ["gold"]}, now=now, **BY)
    assert segments.due(session, before=now, most=9) == [segment]
    do(segments.drop, segment, now=now, **BY)
    assert segments.due(session, before=now, most=9) == []
    for work in (lambda s: segments.refresh(s, segment, now=now), lambda s: segments.drop(s, segment, now=now, **BY)):
        with pytest.raises(NotFound):
            do(work)
    with pytest.raises(NotFound):
        do(segments.change, segment, "x", {"kind": "points", "min": 1}, now=now, **BY)


def test_ten_buyers_score_two_by_two_and_equals_score_equally(session, do, now):
    with transaction(session):
        for number in range(10):
            member = session.execute(_MEMBER, {"tier": "standard", "store": 1, "at": now}).scalar_one()
            at = now - timedelta(days=100 - number)
            one = Bought(member, member, 1, "till", at, (number + 1) * 10, [1], [1])
            activity.note(session, [one])
        old = Bought(member, 999, 1, "till", months_later(now, -12), 5000, [1], [1])
        activity.note(session, [old])
    run = do(rfm.score, now=now)
    assert (run["buyers"], run["edges"]["m"], run["edges"]["f"]) == (10, [20, 40, 60, 80], [1, 1, 1, 1])
    rows = session.execute(text("SELECT r, f, m FROM member_rfm ORDER BY member_id")).all()
    assert [tuple(row) for row in rows] == [(n // 2 + 1, 1, n // 2 + 1) for n in range(10)]
    assert do(rfm.score, now=now + timedelta(days=800))["buyers"] == 0
    assert session.execute(text("SELECT count(*) FROM member_rfm")).scalar() == 0


def test_a_day_counts_as_one_visit(session, do, now):
    with transaction(session):
        member = session.execute(_MEMBER, {"tier": "standard", "store": 1, "at": now}).scalar_one()
    came = [do(activity.visited, member, "mall", now=now + timedelta(hours=hours), **BY) for hours in (0, 1, 24)]
    assert came == [True, False, True]


def test_who_has_a_coupon_that_is_still_valid_and_who_lacks_one(session, do, now):
    has, lacks = (make.a_member(session, phone=phone, now=now) for phone in ("13812340001", "13812340002"))
    coupon = make.a_coupon(session, has, now)
    row = session.execute(text("SELECT template_id, valid_until_at FROM coupon WHERE id = :c"), {"c": coupon}).one()
    session.rollback()
    word = {"kind": "coupon", "template_ids": [row.template_id]}

    def who(definition, at):
        segment = do(segments.make, "x", definition, holdout_bp=0, now=at, **BY)
        do(segments.refresh, segment, now=at)
        return segments.treated(session, segment)

    assert (who(word, now), who({"not": word}, now)) == ([has], [lacks])
    assert who(word, row.valid_until_at) == []
    assert who(word | {"states": ["used"]}, now) == []
