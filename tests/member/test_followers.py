from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from member import export, followers, identity, leaving
from member.merging import to_undo, undo
from member.talks import moves, windows

BY = {"actor": "t"}
TEXT = [{"msgtype": "text", "text": {"content": "x"}}]


@pytest.fixture
def follower(do, now):
    """Somebody who follows, by WeChat's word of their unionid."""
    do(followers.followed, "oS", at=now, again=True)
    do(followers.asked, "oS", "uA", now=now)
    return "oS"


@pytest.fixture
def member(do, now):
    return do(identity.by_openid, "oM", unionid="uA", now=now, **BY)


def test_who_follows_and_who_signs_in_are_one_in_either_order(session, do, now):
    early = do(identity.by_openid, "oM1", unionid="u1", now=now, **BY)
    for number in (1, 2):
        do(followers.followed, f"oS{number}", at=now, again=True)
        do(followers.asked, f"oS{number}", f"u{number}", now=now)
    late = do(identity.by_openid, "oM2", unionid="u2", now=now, **BY)
    assert [followers.template_openid(session, one) for one in (early, late)] == ["oS1", "oS2"]
    assert [followers.member_of(session, "service", one) for one in ("oS1", "oS2", "oS3")] == [early, late, None]
    assert followers.member_of(session, "mini", "oM1") == early


def test_a_merge_takes_the_follower_along_and_its_undoing_gives_them_back(session, do, now, follower, member):
    other = do(identity.join, phone="13812345678", name="", store_id=None, now=now, **BY).id
    bound = do(identity.by_openid, "oM3", now=now, **BY)
    do(followers.followed, "oS3", at=now, again=True)
    do(followers.bind, "oS3", followers.bind_code(bound, now=now), now=now, **BY)
    for source in (member, bound):
        do(identity.merge, source, other, now=now, **BY)
    assert {followers.member_of(session, "service", one) for one in (follower, "oS3")} == {other}
    merge_id = session.execute(text("SELECT id FROM member_merge WHERE source_id = :id"), {"id": bound}).scalar()
    with transaction(session):
        merged = to_undo(session, merge_id, now=now)
        assert merged is not None
        undo(session, merged, now=now, **BY)
    assert followers.template_openid(session, bound) == "oS3"
    assert followers.template_openid(session, other) == "oS"


def test_whoever_leaves_is_no_follower_of_ours_and_nothing_said_to_them_stays(session, do, now, follower, member):
    for app, openid in (("service", follower), ("mini", "oM")):
        person = followers.person_of(app, openid)
        do(windows.allow, app, person, "message", at=now)
        do(moves.intend, len(app), app, person, openid, TEXT, now=now)
    assert export.gather(session, member)["follows_service_account"] is True
    do(leaving.erase, member, now=now, **BY)
    for table in ("follower", "talk_window", "talk_message", "identity"):
        assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0, table


def test_a_bind_code_is_nobodys_when_it_is_changed_or_its_member_is_gone(session, do, now, member):
    do(followers.followed, "oS9", at=now, again=True)
    code = followers.bind_code(member, now=now)
    head, _, tag = code.rpartition("-")
    wrong = (f"{head}-{tag[::-1]}", code.replace(f"b-{member}-", f"b-{member + 1}-"), "b-", "b-1-2-3", "é-1-2-3", "")
    for one in wrong:
        assert do(followers.bind, "oS9", one, now=now, **BY) is None, one
    assert do(followers.bind, "oS9", code, now=now + timedelta(minutes=11), **BY) is None
    do(leaving.erase, member, now=now, **BY)
    assert do(followers.bind, "oS9", code, now=now, **BY) is None
    assert session.execute(text("SELECT count(*) FROM identity")).scalar() == 0
