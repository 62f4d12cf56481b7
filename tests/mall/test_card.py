from __future__ import annotations

import base64

import pytest

from config import clock
from config.db import transaction
from member import codes, consent
from tests import factories as make


@pytest.fixture
def me(session, shop, signed_in):
    return signed_in(make.a_member(session, points_of=120, now=clock.now()))


def test_the_card_shows_the_code_once_a_secret_was_issued(session, me):
    card = me.get("/api/mall/card").json["card"]
    assert (card["phone"], card["points"], card["tier"], card["code"]) == (
        "138****2046", 120, "standard", {"step_s": 30, "ref": None, "steps": []},
    )  # fmt: skip
    given = me.post("/api/mall/card/secret").json
    card = me.get("/api/mall/card").json["card"]
    assert (card["code"]["ref"], len(card["code"]["steps"])) == (given["ref"], 10)
    key = base64.urlsafe_b64decode(given["secret"] + "=" * (-len(given["secret"]) % 4))
    for shown in card["code"]["steps"]:
        assert shown["code"] == codes.write(given["ref"], key, shown["step"])
    with transaction(session):
        first = card["code"]["steps"][0]
        assert codes.accept(session, first["code"], codes.At(1, 1, "机"), now=clock.now()) == 1


def test_a_secret_is_told_once_and_the_former_one_ends(me):
    first, second = me.post("/api/mall/card/secret").json, me.post("/api/mall/card/secret").json
    assert first["ref"] != second["ref"]
    assert me.get("/api/mall/card").json["card"]["code"]["ref"] == second["ref"]


def test_a_guest_has_no_card_and_no_consents(guest):
    assert [guest.get(path).status_code for path in ("/api/mall/card", "/api/mall/consents")] == [401, 401]
    assert guest.post("/api/mall/card/secret").status_code == 401


def test_consents_are_chosen_all_or_none(me):
    version = consent.PURPOSES["terms"].version
    yes = [{"purpose": name, "version": version, "given": True} for name in ("terms", "privacy", "personalisation")]
    said = me.post("/api/mall/consents", choices=yes).json
    assert [one["given"] for one in said["purposes"]] == [True, True, True, False]
    no = [{"purpose": "personalisation", "version": version, "given": False},
          {"purpose": "terms", "version": version, "given": False}]  # fmt: skip
    refused = me.post("/api/mall/consents", choices=no)
    assert (refused.status_code, refused.json["code"]) == (409, "consent_required")
    assert me.get("/api/mall/consents").json == said
    assert me.post("/api/mall/consents", choices=no[:1]).json["purposes"][2]["given"] is False
    assert len(me.get("/api/mall/consents").json["history"]) == 4
