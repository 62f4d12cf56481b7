"""The keys of the till: each is its own, a device keeps what was chosen, and the block of numbers is enough to sell."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from tests import factories as make
from tests.browser.people import Till

TAKEN = ("F1", "F3", "F5", "F6", "F7", "F11", "F12", "Control+j", "Control+p")
"""Keys to which Chromium has a meaning of its own."""

HEARD = """() => {
    window.left = []
    window.addEventListener('keydown', event => event.defaultPrevented || window.left.push(event.key))
}"""
TONES = """() => {
    window.tones = []
    const start = OscillatorNode.prototype.start
    OscillatorNode.prototype.start = function (...at) {
        window.tones.push(this.frequency.value)
        return start.apply(this, at)
    }
}"""


@pytest.fixture
def till(street, screen):
    """A cashier's till."""
    at = Till(screen(1366, 768), street.url)
    at.page.add_init_script(f"({TONES})()")
    at.open(street.shop)
    return at


def _tones(till, least=0):
    for _ in range(200):
        if till.page.evaluate("window.tones.length") >= least:
            break
        till.page.wait_for_timeout(50)
    return till.page.evaluate("window.tones.splice(0)")


def test_the_browser_has_none_of_the_keys_that_the_till_uses(till):
    till.page.evaluate(HEARD)
    url = till.page.url
    for key in TAKEN:
        till.page.keyboard.press(key)
        till.page.keyboard.press("Escape")
    assert till.page.url == url
    assert set(till.page.evaluate("window.left")) <= {"Control"}
    till.page.keyboard.press("F1")
    expect(till.see("action-pay")).to_contain_text("还没有商品")
    expect(till.see("action-drawer")).to_contain_text("需店长授权")
    expect(till.see("action-desk")).to_have_attribute("aria-disabled", "true")
    till.page.keyboard.press("Escape")
    till.see("key-F12").click(force=True)
    expect(till.see("error")).to_contain_text("工作台")
    till.scan(make.BARCODES["bread"])
    till.page.keyboard.press("F1")
    till.see("action-pay").click()
    expect(till.see("cash-received")).to_be_focused()


def test_a_device_keeps_its_keys_its_look_its_language_and_its_volume(till):
    page = till.page
    page.keyboard.press("Control+,")
    till.see("remap-find").click()
    for key, said in (("Control+t", "由浏览器占用"), ("7", "要用来输入"), ("F9", "已经是“收款”")):
        page.keyboard.press(key)
        expect(till.see("key-said")).to_contain_text(said)
    page.keyboard.press("Control+m")
    expect(till.see("remap-find")).to_contain_text("Ctrl+M")
    expect(till.see("preset-custom")).to_have_attribute("aria-pressed", "true")
    till.see("theme-dark").click()
    till.see("volume-0").click()
    till.see("language-en").click()
    page.reload()
    till.see("scan-input").wait_for()
    page.keyboard.press("Control+m")
    expect(till.see("scan-input")).to_have_attribute("placeholder", "Type a name, pinyin initials or barcode")
    page.keyboard.press("Escape")
    expect(till.see("muted")).to_have_text("Muted")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 19, 21)"
    till.scan(make.BARCODES["bread"])
    expect(till.see("line")).to_have_count(1)
    assert _tones(till) == []

    page.keyboard.press("Control+,")
    till.see("language-zh-CN").click()
    till.see("keys-reset").click()
    till.see("volume-3").click()
    page.keyboard.press("Escape")
    expect(till.see("key-F3")).to_contain_text("找商品")
    expect(till.see("muted")).to_have_count(0)
    assert [round(one) for one in _tones(till)] == [1320]


def test_the_key_card_is_a_page_of_the_keys_that_are_set(till):
    till.page.keyboard.press("Control+,")
    till.see("preset-pospal").click()
    till.see("card-A5").click()
    card = till.page.frame_locator("iframe.printing")
    expect(card.locator("li", has_text="会员")).to_contain_text("F9")
    expect(card.locator("h1")).to_contain_text("银豹式")
    assert "size:A5" in card.locator("style").inner_text()
    for name in ("siss", "common"):
        till.see(f"preset-{name}").click()
    till.page.keyboard.press("Escape")
    expect(till.see("key-F2")).to_contain_text("会员")


