"""Goods come back, and others instead, at a till; sales whose receipt is lost; goods without any sale."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from config import clock
from tests import factories as make
from tests.browser.people import Till, expect
from tests.stories import books

PICTURES = Path("/tmp/pictures-return")


def _picture(till: Till, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    till.page.wait_for_timeout(250)
    till.page.screenshot(path=str(PICTURES / f"{name}.png"))


def _enter(till: Till, words: str = "") -> None:
    till.page.keyboard.type(words)
    till.page.keyboard.press("Enter")


def _next_sale(till: Till) -> None:
    till.page.wait_for_timeout(1600)
    till.see("next-sale").click()


def _sell(till: Till, *names: str, cash: str) -> str:
    for name in names:
        till.scan(make.BARCODES[name])
    expect(till.see("line")).to_have_count(len(set(names)))
    no = till.pay_cash(cash)
    _next_sale(till)
    return no


def _bring_back(till: Till, no: str, *names: str) -> None:
    """Scan the receipt, scan the goods."""
    till.scan(no)
    expect(till.see("return-no")).to_be_focused()
    expect(till.see("return-qty-1")).to_be_visible()
    for name in names:
        _enter(till, make.BARCODES[name])
    expect(till.see("return-no")).to_be_focused()


def test_one_line_comes_back_by_receipt_with_two_keys(street, session, screen):
    """5.4: scan the receipt, scan the item, Enter, Enter."""
    till = Till(screen(1366, 768), street.url)
    till.open(street.shop)
    no = _sell(till, "milk", "bread", cash="20")
    _bring_back(till, no, "bread")
    _picture(till, "return-scanned")
    till.page.keyboard.press("Enter")
    expect(till.see("return-outcome")).to_be_visible()
    _picture(till, "return-outcome")
    till.page.keyboard.press("Enter")
    expect(till.see("return-done")).to_contain_text("6.50")
    assert session.execute(text("SELECT refund_fen FROM sale_return")).scalar_one() == 650


def test_an_exchange_collects_gives_back_or_moves_nothing(street, session, screen):
    till = Till(screen(1366, 768), street.url)
    till.open(street.shop)
    first = _sell(till, "bread", cash="20")
    _bring_back(till, first, "bread")
    till.page.keyboard.press("F7")
    expect(till.see("exchange-lines")).to_contain_text("商品bread")
    till.scan(make.BARCODES["milk"])
    expect(till.see("payable")).to_contain_text("3.40")
    till.page.keyboard.press("+")
    expect(till.see("exchange-net")).to_contain_text("3.40")
    _picture(till, "exchange-collect")
    _enter(till, "10")
    till.see("receipt").wait_for()
    expect(till.see("change")).to_contain_text("6.60")
    _picture(till, "exchange-receipt")
    second = till.see("receipt-no").inner_text().strip()
    _next_sale(till)

    _bring_back(till, second, "milk")
    till.page.keyboard.press("F7")
    till.scan(make.BARCODES["bread"])
    expect(till.see("payable")).to_contain_text("3.40")
    till.page.keyboard.press("+")
    expect(till.see("exchange-back-cash")).to_contain_text("3.40")
    _picture(till, "exchange-back")
    till.page.keyboard.press("Enter")
    till.see("receipt").wait_for()
    expect(till.see("receipt")).to_contain_text("请退现金")
    expect(till.see("change")).to_contain_text("3.40")
    _picture(till, "exchange-back-receipt")
    third = till.see("receipt-no").inner_text().strip()
    _next_sale(till)

    _bring_back(till, third, "bread")
    till.page.keyboard.press("F7")
    till.scan(make.BARCODES["bread"])
    till.page.keyboard.press("+")
    expect(till.see("exchange-panel")).to_contain_text("不开钱箱")
    _picture(till, "exchange-even")
    till.page.keyboard.press("Enter")
    till.see("receipt").wait_for()
    assert session.execute(text("SELECT count(*) FROM exchange WHERE return_id IS NOT NULL")).scalar_one() == 3
    took = "SELECT sum(amount_fen) FROM tender WHERE kind = 'cash'"
    gave = "SELECT sum(amount_fen) FROM refund WHERE kind = 'cash'"
    assert (session.execute(text(took)).scalar_one(), session.execute(text(gave)).scalar_one()) == (990, 340)
    session.rollback()
    assert not books(session)


def test_goods_without_a_receipt_become_stored_value_with_a_managers_word(street, session, screen):
    member = make.a_member(session, phone="13800000001", now=clock.now())
    till = Till(screen(1366, 768), street.url)
    till.open(street.shop)
    till.page.keyboard.press("F7")
    expect(till.see("return-no")).to_be_focused()
    _picture(till, "return-empty")
    till.page.keyboard.press("F8")
    expect(till.see("blind-box")).to_be_focused()
    _enter(till, "13800000001")
    expect(till.page.get_by_text("138****0001").first).to_be_visible()
    _enter(till, make.BARCODES["milk"])
    expect(till.see("blind-worth")).to_contain_text("9.90")
    _picture(till, "blind")
    till.page.keyboard.press("Enter")
    till.see("approval").wait_for()
    _picture(till, "blind-approval")
    _enter(till, make.PIN)
    expect(till.see("blind-done")).to_contain_text("9.90")
    _picture(till, "blind-done")
    given = session.execute(text("SELECT member_id, amount_fen, reason FROM blind_return")).one()
    assert tuple(given) == (member, 990, "小票丢失")


def test_a_lost_receipt_is_found_by_phone_and_by_goods_and_day(street, session, screen):
    make.a_member(session, phone="13800000001", now=clock.now())
    till = Till(screen(1024, 768), street.url)
    till.open(street.shop)
    till.member("13800000001")
    no = _sell(till, "milk", "bread", cash="20")
    till.page.keyboard.press("F7")
    expect(till.see("return-no")).to_be_focused()
    _enter(till, "13800000001")
    expect(till.see("found-sale")).to_contain_text(no)
    _picture(till, "found-by-phone")
    till.page.keyboard.press("Enter")
    expect(till.see("return-qty-2")).to_be_visible()
    _picture(till, "return-narrow")
    till.page.keyboard.press("Escape")
    till.page.keyboard.press("F7")
    expect(till.see("return-no")).to_be_focused()
    till.page.keyboard.press("F6")
    expect(till.see("find-code")).to_be_focused()
    _enter(till, make.BARCODES["bread"])
    expect(till.see("found-sale")).to_contain_text(no)
    _picture(till, "found-by-goods")
