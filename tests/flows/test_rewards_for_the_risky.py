"""What WeChat's rank does to rewards, and that a newcomer's gift goes to one person once (wechat.md 5)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from config.settings import settings
from member import identity, risk, terms
from member.terms import Gift, Terms
from tests import factories as make

DEVICE = "0f8c1c3e-7a44-4a60-9d3f-1b1f6d1f0001"


@pytest.fixture(autouse=True)
def generous(monkeypatch, clean):
    """Joining brings 50 points."""
    made = replace(Terms(), gifts={"register": Gift(50)})
    monkeypatch.setattr(terms, "_stale", lambda: False)
    monkeypatch.setattr(terms._Known, "versions", [(datetime(2000, 1, 1, tzinfo=UTC), made)])


@pytest.fixture
def asking(house, monkeypatch):
    monkeypatch.setattr(settings(), "wechat_risk", True)
    return house


def _gifts(session) -> int:
    session.rollback()
    return int(session.execute(text("SELECT count(*) FROM lot_entry WHERE source LIKE 'gift:register:%'")).scalar())


def _bind(house, person, number, **more):
    return person.post("/api/mall/phone", code=house.world.code("phone", f"oTongdian{number:04d}"), **more)


def test_joining_by_rank(asking, session):
    """0 to 2 as it is, 3 without the gift, 4 not at all; and the shop stays usable."""
    for number, rank in enumerate((0, 2, 3, 4), start=1):
        asking.world.ranks[f"oTongdian{number:04d}"] = rank
    came = [asking.customer(number, with_phone=False) for number in (1, 2, 3, 4)]
    said = [_bind(asking, person, number) for number, person in enumerate(came, start=1)]
    assert [status for status, _ in said] == [200, 200, 200, 403]
    assert said[3][1]["code"] == "risk_blocked"
    assert "购物不受影响" in said[3][1]["message"]
    assert [person.get("/api/mall/me")["me"]["phone"] is None for person in came] == [False, False, False, True]
    assert _gifts(session) == 2
    assert asking.order(came[3], 990, milk=1)[0] == 201
    assert asking.world.risk_asked[0] == {"scene": 0, "mobile_no": "13800000001"}


def test_claiming_by_rank(asking, session):
    offers = [make.an_offer(session, clock.now(), issue_limit=9) for _ in range(2)]
    guest, weak, blocked = asking.customer(1, with_phone=False), asking.customer(2), asking.customer(3)
    for number, rank in ((1, 1), (2, 3), (3, 4)):
        asking.world.ranks[f"oTongdian{number:04d}"] = rank

    def claim(person, offer):
        status, said = person.post("/api/mall/coupons/claim", template_id=offer)
        return said.get("code", status)

    assert [claim(guest, offers[0]), claim(blocked, offers[0])] == ["phone_needed", "risk_blocked"]
    assert [claim(weak, offers[0]), claim(weak, offers[1])] == [201, "risk_limit"]
    assert _bind(asking, guest, 1)[0] == 200
    assert [claim(guest, offer) for offer in offers] == [201, 201]
    assert session.execute(text("SELECT count(*) FROM coupon")).scalar() == 3


def test_whom_wechat_does_not_tell_about_is_safe(asking, session):
    """It fails open, and a person whom WeChat bars from signing in is told so in words of their own."""
    offer = make.an_offer(session, clock.now(), issue_limit=9)
    buyer = asking.customer(1)
    asking.world.ranks["oTongdian0001"] = 4
    for fault in ("server_error", "quota_day"):
        asking.world.faults.plant(fault, 1, "/wxa/getuserriskrank")
        session.execute(text("UPDATE coupon_claim SET claimed = 0"))
        session.commit()
        assert buyer.post("/api/mall/coupons/claim", template_id=offer)[0] == 201
    asking.world.faults.plant("person_blocked")
    refused = buyer.post("/api/mall/login", code=asking.world.code("login", "oTongdian0002"))
    assert (refused[0], refused[1]["code"]) == (403, "wechat_person_blocked")
    assert session.execute(text("SELECT count(*) FROM member")).scalar() == 1


def test_one_phone_account_and_device_is_new_once(house, session, now):
    """A second account on the same phone, and whoever left and comes back, get no second gift."""
    first, second = house.customer(1, with_phone=False), house.customer(2, with_phone=False)
    assert _bind(house, first, 1, device=DEVICE)[0] == 200
    assert _bind(house, second, 2, device=DEVICE)[0] == 200
    assert _gifts(session) == 1
    with transaction(session):
        session.execute(text("DELETE FROM identity"))
    again = house.customer(1, with_phone=False)
    assert _bind(house, again, 1)[0] == 200
    assert _gifts(session) == 1
    with transaction(session):
        assert risk.forget(session, now=clock.now() + risk.REMEMBERED + timedelta(days=1)) == 5
    assert session.execute(text("SELECT count(*) FROM reward_mark")).scalar() == 0


def test_eight_accounts_on_one_device_at_once_get_one_gift(session, open_session, now):
    def join(number: int) -> None:
        with open_session() as opened, transaction(opened):
            member = identity.by_openid(opened, f"o{number}", actor="t", now=now)
            identity.bind_phone(opened, member, f"1391111000{number}", actor="t", now=now, device=DEVICE)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(join, range(8)))
    assert _gifts(session) == 1
