"""The customer's own screen beside the till: what the cashier does, a moment later, and never a whole phone number."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from config import clock
from config.db import transaction
from tests import factories as make
from tests.browser.people import AtScreen, Till
from trade.pricing import till_feed

SIZES = [(1024, 600), (1366, 768)]
LISTEN = "window.__said = []; new BroadcastChannel('tongdian-display').onmessage = e => window.__said.push(e.data)"


@pytest.fixture
def till(street, session, screen):
    """A till whose shop has a promotion, a member with points, and its goods on the device."""
    make.a_promotion(session, clock.now(), name="满15减2", steps=[[1500, 200]])
    make.a_member(session, points_of=1234, now=clock.now())
    with transaction(session):
        till_feed.project(session, street.shop.store_id, now=clock.now())
    at = Till(screen(1366, 768), street.url)
    at.open(street.shop)
    return at


def _display(till, width=1024, height=600):
    page = till.page.context.new_page()
    page.set_viewport_size({"width": width, "height": height})
    page.add_init_script(LISTEN)
    page.goto(f"{till.url}/till/display")
    return AtScreen(page, till.url)


def _look(display, pictures, name):
    if not pictures:
        return
    Path(pictures).mkdir(parents=True, exist_ok=True)
    for width, height in SIZES:
        display.page.set_viewport_size({"width": width, "height": height})
        display.page.screenshot(path=f"{pictures}/display-{name}-{width}.png")
    display.page.set_viewport_size({"width": 1024, "height": 600})


def _fits(display):
    for width, height in SIZES:
        display.page.set_viewport_size({"width": width, "height": height})
        assert display.page.evaluate(
            "[document.documentElement.scrollWidth <= innerWidth, document.documentElement.scrollHeight <= innerHeight]"
        ) == [True, True]


def test_it_follows_the_sale_from_the_first_scan_to_the_change(street, till, pictures):
    display = _display(till)
    expect(display.see("display-idle")).to_contain_text("通店S1")
    _look(display, pictures, "idle")
    till.scan(make.BARCODES["milk"])
    till.scan(make.BARCODES["milk"])
    expect(display.see("display-line")).to_have_count(1)
    expect(display.see("display-due")).to_have_text("¥17.80")
    expect(display.see("display-saved")).to_have_text("−2.00")
    till.member("13812342046")
    expect(display.see("display-member")).to_contain_text("138****2046")
    expect(display.see("display-member")).to_contain_text("1234")
    expect(display.see("display-points")).to_contain_text("+")
    _look(display, pictures, "sale")
    _fits(display)

    display.page.reload()
    expect(display.see("display-due")).to_have_text("¥17.80")
    till.see("scan-input").focus()
    till.page.keyboard.press("+")
    expect(display.see("display-ask")).to_have_text("请出示微信付款码")
    _look(display, pictures, "pay")
    till.page.keyboard.press("Escape")
    till.pay_cash("20")
    expect(display.see("display-change")).to_have_text("¥2.20")
    expect(display.page.get_by_role("img", name="扫码看小票、开发票")).to_be_visible()
    _look(display, pictures, "done")
    _fits(display)
    till.page.wait_for_timeout(1600)
    till.page.keyboard.press("Enter")
    expect(display.see("display-idle")).to_be_visible()
    said = display.page.evaluate("JSON.stringify(window.__said)")
    assert "138****2046" in said and "13812342046" not in said and "authorisation" not in said


def test_it_goes_on_without_network_and_comes_back_with_the_till(street, till, pictures):
    till.page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    till.page.wait_for_function("localStorage.getItem('td.till.rules') && localStorage.getItem('td.till.session')")
    till.page.reload()
    till.see("scan-input").wait_for()
    till.page.context.set_offline(True)
    display = _display(till)
    till.scan(make.BARCODES["milk"])
    expect(display.see("display-due")).to_have_text("¥9.90")
    till.page.keyboard.press("+")
    expect(display.see("display-ask")).to_have_text("请付现金")
    till.page.context.set_offline(False)
    till.page.reload()
    till.see("scan-input").wait_for()
    expect(display.see("display-due")).to_have_text("¥9.90")
    till.see("switch-staff").click()
    expect(display.see("display-idle")).to_be_visible()


def test_a_long_basket_keeps_the_newest_line_in_view(street, session, till):
    display = _display(till)
    for code in ("milk", "bread"):
        till.scan(make.BARCODES[code])
    expect(display.see("display-line")).to_have_count(2)
    expect(display.page.locator("li.touched")).to_contain_text("bread")
    expect(display.page.locator("li.touched")).to_be_in_viewport()


def test_the_cashier_opens_it_from_the_till(till):
    with till.page.context.expect_page() as opened:
        till.page.keyboard.press("Shift+F11")
    expect(opened.value.get_by_test_id("display-idle")).to_be_visible()
