from __future__ import annotations

from datetime import timedelta

import pytest

from config.clock import months_later
from config.errors import NotFound
from member import growth, tier_card, tier_rules, tiers
from member.growth import Deed
from member.tier_rules import FIRST, Rules
from member.tiers import Standing

BY = {"actor": "t"}
SILVER = Standing("silver", "silver")


@pytest.fixture
def grow(do, member, now):
    def made(earns, source="order:1", *, at=now, confirmed=True):
        def work(session):
            tiers.lock(session, [member])
            growth.settle(session, [Deed(member, source, at, earns, 0, at if confirmed else None)], now=at, **BY)
            tiers.judge(session, [member], now=at, **BY)

        do(work)

    return made


def test_the_page_of_somebody_new(session, member, now):
    page = tier_card.page(session, member, now=now)
    assert (page["tier"]["code"], page["why"], page["keep"], page["leaving"]) == ("standard", "confirmed", None, [])
    assert page["next"]["missing"] == 1000
    assert [level["code"] for level in page["levels"]] == ["standard", "silver", "gold", "black"]


def test_the_page_says_what_keeps_what_leaves_and_what_is_missing(session, grow, member, now):
    grow(1000)
    grow(300, "order:2", at=now + timedelta(days=60))
    grow(50, "order:3", at=now + timedelta(days=61), confirmed=False)
    soon = months_later(now, 12) - timedelta(days=10)
    page = tier_card.page(session, member, now=soon)
    assert page["growth"] == {"confirmed": 1300, "pending": 50, "counted": "rolling"}
    assert page["leaving"] == [{"at": months_later(now, 12).isoformat(), "growth": 1000}]
    assert page["keep"]["counted_then"] == 350
    assert (page["keep"]["missing"], page["keep"]["falls_to"]["code"]) == (450, "standard")
    assert page["next"] == {
        "code": "gold",
        "name_zh": "金卡会员",
        "name_en": "Gold",
        "entry_growth": 5000,
        "missing": 3700,
    }
    assert [(row["from"], row["to"], row["cause"]) for row in page["history"]] == [("standard", "silver", "growth")]


def test_why_somebody_has_a_tier(session, do, grow, member, now):
    do(tiers.grant, member, "gold", until=now + timedelta(days=9), reason="VIP", now=now, **BY)
    page = tier_card.page(session, member, now=now)
    assert (page["why"], page["granted_until"]) == ("granted", (now + timedelta(days=9)).isoformat())
    grow(20_000, confirmed=False)
    assert tier_card.page(session, member, now=now)["why"] == "provisional"


def test_nobody_has_no_page(session, now):
    with pytest.raises(NotFound):
        tier_card.page(session, 99, now=now)


def test_a_provisional_tier_falls_at_once_when_its_growth_comes_back(session, grow, member, now):
    grow(1000, confirmed=False)
    found = tier_card.after_return(session, member, "order:1", 1, now=now)
    assert found is not None
    assert (found.to.code, found.at, found.at_once, found.missing) == ("standard", now, True, 1)


def test_a_confirmed_tier_would_fall_at_its_evaluation_after_grace(session, grow, member, now):
    grow(1000)
    grow(900, "order:2", at=now + timedelta(days=30))
    later = now + timedelta(days=31)
    assert tier_card.after_return(session, member, "order:2", 100, now=later) is None
    found = tier_card.after_return(session, member, "order:2", 101, now=later)
    assert found is not None
    assert found.as_json() == {
        "code": "standard",
        "name_zh": "普通会员",
        "name_en": "Member",
        "at": (months_later(now, 12) + timedelta(days=30)).isoformat(),
        "at_once": False,
        "missing": 1,
    }
    assert tier_card.after_return(session, member, "order:1", 1000, now=later) is None, "it leaves before that day"
    assert tier_card.after_return(session, member, "order:9", 5, now=later) is None


@pytest.mark.parametrize(
    ("counts_then", "lost", "falls"), [(799, 1, None), (800, 0, None), (800, 1, "standard"), (900, 100, None)]
)
def test_only_a_return_that_makes_the_difference_is_said_to_lower(now, counts_then, lost, falls):
    standing = Standing("silver", "silver", now + timedelta(days=5))
    found = tier_card.fall(FIRST, standing, now, counts=0, lost=0, counts_then=counts_then, lost_then=lost)
    assert (found.to.code if found else None) == falls


def test_a_grant_that_lasts_longer_holds_the_tier(now):
    rules = Rules(FIRST.levels, grace_days=0)
    due = now + timedelta(days=5)
    for until, falls in ((due + timedelta(days=1), None), (due, "standard")):
        standing = Standing("silver", "silver", due, None, "silver", until)
        found = tier_card.fall(rules, standing, now, counts=0, lost=0, counts_then=800, lost_then=1)
        assert (found.to.code if found else None) == falls


def test_the_till_sees_the_way_to_the_next_tier(session, do, grow, member, now):
    grow(990)
    far = tier_card.progress(session, [member], now=now)[member]
    assert (far["code"], far["growth"], far["next"]["code"], far["next"]["missing"]) == ("standard", 990, "silver", 10)
    do(tier_rules.publish, Rules(FIRST.levels[:1]), from_at=now, now=now, **BY)
    assert tier_card.progress(session, [member], now=now)[member]["next"] is None
    assert tier_card.progress(session, [], now=now) == {}
