"""An electronic invoice from the mall: asked for once, its title kept for the next."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from config.settings import settings
from member import export, leaving
from tests import factories as make
from tests.pos.test_invoices import COMPANY, SECRET, Service
from tests.servers import running
from trade.orders.invoices import moves
from workers.jobs import send_invoices

PERSON = {"kind": "person", "title": "王芳", "email": "fang@example.com"}


@pytest.fixture
def service(monkeypatch):
    made = Service()
    with running(made.app) as url:
        for name, value in {"invoice_url": f"{url}/v1", "invoice_secret": SECRET}.items():
            monkeypatch.setattr(settings(), name, value)
        yield made


@pytest.fixture
def member(session, shop):
    return make.a_member(session, now=clock.now())


def _paid(session, shop, member):
    order = make.order_online(session, shop, member, clock.now(), milk=2)
    make.pay_online(session, shop, order, clock.now())
    return order


def _count(session):
    session.rollback()
    return session.scalar(text("SELECT count(*) FROM invoice"))


def test_from_the_order_to_the_invoice_and_its_title_for_the_next(session, shop, member, signed_in, service):
    me, order = signed_in(member), _paid(session, shop, member)
    path = f"/api/mall/orders/{order}/invoice"
    assert me.get(path).json == {"invoice": None, "amount_fen": 1980, "may": True, "titles": []}
    assert me.get(f"/api/mall/orders/{order}/story").json["story"]["may"]["invoice"] is True
    asked = me.post(path, **COMPANY | {"tax_no": "9135 0100 m000100y43"})
    assert (asked.status_code, asked.json["may"], me.get(path).json["titles"]) == (201, False, [COMPANY])
    assert asked.json["invoice"] | {"asked_at": ""} == {
        "state": "requested", "kind": "company", "title": COMPANY["title"], "tax_no": COMPANY["tax_no"],
        "amount_fen": None, "number": "", "url": "", "reason": "", "asked_at": "",
    }  # fmt: skip
    assert me.post(path, **COMPANY).json["code"] == "invoice_live"
    send_invoices.run()
    assert [one["amount_fen"] for one in service.told] == [1980]
    found = session.execute(text("SELECT store_id, id FROM invoice")).one()
    session.rollback()
    with transaction(session):
        moves.move(
            session,
            found.store_id,
            found.id,
            "issue",
            number="2633",
            url="https://tax.example.com/1.pdf",
            now=clock.now(),
        )
    seen = me.get(path).json["invoice"]
    assert (seen["state"], seen["number"], seen["url"]) == ("issued", "2633", "https://tax.example.com/1.pdf")
    other = _paid(session, shop, member)
    me.post(f"/api/mall/orders/{other}/invoice", **PERSON)
    assert me.get(path).json["titles"] == [PERSON | {"tax_no": ""}, COMPANY]


def test_what_is_wrong_asks_for_nothing_and_keeps_nothing(session, shop, member, signed_in, service):
    me, order = signed_in(member), _paid(session, shop, member)
    path = f"/api/mall/orders/{order}/invoice"
    wrong = me.post(path, **COMPANY | {"tax_no": "91350100M000100Y44"})
    assert (wrong.status_code, wrong.json["code"]) == (422, "bad_tax_no")
    assert me.post(path, **PERSON | {"email": "fang"}).status_code == 422
    stranger = signed_in(make.a_member(session, phone="13900000000", now=clock.now()), "oOther")
    assert (stranger.get(path).status_code, stranger.post(path, **PERSON).status_code) == (404, 404)
    unpaid = make.order_online(session, shop, member, clock.now(), milk=1)
    assert me.post(f"/api/mall/orders/{unpaid}/invoice", **PERSON).json["code"] == "nothing_to_invoice"
    assert (_count(session), me.get(path).json["titles"]) == (0, [])


def test_a_shop_without_a_service_offers_none(session, shop, member, signed_in):
    me, order = signed_in(member), _paid(session, shop, member)
    path = f"/api/mall/orders/{order}/invoice"
    assert me.get(path).json["may"] is False
    assert me.get(f"/api/mall/orders/{order}/story").json["story"]["may"]["invoice"] is False
    assert (me.post(path, **PERSON).json["code"], _count(session)) == ("nothing_to_invoice", 0)


def test_titles_are_sealed_go_out_with_the_copy_and_are_forgotten(session, shop, member, signed_in, service):
    me, order = signed_in(member), _paid(session, shop, member)
    me.post(f"/api/mall/orders/{order}/invoice", **PERSON)
    kept = bytes(session.scalar(text("SELECT sealed FROM member_invoice_title")))
    assert b"fang" not in kept and "王芳".encode() not in kept
    answers = session.execute(text("SELECT answer::text FROM request_answer")).scalars().all()
    assert answers and not any("fang" in one for one in answers), "no kept answer has where it went"
    assert export.gather(session, member)["invoice_titles"] == [PERSON | {"tax_no": ""}]
    session.rollback()
    with transaction(session):
        leaving.erase(session, member, actor="t", now=clock.now())
    assert session.scalar(text("SELECT count(*) FROM member_invoice_title")) == 0
