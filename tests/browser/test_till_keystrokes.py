"""How much a cashier has to press: till-and-store-desk.md 5.4, counted on the real screen.

Codes come from the reader and cost no key.  Operator time by the keystroke model: 0.28 s a key (no flow
needs an aimed tap), and from 5.1 what handling takes: 3 s an item.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from config import clock
from config.db import transaction
from tests import factories as make
from tests.browser.people import Till
from tests.wechat_stand_in.pay import codepay
from trade.stock import moves as stock

KEY_S, ITEM_S = 0.28, 3.0
AT_MOST_S = 12.0
PHONE = "13812342046"


class Cashier(Till):
    """A cashier whose every key is counted."""

    keys = 0

    def reads(self, code: str) -> None:
        """The reader types, wherever the focus is."""
        self.page.keyboard.type(code)
        self.page.keyboard.press("Enter")

    def press(self, *keys: str) -> None:
        """Keys of the cashier's own; one that is held down with another is one."""
        for key in keys:
            self.page.keyboard.press(key)
        self.keys += len(keys)

    def pressed(self) -> int:
        """How many since the last time."""
        keys, self.keys = self.keys, 0
        return keys

    def has_goods(self, lines: int) -> None:
        """So many lines stand there, and the server has counted them."""
        expect(self.see("line")).to_have_count(lines)
        expect(self.page.get_by_text("应付", exact=True)).to_be_visible()

    def next_customer(self) -> None:
        """The change was read; the next scan begins the next sale."""
        self.see("receipt").wait_for()
        self.page.wait_for_timeout(1600)


@pytest.fixture
def cashier(street, session, screen):
    """At work, with goods enough and two members of the same last four digits, both known here."""
    now, shop = clock.now(), street.shop
    with transaction(session):
        more = {shop.skus["bread"]: 200, shop.skus["milk"]: 200}
        stock.take_in(session, shop.store_id, more, key="more", actor="t", now=now)
    for phone in (PHONE, "13912342046", "13700000001"):
        make.ring_up(session, shop, now, member_id=make.a_member(session, phone=phone, now=now), bread=1)
    at = Cashier(screen(1366, 768), street.url)
    at.open(shop)
    return at


def test_each_flow_takes_as_few_keys_as_the_rules_say(cashier, street):
    bread, milk = make.BARCODES["bread"], make.BARCODES["milk"]
    cashier.reads(bread)
    cashier.has_goods(1)
    cashier.press("+", "Enter")
    cashier.next_customer()
    assert cashier.pressed() == 2, "cash, exact"

    cashier.reads(bread)
    cashier.has_goods(1)
    cashier.press("+", *"100", "Enter")
    expect(cashier.see("change")).to_contain_text("93.50")
    cashier.next_customer()
    assert cashier.pressed() == 5, "cash, a hundred given"

    cashier.reads(milk)
    cashier.has_goods(1)
    cashier.reads(codepay.show(street.world, "oTongdian0001"))
    expect(cashier.see("receipt-code")).to_contain_text("9.90")
    cashier.next_customer()
    assert cashier.pressed() == 0, "payment code"

    cashier.reads(bread)
    cashier.press(*"0001", "Enter")
    expect(cashier.see("member-name")).to_have_text("王**")
    assert cashier.pressed() == 5, "member by the last four digits"
    cashier.press("F6")
    expect(cashier.see("line")).to_have_count(0)
    cashier.press("Shift+F6", "Enter")
    cashier.has_goods(1)
    assert cashier.pressed() == 1 + 2, "hold and take up"


def test_of_two_members_with_the_same_digits_a_number_says_which(cashier):
    cashier.reads(make.BARCODES["bread"])
    cashier.press(*"2046", "Enter")
    expect(cashier.see("member-list").locator("li")).to_have_count(2)
    expect(cashier.see("member-list").locator("li").nth(1)).to_contain_text("139****2046")
    cashier.press("2", "Enter")
    expect(cashier.page.get_by_text("139****2046").first).to_be_visible()
    assert cashier.pressed() == 7
    cashier.press(*"9999", "Enter")
    expect(cashier.see("error")).to_be_visible()
    expect(cashier.see("member-name")).to_have_text("王**")


def test_three_items_and_a_member_take_twelve_seconds_at_most(cashier):
    for name in ("bread", "milk", "bread"):
        cashier.reads(make.BARCODES[name])
    cashier.press(*"0001", "Enter")
    cashier.see("member-name").wait_for()
    cashier.has_goods(2)
    cashier.press("+", *"100", "Enter")
    cashier.see("receipt").wait_for()
    assert 3 * ITEM_S + cashier.pressed() * KEY_S <= AT_MOST_S
