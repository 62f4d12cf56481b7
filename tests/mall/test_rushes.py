"""秒杀 on the home page: what runs and what comes, by the shop's clock, with how much of it is left."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from config.clock import SHANGHAI
from tests import factories as make
from tests.trade.promotions.test_seckill import _buy
from trade.pricing import tags
from trade.pricing.promotions import book

NOON = datetime(2026, 11, 24, 12, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("minutes", "begins", "ends"), [(-1, "12:00", None), (0, None, "13:00"), (59, None, "13:00"), (60, None, None)]
)
def test_a_rush_is_told_before_and_while_it_runs(session, shop, minutes, begins, ends):
    form = {"kind": "seckill", "prices": {shop.skus["milk"]: 100}, "members_only": True}
    window = {"starts": "2026-11-24T12:00", "ends": "2026-11-24T12:59"}
    make.a_promotion(session, NOON - timedelta(days=1), **window, quotas={"total_units": 5}, **form)
    book.forget()
    found = tags.rushes(session, shop.store_id, None, NOON + timedelta(minutes=minutes))
    if begins is None and ends is None:
        assert found == {}
        return
    rush = found[shop.skus["milk"]]
    told = [
        datetime.fromisoformat(at).astimezone(SHANGHAI) if at else None for at in (rush["from_at"], rush["until_at"])
    ]
    assert [f"{at:%H:%M}" if at else None for at in told] == [begins, ends]
    assert (rush["price_fen"], rush["total"], rush["left"]) == (100, 5, 5)


def test_what_is_left_is_told_and_what_is_sold_out_stays(session, shop, guest, monkeypatch):
    member = make.a_member(session, now=NOON)
    form = {"kind": "seckill", "prices": {shop.skus["milk"]: 100}, "quotas": {"total_units": 3}}
    rush = make.a_promotion(session, NOON - timedelta(days=1), **form)
    assert member == 1
    path = f"/api/mall/rushes?store_id={shop.store_id}"
    for qty, left in ((0, 3), (2, 1), (1, 0)):
        if qty:
            _buy(session, shop, NOON, qty=qty, rush=rush)
        (card,) = guest.get(path).json["rushes"]
        assert (card["name"], card["price_fen"], card["rush"]["left"], card["rush"]["total"]) == (
            "商品milk",
            990,
            left,
            3,
        )


def test_a_store_without_one_asks_nothing(session, shop):
    make.a_promotion(session, NOON)
    assert tags.rushes(session, shop.store_id, None, NOON) == {}
