"""Last week's orders priced again with a promotion before it is published: exact sums, and nothing written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import WrongState
from tests import factories as make
from trade.orders import replay
from trade.orders.numbers import number
from trade.pricing import simulation
from trade.pricing.promotions import drafts
from workers.jobs import replay_promotions

BY_TWO = {"funding": {"hq_bp": 6_000, "store_bp": 4_000}}
OFF_3 = make.FOREVER | BY_TWO | {"name": "满15减3", "group": "满减", "kind": "amount_off", "steps": [[1_500, 300]]}
OFF_6 = OFF_3 | {
    "name": "满25减6",
    "steps": [[2_500, 600]],
    "funding": {"hq_bp": 5_000, "store_bp": 0, "supplier_bp": 5_000},
}
TABLES = (
    "sale_order", "order_line", "allocation", "promotion_use", "promotion_count", "promotion_version", "coupon",
    "lot_entry", "tender", "stock_movement", "order_trace",
)  # fmt: skip


def _ask(session, now, form, promotion_id=None, **more):
    more = {"days": 7, "any_date": True, "actor": "staff:4", "now": now + timedelta(minutes=1)} | more
    with transaction(session):
        return replay.ask(session, drafts.understood(form), promotion_id, **more)


def _found(session, replay_id):
    told = replay.one(session, replay_id)
    return told, told["found"]


@pytest.fixture
def week(session, shop, now):
    """19.80, 29.70 and 6.50, with 3.00 off from 15.00; returns the promotion and the three orders."""
    promotion_id = make.a_promotion(session, now, **OFF_3)
    baskets = ({"milk": 2}, {"milk": 3}, {"bread": 1})
    return promotion_id, [make.ring_up(session, shop, now, **goods) for goods in baskets]


def test_an_edited_version_over_last_weeks_orders(session, shop, now, week):
    """6.00 off from 25.00: 19.80 pays 3.00 more, 29.70 pays 3.00 less, 6.50 is not touched."""
    promotion_id, orders = week
    before = [session.scalar(text(f"SELECT count(*) FROM {table}")) for table in TABLES]
    used = session.execute(text("SELECT * FROM promotion_use ORDER BY order_id")).all()
    replay_id = _ask(session, now, OFF_6, promotion_id)
    assert replay.one(session, replay_id)["stands"] == "running"
    assert replay_promotions.run(now=now) == 3
    told, found = _found(session, replay_id)
    assert (told["stands"], told["orders"], told["seen"], told["name"]) == ("done", 3, 3, "满25减6")
    counted = {"orders": 3, "touched": 2, "cheaper": 1, "dearer": 1}
    assert counted | {"not_as_charged": 0, "beyond_price": 0, "not_optimal": 0} | found == found
    money = {"promotion_fen": 600, "coupon_fen": 0, "payable_fen": 5_000}
    assert found["old"] == money | {"hq_fen": 360, "store_fen": 240, "supplier_fen": 0}
    assert found["new"] == money | {"hq_fen": 300, "store_fen": 0, "supplier_fen": 300}
    rule = {"old_orders": 2, "old_fen": 600, "new_orders": 1, "new_fen": 600}
    assert found["rules"] == [{"id": promotion_id, "name": "满15减3"} | rule]
    nos = [number(shop.store_id, order) for order in orders]
    assert found["top"] == [
        {"order_no": nos[0], "old_fen": 1_680, "new_fen": 1_980, "delta_fen": 300},
        {"order_no": nos[1], "old_fen": 2_670, "new_fen": 2_370, "delta_fen": -300},
    ]
    assert (found["margin"], found["below_zero_margin"], found["margin_unknown"]) == (None, None, "no_cost_price")
    assert [session.scalar(text(f"SELECT count(*) FROM {table}")) for table in TABLES] == before
    assert session.execute(text("SELECT * FROM promotion_use ORDER BY order_id")).all() == used


def test_who_gives_way_to_whom(session, shop, now, week):
    """One of a group: 5.00 off from 15.00 takes the place of 3.00 off in two orders."""
    promotion_id, _ = week
    replay_id = _ask(session, now, OFF_3 | {"name": "满15减5", "steps": [[1_500, 500]]})
    replay_promotions.run(now=now)
    found = _found(session, replay_id)[1]
    assert found["conflicts"] == [
        {"lost": f"promotion:{promotion_id}", "to": f"promotion:{simulation.NEW}", "orders": 2}
    ]
    assert (found["old"]["promotion_fen"], found["new"]["promotion_fen"]) == (600, 1_000)


def test_a_quota_is_counted_within_the_replay_and_coupons_stay_as_used(session, shop, member, now):
    """Two orders of 29.70 with 5.00 off by coupon; one only of 满25减6 is left, for the earlier order."""
    for _ in range(2):
        coupon = make.a_coupon(session, member, now, name=f"{_}")
        make.ring_up(session, shop, now, member_id=member, coupon_ids=[coupon], milk=3)
    replay_id = _ask(session, now, OFF_6 | {"quotas": {"total_units": 1}})
    replay_promotions.run(now=now)
    found = _found(session, replay_id)[1]
    assert (found["orders"], found["touched"], found["not_as_charged"]) == (2, 1, 0)
    assert (found["old"]["coupon_fen"], found["old"]["payable_fen"]) == (1_000, 4_940)
    assert (found["new"]["coupon_fen"], found["new"]["promotion_fen"]) == (1_000, 600)


def test_its_dates_count_only_if_they_are_asked_for(session, shop, now, week):
    later = OFF_6 | {"starts": "2098-01-01T00:00"}
    with_dates, without = (_ask(session, now, later, any_date=asked) for asked in (False, True))
    replay_promotions.run(now=now)
    assert [_found(session, one)[1]["touched"] for one in (with_dates, without)] == [0, 1]


def test_two_workers_count_every_order_once(open_session, session, shop, now, week, monkeypatch):
    monkeypatch.setattr(replay_promotions, "BATCH", 1)
    replay_id = _ask(session, now, OFF_6, week[0])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: replay_promotions.run(open_session, now=now), range(4)))
    replay_promotions.run(open_session, now=now)
    told, found = _found(session, replay_id)
    assert (told["stands"], told["seen"], found["orders"], found["touched"]) == ("done", 3, 3, 2)


def test_one_that_is_cancelled_stops_and_keeps_what_it_found(session, shop, now, week, monkeypatch):
    monkeypatch.setattr(replay_promotions, "BATCH", 1)
    monkeypatch.setattr(replay_promotions, "BATCHES", 1)
    replay_id = _ask(session, now, OFF_6, week[0])
    assert replay_promotions.run(now=now) == 1
    with transaction(session):
        replay.cancel(session, replay_id, actor="staff:4", now=now)
    assert replay_promotions.run(now=now) == 0
    told, found = _found(session, replay_id)
    assert (told["stands"], told["seen"], found["orders"], found["old"]["payable_fen"]) == ("cancelled", 1, 1, 1_680)
    with pytest.raises(WrongState), transaction(session):
        replay.cancel(session, replay_id, actor="staff:4", now=now)


def test_one_that_fails_is_ended_and_the_next_goes_on(session, shop, now, week):
    broken, whole = _ask(session, now, OFF_6), _ask(session, now, OFF_6)
    with transaction(session):
        session.execute(text('UPDATE promotion_replay SET form = \'{"name": "?"}\' WHERE id = :id'), {"id": broken})
    assert replay_promotions.run(now=now) == 3
    assert [replay.one(session, one)["stands"] for one in (broken, whole)] == ["failed", "done"]
