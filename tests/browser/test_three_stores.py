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
    return [
        street.shop,
        *(make.open_shop(session, code=f"S{n}", stock_of={"milk": 9}, now=clock.now()) for n in (2, 3)),
    ]


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


def _refuse_at_a(at_a, no, pictures):
    at_a.see("alarm").wait_for()
    _look(at_a, "alarm", pictures)
    at_a.see(f"order-card-{no}").click()
    at_a.see("refuse").click()
    at_a.see("refuse-not_found").click()
    at_a.see("refuse-confirm").click()
    expect(at_a.see(f"order-card-{no}")).to_have_count(0)


def _choose_b(buyer, store_id, pictures):
    buyer.page.reload()
    expect(buyer.see("order-state")).to_have_attribute("data-state", "asking")
    buyer.see(f"ask-store-{store_id}").wait_for()
    _look(buyer, "ask", pictures)
    buyer.see(f"ask-store-{store_id}").click()
    expect(buyer.see("order-state")).to_have_attribute("data-state", "paid")


def _find_two_of_three(at_b, no, pictures):
    at_b.see(f"order-card-{no}").click()
    at_b.see("accept").click()
    at_b.see("lack-1").click()
    at_b.see("short-sheet").wait_for()
    for _ in range(2):
        at_b.see("short-sheet").get_by_role("button", name="加一件").click()
    expect(at_b.see("short-refund")).to_contain_text("9.90")
    _look(at_b, "short", pictures)
    at_b.see("short-confirm").click()
    expect(at_b.see("short-sheet")).to_have_count(0)
    at_b.see("ready").click()
    at_b.see("notice").wait_for()
    _look(at_b, "ready", pictures)
    assert _refunded() == [("short_pick", 990)]


def _bring_one_back(at_c, no, pictures):
    at_c.see("rail-returns").click()
    at_c.see("returns-no").fill(no)
    at_c.see("returns-find").click()
    at_c.see("cause-damaged").click()
    at_c.see("more-1-sellable").click()
    at_c.see("returns-preview").click()
    expect(at_c.see("refund-plan")).to_contain_text("9.90")
    _look(at_c, "back", pictures)
    at_c.see("returns-confirm").click()
    expect(at_c.see("returns-done")).to_be_visible()
    assert [fen for _, fen in _refunded()] == [990, 990]


def test_an_order_finds_its_store(street, three, screen, pictures):
    """Refused by A as not found, fetched in B with one of three missing, one of two brought back in C; to the fen."""
    at_a = _desk(street, screen(768, 1024), "store_staff-S1")
    at_b = _desk(street, screen(390, 844), "store_staff-S2")
    at_c = _desk(street, screen(1366, 768), "store_manager-S3")
    buyer = Phone(screen(390, 844), street.url)
    buyer.open(1)
    buyer.choose(street.shop.skus["milk"], 3)
    buyer.submit()
    no = number(street.shop.store_id, int(buyer.pay()))
    _refuse_at_a(at_a, no, pictures)
    _choose_b(buyer, three[1].store_id, pictures)
    _find_two_of_three(at_b, no, pictures)

    buyer.page.reload()
    code = "".join(buyer.see("pickup-code").inner_text().split())
    _look(buyer, "ready-phone", pictures)
    at_b.hand_over(code)
    buyer.page.reload()
    expect(buyer.see("order-state")).to_contain_text("已取货")
    _bring_one_back(at_c, no, pictures)
    with open_session() as session:
        assert books(session) == {}
