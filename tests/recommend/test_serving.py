"""From what was bought to what is shown and why: consent at every read, only what the store has, in its time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from recommend import learning, lists, serve
from tests import factories as make
from workers.jobs import forget_behaviour, learn_recommendations

DAY = timedelta(days=1)


@pytest.fixture
def shop(session, now):
    opened = make.open_shop(session, now=now - 60 * DAY)
    with transaction(session):
        session.execute(text("UPDATE product SET brand = ''"))
    return opened


@pytest.fixture
def product(session, shop):
    """The product of a name of the factories."""
    rows = session.execute(text("SELECT id, product_id FROM sku")).all()
    session.rollback()
    of = {row.id: row.product_id for row in rows}
    return {name: of[sku] for name, sku in shop.skus.items()}


def _member(session, now, agree, phone):
    found = make.a_member(session, phone=phone, now=now - 60 * DAY)
    agree(found)
    assert not serve.held_out(found)
    return found


def _why(shelf):
    return {card["product_id"]: card["reason"] for card in shelf.cards}


def _everybody_buys(session, shop, now, *, times=3):
    for days in range(times):
        make.ring_up(session, shop, now - (20 + days) * DAY, milk=1, bread=1)
    make.ring_up(session, shop, now - 20 * DAY, apple=1000)


def test_what_is_bought_every_ten_days_is_named_when_it_is_due_and_says_so(session, shop, product, now, agree):
    member = _member(session, now, agree, "13812340001")
    for days in (30, 20, 10):
        make.ring_up(session, shop, now - days * DAY, member_id=member, milk=1)
    made = learning.run(session, now=now)
    assert (made.members, made.stores, made.judged.learned_wins) == (1, 1, False)
    assert _why(serve.feed(session, shop.store_id, member, now=now))[product["milk"]] == {
        "kind": "usual", "name": "", "days": 10,
    }  # fmt: skip
    hinted = serve.hint(session, shop.store_id, member, [], now=now)
    assert [card["sku_id"] for card in hinted.cards] == [shop.skus["milk"]]
    on_the_counter = serve.hint(session, shop.store_id, member, [shop.skus["milk"]], now=now)
    assert product["milk"] not in _why(on_the_counter)

    make.ring_up(session, shop, now, member_id=member, milk=1)
    assert product["milk"] not in _why(serve.feed(session, shop.store_id, member, now=now + 4 * DAY))
    assert product["milk"] in _why(serve.feed(session, shop.store_id, member, now=now + 5 * DAY))


def test_what_goes_with_what_one_bought_names_it(session, shop, product, now, agree):
    _everybody_buys(session, shop, now)
    member = _member(session, now, agree, "13812340001")
    make.ring_up(session, shop, now - 5 * DAY, member_id=member, milk=1)
    learning.run(session, now=now)
    why = _why(serve.feed(session, shop.store_id, member, now=now))
    assert why[product["bread"]] == {"kind": "with", "name": "商品milk", "days": 0}
    beside = serve.beside(session, shop.store_id, [product["milk"]], now=now)
    assert _why(beside) == {product["bread"]: {"kind": "with", "name": "商品milk", "days": 0}}


def test_one_basket_is_no_habit(session, shop, product, now):
    _everybody_buys(session, shop, now, times=2)
    learning.run(session, now=now)
    assert serve.beside(session, shop.store_id, [product["milk"]], now=now).cards == []


def test_what_waits_in_the_cart_comes_first_until_it_is_bought(session, shop, product, now, agree, phone):
    member = _member(session, now, agree, "13812340001")
    phone.member_id = member
    phone.send(phone.event("cart_change", product_id=product["bread"], sku_id=shop.skus["bread"], qty=1))
    learning.run(session, now=now)
    later = now + 2 * DAY
    assert serve.feed(session, shop.store_id, member, now=later).cards[0]["reason"] == {
        "kind": "pending", "name": "", "days": 2,
    }  # fmt: skip
    make.ring_up(session, shop, later, member_id=member, bread=1)
    assert product["bread"] not in _why(serve.feed(session, shop.store_id, member, now=later + DAY))


def test_who_says_no_sees_what_everybody_sees_and_nothing_of_theirs_is_learned(session, shop, product, now, agree):
    """Two people with opposite histories, byte for byte the same (recommend.md 5.7)."""
    _everybody_buys(session, shop, now)
    one, other = (_member(session, now, agree, phone) for phone in ("13812340001", "13812340002"))
    for days in (30, 20, 10):
        make.ring_up(session, shop, now - days * DAY, member_id=one, milk=1)
        make.ring_up(session, shop, now - days * DAY, member_id=other, apple=1000)
    learning.run(session, now=now)
    before = [serve.feed(session, shop.store_id, member, now=now) for member in (one, other)]
    assert before[0].cards != before[1].cards
    for member in (one, other):
        agree(member, given=False)
    guest = serve.feed(session, shop.store_id, None, now=now)
    assert guest.cards
    assert [serve.feed(session, shop.store_id, member, now=now) for member in (one, other)] == [guest, guest]
    assert serve.hint(session, shop.store_id, one, [], now=now).cards == []

    with transaction(session):
        rows = session.execute(text("SELECT id FROM journal WHERE kind = 'member.consent_withdrawn'"))
        owed = [row.id for row in rows]
    forget_behaviour.run(owed)
    assert lists.find(store_id=shop.store_id, member_id=one).member == []
    agree(one)
    assert {why["kind"] for why in _why(serve.feed(session, shop.store_id, one, now=now)).values()} == {"popular"}
    made = learning.run(session, now=now + timedelta(minutes=1))
    assert made.members == 1  # `one` again, and nothing of `other`
    assert product["apple"] not in [named.product_id for named in lists.find(store_id=1, member_id=other).member]


def test_only_what_the_store_has_now_and_a_withdrawn_sku_is_gone_at_once(session, shop, product, now, agree):
    _everybody_buys(session, shop, now)
    learning.run(session, now=now)
    names = _why(serve.feed(session, shop.store_id, None, now=now))
    assert names.keys() == set(product.values())
    with transaction(session):
        session.execute(text("UPDATE store_sku SET sellable = false WHERE sku_id = :sku"), {"sku": shop.skus["milk"]})
    assert product["milk"] not in _why(serve.feed(session, shop.store_id, None, now=now))
    free = session.scalar(text("SELECT free_online FROM stock_level WHERE sku_id = :sku"), {"sku": shop.skus["bread"]})
    session.rollback()
    make.ring_up(session, shop, now, bread=free)
    assert _why(serve.feed(session, shop.store_id, None, now=now)).keys() == {product["apple"]}


def test_nothing_after_the_moment_is_learned(session, shop, now, agree):
    member = _member(session, now, agree, "13812340001")
    make.ring_up(session, shop, now + DAY, member_id=member, milk=1)
    assert learning.run(session, now=now).members == 0


def test_without_lists_and_without_redis_nothing_is_shown_and_nothing_breaks(session, shop, now, monkeypatch):
    assert serve.feed(session, shop.store_id, None, now=now).cards == []
    from config.redis import connection

    monkeypatch.setattr(connection(), "mget", _away)
    _everybody_buys(session, shop, now)
    learning.run(session, now=now)
    assert serve.feed(session, shop.store_id, None, now=now).cards == []


def _away(*_given):
    raise ConnectionError("away")


def test_the_night_s_job_serves_new_lists_and_one_write_goes_back(session, open_session, shop, now, agree):
    member = _member(session, now, agree, "13812340001")
    make.ring_up(session, shop, now - DAY, member_id=member, milk=1)
    assert learn_recommendations.run(open_session, now=now) == 1
    first = lists.find(store_id=shop.store_id, member_id=member)
    make.ring_up(session, shop, now, member_id=member, bread=1)
    assert learn_recommendations.run(open_session, now=now + DAY) == 1
    second = lists.find(store_id=shop.store_id, member_id=member)
    assert {one.product_id for one in first.member} < {one.product_id for one in second.member}
    assert lists.go_back() == first.version
    assert lists.find(store_id=shop.store_id, member_id=member) == first


def test_a_part_of_all_members_is_held_out_always_the_same():
    held = [member for member in range(1, 10_001) if serve.held_out(member)]
    assert 400 < len(held) < 600
    assert held == [member for member in range(1, 10_001) if serve.held_out(member)]
