from __future__ import annotations

from config import clock
from config.db import transaction
from tests import factories as make
from tests.browser.people import Till, expect
from trade.pricing.promotions import moves


def test_a_line_is_made_cheaper_by_hand_and_the_cash_is_rounded(street, session, screen):
    """6.50 of bread and 9.90 of milk, 0.33 of it off: 16.07, in cash 16.00; nobody agrees to 0.50, above 5 %."""
    with transaction(session):
        moves.settle_cash_rounding(session, street.shop.store_id, "drop_fen", actor="test", now=clock.now())
    till = Till(screen(1366, 768), street.url)
    till.open(street.shop)
    till.scan(make.BARCODES["bread"])
    till.scan(make.BARCODES["milk"])
    expect(till.see("line")).to_have_count(2)
    till.page.keyboard.press("/")
    till.page.keyboard.press("F6")
    till.see("discount-input").fill("0.50")
    till.page.keyboard.press("Enter")
    till.see("approval").wait_for()
    till.page.keyboard.press("Escape")
    expect(till.see("discount-said")).to_contain_text("0.49")
    till.see("discount-input").fill("0.33")
    till.page.keyboard.press("Enter")
    expect(till.see("payable")).to_contain_text("16.07")
    expect(till.see("line-hand")).to_have_text("临期")
    till.page.keyboard.press("F9")
    expect(till.see("cash-rounding")).to_contain_text("16.00")
    till.page.keyboard.press("Enter")
    expect(till.see("receipt-rounding")).to_contain_text("-0.07")


def test_the_total_is_there_before_the_server_has_counted(street, session, screen):
    """The till prices by the same rules itself: 满200减30 shows while the question is still on its way."""
    make.a_promotion(session, clock.now(), name="满19减3", steps=[[1_900, 300]])
    till = Till(screen(1366, 768), street.url)
    with till.page.expect_response("**/api/pos/rules"):
        till.open(street.shop)
    till.scan(make.BARCODES["milk"])
    expect(till.see("payable")).to_contain_text("9.90")
    till.page.route("**/api/pos/quote", lambda _: None)
    till.scan(make.BARCODES["milk"])
    expect(till.see("payable")).to_contain_text("16.80")
