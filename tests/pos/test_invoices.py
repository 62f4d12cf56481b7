"""An electronic invoice from the page of a receipt, by a service of its own on a port of its own."""

from __future__ import annotations

import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, request
from sqlalchemy import text

from config import clock
from config.db import transaction
from config.errors import WrongState
from config.settings import settings
from tests import factories as make
from tests.servers import running
from tests.stories import books
from trade.orders.invoices import moves
from trade.orders.invoices.states import MOVES, State
from trade.orders.invoices.tax_no import is_sound
from trade.stock.channels import signing
from workers.jobs import send_invoices

SECRET = "s" * 40
COMPANY = {"kind": "company", "title": "杭州山野贸易有限公司", "tax_no": "91350100M000100Y43", "email": "a@example.com"}


class Service:
    """The invoice service: what it was told; `away` makes it answer 500, `deaf` after it took what it was told."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.away, self.deaf, self.refuses = False, False, ""
        self.app = Flask("invoices")
        self.app.post("/v1/invoices")(self.take)

    def take(self):
        if self.away:
            return {}, 500
        head = request.headers
        signing.check(
            SECRET, head["X-Tongdian-Signature"], head["X-Tongdian-Timestamp"], head["X-Tongdian-Nonce"],
            (request.method, request.path, request.get_data()), clock.now(),
        )  # fmt: skip
        self.told.append(request.get_json() | {"key": head["Idempotency-Key"]})
        if self.deaf:
            return {}, 500
        return {"accepted": not self.refuses, "reason": self.refuses}


@pytest.fixture
def service(monkeypatch):
    made = Service()
    with running(made.app) as url:
        for name, value in {"invoice_url": f"{url}/v1", "invoice_secret": SECRET}.items():
            monkeypatch.setattr(settings(), name, value)
        yield made


def _sell(till, shop, **more):
    body = {"lines": [{"sku_id": shop.skus["milk"], "qty": 2}], "expected_payable_fen": 1980,
            "tenders": [{"kind": "cash", "received_fen": 2000}]}  # fmt: skip
    return till.post("/api/pos/sales", body | more).json["receipt"]


def _path(receipt):
    return receipt["url"].removeprefix(settings().base_url)


def _ask(app, receipt, **more):
    form = {"request_id": str(uuid.uuid4()), **COMPANY} | more
    return app.test_client().post(f"{_path(receipt)}/invoice", data=form)


def _answer(app, document, secret=SECRET, at=None, **body):
    path = re.sub(r"^https?://[^/]+", "", document["callback"])
    raw = json.dumps({"request_id": str(uuid.uuid4()), **body}).encode()
    stamp, nonce = str(int((at or clock.now()).timestamp())), uuid.uuid4().hex
    head = {"X-Tongdian-Timestamp": stamp, "X-Tongdian-Nonce": nonce, "Content-Type": "application/json",
            "X-Tongdian-Signature": signing.sign(secret, stamp, nonce, "POST", path, raw)}  # fmt: skip
    return app.test_client().post(path, data=raw, headers=head)


def _rows(session):
    session.rollback()
    rows = session.execute(text("SELECT state, amount_fen, number, reason FROM invoice ORDER BY id")).all()
    session.rollback()
    return [tuple(row) for row in rows]


def _back(till, receipt, fen):
    ask = {"order_no": receipt["no"], "lines": [{"line_no": 1, "qty": 1}], "expected_refund_fen": fen}
    return till.post("/api/pos/returns", ask)


def test_from_the_page_to_the_invoice(app, session, shop, client, service):
    receipt = _sell(client(), shop)
    assert "可开票金额 ¥19.80" in app.test_client().get(_path(receipt)).text
    assert _ask(app, receipt).status_code == 303
    assert "已申请" in app.test_client().get(_path(receipt)).text
    assert send_invoices.run() == 1 and send_invoices.run() == 0
    [document] = service.told
    assert (document["kind"], document["amount_fen"], document["order_no"]) == ("blue", 1980, receipt["no"])
    assert (document["title"], document["tax_no"], document["email"]) == tuple(
        COMPANY[name] for name in ("title", "tax_no", "email")
    )
    answer = _answer(app, document, event="issue", number="26332000", url="https://tax.example.com/1.pdf")
    assert (answer.status_code, answer.json["state"]) == (200, "issued")
    page = app.test_client().get(_path(receipt)).text
    assert "已开票" in page and "26332000" in page and "https://tax.example.com/1.pdf" in page
    assert "a@example.com" not in page, "where it was sent is nobody else's business"
    assert b"a@example.com" not in bytes(session.execute(text("SELECT email_sealed FROM invoice")).scalar_one())
    session.rollback()


def test_a_return_first_asks_the_invoice_back_and_the_rest_may_be_invoiced_again(app, session, shop, client, service):
    till = client()
    receipt = _sell(till, shop)
    _ask(app, receipt)
    send_invoices.run()
    _answer(app, service.told[0], event="issue", number="1")
    assert _back(till, receipt, 990).status_code == 201
    assert _rows(session) == [("reversing", 1980, "1", "")]
    assert send_invoices.run() == 1
    assert (service.told[1]["kind"], service.told[1]["amount_fen"], service.told[1]["number"]) == ("red", 1980, "1")
    assert _ask(app, receipt).status_code == 409, "not while the old one is out"
    assert _answer(app, service.told[1], event="reverse").json["state"] == "reversed"
    assert "可开票金额 ¥9.90" in app.test_client().get(_path(receipt)).text
    _ask(app, receipt, kind="person", title="王芳", tax_no="")
    send_invoices.run()
    assert (service.told[2]["amount_fen"], service.told[2]["tax_no"]) == (990, "")
    kinds = session.execute(text("SELECT kind FROM journal WHERE kind LIKE 'invoice.%' ORDER BY id")).scalars().all()
    session.rollback()
    assert kinds == [
        "invoice.requested", "invoice.issued", "invoice.asked_back", "invoice.reversed", "invoice.requested",
    ]  # fmt: skip
    assert books(session) == {}


def test_the_amount_is_that_of_the_moment_it_is_issued(app, session, shop, client, service):
    """Money goes back before the service is told, and once more before it answers."""
    till = client()
    receipt = _sell(till, shop)
    _ask(app, receipt)
    _back(till, receipt, 990)
    send_invoices.run()
    assert service.told[0]["amount_fen"] == 990
    _back(till, receipt, 990)
    assert _answer(app, service.told[0], event="issue", number="1").json["state"] == "reversing"
    other = _sell(till, shop)
    _ask(app, other)
    _back(till, other, 990)
    _back(till, other, 990)
    send_invoices.run()
    assert _rows(session)[1] == ("refused", None, "", "nothing_left")


@pytest.mark.parametrize("pieces", [1, 2])
def test_a_lost_answer_changes_no_amount_of_what_the_service_may_have_taken(
    app, session, shop, client, service, monkeypatch, pieces
):
    """It took 19.80 and its answer was lost; goods come back, and it is told again: what it issues is asked back."""
    till, began = client(), clock.now
    receipt = _sell(till, shop)
    _ask(app, receipt)
    service.deaf = True
    assert send_invoices.run() == 0
    for _ in range(pieces):
        assert _back(till, receipt, 990).status_code == 201
    service.deaf = False
    monkeypatch.setattr(clock, "now", lambda: began() + timedelta(minutes=5))
    assert send_invoices.run() == 1
    assert [(one["no"], one["amount_fen"]) for one in service.told] == [(service.told[0]["no"], 1980)] * 2
    assert _answer(app, service.told[1], event="issue", number="1").json["state"] == "reversing"


def test_what_stored_value_paid_is_not_invoiced_here(app, session, shop, client, service):
    till, member = client(), make.a_member(session, now=clock.now())
    make.top_up(session, shop, member, 1_000, now=clock.now())
    code = {"code": make.member_code(session, member, now=clock.now())}
    more = {
        "member_id": member,
        "authorisation": till.post("/api/pos/members/code", code).json["authorisation"],
        "tenders": [{"kind": "wallet", "amount_fen": 1000}, {"kind": "cash", "received_fen": 980}],
    }
    sold = till.post("/api/pos/sales", {
        "lines": [{"sku_id": shop.skus["milk"], "qty": 2}], "expected_payable_fen": 1980, **more,
    })  # fmt: skip
    assert sold.status_code == 201, sold.json
    assert moves.amount_fen(session, shop.store_id, sold.json["receipt"]["order_id"]) == 980


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"tax_no": "91350100M000100Y44"}, "税号不对"),
        ({"tax_no": ""}, "税号不对"),
        ({"email": "nobody"}, "正确的邮箱"),
        ({"title": ""}, "请填写抬头"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_asked_for(app, session, shop, client, service, wrong, said):
    receipt = _sell(client(), shop)
    answer = _ask(app, receipt, **wrong)
    assert answer.status_code == 422 and said in answer.text
    assert wrong.get("title") == "" or COMPANY["title"] in answer.text, "what was typed stays"
    assert _rows(session) == []


def test_of_eight_who_ask_at_once_one_does(app, session, shop, client, service):
    receipt = _sell(client(), shop)
    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(lambda _: _ask(app, receipt).status_code, range(8)))
    assert codes == [303] + [409] * 7 and len(_rows(session)) == 1


def test_only_the_service_may_answer_and_only_now(app, session, shop, client, service):
    receipt = _sell(client(), shop)
    _ask(app, receipt)
    send_invoices.run()
    [document] = service.told
    assert _answer(app, document, secret="x" * 40, event="issue", number="1").status_code == 401
    assert _answer(app, document, at=clock.now() - timedelta(minutes=6), event="issue", number="1").status_code == 401
    assert app.test_client().post(document["callback"], json={}).status_code == 401
    assert _answer(app, document, event="reverse").json["code"] == "wrong_state"
    assert _rows(session) == [("requested", 1980, "", "")]


def test_a_service_that_is_away_is_asked_again_and_the_desk_hears_of_it(
    app, session, shop, client, service, monkeypatch
):
    receipt = _sell(client(), shop)
    _ask(app, receipt)
    service.away, began = True, clock.now
    for minutes in (0, 5, 10):
        monkeypatch.setattr(clock, "now", lambda minutes=minutes: began() + timedelta(minutes=minutes))
        assert send_invoices.run() == 0
    case = session.execute(text("SELECT facts FROM exception_case WHERE kind = 'invoice_failed'")).scalar_one()
    session.rollback()
    assert case["why"] == "status 500"
    service.away = False
    monkeypatch.setattr(clock, "now", lambda: began() + timedelta(minutes=20))
    assert send_invoices.run() == 1
    still = session.scalar(text("SELECT count(*) FROM exception_case WHERE resolved_at IS NULL"))
    session.rollback()
    assert still == 0


def test_a_service_that_wants_its_red_letter_first_stops_the_return(app, session, shop, client, service, monkeypatch):
    till = client()
    receipt = _sell(till, shop)
    _ask(app, receipt)
    send_invoices.run()
    _answer(app, service.told[0], event="issue", number="1")
    monkeypatch.setattr(settings(), "invoice_blocks_returns", True)
    assert _back(till, receipt, 990).json["code"] == "invoice_first"
    assert _rows(session) == [("issued", 1980, "1", "")]
    assert session.scalar(text("SELECT count(*) FROM sale_return")) == 0
    session.rollback()


def test_without_a_service_no_form_is_shown(app, session, shop, client):
    receipt = _sell(client(), shop)
    assert "电子发票" not in app.test_client().get(_path(receipt)).text
    assert _ask(app, receipt).status_code == 409 and _rows(session) == []


@pytest.mark.parametrize("event", MOVES)
@pytest.mark.parametrize("state", State)
def test_every_event_in_every_state(app, session, shop, client, service, state, event):
    receipt = _sell(client(), shop)
    _ask(app, receipt)
    with transaction(session):
        session.execute(text("UPDATE invoice SET state = :state, amount_fen = 1980"), {"state": state})
        (invoice_id,) = session.execute(text("SELECT id FROM invoice")).one()
    sources, target, _ = MOVES[event]
    if state in sources:
        with transaction(session):
            assert moves.move(session, shop.store_id, invoice_id, event, now=clock.now()).state == target
    else:
        with pytest.raises(WrongState), transaction(session):
            moves.move(session, shop.store_id, invoice_id, event, now=clock.now())
        assert _rows(session)[0][0] == state


def test_the_check_sign_of_a_tax_number():
    assert is_sound("91350100M000100Y43")
    assert not any(is_sound(wrong) for wrong in ("91350100M000100Y4", "91350100M000100Y45", "9135O100M000100Y43", ""))
