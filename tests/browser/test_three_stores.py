"""One order that its store cannot do: asked, fetched elsewhere, short of a unit, and partly brought back in a third."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config import clock
from config.db import open_session
from tests import factories as make
from tests.browser.people import Desk, Phone, expect
from tests.stories import books
from trade.orders.numbers import number


@pytest.fixture
def three(session, street):
    """Stores B and C beside the street's own A, which has three cartons of milk."""
    return [street.shop, *(make.open_shop(session, code=f"S{n}", stock_of={"milk": 9}, now=clock.now()) for n in (2, 3))]


def _desk(street, page, login):
    desk = Desk(page, street.url)
    desk.sign_in("desk", login)
    desk.see("scan-box").wait_for()
    return desk


def _look(at, name, folder):
    if folder:
        at.page.wait_for_timeout(400)
        at.page.screenshot(path=f"{folder}/three-{name}.png")


def _refunded():
    with open_session() as session:
        return session.execute(text("SELECT reason, amount_fen FROM refund ORDER BY id")).all()


def test_an_order_finds_its_store(street, three, screen, pictures):
    """Refused by A as not found, fetched in B with one of three missing, one of two brought back in C; to the fen."""
    at_a = _desk(street, screen(768, 1024), "store_staff-S1")
    at_b = _desk(street, screen(390, 844), "store_staff-S2")
    at_c = _desk(street, screen(1366, 768), "store_manager-S3")
    buyer = Phone(screen(390, 844), street.url)
    buyer.open(1)
    buyer.choose(street.shop.skus["milk"], 3)
    buyer.submit()
    order_id = int(buyer.pay())
    no = number(street.shop.store_id, order_id)

    at_a.see("alarm").wait_for()
    _look(at_a, "alarm", pictures)
    at_a.see(f"order-card-{no}").click()
    at_a.see("refuse").click()
    at_a.see("refuse-not_found").click()
    at_a.see("refuse-confirm").click()
    expect(at_a.see(f"order-card-{no}")).to_have_count(0)

    buyer.page.reload()
    expect(buyer.see("order-state")).to_have_attribute("data-state", "asking")
    buyer.see(f"ask-store-{three[1].store_id}").wait_for()
    _look(buyer, "ask", pictures)
    buyer.see(f"ask-store-{three[1].store_id}").click()
    expect(buyer.see("order-state")).to_have_attribute("data-state", "paid")

    at_b.see(f"order-card-{no}").click()
    at_b.see("accept").click()
    at_b.see("lack-1").click()
    at_b.see("short-sheet").wait_for()
    _look(at_b, "short", pictures)
