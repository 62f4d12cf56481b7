from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from config import clock
from config.http import make_app
from config.settings import settings
from config.wechat import ready
from pos.http import (
    aftersales,
    approving,
    behaviour,
    catalogue,
    channels,
    counts,
    coupons,
    credits,
    deliveries,
    desk,
    desk_changes,
    desk_courier,
    desk_messages,
    desk_pickup,
    desk_waves,
    drawer,
    e_receipt,
    elsewhere,
    exceptions,
    exchanging,
    finding,
    group_offers,
    held,
    hints,
    intake,
    invoicing,
    kits,
    labels,
    matching,
    members,
    partners,
    payments,
    price_books,
    promotions,
    receipts,
    recommending,
    returning,
    routing,
    rules,
    sale,
    segments,
    shifts,
    signing_in,
    simulations,
    statements,
    stock,
    sync,
    talks,
    tickets,
    tiers,
    top_ups,
    transfers,
    unknown_codes,
    wallet_rules,
    who,
)
from tests import factories as make
from tests.servers import hang_keys, running
from tests.wechat_stand_in.app import create_app as stand_in
from tests.wechat_stand_in.reading import FIRST

FACES = (
    signing_in.staff_bp,
    signing_in.bp,
    shifts.bp,
    sale.bp,
    elsewhere.bp,
    payments.bp,
    channels.bp,
    partners.bp,
    talks.bp,
    rules.bp,
    catalogue.bp,
    sync.bp,
    approving.bp,
    behaviour.bp,
    recommending.bp,
    hints.bp,
    held.bp,
    tickets.bp,
    members.bp,
    returning.bp,
    coupons.bp,
    desk.bp,
    intake.bp,
    desk_pickup.bp,
    desk_changes.bp,
    desk_messages.bp,
    desk_courier.bp,
    desk_waves.bp,
    aftersales.bp,
    exceptions.bp,
    exchanging.bp,
    finding.bp,
    top_ups.bp,
    statements.bp,
    credits.bp,
    matching.bp,
    wallet_rules.bp,
    segments.bp,
    tiers.bp,
    promotions.bp,
    group_offers.bp,
    receipts.bp,
    receipts.returned_bp,
    receipts.parcel_bp,
    drawer.bp,
    e_receipt.bp,
    invoicing.bp,
    simulations.bp,
    routing.bp,
    labels.bp,
    unknown_codes.bp,
    price_books.bp,
    stock.bp,
    transfers.bp,
    deliveries.bp,
    counts.bp,
    kits.bp,
)


class Client:
    """A till's browser: keeps the cookie, sends what our own pages send."""

    def __init__(self, app: Any, till_token: str = "") -> None:
        self.http = app.test_client()
        self.headers = {"X-Tongdian": "1"} | ({"X-Till-Token": till_token} if till_token else {})

    def get(self, path: str, **more: Any) -> Any:
        return self.http.get(path, headers={**self.headers, **more.pop("headers", {})}, **more)

    def post(self, path: str, body: dict[str, Any] | None = None, **more: Any) -> Any:
        sent = {"request_id": str(uuid.uuid4()), **(body or {})}
        return self.http.post(path, json=sent, headers={**self.headers, **more.pop("headers", {})}, **more)

    def ask(self, path: str, body: dict[str, Any]) -> Any:
        return self.http.post(path, json=body, headers=self.headers)

    def paper(self, no: str, form: str = "print", width: int = 80) -> Any:
        """A copy of a receipt, counted as whoever prints one does."""
        copy = self.post(f"/api/pos/receipts/{no}/copies").json["receipt"]["copy"]["n"]
        return self.get(f"/api/pos/receipts/{no}/{copy}/{form}?width={width}")

    def sign_in(self, login: str, password: str = make.PASSWORD) -> Any:
        return self.post("/api/staff/login", {"login": login, "password": password})


@pytest.fixture(scope="session")
def app():
    made = make_app("test", "0")
    for face in FACES:
        made.register_blueprint(face)
    return made


@pytest.fixture
def shop(session):
    from config import clock

    who._staff.clear()
    who._tills.clear()
    return make.open_shop(session, stock_of={"milk": 5}, now=clock.now())


@pytest.fixture
def client(app, shop) -> Callable[[str], Client]:
    def signed_in(role: str = "cashier") -> Client:
        made = Client(app, shop.till_token)
        assert made.sign_in(f"{role}-S1").status_code == 200
        return made

    return signed_in


@pytest.fixture
def wechat(tmp_path, monkeypatch, request):
    """WeChat on a port of its own; `later(seconds)` moves both clocks."""
    reading = getattr(request, "param", FIRST)
    app = stand_in(hang_keys(tmp_path), reading)
    world, began, passed = app.extensions["world"], clock.now, [0]

    def later(seconds):
        passed[0] += seconds
        world.offset_s += seconds

    with running(app) as url:
        known = settings()
        monkeypatch.setattr(known, "wechat_dir", tmp_path)
        monkeypatch.setattr(known, "wechat_pay_base", url)
        monkeypatch.setattr(known, "wechat_code_s", reading.code_lives_s)
        monkeypatch.setattr(clock, "now", lambda: began() + timedelta(seconds=passed[0]))
        for cached in (ready._credentials, ready.pay):
            cached.cache_clear()
        yield SimpleNamespace(world=world, later=later, lives_s=reading.code_lives_s)
        for cached in (ready._credentials, ready.pay):
            cached.cache_clear()
    assert world.violations == []
