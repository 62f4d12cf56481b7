"""Notes, sellers and a voided ticket, by keys alone."""

from __future__ import annotations

from sqlalchemy import text

from tests import factories as make
from tests.browser.people import Till, expect


def _picture(till, pictures, name):
    if pictures:
        till.page.screenshot(path=f"{pictures}/{name}.png")


def _rows(session, sql):
    found = [tuple(row) for row in session.execute(text(sql))]
    session.rollback()
    return found


def test_notes_and_sellers_go_with_the_sale(street, session, screen, pictures):
    till = Till(screen(1366, 768), street.url)
    till.open(street.shop)
    till.scan(make.BARCODES["bread"])
    till.scan(make.BARCODES["milk"])
    expect(till.see("payable")).to_contain_text("16.40")
    till.page.keyboard.press("Control+b")
    expect(till.see("note-order")).to_be_focused()
    till.page.keyboard.type("九点来取")
    till.page.keyboard.press("Tab")
    till.page.keyboard.type("刻字小明")
    till.page.keyboard.press("F6")
    _picture(till, pictures, "note")
    till.page.keyboard.press("Enter")
    expect(till.see("line-note")).to_have_text("刻字小明")
    expect(till.see("order-note")).to_contain_text("九点来取")
    till.page.keyboard.press("F8")
    expect(till.see("seller")).to_have_count(3)
    for typed in ("1", "2", "2=30"):
        till.page.keyboard.type(typed)
        till.page.keyboard.press("Enter")
    expect(till.see("seller-part")).to_have_text(["70%", "30%"])
    _picture(till, pictures, "sellers")
    till.page.keyboard.press("Enter")
    expect(till.see("line-sellers")).to_have_count(2)
    _picture(till, pictures, "ticket-lines")
    till.page.keyboard.press("F6")  # what is noted, and who sells, goes aside with it
    expect(till.see("line")).to_have_count(0)
    till.page.keyboard.press("Shift+F6")
    expect(till.see("held-one")).to_contain_text("九点来取")
    till.page.keyboard.press("Enter")
    expect(till.see("line-note")).to_have_text("刻字小明")
    till.pay_cash("16.40")
    assert _rows(session, "SELECT line_no, note, printed FROM order_note ORDER BY line_no") == [
        (0, "九点来取", True), (2, "刻字小明", True),
    ]  # fmt: skip
    parts = _rows(session, "SELECT line_no, bp FROM line_seller ORDER BY line_no, seq")
    assert parts == [(1, 7_000), (1, 3_000), (2, 7_000), (2, 3_000)]


def test_a_ticket_is_voided_with_a_reason_and_after_the_subtotal_by_a_manager(street, session, screen, pictures):
    till = Till(screen(1366, 768), street.url)
    till.open(street.shop)
    till.scan(make.BARCODES["milk"])
    expect(till.see("payable")).to_contain_text("9.90")
    till.page.keyboard.press("Control+Delete")
    expect(till.see("void-reason")).to_have_count(4)
    _picture(till, pictures, "void")
    till.page.keyboard.type("2")
    till.page.keyboard.press("Enter")
    expect(till.see("line")).to_have_count(0)
    till.scan(make.BARCODES["bread"])
    expect(till.see("payable")).to_contain_text("6.50")
    till.page.keyboard.press("+")
    till.see("cash-received").wait_for()
    till.page.keyboard.press("Control+Delete")
    till.see("approval").wait_for()
    _picture(till, pictures, "void-approval")
    till.page.keyboard.press("ArrowDown")
    till.page.keyboard.type(make.PIN)
    till.page.keyboard.press("Enter")
    expect(till.see("line")).to_have_count(0)
    till.page.wait_for_timeout(500)
    sql = "SELECT reason, payable_fen, after_subtotal, approver_id IS NOT NULL FROM voided_ticket ORDER BY at"
    assert _rows(session, sql) == [("wrong", 990, False, False), ("wrong", 650, True, True)]
