from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from config import clock
from member import codes
from tests import factories as make
from tests.browser.people import Phone, expect
from trade.pricing.promotions import book


def test_a_claimed_coupon_and_points_pay_at_the_checkout_and_stand_on_the_order(street, screen, session):
    """From the coupon centre to the order, and the code on the phone is the one that the till takes.

    The second carton is at half price, which is declined and taken again; another promotion ends before the order is
    sent, so it is a yuan dearer than shown and asked about.
    """
    now = clock.now()
    half = make.a_promotion(session, now, kind="nth_rate", steps=[[2, 5_000]], on="nth", name="第二盒半价")
    ends = make.a_promotion(session, now, steps=[[1_000, 100]], name="满十减一")
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
    expect(buyer.see("payable").first).to_contain_text("8.85")
    _decline(buyer, half, dearer="4.95")
    buyer.see("points-switch").click()
    expect(buyer.see("line-points")).to_contain_text("400")
    buyer.see("coupon-row").click()
    expect(buyer.see("coupon-sheet")).to_contain_text("满十减五")
    buyer.see("coupon-done").click()
    expect(buyer.see("payable").first).to_contain_text("4.85")
    make.end_promotion(session, ends, clock.now())
    book.forget()
    buyer.submit()
    _go_on(buyer, figures="4.85 变为 ¥5.85", gone="满十减一")

    expect(buyer.see("order-payable")).to_contain_text("5.85")
    expect(buyer.see("line-promotion")).to_contain_text("4.95")
    expect(buyer.see("line-coupon")).to_contain_text("5.00")
    expect(buyer.see("line-points")).to_contain_text("400")
    buyer.see("why").click()
    expect(buyer.see("price-sheet")).to_contain_text("第二盒半价")
    found = session.execute(text("SELECT state, member_id FROM coupon")).one()
    assert tuple(found) == ("locked", member)


def _decline(buyer, promotion_id, *, dearer):
    """Say no to a promotion, see the difference, and take it again."""
    buyer.see("promotion-row").click()
    buyer.see(f"bar-{promotion_id}").click()
    expect(buyer.see("dearer")).to_contain_text(dearer)
    buyer.see("to-best").click()
    expect(buyer.see("dearer")).to_have_count(0)
    buyer.see("price-done").click()


def _go_on(buyer, *, figures, gone):
    """What became dearer is told line by line; the order is sent all the same."""
    expect(buyer.see("dearer-sheet")).to_contain_text(figures)
    expect(buyer.see("changed-line")).to_contain_text(gone)
    buyer.see("changed-go").click()
