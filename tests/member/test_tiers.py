from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from config.clock import months_later
from member import growth, points, tier_rules, tiers
from member.growth import Deed, Sums
from member.terms import terms_at
from member.tier_rules import FIRST, Level, Rules
from member.tiers import BadGrant, Standing

BY = {"actor": "t"}


@pytest.fixture
def grow(session, do, member, now):
    """Bring growth from one source to where a deed says it stands, and judge the tier."""

    def made(earns, source="order:1", *, at=now, taken=0, confirmed=True, when=None):
        def work(session):
            assert tiers.lock(session, [member]) == [member]
            growth.settle(
                session, [Deed(member, source, at, earns, taken, at if confirmed else None)], now=when or at, **BY
            )
            return tiers.judge(session, [member], now=when or at, **BY)

        return do(work)

    return made


@pytest.fixture
def tier(session, member):
    def look():
        session.rollback()
        return session.execute(text("SELECT tier FROM member WHERE id = :m"), {"m": member}).scalar_one()

    return look


@pytest.fixture
def evaluate(do):
    def run(now):
        return do(tiers.evaluate_due, now=now, most=100, **BY)

    return run


@pytest.mark.parametrize(
    ("count", "code"),
    [
        (0, "standard"),
        (999, "standard"),
        (1000, "silver"),
        (1001, "silver"),
        (4999, "silver"),
        (5000, "gold"),
        (5001, "gold"),
        (19999, "gold"),
        (20000, "black"),
        (20001, "black"),
    ],
)
def test_a_threshold_is_reached_at_its_figure_and_no_tier_is_skipped(count, code):
    assert FIRST.levels[FIRST.reached(count)].code == code


@pytest.mark.parametrize("count", [999, 1000, 1001])
def test_confirmed_growth_lifts_at_once(grow, tier, count):
    assert grow(count) == (count >= 1000)
    assert tier() == ("silver" if count >= 1000 else "standard")


def test_spending_points_never_changes_the_tier(session, do, grow, tier, member, now):
    grow(1000)
    do(points.earn, member, 1000, source="order:1", key="order:1:earn", pending=False, now=now, **BY)
    do(points.spend, member, 1000, source="order:2", now=now, **BY)
    do(lambda opened: (tiers.lock(opened, [member]), tiers.judge(opened, [member], now=now, **BY)))
    assert tier() == "silver"


def test_a_deed_told_twice_counts_once(session, grow, member, now):
    grow(1200)
    grow(1200)
    rows = session.execute(text("SELECT count(*), sum(quantity) FROM lot_entry WHERE account = 'growth'")).one()
    assert tuple(rows) == (1, 1200)


def test_growth_on_its_way_lifts_provisionally_and_a_refund_drops_at_once(session, grow, tier):
    grow(1000, confirmed=False)
    assert tier() == "silver"
    grow(1000, confirmed=False, taken=1)
    assert tier() == "standard"
    causes = session.scalars(text("SELECT cause FROM tier_change ORDER BY id")).all()
    assert causes == ["provisional", "refund"]


def test_a_refund_of_confirmed_growth_waits_for_the_evaluation(grow, tier, evaluate, now):
    grow(1000)
    grow(1000, taken=1000)
    assert tier() == "silver"
    assert evaluate(months_later(now, 12) - timedelta(seconds=1)) == 0
    assert evaluate(months_later(now, 12)) == 1
    assert tier() == "silver"
    assert evaluate(months_later(now, 12) + timedelta(days=30)) == 1
    assert tier() == "standard"


def test_growth_falls_out_after_twelve_months(session, grow, member, now):
    grow(700)
    year = months_later(now, 12)
    inside = growth.sums(session, [member], counted="rolling", at=year - timedelta(seconds=1))
    assert inside == {member: Sums(700, 0)}
    assert growth.sums(session, [member], counted="rolling", at=year) == {}
    assert growth.sums(session, [member], counted="lifetime", at=year) == {member: Sums(700, 0)}


def test_what_keeps_is_enough_to_stay(session, do, grow, tier, evaluate, now):
    grow(1000)
    year = months_later(now, 12)
    grow(800, "order:2", at=now + timedelta(days=30))
    assert evaluate(year) == 1
    assert tier() == "silver"
    at_risk = text("SELECT count(*) FROM journal WHERE kind = 'member.tier_at_risk'")
    assert session.execute(at_risk).scalar() == 0
    assert evaluate(year) == 0


def test_one_less_than_what_keeps_gives_grace_with_one_notice(session, grow, tier, evaluate, now):
    grow(1000)
    grow(799, "order:2", at=now + timedelta(days=30))
    year = months_later(now, 12)
    assert [evaluate(year), evaluate(year)] == [1, 0]
    notice = session.execute(text("SELECT data FROM journal WHERE kind = 'member.tier_at_risk'")).scalar_one()
    assert (notice["tier"], notice["needs"]) == ("silver", 1)
    grow(1, "order:3", at=year + timedelta(days=29))
    assert evaluate(year + timedelta(days=30)) == 1
    assert tier() == "silver"


