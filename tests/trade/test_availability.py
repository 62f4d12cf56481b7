"""The projection of what is free: never the truth, always mended from it."""

from __future__ import annotations

import pytest
import redis

from config.redis import blocking, connection
from config.settings import settings
from tests import factories as make
from trade.stock import availability


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
