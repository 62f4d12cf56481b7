from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import text

from config import clock, journal
from config.db import transaction
from config.queues import QUEUES, queue
from config.redis import connection, key
from tests import factories as make
from trade.stock import availability
from workers import relay, schedule
from workers.jobs import expire_points, forget_requests, project_availability, prove_books


def work(name: str) -> None:
    """Drain one queue with a real worker."""
    worker = SimpleWorker([key(name)], connection=connection(), serializer=JSONSerializer)
    worker.work(burst=True, logging_level="ERROR")


def _open_rows(session):
    session.rollback()
    return session.execute(text("SELECT count(*) FROM journal WHERE done_at IS NULL")).scalar()


def test_a_till_sale_reaches_what_the_mall_shows(open_session, session, now):
    shop = make.open_shop(session, stock_of={"milk": 5}, now=clock.now())
    relay.relay_once()
    work("effects")
    milk = shop.skus["milk"]
    assert availability.free(session, shop.store_id, [milk]) == {milk: 5}
    make.ring_up(session, shop, clock.now(), milk=2)
    shown: Any = connection().hget(key(f"free:{shop.store_id}"), str(milk))
    assert shown == b"5"  # nobody writes it beside the sale
    assert relay.relay_once() == 1
    work("effects")
    assert availability.free(session, shop.store_id, [milk]) == {milk: 3}
    assert relay.relay_once() == 4  # the sale's further effects
    work("effects")
    work("clock")
    assert _open_rows(session) == 0


def test_a_lost_redis_loses_no_effect(open_session, session, now, monkeypatch):
    shop = make.open_shop(session, stock_of={"milk": 5}, now=clock.now())
    relay.relay_once()
    for name in connection().scan_iter(f"*{key('*')}"):  # ours alone: another run of tests may share the server
        connection().delete(name)
    work("effects")
    assert _open_rows(session) == 1
    later = clock.now() + journal.LEASE + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert relay.relay_once() == 1
    work("effects")
    assert _open_rows(session) == 0
    shown: object = connection().hget(availability._name(shop.store_id), str(shop.skus["milk"]))
    assert shown == b"5"


def test_a_job_run_twice_changes_nothing_more(open_session, session, now):
    shop = make.open_shop(session, now=clock.now())
    ids = [row for (row,) in session.execute(text("SELECT id FROM journal WHERE kind = 'stock.taken_in'"))]
    session.rollback()
    assert project_availability.run(ids) == 3
    assert project_availability.run(ids) == 0
    assert shop.skus.keys() == {"milk", "bread", "apple"}


def test_what_the_mall_lacks_is_read_from_the_table(session, now):
    shop = make.open_shop(session, stock_of={"milk": 5}, now=now)
    assert availability.free(session, shop.store_id, [shop.skus["milk"], 99]) == {shop.skus["milk"]: 5, 99: 0}
    assert availability.free(session, shop.store_id, []) == {}


def test_the_nightly_proof_finds_a_planted_fault_and_mends_only_what_is_shown(session, now):
    shop = make.open_shop(session, stock_of={"milk": 5}, now=now)
    member = make.a_member(session, points_of=100, now=now)
    order = make.ring_up(session, shop, now, member_id=member, milk=1)
    assert set(prove_books.run().values()) == {0}
    connection().hset(availability._name(shop.store_id), str(shop.skus["milk"]), "7")
    session.execute(text("UPDATE stock_level SET on_hand = on_hand + 1 WHERE sku_id = :s"), {"s": shop.skus["bread"]})
    session.execute(text("UPDATE lot_account SET balance = balance + 1"))
    session.execute(text("UPDATE tender SET amount_fen = amount_fen - 1 WHERE order_id = :o"), {"o": order})
    session.commit()
    assert Counter(prove_books.run()) == Counter({"ledger": 1, "orders": 1, "stock": 1, "shown": 2})
    assert Counter(prove_books.run()) == Counter({"ledger": 1, "orders": 1, "stock": 1})


def test_points_expire_once(session, now):
    member = make.a_member(session, points_of=100, now=now)
    session.execute(text("UPDATE lot SET expires_at = :past"), {"past": now - timedelta(days=1)})
    session.commit()
    assert [expire_points.run(), expire_points.run()] == [1, 0]
    assert session.execute(text("SELECT balance FROM lot_account WHERE member_id = :m"), {"m": member}).scalar() == 0


def test_old_request_ids_are_forgotten(session, now):
    session.execute(
        text("INSERT INTO request_answer (who, request_id, body_hash, at) VALUES ('a', 'b', '', :at)"),
        {"at": clock.now() - timedelta(days=31)},
    )
    session.commit()
    assert forget_requests.run() == 1


def test_two_schedulers_enqueue_a_period_once(clean, now):
    assert schedule.run_due(now) == len(schedule.EVERY)
    assert schedule.run_due(now) == 0
    assert queue("clock").count == sum(where == "clock" for _, where, _ in schedule.EVERY)


def test_each_effect_of_a_fact_ends_on_its_own(open_session, session, now, monkeypatch):
    """The mall's figures are away; growth is counted all the same, and the sale is offered again for the figures."""
    shop, member = make.open_shop(session, now=clock.now()), make.a_member(session, now=now)
    relay.relay_once()
    work("effects")
    make.ring_up(session, shop, clock.now(), member_id=member, milk=2)
    with monkeypatch.context() as away:
        away.setattr(availability, "project", lambda *_: 1 / 0)
        for _ in range(2):
            relay.relay_once()
            work("effects")
            work("clock")
    assert _open_rows(session) == 1
    growth = text("SELECT balance FROM lot_account WHERE account = 'growth'")
    assert session.execute(growth).scalar_one() == 19
    later = clock.now() + journal.LEASE + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert relay.relay_once() == 1
    work("effects")
    assert _open_rows(session) == 0
    assert session.execute(growth).scalar_one() == 19


@pytest.mark.parametrize("name", QUEUES)
def test_jobs_travel_as_json(clean, name):
    assert queue(name).serializer is JSONSerializer


def test_facts_nobody_waits_for_are_closed(session, now):
    with transaction(session):
        journal.record(session, "shift.opened", "shift:1", actor="t", now=now)
    assert relay.relay_once() == 0
    assert _open_rows(session) == 0
