"""The projection of what is free: never the truth, always mended from it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import redis
from sqlalchemy import text

from config.db import open_session, transaction
from config.redis import blocking, connection
from config.settings import settings
from tests import factories as make
from trade.stock import availability, facts, metrics
from trade.stock import moves as stock


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, stock_of={"milk": 5}, now=now)


@pytest.fixture
def redis_away(monkeypatch):
    """Redis does not answer: nothing listens on its address."""
    monkeypatch.setattr(settings(), "redis_url", "redis://127.0.0.1:9/0")
    from config import embedded

    caches = (embedded.redis_url, connection, blocking)
    for cached in caches:
        cached.cache_clear()
    yield
    monkeypatch.undo()
    for cached in caches:
        cached.cache_clear()


def test_what_the_projection_lacks_is_read_from_the_table(session, shop):
    milk, bread = shop.skus["milk"], shop.skus["bread"]
    assert availability.project(session, shop.store_id, [milk]) == 1
    assert availability.free(session, shop.store_id, [milk, bread, 99]) == {milk: 5, bread: 100, 99: 0}
    assert availability.free(session, shop.store_id, []) == {}


def test_a_projection_is_recomputed_and_never_counted_on(session, shop, now):
    milk = shop.skus["milk"]
    availability.project(session, shop.store_id, [milk])
    make.ring_up(session, shop, now, milk=2)
    assert availability.free(session, shop.store_id, [milk]) == {milk: 5}
    availability.project(session, shop.store_id, [milk, milk])
    assert availability.free(session, shop.store_id, [milk]) == {milk: 3}
    assert availability.project(session, shop.store_id, []) == 0


def test_without_redis_the_table_answers(session, shop, redis_away):
    milk = shop.skus["milk"]
    assert availability.free(session, shop.store_id, [milk]) == {milk: 5}
    with pytest.raises(redis.RedisError):
        availability.project(session, shop.store_id, [milk])


def test_a_wrong_projection_is_found_and_mended(session, shop, now):
    milk = shop.skus["milk"]
    availability.project(session, shop.store_id, shop.skus.values())
    assert availability.compare(session) == []
    make.ring_up(session, shop, now, milk=2)
    wrong = [{"store_id": shop.store_id, "sku_id": milk, "table": 3, "projection": 5}]
    assert availability.compare(session) == wrong
    assert availability.compare(session, mend=True) == wrong
    assert availability.compare(session) == []
    assert availability.free(session, shop.store_id, [milk]) == {milk: 3}


def test_a_worker_waits_longer_on_its_queue_than_an_answer_may_take(clean):
    assert blocking().ping()
    limits = [one.connection_pool.connection_kwargs.get("socket_timeout") for one in (connection(), blocking())]
    assert limits == [5, None]


def test_an_older_figure_never_covers_a_newer_one(session, open_session, shop, monkeypatch):
    """One worker has read 5 and is slow to write; another sells one meanwhile and projects 4."""
    milk, read, waited = shop.skus["milk"], threading.Event(), threading.Event()
    plain = availability._from_table

    def slow(opened, store_id, skus):
        found = plain(opened, store_id, skus)
        if threading.current_thread().name == "slow":
            read.set()
            waited.wait(5)
        return found

    monkeypatch.setattr(availability, "_from_table", slow)

    def project() -> None:
        with open_session() as mine, transaction(mine):
            availability.project(mine, shop.store_id, [milk])

    def sell_and_project() -> None:
        with open_session() as mine:
            with transaction(mine):
                stock.hold(mine, shop.store_id, {milk: 1}, order_id=1)
            with transaction(mine):
                availability.project(mine, shop.store_id, [milk])

    first = threading.Thread(target=project, name="slow")
    first.start()
    assert read.wait(5)
    second = threading.Thread(target=sell_and_project)
    second.start()
    second.join(0.3)
    waited.set()
    first.join(5)
    second.join(5)
    assert availability.free(session, shop.store_id, [milk]) == {milk: 4}
    assert availability.compare(session) == []


def test_the_figures_tell_how_far_behind_the_mall_is(session, shop, now, monkeypatch):
    def figures() -> dict[str, float]:
        with open_session() as mine:
            return {sample[0]: sample[2] for sample in metrics._read(mine)}

    monkeypatch.setattr("config.clock.now", lambda: now + timedelta(seconds=30))
    assert figures() == {
        "tongdian_shown_backlog": 1, "tongdian_shown_lag_seconds": 30, "tongdian_shown_p95_ms": 0,
        "tongdian_stock_count_due": 0, "tongdian_stock_negative": 0,
    }  # fmt: skip
    with transaction(session):
        facts.take_as_fact(session, shop.store_id, {shop.skus["milk"]: 6}, key="x", actor="t", now=now)
    session.execute(text("UPDATE journal SET done_at = at + interval '1500 milliseconds'"))
    session.commit()
    assert figures() == {
        "tongdian_shown_backlog": 0, "tongdian_shown_lag_seconds": 0, "tongdian_shown_p95_ms": 1500,
        "tongdian_stock_count_due": 1, "tongdian_stock_negative": 1,
    }  # fmt: skip