@pytest.mark.parametrize(("policy", "left", "lands"), [("one_down", 10, "gold"), ("balance_based", 10, "standard")])
def test_the_two_ways_down(session, do, grow, tier, evaluate, now, policy, left, lands):
    do(tier_rules.publish, Rules(FIRST.levels, "rolling", policy, 0), from_at=now, now=now, **BY)
    grow(20_000)
    assert tier() == "black"
    grow(left, "order:2", at=now + timedelta(days=40))
    assert evaluate(months_later(now, 12)) == 1
    assert tier() == lands


def test_a_run_that_comes_late_takes_every_step_by_its_own_date(do, grow, tier, evaluate, now):
    do(tier_rules.publish, Rules(FIRST.levels, "rolling", "one_down", 0), from_at=now, now=now, **BY)
    grow(20_000)
    late = months_later(now, 40)
    steps = 0
    while evaluate(late):
        steps += 1
    assert (steps, tier()) == (3, "standard")


def test_a_grant_ends_and_is_never_for_ever(session, do, tier, evaluate, member, now):
    with pytest.raises(BadGrant):
        do(tiers.grant, member, "gold", until=now + timedelta(days=732), reason="VIP", now=now, **BY)
    with pytest.raises(BadGrant):
        do(tiers.grant, member, "gold", until=now, reason="VIP", now=now, **BY)
    with pytest.raises(BadGrant):
        do(tiers.grant, member, "diamond", until=now + timedelta(days=1), reason="VIP", now=now, **BY)
    assert tier() == "standard"
    until = now + timedelta(days=90)
    assert do(tiers.grant, member, "gold", until=until, reason="VIP", now=now, **BY) == "gold"
    assert evaluate(until - timedelta(seconds=1)) == 0
    assert tier() == "gold"
    assert evaluate(until) == 1
    assert tier() == "standard"


def test_what_was_earned_during_a_grant_stays(grow, do, tier, evaluate, member, now):
    until = now + timedelta(days=90)
    do(tiers.grant, member, "gold", until=until, reason="VIP", now=now, **BY)
    grow(1000, at=now + timedelta(days=1))
    assert tier() == "gold"
    evaluate(until)
    assert tier() == "silver"


def test_without_provisional_tiers_only_confirmed_growth_lifts(do, grow, tier, now):
    do(tier_rules.publish, Rules(FIRST.levels, provisional=False), from_at=now, now=now, **BY)
    grow(1000, confirmed=False)
    assert tier() == "standard"
    grow(1000, confirmed=True)
    assert tier() == "silver"


def _bad(*levels):
    return Rules(tuple(Level(code, code, code, entry, keep) for code, entry, keep in levels))


@pytest.mark.parametrize(
    ("rules", "fault"),
    [
        (_bad(("standard", 1, 0)), "first_level"),
        (_bad(("basic", 0, 0)), "first_level"),
        (_bad(("standard", 0, 0), ("silver", 0, 0)), "entries_do_not_rise"),
        (_bad(("standard", 0, 0), ("silver", 5, 6)), "keep_above_entry"),
        (_bad(("standard", 0, 0), ("standard", 5, 5)), "codes_repeat"),
        (Rules((Level("standard", "普", "S", 0, 0, gift_coupons=[999]),)), "unknown_gift"),
    ],
)
def test_rules_that_contradict_themselves_are_refused(session, do, now, rules, fault):
    with pytest.raises(tier_rules.BadTierRules) as refused:
        do(tier_rules.publish, rules, from_at=now, now=now, **BY)
    assert refused.value.facts["fault"] == fault
    assert tier_rules.at(session, now) == FIRST


def test_a_tier_somebody_has_cannot_vanish(session, do, grow, now):
    grow(1000)
    with pytest.raises(tier_rules.BadTierRules) as refused:
        do(tier_rules.publish, _bad(("standard", 0, 0)), from_at=now, now=now, **BY)
    assert refused.value.facts["codes"] == ["silver"]


def test_rules_begin_at_their_date(session, do, now):
    rules = _bad(("standard", 0, 0), ("silver", 10, 10))
    do(tier_rules.publish, rules, from_at=now + timedelta(days=1), now=now, **BY)
    assert tier_rules.at(session, now) == FIRST
    assert [level.entry_growth for level in tier_rules.at(session, now + timedelta(days=1)).levels] == [0, 10]


def test_a_standing_is_due_at_its_soonest_moment(now):
    later = now + timedelta(days=9)
    assert Standing("silver", "silver", now, later).due_at == later
    assert Standing("silver", "silver", later, None, "gold", now).due_at == now
    assert Standing("standard", "standard").due_at is None


def test_every_tier_of_the_first_rules_earns_by_its_multiplier(now):
    assert terms_at(now).tier_bp == {level.code: level.multiplier_bp for level in FIRST.levels}


def test_published_rules_bring_their_multipliers_to_the_points_terms(session, do, now):
    levels = (*FIRST.levels[:1], Level("silver", "银", "Silver", 10, 10, 13_000))
    do(tier_rules.publish, Rules(levels), from_at=now + timedelta(hours=1), now=now, **BY)
    assert terms_at(now, session).tier_bp["silver"] == 12_000
    later = terms_at(now + timedelta(hours=1), session)
    assert later.tier_bp == {"standard": 10_000, "silver": 13_000}