def test_each_of_the_four_tones_is_another_one(till):
    """Taken, not found, blocked, paid: by how many notes and which way they go, not by pitch alone."""
    heard = {}
    till.page.keyboard.press("F9")
    heard["blocked"] = _tones(till, 3)
    till.scan("6900000000001")
    heard["unknown"] = _tones(till, 2)
    till.scan(make.BARCODES["bread"])
    heard["ok"] = _tones(till, 1)
    till.pay_cash("10")
    heard["paid"] = _tones(till, 3)
    assert {name: len(notes) for name, notes in heard.items()} == {"ok": 1, "unknown": 2, "blocked": 3, "paid": 3}
    assert heard["unknown"] == sorted(heard["unknown"], reverse=True)
    assert len(set(heard["blocked"])) == 1
    assert heard["paid"] == sorted(heard["paid"]) and len(set(heard["paid"])) == 3


def test_the_numeric_keypad_alone_finishes_a_cash_sale(street, session, till):
    """Scan, quantity, one less, a line away, pay, change, next: nothing but the block of numbers on the right."""
    page = till.page

    def block(keys: str) -> None:
        names = {"*": "NumpadMultiply", "-": "NumpadSubtract", "+": "NumpadAdd", "\n": "NumpadEnter"}
        for key in keys:
            page.keyboard.press(names.get(key, key))

    till.scan(make.BARCODES["bread"])
    expect(till.see("line")).to_have_count(1)
    block("*3\n")
    expect(till.see("line-qty")).to_have_text("3")
    expect(till.see("spoken")).to_have_text("商品bread 3，19.50 元；共 3 件，应付 19.50 元")
    block("-")
    expect(till.see("line-qty")).to_have_text("2")
    block("3*")
    till.scan(make.BARCODES["milk"])
    expect(till.see("line")).to_have_count(2)
    block("*0\n")
    expect(till.see("line")).to_have_count(1)
    block("+")
    block("20\n")
    expect(till.see("change")).to_contain_text("7.00")
    page.wait_for_timeout(1600)
    block("\n")
    expect(till.see("scan-input")).to_be_focused()
    till.scan(make.BARCODES["bread"])
    expect(till.see("line")).to_have_count(1)
    assert session.scalars(text("SELECT payable_fen FROM sale_order")).all() == [1300]


MANY = """count => {
    const line = at => ({ sku_id: 1000 + at, name: `货${at}`, spec: '', unit: '件', weighed: false, price_fen: 100,
        qty: 1, picture: '' })
    const lines = Array.from({ length: count }, (_, at) => line(at + 1))
    localStorage.setItem('td.till.basket', JSON.stringify({ lines, member: null, points: 0, discount_fen: 0,
        authorisation: null, coupon_ids: [], barred: [], chosenCoupons: false }))
}"""


def test_of_a_long_basket_only_what_is_near_exists_and_the_newest_line_is_seen(till):
    """A hundred and twenty lines that lay in the basket before the page was loaded anew."""
    till.page.evaluate(MANY, 120)
    till.page.reload()
    till.see("scan-input").wait_for()
    expect(till.page.locator("li.chosen")).to_contain_text("货120")
    expect(till.page.locator("li.chosen")).to_be_in_viewport()
    assert till.see("line").count() < 80
    for _ in range(70):
        till.page.keyboard.press("ArrowUp")
    expect(till.page.locator("li.chosen")).to_contain_text("货50")
    expect(till.page.locator("li.chosen")).to_be_in_viewport()
    assert till.see("line").count() < 80
    till.scan(make.BARCODES["bread"])
    expect(till.page.locator("li.chosen")).to_contain_text("商品bread")
    expect(till.page.locator("li.chosen")).to_be_in_viewport()
