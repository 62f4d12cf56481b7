"""What comes in: through the gate, once each, and to whom it belongs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import fetch, transaction
from recommend import behaviour, partitions
from recommend.behaviour import ClockDiffers, NotAgreed, plain_keyword


def stored(session, what="count(*)"):
    return [row[0] for row in fetch(session, text(f"SELECT {what} FROM behaviour_event ORDER BY 1"), {})]


def test_a_batch_sent_again_is_stored_once_in_any_composition(session, phone):
    one, two, three = (phone.event("page_view", page="pages/home/home") for _ in range(3))
    assert phone.send(one, two) == behaviour.Taken(2, 0, {})
    assert phone.send(two, three, one) == behaviour.Taken(1, 2, {})
    assert stored(session) == [3]


def test_without_a_yes_nothing_is_recorded(session, phone, agree, now):
    for version in (None, "2020-01"):
        phone.consent = version
        with pytest.raises(NotAgreed):
            phone.send(phone.event("page_view", page="pages/home/home"))
    phone.consent = "2026-11"
    from tests import factories as make

    phone.member_id = make.a_member(session, now=now)
    with pytest.raises(NotAgreed):  # what the device says counts for guests only
        phone.send(phone.event("page_view", page="pages/home/home"))
    assert stored(session) == [0]
    agree(phone.member_id)
    assert phone.send(phone.event("page_view", page="pages/home/home")).stored == 1


def test_a_bad_event_does_not_hold_up_the_others(session, phone):
    hour = 3600
    taken = phone.send(
        phone.event("page_view", page="pages/home/home"),
        phone.event("order_paid"),
        phone.event("page_view", page="pages/order/order?id=7"),
        phone.event("page_view", who="13812342046"),
        phone.event("page_view", after_s=-72 * hour - 1),
        phone.event("page_view", after_s=-72 * hour),
        phone.event("page_view", after_s=301),
    )
    assert taken == behaviour.Taken(2, 0, {"malformed": 3, "late": 1, "ahead": 1})


def test_a_look_counts_thirty_minutes_at_most(session, phone):
    phone.send(phone.event("page_leave", page="pages/home/home", active_ms=4_000_000))
    assert stored(session, "active_ms") == [1_800_000]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ｍilk   牛奶 ", "milk 牛奶"),
        ("6901234567892", "6901234567892"),
        ("6913812342046", "6913812342046"),
        ("13812342046", "***"),
        ("张三 138-1234-2046 收", "张三 *** 收"),
        ("+86 13812342046", "***"),
        ("11010519491231002X", "***"),
        ("6222021234567890123", "***"),
        ("a@b.cn", "***"),
    ],
)
def test_nobodys_identity_is_in_a_keyword(typed, kept):
    assert plain_keyword(typed) == kept


def test_a_clock_that_is_off_is_told_before_anything_is_taken(now):
    behaviour.check_clock(now - timedelta(minutes=5), now=now)
    with pytest.raises(ClockDiffers) as refused:
        behaviour.check_clock(now + timedelta(minutes=5, seconds=1), now=now)
    assert refused.value.facts == {"now_ms": int(now.timestamp() * 1000)}


def test_a_guests_history_becomes_the_members_who_agrees_and_nobody_elses(session, phone, member, agree, now):
    from tests import factories as make

    phone.send(phone.event("page_view", page="pages/home/home"))
    phone.member_id = silent = make.a_member(session, phone="13900000001", now=now)
    with pytest.raises(NotAgreed):
        phone.send(phone.event("page_view", page="pages/me/me"))
    assert stored(session, "member_id") == [None]
    phone.member_id = member
    phone.send(phone.event("page_view", page="pages/cart/cart"))
    assert stored(session, "member_id") == [member, member]
    phone.member_id = silent
    agree(silent)
    phone.send(phone.event("page_view", page="pages/me/me"))
    assert stored(session, "member_id") == sorted([member, member, silent])


def test_the_days_tables_are_made_ahead_and_dropped_with_their_visits(session, phone, count, now):
    first, ahead = now.date() - timedelta(days=3), [now.date() + timedelta(days=n) for n in range(-3, 8)]
    assert set(ahead) <= set(partitions.days(session))
    phone.send(phone.event("page_view", page="pages/home/home"))
    count()
    with transaction(session):
        assert partitions.keep(session, now=now) == (0, 0)
    half_a_year = now + timedelta(days=181)
    with transaction(session):
        made, dropped = partitions.keep(session, now=half_a_year)
        assert dropped >= 4 and made <= 11
    there = partitions.days(session)
    assert (there[0] > first + timedelta(days=3), there[-1]) == (True, now.date() + timedelta(days=188))
    assert stored(session) == [0]
    left = (
        "SELECT (SELECT count(*) FROM behaviour_visit) AS seen, (SELECT sum(visits) FROM behaviour_source) AS counted"
    )
    assert tuple(fetch(session, text(left), {})[0]) == (0, 1)


def test_a_day_without_a_table_gets_one(session, phone, now):
    phone.now = now + timedelta(days=60)
    assert phone.send(phone.event("page_view", page="pages/home/home")).stored == 1
