from __future__ import annotations

from config import clock
from config.db import transaction
from member import tiers
from tests import factories as make
from tests.workers.test_count_growth import count


def test_a_customer_sees_their_tier_and_what_it_takes(session, shop, signed_in):
    now = clock.now()
    member = make.a_member(session, now=now)
    make.ring_up(session, shop, now, member_id=member, milk=4)
    count(session, now)
    page = signed_in(member).get("/api/mall/tier").json["tier"]
    assert (page["tier"]["code"], page["tier"]["name_zh"]) == ("standard", "普通会员")
    assert (page["growth"]["confirmed"], page["next"]["missing"]) == (39, 961)
    assert page["levels"][1]["benefits"] == [{"zh": "1.2 倍积分", "en": "1.2 times the points"}]


def test_opening_the_mall_is_a_visit_once_a_day(session, shop, signed_in):
    member = make.a_member(session, now=clock.now())
    customer = signed_in(member)
    assert [customer.get("/api/mall/me").status_code for _ in range(2)] == [200, 200]
    count(session)
    assert customer.get("/api/mall/tier").json["tier"]["growth"]["confirmed"] == 1


def test_a_guest_has_no_tier_page(guest):
    assert guest.get("/api/mall/tier").status_code == 401


def test_a_granted_tier_is_said_to_end(session, shop, signed_in):
    now = clock.now()
    member = make.a_member(session, now=now)
    with transaction(session):
        tiers.grant(session, member, "gold", until=now.replace(year=now.year + 1), reason="VIP", actor="t", now=now)
    page = signed_in(member).get("/api/mall/tier").json["tier"]
    assert (page["tier"]["code"], page["why"]) == ("gold", "granted")
