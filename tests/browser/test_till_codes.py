"""Payment codes at the counter: nothing to press, the password waited for, and taken back after a reload."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect
from sqlalchemy import text

from tests import factories as make
from tests.browser.people import Till
from tests.wechat_stand_in.pay import codepay

AT_ONCE, TYPING, NEVER = "oTongdian0001", "oTongdian0002", "oTongdian0003"


def test_scan_goods_and_the_payment_code_and_nothing_else(street, session, screen, pictures):
    till = Till(screen(1366, 768), street.url)
    till.open(street.shop)

    till.scan(codepay.show(street.world, AT_ONCE))
    expect(till.page.get_by_role("status").filter(has_text="还没有商品")).to_be_visible()
    till.scan(make.BARCODES["bread"])
    till.scan(codepay.show(street.world, AT_ONCE))
    expect(till.see("receipt-code")).to_contain_text("6.50")

    _splits_with_cash(till, street, pictures)
    _takes_back_after_a_reload(till, street, pictures)

    paid = session.execute(text("SELECT way, state, amount_fen FROM tender WHERE kind = 'wechat' ORDER BY id")).all()
    assert [tuple(one) for one in paid] == [("code", "paid", 650), ("code", "paid", 990 - 500), ("code", "closed", 650)]
    page = till.page.evaluate("JSON.stringify(localStorage)")
    assert not any(code in page for code in street.world.auth_codes)


def _splits_with_cash(till, street, pictures):
    """Five in cash lie on the counter; the customer types the password for the rest."""
    codepay.behave(street.world, TYPING, asked=True, types_after_s=None)
    till.page.wait_for_timeout(1600)
    till.scan(make.BARCODES["milk"])
    expect(till.see("payable")).to_contain_text("9.90")
    till.page.keyboard.press("+")
    till.see("cash-received").fill("5")
    till.page.keyboard.press("Enter")
    expect(till.see("code-due")).to_contain_text("4.90")
    _picture(till, pictures, "till-code-split")
    till.page.keyboard.type(codepay.show(street.world, TYPING))
    till.page.keyboard.press("Enter")
    expect(till.see("code-pay")).to_have_attribute("data-state", "paying")
    expect(till.see("code-cancel")).to_be_disabled()
    _picture(till, pictures, "till-code-paying")
    number = next(no for no, one in street.world.orders.items() if one["state"] == "USERPAYING")
    assert codepay.type_password(street.world, number)
    expect(till.see("receipt-code")).to_contain_text("4.90")
    _picture(till, pictures, "till-code-paid")


def _takes_back_after_a_reload(till, street, pictures):
    """The till is switched off while the customer looks for the password; it comes back to the same payment."""
    codepay.behave(street.world, NEVER, asked=True, types_after_s=None)
    till.page.wait_for_timeout(1600)
    till.scan(make.BARCODES["bread"])
    expect(till.see("payable")).to_contain_text("6.50")
    till.scan(codepay.show(street.world, NEVER))
    expect(till.see("code-pay")).to_have_attribute("data-state", "paying")
    till.page.reload()
    expect(till.see("code-pay")).to_be_visible()
    till.see("scan-input").focus()
    till.page.keyboard.type(make.BARCODES["milk"])
    expect(till.see("code-cancel")).to_be_enabled(timeout=20_000)
    till.page.keyboard.press("Delete")
    expect(till.see("error")).to_contain_text("已撤销")
    expect(till.see("payable")).to_contain_text("6.50")
    _picture(till, pictures, "till-code-reversed")


def _picture(till, pictures, name):
    if pictures:
        till.page.screenshot(path=Path(pictures) / f"{name}.png")
