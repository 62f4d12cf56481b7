"""Each screen and sheet of the till, four sizes, light and dark: all can be reached, and axe-core finds nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from config import clock
from config.db import transaction
from tests import factories as make
from tests.browser import looks
from tests.browser.people import Till
from trade.orders.numbers import number
from trade.pricing import till_feed
from trade.stock import moves as stock
from trade.stores.models import Role

PHONE = "13812342046"


@pytest.fixture
def no(session, street):
    """A promotion, and a member with points, stored value and a coupon; the number of a sale to bring back."""
    now, shop = clock.now(), street.shop
    member = make.a_member(session, phone=PHONE, points_of=5200, now=now)
    make.top_up(session, shop, member, 1000, now, bonus_fen=200)
    make.a_coupon(session, member, now, name="满10减5")
    make.a_promotion(session, now, name="满200减20", steps=[[20000, 2000]])
    with transaction(session):
        more = {shop.skus["bread"]: 200, shop.skus["milk"]: 200}
        stock.take_in(session, shop.store_id, more, key="more", actor="t", now=now)
        till_feed.project(session, shop.store_id, now=now)
    return number(shop.store_id, make.ring_up(session, shop, now, bread=3, milk=1))


def _before_the_shift(till: Till, shop: make.Shop) -> Iterator[str]:
    till.page.goto(f"{till.url}/till/")
    till.see("login-name").wait_for()
    yield "login"
    till.sign_in("till", "store_manager-S1")
    till.see(f"till-choose-{shop.till_id}").wait_for()
    yield "register"
    till.see(f"till-choose-{shop.till_id}").click()
    till.see("scan-input").wait_for()
    expect(till.see("today")).to_contain_text("满200减20")
    yield "empty"
    till.see("switch-staff").click()
    till.see(f"pin-{shop.people[Role.CASHIER]}").click()
    yield "pin"
    till.page.keyboard.type(make.PIN)
    till.page.keyboard.press("Enter")
    till.see("scan-input").wait_for()


def _with_goods(till: Till) -> Iterator[str]:
    keys = till.page.keyboard
    for name in ("milk", "bread", "bread", "milk"):
        till.scan(make.BARCODES[name])
    till.scan(PHONE)
    till.see("member-name").wait_for()
    expect(till.see("payable")).to_contain_text("32.80")
    yield "member"
    for key, name in (("F4", "points"), ("F5", "coupons"), ("/", "discount"), ("F9", "pay")):
        till.see("scan-input").focus()
        keys.press(key)
        yield name
        keys.press("Escape")
    sheets = {"F1": "keys", "F8": "sellers", "F10": "top-up", "Control+k": "paper", "Control+y": "why"}
    for key, name in (sheets | {"Control+b": "note", "Control+Delete": "void"}).items():
        keys.press(key)
        till.page.get_by_role("dialog").wait_for()
        yield name
        keys.press("Escape")
    keys.press("Control+,")
    till.see("settings").wait_for()
    yield "settings"
    keys.press("Escape")
    for key, name in (("Control+h", "status"), ("Shift+F6", "held"), ("Control+o", "approval")):
        keys.press(key)
        till.page.get_by_role("dialog").wait_for()
        yield name
        keys.press("Escape")
    till.see("connection").click()
    till.see("offline-state").wait_for()
    yield "offline-sheet"
    keys.press("Escape")
    till.scan("6900000000001")
    expect(till.see("error")).to_contain_text("6900000000001")
    yield "unknown"
    till.see("unknown-temporary").click()
    till.see("temporary-name").wait_for()
    yield "temporary"
    keys.press("Escape")


def _money(till: Till, no: str) -> Iterator[str]:
    keys = till.page.keyboard
    till.page.context.set_offline(True)
    till.scan(make.BARCODES["milk"])
    till.see("alone").wait_for()
    yield "offline"
    till.page.context.set_offline(False)
    till.see("alone").wait_for(state="hidden")
    till.pay_cash("100")
    yield "receipt"
    till.page.wait_for_timeout(1600)
    keys.press("F7")
    till.see("return-no").fill(no)
    keys.press("Enter")
    till.see("return-qty-1").fill("1")
    keys.press("Enter")
    till.see("return-outcome").wait_for()
    yield "return"
    keys.press("Escape")
    keys.press("Escape")
    till.scan(PHONE)
    till.see("member-name").wait_for()
    keys.press("F10")
    till.see("top-up-amount").fill("10")
    till.see("top-up-cash").fill("10")
    till.see("top-up-confirm").click()
    till.see("top-up-e-receipt").locator("svg").wait_for()
    yield "top-up-done"
    keys.press("Escape")
    keys.press("Control+j")
    till.page.get_by_role("dialog").wait_for()
    yield "shift"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_screen_fits_and_can_be_read(street, no, screen, pictures, theme):
    faults = []
    for size, (width, height) in looks.SIZES.items():
        till = Till(screen(width, height), street.url)
        till.page.add_init_script(
            f"localStorage.getItem('td.theme') || localStorage.setItem('td.theme', '\"{theme}\"')"
        )
        for walk in (_before_the_shift(till, street.shop), _with_goods(till), _money(till, no)):
            for name in walk:
                till.page.wait_for_timeout(200)
                looks.picture(till.page, pictures, f"till-{name}-{size}-{theme}")
                found = looks.cut(till.page)
                if size in ("usual", "hand"):
                    found += looks.serious(till.page)
                faults += [f"{name}, {size}: {one}" for one in sorted(set(found))]
        till.page.context.close()
    assert faults == []
