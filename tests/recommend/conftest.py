from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from config.db import transaction
from member import consent
from recommend import counting, partitions
from recommend.behaviour import Sender, Taken, take
from recommend.definitions import PURPOSE
from tests import factories as make

VERSION = consent.PURPOSES[PURPOSE].version


class Phone:
    """A device in the mall: it makes events, and sends them as a guest or as the member who holds it."""

    def __init__(self, session, now) -> None:
        self.session, self.now = session, now
        self.anon_id, self.visit_id = uuid.uuid4(), uuid.uuid4()
        self.member_id: int | None = None
        self.consent: str | None = VERSION

    def event(self, kind: str, *, after_s: float = 0, **fields: Any) -> dict[str, Any]:
        at = self.now.timestamp() + after_s
        when = self.now.fromtimestamp(at, self.now.tzinfo).isoformat()
        made = {"id": str(uuid.uuid4()), "kind": kind, "at": when, "visit_id": str(self.visit_id), "store_id": 1}
        return made | fields

    def send(self, *events: dict[str, Any]) -> Taken:
        sender = Sender(self.anon_id, self.member_id, self.consent, "0.1.0")
        return take(self.session, sender, list(events), now=self.now)


@pytest.fixture
def phone(session, now) -> Phone:
    with transaction(session):
        partitions.keep(session, now=now)
    return Phone(session, now)


@pytest.fixture
def agree(session, now) -> Callable[..., None]:
    def said(member_id: int, *, given: bool = True) -> None:
        with transaction(session):
            consent.answer(
                session, member_id, PURPOSE, given=given, version=VERSION, channel="mall",
                actor=f"member:{member_id}", now=now,
            )  # fmt: skip

    return said


@pytest.fixture
def member(session, now, agree) -> int:
    found = make.a_member(session, now=now)
    agree(found)
    return found


@pytest.fixture
def count(session) -> Callable[[], None]:
    """Count everything that is owed."""

    def counted() -> None:
        with transaction(session):
            while counting.count(session):
                pass

    return counted
