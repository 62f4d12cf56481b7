"""Stock reaches a real partner over HTTP: late, failing, deaf, rejecting, killed in between, and it comes right."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import text

from config import clock, journal
from config.db import transaction
from config.queues import queue
from config.redis import connection, key
from config.settings import ROOT
from tests import factories as make
from tests.trade.channels.conftest import open_channel
from trade.stock.channels import book, figures, read, sending
from trade.stock.channels.book import Listing
from workers import relay, schedule
from workers.adapters import webhook
from workers.jobs import compare_channels, sync_channels


@pytest.fixture
def channel(session, shops, partner, now):
    return open_channel(session, shops, now, kind="webhook", endpoint=partner.url)


def change(session, shops, now, **goods):
    """Goods are sold at the till and the channels' figures follow."""
    make.ring_up(session, shops[0], now, **goods)
    touched = {shops[0].store_id: {shops[0].skus[name] for name in goods}}
    with transaction(session):
        figures.follow(session, touched, since=now, now=now)


def stands(session, now):
    return read.standing(session, now=now)[0]


def cases(session):
    session.rollback()
    rows = session.execute(text("SELECT kind, subject, cause FROM exception_case WHERE resolved_at IS NULL ORDER BY 1"))
    return [tuple(row) for row in rows]


def test_a_partner_is_told_and_acknowledges(session, open_session, channel, partner, clocked):
    assert sync_channels.run((), open_session) == 2
    assert partner.figures() == {"M": 8, "B": 100}
    assert (stands(session, clocked.at)["backlog"], stands(session, clocked.at)["lag_s"]) == (0, 0)
    assert sync_channels.run((), open_session) == 0 and len(partner.calls) == 1


def test_only_the_newest_figure_is_sent(session, open_session, channel, shops, partner, clocked, now):
    for _ in range(3):
        change(session, shops, now, milk=1)
    sync_channels.run((), open_session)
    assert [call[2]["figures"] for call in partner.calls] == [
        [{"sku": "B", "qty": 100, "version": 2}, {"sku": "M", "qty": 5, "version": 5}]
    ]


@pytest.mark.parametrize("manner", ["fail", "busy", "redirect", "nonsense", "deaf"])
def test_a_call_that_fails_is_repeated_until_it_comes_through(session, open_session, channel, partner, clocked, manner):
    partner.manners = [manner]
    assert sync_channels.run((), open_session) == 0
    assert stands(session, clocked.at)["backlog"] == 2 and stands(session, clocked.at)["fails"] == 1
    assert sync_channels.run((), open_session) == 0 and len(partner.calls) == 1  # it waits
    clocked.on(seconds=121)
    assert sync_channels.run((), open_session) == 2
    assert partner.figures() == {"M": 8, "B": 100} and stands(session, clocked.at)["backlog"] == 0
    keys = [call[3]["Idempotency-Key"] for call in partner.calls]
    assert keys[0] == keys[1]  # the same figures: the same key


def test_the_wait_grows_and_the_third_failure_is_an_exception(session, open_session, channel, partner, clocked):
    partner.manners = ["fail"] * 4
    waits = []
    for _ in range(4):
        sync_channels.run((), open_session)
        session.rollback()
        next_try_at = session.execute(text("SELECT next_try_at FROM sales_channel")).scalar_one()
        waits.append((next_try_at - clocked.at).total_seconds())
        clocked.at = next_try_at
    assert waits == [2, 5, 10, 30]
    assert cases(session) == [("adapter_rejected", f"channel:{channel}", "unreachable")]
    sync_channels.run((), open_session)
    assert cases(session) == [] and stands(session, clocked.at)["fails"] == 0


def test_a_busy_partner_is_given_the_time_it_asks_for(session, open_session, channel, partner, clocked):
    partner.manners = ["busy"]
    sync_channels.run((), open_session)
    clocked.on(seconds=119)
    assert sync_channels.run((), open_session) == 0
    clocked.on(seconds=1)
    assert sync_channels.run((), open_session) == 2


@pytest.mark.parametrize("manner", ["slow", "drip"])
def test_a_slow_partner_holds_up_nobody_for_long(session, open_session, channel, partner, clocked, manner, monkeypatch):
    monkeypatch.setattr(webhook, "TIMEOUT_S", (0.3, 0.3))
    monkeypatch.setattr(webhook, "DEADLINE_S", 0.6)
    partner.manners, partner.hurt = [manner], 0.9 if manner == "slow" else 0.1
    began = time.monotonic()
    assert sync_channels.run((), open_session) == 0
    assert time.monotonic() - began < 2
    clocked.on(seconds=3)
    assert sync_channels.run((), open_session) == 2


def test_a_sku_that_is_rejected_waits_for_its_next_change(session, open_session, channel, shops, partner, clocked, now):
    partner.rejects = {"M"}
    sync_channels.run((), open_session)
    assert cases(session) == [("adapter_rejected", f"channel_sku:{channel}:{shops[0].skus['milk']}", "sku_rejected")]
    clocked.on(hours=1)
    assert sync_channels.run((), open_session) == 0 and partner.figures() == {"B": 100}
    partner.rejects = set()
    change(session, shops, now, milk=2)
    assert sync_channels.run((), open_session) == 1
    assert partner.figures() == {"B": 100, "M": 6} and cases(session) == []


