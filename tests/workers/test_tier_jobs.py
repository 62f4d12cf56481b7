from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from config.clock import months_later
from config.db import transaction
from member import activity, identity, segments, tiers
from tests import factories as make
from tests.workers.test_count_growth import account, count, drain, tier
from trade.orders import holder
from workers.jobs import count_growth, evaluate_tiers, follow_merge, refresh_segments

BY: dict[str, Any] = {"actor": "t"}


def test_an_evaluation_in_four_workers_takes_each_step_once(session, now):
    members = [make.a_member(session, phone=f"1381234100{n}", now=now) for n in range(6)]
    for member in members:
        with transaction(session):
            tiers.grant(session, member, "gold", until=now + timedelta(days=9), reason="VIP", now=now, **BY)
    later = now + timedelta(days=9)
    assert evaluate_tiers.run(now=later - timedelta(seconds=1)) == 0
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: evaluate_tiers.run(now=later), range(4))) == 6
    assert {tier(session, member) for member in members} == {"standard"}
    falls = text("SELECT count(*) FROM tier_change WHERE cause = 'grant_ended'")
    told = text("SELECT count(*) FROM journal WHERE kind = 'member.tier_changed' AND data->>'cause' = 'grant_ended'")
    assert (session.execute(falls).scalar(), session.execute(told).scalar()) == (6, 6)
    assert evaluate_tiers.run(now=later) == 0


def test_a_year_without_buying_ends_in_one_step_down_and_one_notice(session, now):
    shop = make.open_shop(session, stock_of={"milk": 600}, now=now)
    member = make.a_member(session, now=now)
    make.ring_up(session, shop, now, member_id=member, milk=510)
    count(session, now)
    assert tier(session, member) == "gold"
    due = months_later(now, 12)
    assert evaluate_tiers.run(now=due) == 1
    assert tier(session, member) == "gold"
    assert evaluate_tiers.run(now=due + timedelta(days=30)) == 1
    assert tier(session, member) == "silver"
    notices = text("SELECT kind, count(*) FROM journal WHERE kind LIKE 'member.tier%' GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in session.execute(notices)] == [("member.tier_at_risk", 1), ("member.tier_changed", 2)]


def test_the_first_visit_of_a_day_brings_growth(session, now):
    member = make.a_member(session, now=now)
    for hours in (0, 1, 24):
        with transaction(session):
            activity.visited(session, member, "mall", now=now + timedelta(hours=hours), **BY)
    count(session, now + timedelta(days=1))
    assert account(session, member) == (2, 0)


def test_what_segments_know_follows_returns(session, now):
    shop = make.open_shop(session, now=now)
    member = make.a_member(session, now=now)
    order = make.ring_up(session, shop, now, member_id=member, milk=2, bread=1)
    count(session, now)
    make.give_back(session, shop, order, {1: 2}, now)
    count(session, now)
    row = session.execute(text("SELECT kept_fen, sku_ids FROM member_purchase")).one()
    assert tuple(row) == (650, [shop.skus["bread"]])


def test_a_merge_takes_activity_growth_and_the_better_tier_along(session, now):
    shop = make.open_shop(session, now=now)
    with transaction(session):
        guest = identity.by_openid(session, "oGuest", now=now, **BY)
    stays = make.a_member(session, now=now)
    make.ring_up(session, shop, now, member_id=guest, milk=10)
    make.ring_up(session, shop, now, member_id=stays, milk=10)
    with transaction(session):
        tiers.grant(session, guest, "gold", until=now + timedelta(days=9), reason="VIP", now=now, **BY)
        activity.visited(session, guest, "mall", now=now, **BY)
    count(session, now)
    with transaction(session):
        identity.bind_phone(session, guest, "13812342046", now=now, before_merge=holder.take_over, **BY)
    merges = text("SELECT id FROM journal WHERE kind = 'member.merged'")
    ids = list(session.scalars(merges))
    session.rollback()
    assert [follow_merge.run(ids, now=now), follow_merge.run(ids, now=now)] == [1, 0]
    assert account(session, stays) == (199, 0)
    assert tier(session, stays) == "gold"
    owners = text("SELECT (SELECT array_agg(DISTINCT member_id) FROM member_purchase), (SELECT array_agg(member_id)"
                  " FROM member_visit)")  # fmt: skip
    assert tuple(session.execute(owners).one()) == ([stays], [stays])


def test_a_fact_of_somebody_being_merged_waits_for_the_member_who_stays(session, now):
    shop = make.open_shop(session, now=now)
    with transaction(session):
        guest = identity.by_openid(session, "oGuest", now=now, **BY)
    stays = make.a_member(session, now=now)
    make.ring_up(session, shop, now, member_id=guest, milk=10)
    ids = drain(session)
    with transaction(session):
        identity.merge(session, guest, stays, now=now, **BY)
    assert count_growth.run(ids, now=now) == 0
    with transaction(session):
        holder.take_over(session, guest, stays)
    assert count_growth.run(ids, now=now) == 1
    assert account(session, stays) == (99, 0)


def test_segments_are_refreshed_once_a_day_and_a_broken_one_stops_nobody(session, now):
    shop = make.open_shop(session, now=now)
    member = make.a_member(session, now=now)
    make.ring_up(session, shop, now, member_id=member, milk=10)
    count(session, now)
    with transaction(session):
        broken = segments.make(session, "broken", {"kind": "points", "min": 1}, holdout_bp=0, now=now, **BY)
        session.execute(text('UPDATE segment SET definition = \'{"kind": "old"}\''))
        best = {
            "all": [{"kind": "rfm", "r": [5, 1]}, {"kind": "bought", "sku_ids": [shop.skus["milk"]], "within_days": 9}]
        }
        good = segments.make(session, "best", best, holdout_bp=0, now=now, **BY)
    assert refresh_segments.run(now=now) == 1
    assert segments.treated(session, good) == [member]
    assert segments.treated(session, broken) == []
    assert segments.due(session, before=now, most=9) == [broken, good]
    assert segments.due(session, before=now - timedelta(hours=1), most=9) == [broken]
