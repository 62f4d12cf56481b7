"""What a till knows without us: sent once, then only what changed, with prices that turn by its own clock."""

from __future__ import annotations

import json
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import text

from config.clock import epoch_ms
from config.db import transaction
from tests import factories as make
from trade.pricing import price_books, till_feed
from trade.pricing.price_books import Change, Line
from workers.jobs import project_till_feed

HOUR = timedelta(hours=1)


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, now=now)


def _project(session, shop, now) -> int:
    with transaction(session):
        return till_feed.project(session, shop.store_id, now=now)


def _since(session, shop, version=0):
    return json.loads(till_feed.since(session, shop.store_id, version))


def _goods(answer):
    return {row[0]: row for chunk in answer["chunks"] for row in chunk["rows"]}


def test_a_till_is_sent_everything_once_and_then_only_what_changed(session, shop, now):
    milk = shop.skus["milk"]
    assert _project(session, shop, now) == 1
    first = _since(session, shop)
    row = _goods(first)[milk]
    assert (row[1], row[4], row[8], row[9]) == ("商品milk", False, [make.BARCODES["milk"]], [[0, 990, []]])
    assert (first["more"], _goods(first).keys() >= set(shop.skus.values())) == (False, True)
    assert _project(session, shop, now) == 0
    nothing = {"version": first["version"], "chunks": [], "more": False, "labels": ["2XPPPPPWWWWWC"]}
    assert _since(session, shop, first["version"]) == nothing
    with transaction(session):
        session.execute(text("UPDATE store_sku SET sellable = false WHERE sku_id = :id"), {"id": milk})
    assert _project(session, shop, now) == 1
    later = _since(session, shop, first["version"])
    assert later["version"] > first["version"] and milk not in _goods(later)


def test_prices_that_turn_are_sent_ahead_and_turn_back(session, shop, now):
    milk = shop.skus["milk"]
    whole = now.replace(second=0, microsecond=0)
    with transaction(session):
        change = Change("夜市", whole + HOUR, whole + 3 * HOUR, channel="till")
        price_books.publish(session, change, [Line(milk, 880, ((6, 800),))], actor="t", now=now)
        price_books.publish(
            session, Change("商城", whole + HOUR, channel="mall"), [Line(milk, 700)], actor="t", now=now
        )
    _project(session, shop, now)
    moments = [0, epoch_ms(whole + HOUR), epoch_ms(whole + 3 * HOUR)]
    assert _goods(_since(session, shop))[milk][9] == [
        [moments[0], 990, []], [moments[1], 880, [[6, 800]]], [moments[2], 990, []],
    ]  # fmt: skip


def test_a_store_that_has_many_goods_is_sent_in_parts(session, shop, now, monkeypatch):
    monkeypatch.setattr(till_feed, "SIZE", 1)
    monkeypatch.setattr(till_feed, "MOST", 2)
    assert _project(session, shop, now) == len(shop.skus)
    seen: dict[int, list[object]] = {}
    version, more = 0, True
    while more:
        answer = _since(session, shop, version)
        assert len(answer["chunks"]) <= 2 and answer["version"] > version
        seen |= _goods(answer)
        version, more = answer["version"], answer["more"]
    assert seen.keys() == set(shop.skus.values())


def test_a_change_of_prices_reaches_tills_by_its_job(session, shop, now):
    assert project_till_feed.run() == 1
    version = _since(session, shop)["version"]
    with transaction(session):
        price_books.publish(session, Change("变价", now), [Line(shop.skus["milk"], 950)], actor="t", now=now)
    ids = list(session.scalars(text("SELECT id FROM journal WHERE kind = 'price_change.published'")))
    assert project_till_feed.run(ids) == 1
    assert _goods(_since(session, shop, version))[shop.skus["milk"]][9][0][1] == 950
    assert (
        session.scalar(text("SELECT count(*) FROM journal WHERE id = ANY(:ids) AND done_at IS NULL"), {"ids": ids}) == 0
    )


def test_two_at_once_write_each_change_once(open_session, session, shop, now):
    wrote: list[int] = []

    def work() -> None:
        with open_session() as mine:
            wrote.append(_project(mine, shop, now))

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(wrote) == [0, 0, 0, 1]
