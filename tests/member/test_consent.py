from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from member import consent
from member.consent import PURPOSES, ConsentOutdated, ConsentRequired

NOW = {name: asked.version for name, asked in PURPOSES.items()}


@pytest.fixture
def say(do, member, now):
    def answer(purpose, given, version=None, at=now):
        return do(
            consent.answer, member, purpose, given=given, version=version or NOW[purpose], channel="mall",
            actor=f"member:{member}", now=at,
        )  # fmt: skip

    return answer


def _rows(session):
    session.rollback()
    return session.execute(text("SELECT purpose, version, given FROM consent ORDER BY id")).all()


def test_silence_is_no(session, member):
    assert [consent.allows(session, member, purpose) for purpose in PURPOSES] == [False] * 4
    assert [(one["given"], one["ask"]) for one in consent.state(session, member)] == [(False, True)] * 4


def test_every_answer_stays_and_the_newest_counts(session, say, member, now):
    later = now + timedelta(days=1)
    assert [say("personalisation", True), say("personalisation", False, at=later)] == [True, True]
    assert consent.allows(session, member, "personalisation") is False
    told = [(one["purpose"], one["given"], one["at"]) for one in consent.history(session, member)]
    assert told == [("personalisation", False, later.isoformat()), ("personalisation", True, now.isoformat())]
    kinds = session.execute(text("SELECT kind FROM journal WHERE kind LIKE 'member.consent%' ORDER BY id")).scalars()
    assert list(kinds) == ["member.consent_given", "member.consent_withdrawn"]


def test_the_same_answer_again_is_no_second_row(session, say):
    assert [say("marketing", True), say("marketing", True)] == [True, False]
    assert len(_rows(session)) == 1


def test_yes_to_an_old_text_is_refused(session, say, everything):
    before = everything()
    with pytest.raises(ConsentOutdated) as refused:
        say("terms", True, "2020-01")
    assert refused.value.facts == {"purpose": "terms", "version": NOW["terms"]}
    assert (everything(), _rows(session)) == (before, [])


@pytest.mark.parametrize("purpose", ["terms", "privacy"])
def test_what_an_account_cannot_do_without_is_not_withdrawn(session, say, purpose):
    say(purpose, True)
    with pytest.raises(ConsentRequired):
        say(purpose, False)
    assert [row.given for row in _rows(session)] == [True]


def test_a_new_text_asks_again_for_its_own_purpose_only(session, say, member, monkeypatch):
    for purpose in PURPOSES:
        say(purpose, True)
    monkeypatch.setitem(PURPOSES, "privacy", replace(PURPOSES["privacy"], version="2027-01"))
    monkeypatch.setitem(PURPOSES, "marketing", replace(PURPOSES["marketing"], version="2027-01"))
    asked = {one["purpose"]: (one["given"], one["ask"]) for one in consent.state(session, member)}
    assert asked == {
        "terms": (True, False), "privacy": (False, True), "personalisation": (True, False), "marketing": (True, True),
    }  # fmt: skip
    assert [consent.allows(session, member, name) for name in PURPOSES] == [True, False, True, True]
