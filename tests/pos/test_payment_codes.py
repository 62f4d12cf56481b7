"""A payment code at the till, against WeChat as the stand-in speaks it."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from config import clock
from config.settings import settings
from config.wechat import ready
from tests.servers import running
from tests.stories import books
from tests.wechat_stand_in.app import create_app as stand_in
from tests.wechat_stand_in.pay import codepay
from tests.wechat_stand_in.reading import FIRST, SECOND

PERSON = "oTongdian0001"


@pytest.fixture(params=[FIRST, SECOND], ids=["first", "second"])
def wechat(tmp_path, monkeypatch, request):
    """WeChat on a port of its own; `later(seconds)` moves both clocks."""
    app = stand_in(tmp_path, request.param)
    world, began, passed = app.extensions["world"], clock.now, [0]

    def later(seconds):
        passed[0] += seconds
        world.offset_s += seconds

    with running(app) as url:
        known = settings()
        monkeypatch.setattr(known, "wechat_dir", tmp_path)
        monkeypatch.setattr(known, "wechat_pay_base", url)
        monkeypatch.setattr(known, "wechat_code_s", request.param.code_lives_s)
        monkeypatch.setattr(clock, "now", lambda: began() + timedelta(seconds=passed[0]))
        for cached in (ready._credentials, ready.pay):
            cached.cache_clear()
        yield SimpleNamespace(world=world, later=later, lives_s=request.param.code_lives_s)
        for cached in (ready._credentials, ready.pay):
            cached.cache_clear()
    assert world.violations == []


def _sale(shop, due, code, *more, **goods):
    lines = [{"sku_id": shop.skus[name], "qty": qty} for name, qty in goods.items()]
    tenders = [*more, {"kind": "code", "auth_code": code}]
    return {"lines": lines, "expected_payable_fen": due, "tenders": tenders}


def _stock(session, shop):
    row = session.execute(
        text("SELECT on_hand, held FROM stock_level WHERE sku_id = :sku"), {"sku": shop.skus["milk"]}
    ).one()
    return tuple(row)


def _proved(session):
    assert not books(session)


def test_a_code_without_a_password_is_paid_at_once(client, shop, session, wechat):
    till = client()
    answer = till.post("/api/pos/sales", _sale(shop, 1980, codepay.show(wechat.world, PERSON), milk=2))
    assert answer.status_code == 201, answer.json
    receipt = answer.json["receipt"]
    assert receipt["tenders"] == [
        {"kind": "wechat", "amount_fen": 1980, "received_fen": 0, "change_fen": 0, "state": "paid"}
    ]
    assert (receipt["state"], answer.json["payment"]["state"]) == ("done", "paid")
    assert _stock(session, shop) == (3, 0)
    assert till.get("/api/pos/payments/open").json == {"payments": []}
    _proved(session)
