"""A segment gets its coupons once each, whoever runs the job how often; the holdout and the silent get none."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from config.db import transaction
from member import consent, segments
from member.coupons import campaign, moves
from member.coupons import proof as coupon_proof
from member.coupons.campaign import CampaignKeyReused
from member.coupons.claim import CouponNotOnOffer, CouponsGone, claim
from tests import factories as make
from workers.jobs import issue_campaigns
from wsgi import create_app

BY = {"actor": "t"}
MANY = 60


@pytest.fixture
def crowd(session, now):
    """Sixty members of a segment of everybody; every fifth has said no, or nothing, to one of the two purposes."""
    with transaction(session):
        session.execute(
            text(
                "INSERT INTO member (name, tier, created_at) SELECT '客', 'standard', :now FROM generate_series(1, :n)"
            ),
            {"now": now, "n": MANY},
        )
        session.execute(
            text(
                "INSERT INTO consent (member_id, purpose, version, given, channel, actor, at)"
                " SELECT id, p, '2026-11', true, 'mall', 't', :now FROM member,"
                " unnest(ARRAY['marketing', 'personalisation']) p WHERE id % 5 <> 0 OR p = 'marketing'"
            ),
            {"now": now},
        )
        segment = segments.make(session, "all", {"kind": "joined", "min": 0}, holdout_bp=2_000, now=now, **BY)
    return SimpleNamespace(segment=segment, offer=make.an_offer(session, now, claims_per_member=2))


def _start(session, crowd, now, key="spring"):
    with transaction(session):
        return campaign.start(session, key, crowd.offer, crowd.segment, now=now, **BY)


def _owners(session):
    session.rollback()
    return session.scalars(text("SELECT member_id FROM coupon ORDER BY 1")).all()


def _due(crowd):
    """Who must get one: not held out, and said yes to both."""
    return [one for one in range(1, MANY + 1) if one % 5 and not segments.held_out(crowd.segment, one, 2_000)]


def test_every_treated_member_who_agreed_gets_one_and_the_progress_adds_up(session, crowd, now, monkeypatch):
    monkeypatch.setattr(issue_campaigns, "BATCH", 7)
    with transaction(session):
        version = consent.PURPOSES["marketing"].version
        consent.answer(session, 1, "marketing", given=False, version=version, channel="mall", now=now, **BY)
    run = _start(session, crowd, now)
    before = campaign.progress(session, run)
    assert (before["size"], before["issued"], before["to_do"]) == (MANY, 0, MANY - before["held_out"])
    monkeypatch.setattr(issue_campaigns, "BATCHES", 3)
    assert issue_campaigns.run(now=now) == 21
    monkeypatch.undo()
    assert 21 + issue_campaigns.run(now=now) == MANY - before["held_out"]
    expected = [one for one in _due(crowd) if one != 1]
    assert _owners(session) == expected
    after = campaign.progress(session, run)
    assert after["held_out"] + after["silent"] + after["issued"] + after["left_out"] == after["size"] == MANY
    assert (after["issued"], after["to_do"], after["ended_because"]) == (len(expected), 0, "done")
    assert _start(session, crowd, now) == run
    assert issue_campaigns.run(now=now) == 0
    assert _owners(session) == expected
    assert coupon_proof.differences(session) == []


def test_six_workers_give_one_coupon_a_member(open_session, session, crowd, now, monkeypatch):
    monkeypatch.setattr(issue_campaigns, "BATCH", 5)
    run = _start(session, crowd, now)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: issue_campaigns.run(open_session, now=now), range(6)))
    issue_campaigns.run(open_session, now=now)
    assert _owners(session) == _due(crowd)
    assert campaign.progress(session, run)["issued"] == len(_due(crowd))


def test_a_worker_that_dies_in_a_batch_gives_nothing_twice_and_leaves_nobody_out(session, crowd, now):
    run = _start(session, crowd, now)
    with transaction(session):
        campaign.step(session, run, now=now, most=20, **BY)
    half = _owners(session)
    with pytest.raises(RuntimeError), transaction(session):
        _dies(session, run, now)
    assert _owners(session) == half
    issue_campaigns.run(now=now)
    assert _owners(session) == _due(crowd)


def _dies(session, run, now):
    assert campaign.step(session, run, now=now, most=20, **BY)
    raise RuntimeError


def test_an_offer_runs_out_while_others_claim_it_and_no_limit_is_passed(open_session, session, crowd, now):
    crowd.offer = make.an_offer(session, now, name="few", issue_limit=20)
    with transaction(session):
        claim(session, crowd.offer, _due(crowd)[0], channel=None, now=now, **BY)
    run = _start(session, crowd, now)

    def work(number):
        if number == 0:
            issue_campaigns.run(open_session, now=now)
            return 0
        with open_session() as own, suppress(CouponsGone), transaction(own):
            return claim(own, crowd.offer, number * 5, channel=None, now=now, **BY) > 0
        return 0

    with ThreadPoolExecutor(5) as pool:
        claimed = 1 + sum(pool.map(work, range(5)))
    owners = _owners(session)
    assert len(owners) == len(set(owners)) == 20
    told = campaign.progress(session, run)
    assert (told["issued"], told["left_out"]) == (20 - claimed, len(_due(crowd)) - 20 + claimed)
    assert told["ended_because"] == "done"
    assert coupon_proof.differences(session) == []


def test_what_cannot_be_started_changes_nothing(session, crowd, now):
    run = _start(session, crowd, now)
    other = make.an_offer(session, now, name="other")
    with pytest.raises(CampaignKeyReused) as refused, transaction(session):
        campaign.start(session, "spring", other, crowd.segment, now=now, **BY)
    assert refused.value.facts == {"campaign_id": run}
    with transaction(session):
        moves.move_template(session, other, "end", now=now, **BY)
    with pytest.raises(CouponNotOnOffer), transaction(session):
        campaign.start(session, "autumn", other, crowd.segment, now=now, **BY)
    assert session.execute(text("SELECT count(*) FROM coupon_campaign")).scalar() == 1
    with transaction(session):
        moves.move_template(session, crowd.offer, "end", now=now, **BY)
    issue_campaigns.run(now=now)
    assert (campaign.progress(session, run)["ended_because"], _owners(session)) == ("offer_over", [])


def test_the_command_starts_tells_and_stops(session, crowd):
    runner = create_app().test_cli_runner()
    started = json.loads(runner.invoke(args=["campaign", "start", "k", str(crowd.offer), str(crowd.segment)]).output)
    stopped = json.loads(runner.invoke(args=["campaign", "stop", str(started["id"])]).output)
    assert (started["size"], started["ended_at"], stopped["ended_because"]) == (MANY, None, "stopped")
    assert json.loads(runner.invoke(args=["campaign", "progress", str(started["id"])]).output) == stopped
    assert issue_campaigns.run() == 0
    assert _owners(session) == []
