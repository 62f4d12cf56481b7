from __future__ import annotations

import time

from tests.browser.people import Desk, expect


def _paid(street):
    buyer = street.customer(1)
    _, said = street.order(buyer, 1980, milk=2)
    began = time.monotonic()
    street.pay(buyer, said["order"]["id"])
    return buyer, said["order"]["id"], said["order"]["no"], began


def test_a_paid_order_is_on_the_desk_within_two_seconds_and_is_handed_over(street, screen):
    desk = Desk(screen(768, 1024), street.url)
    desk.open()
    buyer, order_id, no, began = _paid(street)
    street.until(lambda: buyer.get(f"/api/mall/orders/{order_id}")["order"]["state"] == "paid", "the notice")
    told = time.monotonic()
    desk.see(f"order-card-{no}").wait_for()
    assert time.monotonic() - told < 2.5, f"{time.monotonic() - began:.1f} s after the payment"

    desk.prepare(no)
    street.until(lambda: buyer.get(f"/api/mall/orders/{order_id}")["order"]["pickup_code"], "the code")
    code = buyer.get(f"/api/mall/orders/{order_id}")["order"]["pickup_code"]
    desk.scan(f"{(int(code) + 1) % 10**8:08d}")
    desk.see("stop-pickup_code_wrong").wait_for()
    desk.see("stop-close").click()
    desk.hand_over(code)
    expect(desk.see("done")).to_contain_text(no[-6:])
    desk.scan(code)
    expect(desk.see("stop-already_collected")).to_contain_text("员工")


def test_a_cashier_has_no_business_at_the_desk(street, screen):
    desk = Desk(screen(768, 1024), street.url)
    desk.sign_in("desk", "cashier-S1")
    expect(desk.see("error")).to_be_visible()
