"""A customer asks for the invoice of an order on the phone, sees it issued, and finds the title at the next."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from config.settings import settings
from tests.browser.people import Phone, expect
from tests.browser.test_delivered import _three_widths
from tests.pos.test_invoices import COMPANY, SECRET, Service
from tests.servers import running
from trade.orders.invoices import moves
from workers.jobs import send_invoices


@pytest.fixture
def service(monkeypatch):
    made = Service()
    with running(made.app) as url:
        for name, value in {"invoice_url": f"{url}/v1", "invoice_secret": SECRET}.items():
            monkeypatch.setattr(settings(), name, value)
        yield made


def _issued(session):
    found = session.execute(text("SELECT store_id, id FROM invoice")).one()
    session.rollback()
    with transaction(session):
        moves.move(
            session,
            found.store_id,
            found.id,
            "issue",
            number="26332000",
            url="https://tax.example.com/1.pdf",
            now=clock.now(),
        )


def test_an_invoice_is_asked_for_and_its_title_is_known_the_next_time(street, screen, session, service, pictures):
    buyer = Phone(screen(390, 844), street.url)
    buyer.open(1)
    buyer.choose(street.shop.skus["milk"], 1)
    buyer.submit()
    first = buyer.pay()
    buyer.see("to-invoice").click()
    expect(buyer.see("invoice-amount")).to_contain_text("9.90")
    buyer.see("invoice-company").click()
    buyer.see("invoice-ask").click()
    for field in ("title", "tax_no", "email"):
        expect(buyer.see(f"invoice-fault-{field}")).to_be_visible()
    for field in ("title", "tax_no", "email"):
        buyer.see(f"invoice-{field}").locator("input").fill(COMPANY[field])
    _three_widths(buyer, "invoice-form", pictures)
    buyer.see("invoice-ask").click()
    expect(buyer.see("invoice")).to_have_attribute("data-state", "requested")
    _three_widths(buyer, "invoice-asked", pictures)
    send_invoices.run()
    assert [one["title"] for one in service.told] == [COMPANY["title"]]
    _issued(session)
    buyer.page.reload()
    expect(buyer.see("invoice")).to_have_attribute("data-state", "issued")
    expect(buyer.see("invoice")).to_contain_text("26332000")
    _three_widths(buyer, "invoice-issued", pictures)

    buyer.page.goto(f"{street.url}/mall/#/pages/order/order?id={first}")
    buyer.page.reload()
    expect(buyer.page.get_by_text("发票已开")).to_be_visible()
    buyer.choose(street.shop.skus["milk"], 1)
    buyer.submit()
    buyer.pay()
    buyer.see("to-invoice").click()
    expect(buyer.see("invoice-title").locator("input")).to_have_value(COMPANY["title"])
    buyer.see("invoice-person").click()
    expect(buyer.see("invoice-title").locator("input")).to_have_value("")
