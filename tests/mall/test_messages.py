"""What a customer agrees to be told is kept once, whatever the client repeats or makes up."""

from __future__ import annotations

import json

import pytest

from config import clock
from config.db import transaction
from config.settings import settings
from config.wechat import ready
from member import identity


@pytest.fixture(autouse=True)
def templates(monkeypatch, tmp_path):
    """Two templates, as an operator's file names them."""
    given = {"subscribe": {kind: {"id": f"T-{kind}", "fields": {}} for kind in ("paid", "ready")}}
    (tmp_path / "templates.json").write_text(json.dumps(given))
    monkeypatch.setattr(settings(), "wechat_dir", tmp_path)
    ready.templates.cache_clear()
    yield
    ready.templates.cache_clear()


@pytest.fixture
def shopper(session, shop, signed_in):
    with transaction(session):
        member = identity.by_openid(session, "oTongdian0001", actor="t", now=clock.now())
    return signed_in(member)


def test_each_yes_counts_once_and_a_no_takes_nothing_back(shopper):
    asked = shopper.get("/api/mall/consents/messages").json
    assert (asked["templates"], asked["free"], asked["page"]) == ({"paid": "T-paid", "ready": "T-ready"}, {}, None)
    said = [{"template_id": "T-ready", "accepted": True}, {"template_id": "T-paid", "accepted": False},
            {"template_id": "T-other", "accepted": True}]  # fmt: skip
    body = {"request_id": "6f1c4b9e-8a52-4a59-9d2e-3a2f4f0f6c11", "answers": said}
    for _ in range(2):
        answer = shopper.http.post("/api/mall/consents/messages", json=body, headers=shopper.headers)
        assert (answer.status_code, answer.json["free"]) == (200, {"ready": 1})
    refused = [{**said[0], "accepted": False}]
    assert shopper.post("/api/mall/consents/messages", answers=refused).json["free"] == {"ready": 1}
    assert shopper.post("/api/mall/consents/messages", answers=[]).status_code == 422


def test_a_guest_is_asked_for_nothing(guest):
    assert guest.get("/api/mall/consents/messages").status_code == 401
