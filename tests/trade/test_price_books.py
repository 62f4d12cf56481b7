"""Whose price counts, from which minute, for how many; and what still hangs on the listing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import NotFound, WrongState
from config.texts import say
from tests import factories as make
from trade.pricing import listing, price_books, prices
from trade.pricing.price_books import Change, Line, PriceNotSound

MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, now=now)


def _publish(session, now, *lines: Line, **of) -> int:
    with transaction(session):
        return price_books.publish(session, Change(**{"name": "变价", "from_at": now} | of), lines, actor="t", now=now)


def _milk(session, shop, now, **asked) -> int:
    milk = shop.skus["milk"]
    return prices.items(session, shop.store_id, [milk], now=now, **asked)[milk].unit_price_fen


def test_store_goes_before_channel_before_group_before_list(session, shop, now):
    other, milk = make.open_shop(session, code="S2", now=now), shop.skus["milk"]
    assert _milk(session, shop, now) == 990
    books = [
        ({}, 980), ({"customer_group": "dealer"}, 700), ({"channel": "mall"}, 970),
        ({"channel": "mall", "customer_group": "dealer"}, 690), ({"store_id": shop.store_id}, 950),
        ({"store_id": shop.store_id, "channel": "till"}, 940),
    ]  # fmt: skip
    asked = [({}, 1), ({"channel": "mall"}, 2), ({"group": "dealer"}, 3), ({"channel": "mall", "group": "dealer"}, 4)]
    seen = []
    for book, fen in books:
        _publish(session, now, Line(milk, fen), **book)
        seen.append([_milk(session, at, now, **how) for at in (shop, other) for how, _ in asked])
    assert seen == [
        [980, 980, 980, 980, 980, 980, 980, 980],
        [980, 980, 700, 700, 980, 980, 700, 700],
        [980, 970, 700, 970, 980, 970, 700, 970],
        [980, 970, 700, 690, 980, 970, 700, 690],
        [950, 950, 950, 950, 980, 970, 700, 690],
        [940, 950, 940, 950, 980, 970, 700, 690],
    ]
    scanned = prices.by_barcode(None, shop.store_id, make.BARCODES["milk"], now=now)
    assert scanned is not None and scanned.price_fen == 940
    card = next(c for c in listing.page(session, other.store_id, listing.Wish(), now=now)[0])
    assert card["price_fen"] == 970


def test_a_price_begins_at_its_minute_and_the_one_before_comes_back(session, shop, now):
    begins, ends = now + 10 * MINUTE, now + 20 * MINUTE
    _publish(session, now, Line(shop.skus["milk"], 890), from_at=begins, to_at=ends)
    ms = timedelta(milliseconds=1)
    assert [_milk(session, shop, at) for at in (begins - ms, begins, ends - ms, ends)] == [990, 890, 890, 990]
    _publish(session, now, Line(shop.skus["milk"], 880), from_at=begins, to_at=ends)
    assert _milk(session, shop, begins) == 880


def test_steps_come_with_the_item(session, shop, now):
    apple = shop.skus["apple"]
    _publish(session, now, Line(apple, 1100, ((5_000, 1000), (20_000, 900))))
    item = prices.items(session, shop.store_id, [apple], now=now)[apple]
    assert (item.unit_price_fen, item.weighed, item.steps) == (1100, True, ((5_000, 1000), (20_000, 900)))


@pytest.mark.parametrize(
    ("of", "lines", "where", "code"),
    [
        ({"from_at": -1}, [Line(1, 100)], "from_at", "begins_in_the_past"),
        ({"to_at": 0}, [Line(1, 100)], "to_at", "ends_before_it_starts"),
        ({"from_at": 0.5}, [Line(1, 100)], "minute", "whole_minutes"),
        ({}, [], "lines", "value"),
        ({}, [Line(1, 100), Line(1, 90)], "sku_id", "named_twice"),
        ({}, [Line(1, 0)], "price_fen", "value"),
        ({}, [Line(1, 100, ((1, 90),))], "steps", "steps_ascend"),
        ({}, [Line(1, 100, ((2, 100),))], "steps_fen", "steps_worth_price"),
        ({}, [Line(99, 100)], "lines", "unknown_sku"),
        ({"store_id": 99}, [Line(1, 100)], "lines", "unknown_sku"),
    ],
)
def test_a_change_that_is_not_sound_changes_nothing(session, shop, now, of, lines, where, code):
    moments = {name: now + value * MINUTE for name, value in of.items() if name.endswith("_at")}
    with pytest.raises(PriceNotSound) as refused:
        _publish(session, now, *lines, **of | moments)
    assert refused.value.facts["fields"][where] == code
    assert "{" not in say("refused.price_not_sound", "zh-CN", **refused.value.facts)
    assert session.execute(text("SELECT count(*) FROM price WHERE change_id IS NOT NULL")).scalar() == 0


def test_only_what_has_not_begun_is_withdrawn(session, shop, now):
    milk = shop.skus["milk"]
    begun = _publish(session, now, Line(milk, 890))
    ahead = _publish(session, now, Line(milk, 790), from_at=now + MINUTE)
    with transaction(session):
        price_books.withdraw(session, ahead, actor="t", now=now)
    assert _milk(session, shop, now + MINUTE) == 890
    for change, error in ((ahead, WrongState), (begun, WrongState), (99, NotFound)):
        with pytest.raises(error), transaction(session):
            price_books.withdraw(session, change, actor="t", now=now)
    assert _milk(session, shop, now + MINUTE) == 890
    told = price_books.listed(session)
    assert [(one["id"], one["skus"], one["withdrawn_at"] is None) for one in told] == [
        (ahead, 1, False),
        (begun, 1, True),
    ]
    assert price_books.listed(session, before=ahead)[0]["id"] == begun
    assert price_books.one(session, ahead)["lines"] == [{"sku_id": milk, "price_fen": 790, "steps": []}]
    assert [row["price_fen"] for row in price_books.of_sku(session, milk)] == [890, 990]


def test_labels_follow_prices(session, shop, now):
    milk, bread = shop.skus["milk"], shop.skus["bread"]
    begins = now + 10 * MINUTE
    _publish(session, now, Line(milk, 890), Line(bread, 600), from_at=begins, to_at=now + 60 * MINUTE)
    _publish(session, now, Line(bread, 650), store_id=shop.store_id, from_at=begins)
    _publish(session, now, Line(milk, 100), channel="mall", from_at=begins)
    turns = price_books.coming(session, shop.store_id, until=now + 90 * MINUTE, now=now)
    assert [(one["sku_id"], one["at"], one["old_fen"], one["new_fen"]) for one in turns] == [
        (milk, begins.isoformat(), 990, 890),
        (milk, (now + 60 * MINUTE).isoformat(), 890, 990),
    ]
    assert price_books.unlabelled(session, shop.store_id, now=now) == []
    todo = price_books.unlabelled(session, shop.store_id, now=begins)
    assert {(one["sku_id"], one["price_fen"], one["label_fen"]) for one in todo} == {
        (milk, 890, None),
        (bread, 650, None),
    }
    with transaction(session):
        assert price_books.label(session, shop.store_id, [milk, bread], actor="t", now=begins) == 2
    assert price_books.unlabelled(session, shop.store_id, now=begins) == []
    back = price_books.unlabelled(session, shop.store_id, now=now + 60 * MINUTE)
    assert [(one["sku_id"], one["price_fen"], one["label_fen"]) for one in back] == [(milk, 990, 890)]
