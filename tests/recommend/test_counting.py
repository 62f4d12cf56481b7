"""The counts: what they are, that each event counts once, and that a report equals a recount."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from config.clock import business_day
from config.db import fetch, transaction
from recommend import counting, forgetting, reports
from tests import factories as make
from tests.recommend.conftest import Phone
from trade.stores.scenes import moves as scenes
from workers.jobs import forget_behaviour, note_behaviour
from workers.relay import relay_once


@pytest.fixture
def day(now):
    return business_day(now)


def rows(session, name, day, **more):
    return reports.report(session, name, day, day, **more)


def proved(session, day):
    with transaction(session):
        return counting.recount(session, day - timedelta(days=3), day + timedelta(days=1)) == {}


def test_one_visit_in_every_report(session, phone, count, day):
    phone.send(
        phone.event("app_show", campaign="double11"),
        phone.event("page_view", after_s=1, page="pages/home/home"),
        phone.event("product_impression", after_s=2, product_id=7, slot="home.here", position=3),
        phone.event("page_view", after_s=3, page="pages/search/search", from_page="pages/home/home"),
        phone.event("page_leave", after_s=4, page="pages/home/home", active_ms=1500),
        phone.event("search", after_s=5, keyword="Milk", results=0),
        phone.event("search", after_s=6, keyword="milk", results=2),
        phone.event("search", after_s=7, keyword="milk", rank=2),
        phone.event("product_view", after_s=8, product_id=7, slot="search", position=2),
        phone.event("cart_change", after_s=9, product_id=7, sku_id=70, qty=1, slot="home.here", position=3),
    )
    count()
    assert rows(session, "pages", day) == [
        {"page": "pages/home/home", "views": 1, "leaves": 1, "active_ms": 1500},
        {"page": "pages/search/search", "views": 1, "leaves": 0, "active_ms": 0},
    ]
    assert rows(session, "paths", day) == [
        {"from_page": "", "page": "pages/home/home", "steps": 1},
        {"from_page": "pages/home/home", "page": "pages/search/search", "steps": 1},
    ]
    here = {"product_id": 7, "name": None, "model": ""}
    assert rows(session, "spots", day) == [
        {"slot": "home.here", "position": 3, **here, "shown": 1, "opened": 0, "carted": 1},
        {"slot": "search", "position": 2, **here, "shown": 0, "opened": 1, "carted": 0},
    ]
    assert rows(session, "keywords", day) == [
        {"keyword": "milk", "searches": 2, "empty": 1, "clicks": 1, "rank_sum": 2, "succeeded": 2}
    ]
    [source] = rows(session, "sources", day)
    assert (source["source"], source["campaign"], source["visits"], source["active_ms"]) == (
        "campaign",
        "double11",
        1,
        1500,
    )
    assert rows(session, "funnel", day) == [
        {"visits": 1, "viewed": 1, "carted": 1, "checked_out": 0, "ordered": 0, "converted": 0, "in_store": 0}
    ]
    assert rows(session, "funnel", day, store_id=2)[0]["visits"] == 0
    assert proved(session, day)


def test_a_search_succeeds_by_the_third_action_and_not_by_the_fourth(session, phone, count, day):
    def told(keyword, between, at):
        events = [phone.event("search", after_s=at, keyword=keyword, results=1)]
        events += [phone.event("page_view", after_s=at + 1 + n, page="pages/search/search") for n in range(between)]
        events += [phone.event("product_impression", after_s=at + 9, product_id=7, slot="search", position=1)]
        return [*events, phone.event("product_view", after_s=at + 10, product_id=7)]

    phone.send(*told("tea", 2, 0))
    phone.visit_id = uuid.uuid4()
    phone.send(*told("rice", 3, 0))
    count()
    assert {row["keyword"]: row["succeeded"] for row in rows(session, "keywords", day)} == {"tea": 1, "rice": 0}


def test_codes_say_where_a_visit_came_from_and_a_friends_code_is_not_kept(session, phone, count, day, now):
    shop = make.open_shop(session, now=now)
    member = make.a_member(session, now=now)
    with transaction(session):
        poster = scenes.make(session, "S", store_id=shop.store_id, actor="test", now=now)
        friend = scenes.make(session, "M", member_id=member, actor="test", now=now)
    for scene in (poster, friend, "1047", None):
        phone.visit_id = uuid.uuid4()
        phone.send(phone.event("app_show", **({"scene": scene} if scene else {})))
    count()
    found = {(row["source"], row["scene"]) for row in rows(session, "sources", day)}
    assert found == {("store_code", poster), ("friend", ""), ("wechat", "1047"), ("direct", "")}
    assert proved(session, day)


def test_orders_come_from_the_journal_and_convert_the_visit_before_them(session, open_session, phone, count, day, now):
    """The order is noted before the visit is counted, and after."""
    shop = make.open_shop(session, stock_of={"milk": 5}, now=now)
    buyer = make.a_member(session, now=now)
    silent = make.a_member(session, phone="13900000001", now=now)
    with transaction(session):
        from member import consent

        consent.answer(
            session, buyer, "personalisation", given=True, version="2026-11", channel="mall", actor="test", now=now
        )
    phone.member_id = buyer
    phone.send(phone.event("app_show", after_s=-60))
    for member in (buyer, silent):
        make.ring_up(session, shop, now, milk=1, member_id=member)
    told = fetch(session, text("SELECT id, data FROM journal WHERE kind = 'order.sold' ORDER BY id"), {})
    assert len(told) == 2
    relay_once(open_session)
    noted = [r.id for r in fetch(session, text("SELECT id FROM journal WHERE kind = 'effect.note_behaviour'"), {})]
    note_behaviour.run(noted, open_session)
    note_behaviour.run(noted, open_session)
    count()
    assert rows(session, "funnel", day)[0] | {"visits": 1} == {
        "visits": 1, "viewed": 0, "carted": 0, "checked_out": 0, "ordered": 0, "converted": 0, "in_store": 1,
    }  # fmt: skip
    sales = fetch(session, text("SELECT member_id, data FROM behaviour_event WHERE kind = 'till_sale'"), {})
    assert [(row.member_id, row.data["lines"][0][2]) for row in sales] == [(buyer, 1)]
    phone.visit_id = uuid.uuid4()
    phone.send(phone.event("app_show", after_s=-30))
    count()
    assert rows(session, "funnel", day)[0]["in_store"] == 2
    assert proved(session, day)


def test_who_withdraws_is_forgotten_in_events_and_counts(session, open_session, phone, member, agree, count, day):
    phone.send(phone.event("search", keyword="tea", results=3), phone.event("product_view", after_s=1, product_id=7))
    other = Phone(session, phone.now)
    other.send(other.event("search", keyword="tea", results=3))
    count()
    phone.member_id = member
    phone.send(phone.event("page_view", page="pages/me/me"))  # joined, and not counted yet
    agree(member, given=False)
    [row] = fetch(session, text("SELECT id FROM journal WHERE kind = 'member.consent_withdrawn'"), {})
    assert forget_behaviour.run([row.id], open_session) == 3
    assert forget_behaviour.run([row.id], open_session) == 0
    count()
    with transaction(session):
        assert forgetting.prove_forgotten(session, [member]) == {}
    assert rows(session, "keywords", day) == [
        {"keyword": "tea", "searches": 1, "empty": 0, "clicks": 0, "rank_sum": 0, "succeeded": 0}
    ]
    assert rows(session, "funnel", day)[0]["visits"] == 1
    assert proved(session, day)


KINDS = ("page_view", "page_leave", "product_impression", "product_view", "search", "cart_change", "checkout_step")


def some_events(phone: Phone, lot: random.Random, many: int) -> list[dict]:
    made = []
    for _ in range(many):
        kind = lot.choice(KINDS)
        fields: Any = {
            "page_view": {"page": lot.choice(["pages/home/home", "pages/cart/cart"])},
            "page_leave": {"page": "pages/home/home", "active_ms": lot.randrange(60_000)},
            "product_impression": {
                "product_id": lot.randrange(1, 5),
                "slot": "home.here",
                "position": lot.randrange(3),
            },
            "product_view": {"product_id": lot.randrange(1, 5)},
            "search": {"keyword": lot.choice(["tea", "rice"]), "results": lot.randrange(3)},
            "cart_change": {"product_id": 1, "sku_id": 1, "qty": lot.choice([-1, 1])},
            "checkout_step": {"step": "open"},
        }[kind]
        made.append(phone.event(kind, after_s=-lot.randrange(2 * 86_400), **fields))
    return made


def test_in_any_order_with_repeats_late_events_joins_and_forgetting_a_report_equals_a_recount(
    session, member, phone, count, day, now
):
    """And equals what plain Python counts from the rows that are left."""
    lot = random.Random(8)
    phones = [phone, *(Phone(session, now) for _ in range(9))]
    events = [(one, event) for one in phones for event in some_events(one, lot, 40)]
    lot.shuffle(events)
    for n, (one, event) in enumerate(events + events[::7]):
        one.send(event)
        if n % 60 == 0:
            with transaction(session):
                counting.count(session, most=25)
        if n == 200:
            phone.member_id = member
            phone.send(phone.event("app_show"))
        if n == 350:
            with transaction(session):
                forgetting.forget(session, [], devices=[phones[1].anon_id])
    count()
    assert proved(session, day)
    left = fetch(session, text("SELECT * FROM behaviour_event"), {})
    views = Counter(row.page for row in left if row.kind == "page_view")
    searches = Counter(row.keyword for row in left if row.kind == "search")
    shown = Counter((row.position, row.product_id) for row in left if row.kind == "product_impression")
    span = (day - timedelta(days=3), day)
    assert {r["page"]: r["views"] for r in reports.report(session, "pages", *span)} == views
    assert {r["keyword"]: r["searches"] for r in reports.report(session, "keywords", *span)} == searches
    spots = reports.report(session, "spots", *span)
    assert {(r["position"], r["product_id"]): r["shown"] for r in spots if r["shown"]} == shown
    [funnel] = reports.report(session, "funnel", *span)
    assert funnel["visits"] == len({(row.day, row.visit_id) for row in left if row.visit_id})
    with transaction(session):
        fetch(session, text("UPDATE behaviour_page SET views = views + 1 WHERE page = 'pages/home/home'"), {})
        assert counting.recount(session, *span)["page"] >= 1  # a wrong count is found
