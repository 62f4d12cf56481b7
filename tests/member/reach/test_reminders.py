"""Reminders of points and coupons: to whom they are of use, once, by day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from config.clock import SHANGHAI
from config.db import transaction
from member import identity, liability, points
from member.reach import consents, facts, reminders
from tests import factories as make


@pytest.fixture
def people(session, now):
    """Two members with 500 points each; the first asked to be told of everything."""
    found = []
    for number in range(2):
        with transaction(session):
            found.append(identity.by_openid(session, f"o{number}", actor="t", now=now))
    with transaction(session):
        for kind in facts.COMPOSE:
            for hours in range(3):
                consents.granted(session, "o0", kind, by_client=True, at=now + timedelta(hours=hours))
    return found


def _messages(session):
    session.rollback()
    rows = session.execute(text("SELECT member_id, event, data, next_at FROM message ORDER BY id")).all()
    return [
        (row.member_id, row.event, {k: v for k, v in row.data.items() if k != "until" and k != "at"}) for row in rows
    ]


def _do(session, work, now):
    with transaction(session):
        return work(session, now=now)


def test_coupons_that_end_are_told_once_for_each_day_and_short_ones_never(session, people, now):
    for member in people:
        for _ in range(2):
            make.a_coupon(session, member, now, valid_days=30)
        make.a_coupon(session, member, now, valid_days=2)
    soon = now + timedelta(days=28)
    assert [_do(session, reminders.coupons, at) for at in (now, soon, soon + timedelta(hours=1))] == [0, 1, 0]
    ((member, event, data),) = _messages(session)
    assert (member, event, data["coupons"]) == (people[0], "coupon_expiring", 2)


def test_points_that_expire_are_told_at_each_stage_to_who_asked(session, people, now):
    for member in people:
        with transaction(session):
            points.earn(
                session, member, 500, source=f"g:{member}", key=f"g:{member}", pending=False, actor="t", now=now
            )
    until = session.scalar(text("SELECT min(expires_at) FROM lot"))
    for days in (31, 30, 29, 7, 1):
        _do(session, liability.tell_expiring, until - timedelta(days=days))
    assert _messages(session) == [
        (people[0], f"points_expiring_{days}", {"points": 500, "days": days}) for days in (30, 7, 1)
    ]


def test_what_a_day_did_to_points_is_one_message_the_next_morning(session, people, now):
    for member in people:
        for part in (300, 200):
            with transaction(session):
                source = f"g:{member}:{part}"
                points.earn(session, member, part, source=source, key=source, pending=False, actor="t", now=now)
    night = (now + timedelta(days=1)).astimezone(SHANGHAI).replace(hour=1)
    told = [_do(session, reminders.changed, at) for at in (now, night, night + timedelta(hours=12))]
    assert (told, _messages(session)) == ([0, 1, 0], [(people[0], "points", {"points": 500})])
    at = session.scalar(text("SELECT next_at FROM message"))
    assert at.astimezone(SHANGHAI).strftime("%d %H:%M") == night.strftime("%d 09:00")


def test_nobody_is_woken(now):
    local = now.astimezone(SHANGHAI)
    at = {hour: reminders.by_day(local.replace(hour=hour)).strftime("%d %H") for hour in (0, 8, 9, 20, 21, 23)}
    assert at == {0: "23 09", 8: "23 09", 9: "23 09", 20: "23 20", 21: "24 09", 23: "24 09"}
