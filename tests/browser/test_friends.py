from __future__ import annotations

from sqlalchemy import text

from config import clock
from config.db import transaction
from member import referral, terms
from tests import factories as make
from tests.browser.people import Phone, expect


def test_a_friend_comes_by_a_link_says_who_they_are_and_is_seen_masked(street, screen, session):
    now = clock.now()
    with transaction(session):
        body = {"gifts": {"profile": {"points": 30}}, "referral": {"points": 200}}
        terms.announce(session, body, from_at=now, actor="t", now=now)
    inviter = make.a_member(session, phone="13800000002", now=now)
    with transaction(session):
        code = referral.code_of(session, inviter)

    friend = Phone(screen(390, 844), street.url)
    friend.page.goto(f"{street.url}/mall/#/pages/home/home?invite={code}")
    friend.open(1)
    friend.go("profile")
    expect(friend.see("profile-promised")).to_contain_text("30")
    friend.see("profile-nickname").locator("input").fill("小明")
    friend.see("gender-unsaid").click()
    friend.see("profile-save").click()
    friend.page.get_by_text("资料已保存").wait_for()
    session.rollback()
    assert session.execute(text("SELECT inviter_id FROM referral")).scalars().all() == [inviter]

    other = Phone(screen(390, 844), street.url)
    other.open(2)
    other.see("my-invite").click()
    expect(other.see("invite-code")).to_have_text(code)
    expect(other.see("invite-friend")).to_contain_text("小*")
    expect(other.see("invite-friend")).to_contain_text("138****0001")
