"""Complaints 4.23 and 4.24: a reader never needs a click first, loses nothing, and half a scan is said.

The keys come as a reader's do, by the browser's own input and at a reader's pace.  `TONGDIAN_SCANS=1000` runs the
whole of 4.23, about two minutes; else 150.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from datetime import timedelta

from playwright.sync_api import CDPSession, expect
from sqlalchemy import text

from config import clock
from config.db import transaction
from config.gs1 import check_digit
from tests import factories as make
from tests.browser.hands import disturb
from tests.browser.people import Till
from trade.catalogue import layouts
from trade.orders.numbers import number
from trade.stock import moves as stock
from trade.stores import badges
from trade.stores.models import Role

SCANS = int(os.environ.get("TONGDIAN_SCANS", "150"))
PER_SECOND = 10
KEY_S = 0.004
CODES = [make.BARCODES["milk"], make.BARCODES["bread"]]


def _fire(reader: CDPSession, code: str, end: str = "Enter") -> None:
    """The keys of one code and Enter or Tab, 4 ms apart by the device's own clock, wherever the focus is."""
    at = time.time()
    for place, key in enumerate([*code, end]):
        virtual = {"Enter": 13, "Tab": 9}.get(key) or (ord(key) if key.isalnum() else 0)
        typed = {"Enter": {"text": "\r"}, "Tab": {}}.get(key, {"text": key})
        more = {**typed, "key": key, "windowsVirtualKeyCode": virtual}
        when = {"timestamp": at + place * KEY_S}
        reader.send("Input.dispatchKeyEvent", {"type": "keyDown", **more, **when})
        reader.send("Input.dispatchKeyEvent", {"type": "keyUp", "key": key, "windowsVirtualKeyCode": virtual, **when})


def test_scans_at_ten_a_second_with_clicks_and_sheets_between(street, screen, session):
    """Complaint 4.23: as many pieces of each as were scanned, and no click was needed."""
    shop, chance = street.shop, random.Random(423)
    much = {shop.skus["milk"]: 2000, shop.skus["bread"]: 2000}
    with transaction(session):
        stock.take_in(session, shop.store_id, much, key="more", actor="test", now=clock.now())
    till = Till(screen(1366, 768), street.url)
    till.open(shop)
    reader = till.page.context.new_cdp_session(till.page)
    sent: Counter[str] = Counter()
    began = time.monotonic()
    for turn in range(SCANS):
        code = chance.choice(CODES)
        _fire(reader, code)
        sent[code] += 1
        if turn % 3 == 2:
            disturb(till.page, chance)
        time.sleep(max(0.0, began + (turn + 1) / PER_SECOND - time.monotonic()))
    took_s = time.monotonic() - began
    till.page.keyboard.press("Escape")
    for name in ("milk", "bread"):
        row = till.see("line").filter(has_text=f"商品{name}")
        expect(row.get_by_test_id("line-qty")).to_have_text(str(sent[make.BARCODES[name]]), timeout=30_000)
    print(f"\n{SCANS} scans in {took_s:.1f} s, {SCANS / took_s:.1f} a second: none lost")


def test_half_a_scan_is_said_and_sells_nothing(street, screen):
    """Complaint 4.24: cut off before its Enter, one digit alone, or one digit short; the next scan is whole again."""
    till = Till(screen(1366, 768), street.url)
    till.open(street.shop)
    reader = till.page.context.new_cdp_session(till.page)
    code = make.BARCODES["milk"]
    till.page.keyboard.type(code[:7])
    expect(till.see("error")).to_contain_text("扫码中断")
    expect(till.see("scan-input")).to_have_value("")
    _fire(reader, code[0])
    expect(till.see("error")).to_contain_text("只读到一位数字")
    _fire(reader, code[:-1])
    expect(till.see("error")).to_contain_text(code[:-1])
    label = f"21{make.BARCODES['apple']}00530"
    _fire(reader, label + str((int(check_digit(label)) + 1) % 10))
    expect(till.see("error")).to_contain_text("读取有误")
    expect(till.see("line")).to_have_count(0)
    _fire(reader, code)
    expect(till.see("line-qty")).to_have_text("1")


def test_an_unknown_code_waits_for_a_choice_while_selling_goes_on(street, screen, session, pictures):
    """6.3: three choices that a digit takes, no dialog, and the next scan is sold."""
    till = Till(screen(1366, 768), street.url)
    till.open(street.shop)
    reader = till.page.context.new_cdp_session(till.page)
    for code in ("6900000000001", "6900000000018", make.BARCODES["milk"]):
        _fire(reader, code)
    expect(till.see("line-qty")).to_have_text("1")
    expect(till.see("unknown-code")).to_have_text("6900000000018")
    if pictures:
        till.page.screenshot(path=f"{pictures}/till-unknown.png")
    for digit, left in (("3", "6900000000001"), ("4", None)):
        till.page.keyboard.type(digit)
        till.page.keyboard.press("Enter")
        if left:
            expect(till.see("unknown-code")).to_have_text(left)
    expect(till.see("unknown")).to_have_count(0)
    assert session.scalars(text("SELECT code FROM unknown_code")).all() == ["6900000000018"]
    _fire(reader, "48213377")
    expect(till.see("unknown-pickup")).to_be_visible()
    with till.page.context.expect_page() as opened:
        till.see("unknown-pickup").click()
    opened.value.wait_for_url("**/desk/")


