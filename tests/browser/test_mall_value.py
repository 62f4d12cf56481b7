from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from config import clock
from member import codes
from tests import factories as make
from tests.browser.people import Phone, expect


def test_a_claimed_coupon_and_points_pay_at_the_checkout_and_stand_on_the_order(street, screen, session):
    """From the coupon centre to the order, and the code on the phone is the one that the till takes."""
    now = clock.now()
    member = make.a_member(session, phone="13800000001", points_of=500, now=now)
    offer = make.an_offer(session, now, name="满十减五")
    buyer = Phone(screen(390, 844), street.url)
    buyer.open(1)

    buyer.go("card")
    buyer.see("card-qr").wait_for()
    shown = buyer.see("card-code").get_attribute("data-code")
    a_step_ago = clock.now() - timedelta(seconds=codes.STEP_S)
    assert shown in {code for _, code in codes.upcoming(session, member, steps=3, now=a_step_ago)}

    buyer.go("offers")
    buyer.see(f"claim-{offer}").click()
    buyer.see(f"claimed-{offer}").wait_for()

    buyer.choose(street.shop.skus["milk"], 2)
    expect(buyer.see("coupon-words")).to_contain_text("最优")
    expect(buyer.see("payable").first).to_contain_text("14.80")
    buyer.see("points-switch").click()
    expect(buyer.see("line-points")).to_contain_text("500")
    buyer.see("coupon-row").click()
    expect(buyer.see("coupon-sheet")).to_contain_text("满十减五")
    buyer.see("coupon-done").click()
    expect(buyer.see("payable").first).to_contain_text("9.80")
    buyer.submit()

    expect(buyer.see("order-payable")).to_contain_text("9.80")
    expect(buyer.see("line-coupon")).to_contain_text("5.00")
    expect(buyer.see("line-points")).to_contain_text("500")
    found = session.execute(text("SELECT state, member_id FROM coupon")).one()
    assert tuple(found) == ("locked", member)
