"""What members say of themselves: nickname, birthday, gender.  Complete for the first time, it brings a gift.

A birthday is told once, because what a birthday brings would else come every week; staff put a mistake right.
`unsaid` is an answer: whoever would rather not say has a complete profile too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.clock import business_day
from config.db import fetch, first
from config.errors import NotFound, Refused
from member import gifts, tiers
from member.terms import terms_at

GENDERS = ("female", "male", "unsaid")
OLDEST_YEARS = 120


class BirthdayTold(Refused):
    """A birthday is told once; `birthday` is the one we know.  Nothing changed."""

    code = "birthday_told"


class BadBirthday(Refused):
    """A day that is still to come, or more than 120 years ago.  Nothing changed."""

    code, status = "bad_birthday", 422


@dataclass(frozen=True, slots=True)
class Profile:
    """A member's own words; empty or None where they have not said."""

    nickname: str = ""
    birthday: date | None = None
    gender: str | None = None

    @property
    def complete(self) -> bool:
        """Whether everything is said."""
        return bool(self.nickname and self.birthday and self.gender)

    def as_json(self) -> dict[str, Any]:
        """As the mall shows it to its owner."""
        birthday = self.birthday.isoformat() if self.birthday else None
        return {"nickname": self.nickname, "birthday": birthday, "gender": self.gender, "complete": self.complete}


_ONE = text("SELECT nickname, birthday, gender FROM member WHERE id = :id AND merged_into_id IS NULL")
_WRITE = text("UPDATE member SET nickname = :nickname, birthday = :birthday, gender = :gender WHERE id = :id")


def of(session: Session, member_id: int) -> Profile:
    """What a member has said; raises NotFound."""
    row = first(session, _ONE, {"id": member_id})
    if row is None:
        raise NotFound(member_id=member_id)
    return Profile(row.nickname, row.birthday, row.gender)


def promised(session: Session, member_id: int, *, now: datetime) -> int:
    """Points that completing it would still bring; 0 when they came already."""
    gift = terms_at(now, session).gifts.get("profile")
    return gift.points if gift and not gifts.had(session, member_id, "profile") else 0


def edit(session: Session, member_id: int, said: Profile, *, actor: str, now: datetime) -> int:
    """Write what a member says of themselves; returns the points that it brought, 0 after the first time.

    Two edits at once wait for each other.  Only the names of what changed are journaled.

    :raises BirthdayTold, BadBirthday, NotFound: nothing changes.
    """
    assert said.gender is None or said.gender in GENDERS, said
    if not tiers.lock(session, [member_id]):
        raise NotFound(member_id=member_id)
    before, today = of(session, member_id), business_day(now)
    if before.birthday and said.birthday != before.birthday:
        raise BirthdayTold(birthday=before.birthday.isoformat())
    if said.birthday and not (said.birthday <= today and said.birthday.year >= today.year - OLDEST_YEARS):
        raise BadBirthday(birthday=said.birthday.isoformat())
    if said != before:
        given = {"nickname": said.nickname, "birthday": said.birthday, "gender": said.gender}
        fetch(session, _WRITE, {**given, "id": member_id})
        changed = [name for name, value in given.items() if value != getattr(before, name)]
        journal.record(session, "member.profile_changed", f"member:{member_id}", actor=actor, now=now, fields=changed)
    if not said.complete:
        return 0
    return gifts.give(session, member_id, "profile", str(member_id), actor=actor, now=now)