def test_a_reader_that_ends_with_tab_and_an_unlisted_thing_that_is_sold(street, screen, session, pictures):
    """3.2: scanned into the box, into an amount and beside both; the temporary item by keys and a manager's PIN."""
    till = Till(screen(1024, 768), street.url)
    till.open(street.shop)
    reader = till.page.context.new_cdp_session(till.page)
    for times in (1, 2):
        _fire(reader, make.BARCODES["milk"], end="Tab")
        expect(till.see("line-qty")).to_have_text(str(times))
        expect(till.see("scan-input")).to_be_focused()
    till.page.keyboard.press("F9")
    till.see("cash-received").fill("5")
    _fire(reader, make.BARCODES["bread"], end="Tab")
    expect(till.see("line")).to_have_count(2)
    _fire(reader, "6900000000001", end="Tab")
    expect(till.see("unknown-code")).to_have_text("6900000000001")
    if pictures:
        till.page.screenshot(path=f"{pictures}/till-unknown-1024.png")
    till.page.keyboard.type("2")
    till.page.keyboard.press("Enter")
    till.see("temporary-name").wait_for()
    expect(till.see("temporary-name")).to_be_focused()
    till.page.keyboard.type("手工凉皮")
    till.page.keyboard.press("Enter")
    till.page.keyboard.type("8.5")
    if pictures:
        till.page.screenshot(path=f"{pictures}/till-temporary.png")
    till.page.keyboard.press("Enter")
    till.see("approval").wait_for()
    if pictures:
        till.page.screenshot(path=f"{pictures}/till-temporary-approval.png")
    till.page.keyboard.type(make.PIN)
    till.page.keyboard.press("Enter")
    expect(till.see("line")).to_have_count(3)
    expect(till.see("unknown")).to_have_count(0)
    expect(till.page.get_by_text("手工凉皮").first).to_be_visible()
    if pictures:
        till.page.screenshot(path=f"{pictures}/till-temporary-sold.png")
    till.pay_cash("100")
    sold = "SELECT net_fen FROM order_line WHERE name = '手工凉皮'"
    assert session.scalars(text(sold)).all() == [850]


def test_labels_and_gs1_codes_stand_on_their_lines(street, screen, session, pictures):
    """Complaint 4.3: a priced label to the fen, twice it is amber, lot and date, and nothing expired is sold."""
    with transaction(session):
        layouts.put(session, 0, ["20PPPPPWWWWWC", "21PPPPPFFFFFC"], actor="t", now=clock.now())
    till = Till(screen(1366, 768), street.url)
    till.open(street.shop)
    reader = till.page.context.new_cdp_session(till.page)
    apple, milk, today = make.BARCODES["apple"], make.BARCODES["milk"], clock.business_day(clock.now(), cutover_h=0)
    label = f"21{apple}00678"
    label += check_digit(label)
    for _ in range(2):
        _fire(reader, label)
    expect(till.see("line")).to_have_count(2)
    expect(till.see("line-amount").first).to_contain_text("6.78")
    expect(till.see("line-warning")).to_have_text(["同一标签扫了两次"] * 2)
    expect(till.see("payable")).to_contain_text("13.56")
    soon, over = today + timedelta(days=2), today - timedelta(days=1)
    _fire(reader, f"]C1010{milk}17{soon:%y%m%d}10L-42")
    expect(till.see("line").nth(2)).to_contain_text("L-42")
    expect(till.see("line-warning").nth(2)).to_contain_text("临期")
    _fire(reader, f"]C1010{milk}17{over:%y%m%d}10L-41")
    expect(till.see("error")).to_contain_text(f"已过期（{over:%Y/%m/%d}）")
    expect(till.see("line")).to_have_count(3)
    if pictures:
        till.page.screenshot(path=f"{pictures}/till-labels.png")
    till.pay_cash("30")
    assert session.scalars(text("SELECT net_fen FROM order_line ORDER BY line_no")).all() == [678, 678, 990]


def test_receipt_badge_and_goods_fired_at_an_amount_go_where_they_belong(street, screen, session):
    """3.2: one reader for all of them, with the focus in the cash that was received."""
    shop = street.shop
    no = number(shop.store_id, make.ring_up(session, shop, clock.now(), bread=2))
    till = Till(screen(1024, 768), street.url)
    till.open(shop)
    reader = till.page.context.new_cdp_session(till.page)
    _fire(reader, make.BARCODES["milk"])
    expect(till.see("line")).to_have_count(1)
    till.page.keyboard.press("F9")
    till.see("cash-received").fill("5")
    _fire(reader, make.BARCODES["bread"])
    expect(till.see("line")).to_have_count(2)
    expect(till.see("cash-received")).to_have_count(0)
    _fire(reader, no)
    expect(till.see("return-qty-1")).to_be_visible()
    till.page.keyboard.press("Escape")
    manager = shop.people[Role.STORE_MANAGER]
    _fire(reader, badges.badge(shop.store_id, manager))
    expect(till.see(f"pin-{manager}")).to_have_attribute("aria-pressed", "true")
    cashier = shop.people[Role.CASHIER]
    _fire(reader, badges.badge(shop.store_id, cashier))
    expect(till.see(f"pin-{cashier}")).to_have_attribute("aria-pressed", "true")
    expect(till.see("pin-input")).to_have_value("")
    till.page.keyboard.type(make.PIN)
    till.page.keyboard.press("Enter")
    expect(till.see("line")).to_have_count(2)