def test_a_sku_left_out_of_the_answer_is_owed_again(session, open_session, channel, partner, clocked):
    partner.forgets = {"M"}
    sync_channels.run((), open_session)
    assert stands(session, clocked.at)["backlog"] == 1
    partner.forgets = set()
    clocked.on(seconds=61)
    assert sync_channels.run((), open_session) == 1
    assert stands(session, clocked.at)["backlog"] == 0


def test_calls_are_no_more_than_the_channel_allows(session, open_session, shops, partner, clocked, now, monkeypatch):
    open_channel(session, shops, now, kind="webhook", endpoint=partner.url, per_minute=2)
    monkeypatch.setitem(sending.BATCH, "webhook", 1)
    with transaction(session):
        book.list_skus(session, "tmall-1", [Listing(shops[0].skus["apple"], "A")], actor="t", now=now)
    sync_channels.run((), open_session)
    assert len(partner.calls) == 2
    clocked.on(seconds=59)
    assert sync_channels.run((), open_session) == 0
    clocked.on(seconds=1)
    assert sync_channels.run((), open_session) == 1 and len(partner.calls) == 3


def test_a_paused_channel_is_told_when_it_goes_on(session, open_session, channel, partner, clocked, now):
    with transaction(session):
        assert book.pause(session, "tmall-1", paused=True, actor="t", now=now)
    assert sync_channels.run((), open_session) == 0 and partner.calls == []
    with transaction(session):
        assert book.pause(session, "tmall-1", paused=False, actor="t", now=now)
        assert not book.pause(session, "tmall-1", paused=False, actor="t", now=now)
    assert sync_channels.run((), open_session) == 2


def test_two_senders_at_once_tell_it_once(session, open_session, channel, partner, clocked, now):
    with transaction(session):
        assert sending.lease(session, channel, now=now) is not None
    assert sync_channels.run((), open_session) == 0
    with transaction(session):
        sending.release(session, channel, leased_at=now)
    assert sync_channels.run((), open_session) == 2


def test_an_answer_to_an_overtaken_figure_leaves_the_newer_one_owed(
    session, open_session, channel, shops, partner, clocked, now
):
    with transaction(session):
        told = sending.take(session, sending.of(book.by_code(session, "tmall-1")), now=now)
    change(session, shops, now, milk=1)
    with transaction(session):
        answers = [sending.Answer(one.sku_id, one.version, accepted=True) for one in told]
        assert sending.acknowledge(session, channel, answers, now=now) == 2
    assert stands(session, clocked.at)["backlog"] == 1
    assert sync_channels.run((), open_session) == 1
    assert partner.figures() == {"M": 7}


def test_a_sender_that_is_killed_in_a_call_loses_nothing(session, open_session, shops, partner, now, monkeypatch):
    open_channel(session, shops, clock.now(), kind="webhook", endpoint=partner.url)
    partner.manners, partner.hurt = ["slow"], 3
    program = "from workers.jobs import sync_channels; sync_channels.run()"
    sender = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=os.environ)
    for _ in range(200):
        if partner.calls:
            break
        time.sleep(0.05)
    sender.send_signal(signal.SIGKILL)
    sender.wait()
    assert stands(session, clock.now())["backlog"] == 2
    later = clock.now() + timedelta(seconds=61)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert sync_channels.run((), open_session) == 2
    assert partner.figures() == {"M": 8, "B": 100} and stands(session, later)["backlog"] == 0


def test_a_lost_redis_loses_no_figure(session, open_session, channel, shops, partner, clocked, now):
    """From the till's sale over relay and queues to the partner, with Redis emptied at each step."""
    make.ring_up(session, shops[0], now, milk=2)
    for _ in range(12):
        relay.relay_once()
        for name in connection().scan_iter(f"*{key('*')}"):
            connection().delete(name)
        clocked.on(seconds=journal.LEASE.total_seconds() + 1)
        relay.relay_once()
        for name in ("effects", "channels"):
            SimpleWorker([key(name)], connection=connection(), serializer=JSONSerializer).work(
                burst=True, logging_level="ERROR"
            )
        clocked.on(seconds=journal.LEASE.total_seconds() + 1)
        if partner.figures() == {"M": 6, "B": 100}:
            break
    assert partner.figures() == {"M": 6, "B": 100}
    assert stands(session, clocked.at)["backlog"] == 0


def test_the_clock_alone_brings_an_owed_figure_there(session, open_session, channel, partner, clocked):
    schedule.run_due(clocked.at)
    assert queue("channels").count >= 1
    SimpleWorker([key("channels")], connection=connection(), serializer=JSONSerializer).work(
        burst=True, logging_level="ERROR"
    )
    assert partner.figures() == {"M": 8, "B": 100}


def test_a_drift_is_found_told_again_and_forgotten(session, open_session, channel, partner, clocked):
    sync_channels.run((), open_session)
    partner.shown["M"] = (3, 0)
    clocked.on(hours=1)
    assert compare_channels.run(open_session) == 1
    assert cases(session) == [("channel_drift", f"channel:{channel}", "")]
    assert stands(session, clocked.at)["backlog"] == 1
    sync_channels.run((), open_session)
    assert partner.figures()["M"] == 8
    clocked.on(hours=1)
    assert compare_channels.run(open_session) == 0 and cases(session) == []


def test_a_change_on_its_way_is_no_drift(session, open_session, channel, shops, partner, clocked, now):
    sync_channels.run((), open_session)
    clocked.on(hours=1)
    change(session, shops, now, milk=1)
    assert compare_channels.run(open_session) == 0 and cases(session) == []
