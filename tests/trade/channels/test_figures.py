"""What a channel is told: a share of what is free, absolute, never below zero, in an order a cursor can follow."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from config.settings import ROOT
from tests import factories as make
from tests.partner import SECRET
from tests.trade.channels.conftest import open_channel, terms
from trade.stock import moves as stock
from trade.stock.channels import book, figures, read
from trade.stock.channels.book import ChannelKnown, ChannelNotSound, Listing
from trade.stock.channels.signing import sign
from workers.jobs import project_availability


def told(session, channel_id, after=0):
    return [(one.external_sku, one.qty, one.version) for one in figures.feed(session, channel_id, after=after)]


def follow(open_session, session):
    """The journal's open rows of stock are projected."""
    kinds = "kind LIKE 'order.%' OR kind LIKE 'stock.%'"
    ids = list(session.scalars(text(f"SELECT id FROM journal WHERE done_at IS NULL AND ({kinds}) ORDER BY id")))
    session.close()
    return project_availability.run(ids, open_session)


def test_a_channel_is_told_its_share_rounded_down(session, shops, now):
    assert told(session, open_channel(session, shops, now)) == [("M", 8, 1), ("B", 100, 2)]


@pytest.mark.parametrize(
    ("share_bp", "safety_units", "active", "qty"),
    [(10_000, 0, True, 12), (10_000, 12, True, 0), (10_000, 50, True, 0), (1, 0, True, 0), (3333, 3, True, 2),
     (10_000, 0, False, 0), (0, 0, True, 0)],
)  # fmt: skip
def test_the_figure_of_a_listing(session, shops, now, share_bp, safety_units, active, qty):
    channel_id = open_channel(session, shops, now)
    with transaction(session):
        listing = Listing(shops[0].skus["milk"], "M", share_bp, safety_units, active=active)
        book.list_skus(session, "tmall-1", [listing], actor="t", now=now)
    assert {sku: n for sku, n, _ in told(session, channel_id)}["M"] == qty


def test_a_sale_lowers_the_figure_and_many_changes_are_one(session, open_session, shops, now):
    channel_id = open_channel(session, shops, now)
    follow(open_session, session)
    for _ in range(3):
        make.ring_up(session, shops[0], now, milk=1)
    follow(open_session, session)
    assert told(session, channel_id, after=2) == [("M", 5, 3)]  # (9 - 2) * 8 div 10
    assert told(session, channel_id, after=3) == []
    wakes = session.execute(text("SELECT count(*) FROM journal WHERE kind = 'channel.stock_changed'")).scalar_one()
    assert wakes == 2  # the listing's, and one for three sales


def test_a_change_that_the_share_hides_tells_nobody(session, open_session, shops, now):
    channel_id = open_channel(session, shops, now)
    with transaction(session):
        book.list_skus(session, "tmall-1", [Listing(shops[0].skus["milk"], "M", 1000)], actor="t", now=now)
    before = told(session, channel_id)
    make.ring_up(session, shops[0], now, milk=1)  # 12 -> 11 of which a tenth is 1
    follow(open_session, session)
    assert told(session, channel_id) == before


def test_goods_of_a_store_that_the_channel_does_not_sell_from(session, open_session, shops, now):
    channel_id = open_channel(session, shops, now, store_ids=[shops[0].store_id])
    before = told(session, channel_id)
    make.ring_up(session, shops[1], now, milk=1)
    follow(open_session, session)
    assert told(session, channel_id) == before == [("M", 4, 1), ("B", 100, 2)]


def test_a_cursor_misses_nothing_while_twelve_write_at_once(session, open_session, shops, now):
    """Each writer takes goods in and follows; a reader pages on all the while and ends with the table's figures."""
    channel_id = open_channel(session, shops, now)
    milk, bread = shops[0].skus["milk"], shops[0].skus["bread"]
    seen: dict[str, int] = {}

    def write(turn: int) -> None:
        sku = (milk, bread)[turn % 2]
        with open_session() as own:
            with transaction(own):
                stock.take_in(own, shops[0].store_id, {sku: 5}, key=f"in:{turn}", actor="t", now=now)
            with transaction(own):
                figures.follow(own, {shops[0].store_id: {milk, bread}}, since=now, now=clock.now())

    def read_on(after: int) -> int:
        with open_session() as own:
            for one in figures.feed(own, channel_id, after=after, most=3):
                seen[one.external_sku], after = one.qty, one.version
        return after

    with ThreadPoolExecutor(6) as pool:
        writers, cursor = [pool.submit(write, turn) for turn in range(24)], 0
        while not all(one.done() for one in writers):
            cursor = read_on(cursor)
        for one in writers:
            one.result()
    read_on(read_on(cursor))
    assert seen == {sku: qty for sku, qty, _ in told(session, channel_id)} == {"M": 56, "B": 160}


def test_lag_is_the_age_of_the_oldest_change(session, open_session, shops, now):
    open_channel(session, shops, now)
    stood = read.standing(session, now=now + timedelta(seconds=90))[0]
    assert (stood["backlog"], stood["lag_s"], stood["drift"]) == (2, 90, 0)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "Tmall!"}, "code"),
        ({"kind": "webhook", "endpoint": "http://shop.example/hook"}, "endpoint"),
        ({"kind": "webhook", "endpoint": "https://user:pass@shop.example/"}, "endpoint"),
        ({"kind": "webhook", "endpoint": "https://shop.example/?a=1"}, "endpoint"),
        ({"kind": "webhook", "endpoint": "file:///etc/passwd"}, "endpoint"),
        ({"endpoint": "../../etc"}, "endpoint"),
        ({"secret": "short"}, "secret"),
        ({"secret": None}, "secret"),
        ({"default_store_id": 999}, "default_store_id"),
        ({"store_ids": []}, "store_ids"),
        ({"per_minute": 0}, "per_minute"),
        ({"encoding": "latin-1"}, "encoding"),
        ({"platform": "till"}, "platform"),
    ],
)
def test_a_channel_that_cannot_work_is_refused(session, shops, now, change, field):
    with pytest.raises(ChannelNotSound) as refused, transaction(session):
        book.write(session, terms(shops, **change), new=True, actor="t", now=now)
    assert field in refused.value.facts["fields"]
    assert session.execute(text("SELECT count(*) FROM sales_channel")).scalar_one() == 0


def test_a_code_belongs_to_one_channel_and_the_secret_lies_sealed(session, shops, now):
    open_channel(session, shops, now)
    with pytest.raises(ChannelKnown), transaction(session):
        book.write(session, terms(shops), new=True, actor="t", now=now)
    rows = str(session.execute(text("SELECT c::text, j::text FROM sales_channel c, journal j")).all())
    assert SECRET not in rows


@pytest.mark.parametrize(
    "listing", [Listing(999, "X"), Listing(1, ""), Listing(1, "M", share_bp=10_001), Listing(2, "M")]
)
def test_a_listing_that_cannot_work_is_refused(session, shops, now, listing):
    channel_id = open_channel(session, shops, now)
    before = read.skus(session, channel_id, most=10)
    with pytest.raises(ChannelNotSound), transaction(session):
        book.list_skus(session, "tmall-1", [listing], actor="t", now=now)
    assert read.skus(session, channel_id, most=10) == before


def test_the_partners_page_shows_a_signature_that_is_right():
    page = (ROOT / "docs/channels.md").read_text("utf-8")
    path = "/api/channels/tmall-1/stock?after=0"
    assert sign(SECRET, "1790000000", "0123456789abcdef", "GET", path, b"") in page
