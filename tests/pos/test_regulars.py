"""Whom a store knows: found by four digits, and greeted with what is worth a word."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from tests import factories as make
from trade.orders import regulars


def _bought(session, shop, now, days_ago, **basket):
    """A sale of so many days ago."""
    order = make.ring_up(session, shop, now, **basket)
    with transaction(session):
        at = {"at": now - timedelta(days=days_ago), "id": order}
        session.execute(text("UPDATE sale_order SET placed_at = :at WHERE id = :id"), at)


def test_four_digits_find_whom_this_store_knows_and_nobody_else(client, shop, session):
    """At home here, or bought here within a year; who only shops elsewhere stays unknown to the cashier."""
    now, till = clock.now(), client()
    other = make.open_shop(session, code="S2", stock_of={"bread": 9}, now=now)
    at_home = till.post("/api/pos/members", {"phone": "13700002046", "name": "李雷"}).json["member"]["id"]
    buyer = make.a_member(session, phone="13812342046", now=now)
    make.ring_up(session, shop, now, member_id=buyer, bread=1)
    long_ago = make.a_member(session, phone="13912342046", now=now)
    _bought(session, shop, now, 400, member_id=long_ago, bread=1)
    elsewhere = make.a_member(session, phone="13612342046", now=now)
    make.ring_up(session, other, now, member_id=elsewhere, bread=1)
    found = till.get("/api/pos/members?q=2046").json["members"]
    assert [(one["id"], one["name"], one["phone"]) for one in found] == [
        (at_home, "李*", "137****2046"),
        (buyer, "王**", "138****2046"),
    ]
    everybody = client("store_manager").get("/api/pos/members?q=2046").json["members"]
    assert [one["id"] for one in everybody] == [at_home, buyer, long_ago, elsewhere]
    assert till.get("/api/pos/members?q=9999").json["members"] == []


def test_a_greeting_is_two_points_by_what_matters_most(client, shop, session):
    now = clock.now()
    member = make.a_member(session, now=now)
    path = f"/api/pos/members/{member}/talking-points"
    assert client().get(path).json["points"] == []
    for days in (20, 10):
        _bought(session, shop, now, days, member_id=member, bread=1, **({"milk": 1} if days == 10 else {}))
    assert client().get(path).json["points"] == [{"kind": "usual", "name": "商品bread"}]
    make.a_coupon(session, member, now, valid_days=1)
    [coupon, usual] = client().get(path).json["points"]
    assert (coupon["kind"], coupon["n"], usual["kind"]) == ("coupon", 1, "usual")
    with transaction(session):
        born = now.astimezone(clock.SHANGHAI).date() + timedelta(days=2)
        session.execute(text("UPDATE member SET birthday = :born"), {"born": born.replace(year=1992)})
    assert [one["kind"] for one in client().get(path).json["points"]] == ["birthday", "coupon"]
    assert client().get(path).json["points"][0] == {"kind": "birthday", "days": 2}
    order = make.order_online(session, shop, member, now, milk=1)
    make.pay_online(session, shop, order, now)
    make.make_ready(session, shop, order, now)
    assert [one["kind"] for one in client().get(path).json["points"]] == ["pickup", "birthday"]
    assert client().get("/api/pos/members/999/talking-points").json["points"] == []


def test_two_sales_of_one_morning_are_no_habit(shop, session):
    """07:30 and 08:30 in Shanghai are two days in UTC, and one for the customer."""
    now, member = clock.now(), make.a_member(session, now=clock.now())
    for hour, minute in ((7, 30), (8, 30)):
        order = make.ring_up(session, shop, now, member_id=member, bread=1)
        at = now.astimezone(clock.SHANGHAI).replace(hour=hour, minute=minute) - timedelta(days=3)
        with transaction(session):
            session.execute(text("UPDATE sale_order SET placed_at = :at WHERE id = :id"), {"at": at, "id": order})
    assert regulars.talking_points(session, member, shop.store_id, now=now) == []
    session.rollback()


@pytest.mark.parametrize(
    ("born", "today", "days"),
    [
        (date(1990, 5, 1), date(2026, 5, 1), 0),
        (date(1990, 1, 2), date(2026, 12, 30), 3),
        (date(1992, 2, 29), date(2026, 2, 27), 1),
        (date(1992, 2, 29), date(2028, 2, 27), 2),
        (date(1990, 4, 30), date(2026, 5, 1), 364),
    ],
)
def test_a_birthday_comes_once_a_year(born, today, days):
    assert regulars.days_to(born, today) == days
