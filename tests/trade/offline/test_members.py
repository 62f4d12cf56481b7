"""Members without network: known by prints, priced by the tier of before, bound by a phone that is kept nowhere."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from member import identity, till_cards
from member.secrets import open_sealed
from tests.devices import Device
from tests.stories import Story
from trade.orders.offline import cards, delivery
from trade.orders.offline.document import Aside

SALT = "5a" * 16


@pytest.fixture
def story(session, now):
    return Story(session, now)


@pytest.fixture
def device(story):
    return Device(story.shop)


def _deliver(story, body, aside=None):
    with transaction(story.session) as opened:
        return delivery.deliver(opened, story.shop.store_id, story.shop.till_id, body, 0, aside=aside, now=story.now)


def _join(phone):
    return hashlib.sha256(f"{SALT}:{phone}".encode()).hexdigest()


def _cards(story, *, now=None):
    store = story.shop.store_id
    parts = [cards.part(story.session, store, no, now=now or story.now) for no in range(cards.PARTS)]
    story.session.rollback()
    return [row for part in parts for row in part["rows"]]


def _member_of(story, result):
    return story.count("SELECT member_id FROM sale_order WHERE id = :id", id=result.order_id)


def test_a_till_knows_who_bought_here_within_a_year_and_nobodys_phone(story):
    """Complaint 4.10: the member's price works without network."""
    assert _cards(story) == []
    story.sell(milk=1)
    sealed = "SELECT sealed FROM identity WHERE member_id = :id AND kind = 'phone'"
    phone = open_sealed(bytes(story.count(sealed, id=story.member)))
    (row,) = _cards(story)
    card = identity.card(story.session, story.member)
    story.session.rollback()
    print_ = till_cards.print_of(till_cards.key(story.shop.store_id), phone)
    assert row == [story.member, card.masked_name, card.tier, print_] and len(print_) == 7
    assert phone.decode() not in json.dumps(row)
    assert till_cards.print_of(till_cards.key(2), phone) != print_
    assert _cards(story, now=story.now + timedelta(days=366)) == []


def test_points_of_a_sale_without_network_are_counted_once(story, device, now):
    """Complaint 4.9: however often it is delivered."""
    body = device.sell(now, milk=2, member_id=story.member, tier="standard")
    assert {_deliver(story, body).state for _ in range(5)} == {"taken"}
    earned = "SELECT count(*) FROM lot_entry WHERE member_id = :id"
    entries = story.count(earned, id=story.member)
    _deliver(story, body)
    assert story.count(earned, id=story.member) == entries and story.points.pending + story.points.available > 0
    story.agree()


def test_a_tier_that_changed_meanwhile_is_kept_and_reported(story, device, now):
    result = _deliver(story, device.sell(now, milk=1, price_fen=950, member_id=story.member, tier="gold"))
    rows = story.count("SELECT differences FROM till_document WHERE order_id = :id", id=result.order_id)
    assert rows[0] == {"code": "tier_changed", "sold_tier": "gold", "our_tier": "standard"}
    assert rows[1]["sold_fen"] == 950 and story.head(result.order_id).payable_fen == 950
    story.agree()


def test_a_phone_given_without_network_makes_a_member_and_stays_nowhere(story, device, now):
    phone = "13712345678"
    body = device.sell(now, milk=1, join=_join(phone))
    result = _deliver(story, body, Aside(phone, SALT, "张三"))
    member = _member_of(story, result)
    card = identity.card(story.session, member)
    story.session.rollback()
    assert (card.masked_name, card.masked_phone) == ("张*", "137****5678")
    assert phone not in story.count("SELECT body FROM till_document")
    earned = "SELECT coalesce(sum(balance + pending), 0) FROM lot_account WHERE member_id = :id AND account = 'points'"
    assert story.count(earned, id=member) > 0
    # The same phone again, from another till that had no network either: the same member.
    again = Device(story.shop).sell(now, milk=1, join=_join(phone))
    assert _member_of(story, _deliver(story, again, Aside(phone, SALT, ""))) == member
    assert _deliver(story, again, Aside(phone, SALT, "")).state == "taken"
    story.agree()


@pytest.mark.parametrize("aside", [None, Aside("13712345679", SALT, ""), Aside("13712345678", "00", "")])
def test_a_phone_that_is_not_the_documents_binds_nobody_and_the_sale_is_a_sale(story, device, now, aside):
    members = story.count("SELECT count(*) FROM member")
    result = _deliver(story, device.sell(now, milk=1, join=_join("13712345678")), aside)
    assert (result.state, _member_of(story, result)) == ("taken", None)
    assert story.count("SELECT differences FROM till_document") == [{"code": "not_bound"}]
    assert story.count("SELECT count(*) FROM member") == members


def test_a_number_that_is_no_phone_binds_nobody(story, device, now):
    result = _deliver(story, device.sell(now, milk=1, join=_join("12345")), Aside("12345", SALT, ""))
    assert (result.state, _member_of(story, result)) == ("taken", None)


def test_a_member_who_was_merged_meanwhile_is_the_one_they_became(story, device, now):
    body = device.sell(now, milk=1, member_id=story.member, tier="standard")
    with transaction(story.session):
        other = identity.join(story.session, phone="13700001111", name="李", store_id=1, actor="t", now=now).id
        story.session.execute(
            text("UPDATE member SET merged_into_id = :other WHERE id = :id"), {"other": other, "id": story.member}
        )
    assert _member_of(story, _deliver(story, body)) == other
