from __future__ import annotations

from datetime import timedelta

from config.clock import months_later
from config.db import transaction
from member import terms
from tests import factories as make
from tests.workers.test_count_growth import count, tier
from trade.orders import returns, tier_effect


def _after(session, shop, order, qty, now):
    with transaction(session):
        plan = returns.preview(session, shop.store_id, order, {1: qty})
        return tier_effect.after(session, shop.store_id, order, plan, now=now)


def test_returning_says_that_a_provisional_tier_falls_at_once(session, now):
    with transaction(session):
        terms.announce(session, {"confirm_days": {"till": 7}}, from_at=now, actor="t", now=now)
    shop, member = make.open_shop(session, stock_of={"milk": 200}, now=now), make.a_member(session, now=now)
    order = make.ring_up(session, shop, now, member_id=member, milk=102)
    count(session, now)
    assert _after(session, shop, order, 1, now) is None, "1009 less 9 is still enough"
    found = _after(session, shop, order, 2, now)
    assert found is not None
    assert (found["code"], found["at"], found["at_once"], found["missing"]) == ("standard", now.isoformat(), True, 10)
    assert tier(session, member) == "silver", "a preview changes nothing"


def test_returning_says_when_a_confirmed_tier_falls(session, now):
    shop, member = make.open_shop(session, stock_of={"milk": 300}, now=now), make.a_member(session, now=now)
    make.ring_up(session, shop, now, member_id=member, milk=102)
    count(session, now)
    later = now + timedelta(days=30)
    order = make.ring_up(session, shop, later, member_id=member, milk=81)
    count(session, later)
    found = _after(session, shop, order, 1, later)
    assert found is not None
    falls_at = months_later(now, 12) + timedelta(days=30)
    assert (found["code"], found["at_once"], found["missing"]) == ("standard", False, 800 - (801 - 801 // 81))
    assert found["at"] == falls_at.isoformat()


def test_a_customer_without_a_card_has_no_tier_to_lose(session, now):
    shop = make.open_shop(session, now=now)
    assert _after(session, shop, make.ring_up(session, shop, now, milk=2), 1, now) is None
