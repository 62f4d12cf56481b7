"""After the payment, on the phone: one unit of three goes back, with a coupon and points in the order, to the fen."""

from __future__ import annotations

import io

from PIL import Image
from sqlalchemy import text

from config import clock
from tests import factories as make
from tests.browser.looks import picture, serious
from tests.browser.people import Desk, Phone, expect


def _fetched(street, session):
    """Three cartons at 9.90, a coupon of 5 and 300 points: 21.70 paid by WeChat, and fetched."""
    member = make.a_member(session, phone="13800000001", points_of=500, now=clock.now())
    coupon = make.a_coupon(session, member, clock.now())
    buyer = street.customer(1)
    slot = buyer.get(f"/api/mall/slots?store_id={street.shop.store_id}")["slots"][0]["from_at"]
    wanted = street.basket(milk=3) | {"points": 300, "coupon_ids": [coupon]}
    said = buyer.post("/api/mall/orders", **wanted, expected_payable_fen=2170, promise_at=slot)[1]["order"]
    street.pay(buyer, said["id"])
    street.until(lambda: buyer.get(f"/api/mall/orders/{said['id']}")["order"]["state"] == "paid", "the notice")
    make.collect_online(session, street.shop, said["id"], clock.now())
    return member, buyer, said["id"]


def _photo():
    out = io.BytesIO()
    Image.new("RGB", (900, 1200), "#c8321a").save(out, "JPEG")
    return {"name": "carton.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def _asks(phone, pictures):
    """The figures stand before anything is sent: 2170 over three units is 7.23, 300 points are 100 each."""
    phone.see("aftersale").click()
    phone.see("kind-return_refund").click()
    expect(phone.see("refund-sum")).to_contain_text("7.23")
    expect(phone.see("refund-to-wechat")).to_contain_text("7.23")
    expect(phone.see("refund-points-back")).to_contain_text("+100")
    expect(phone.see("refund-points-clawed")).to_contain_text("−6")
    expect(phone.see("refund-coupon-stays")).to_contain_text("满10减5")
    phone.see("words").locator("textarea").fill("盒子压扁了")
    with phone.page.expect_file_chooser() as chooser:
        phone.see("photo-add").click()
    chooser.value.set_files(_photo())
    expect(phone.see("photo")).to_have_count(1)
    picture(phone.page, pictures, "aftersale-ask")
    # The vendor's picture element takes no text.
    assert [one for one in serious(phone.page) if not one.startswith("image-alt")] == []
    phone.see("send-wish").click()
    expect(phone.see("case-next")).to_contain_text("前答复")
    expect(phone.see("photo-shown")).to_have_count(1)
    picture(phone.page, pictures, "aftersale-applied")


def _granted(desk, case, pictures):
    desk.sign_in("desk", "store_manager-S1")
    desk.see("rail-returns").click()
    desk.see(case).click()
    expect(desk.see("case-photos").locator("img")).to_have_count(1)
    assert desk.see("case-photos").locator("img").evaluate("one => one.decode().then(() => one.naturalWidth)") == 900
    expect(desk.see("refund-plan")).to_contain_text("7.23")
    picture(desk.page, pictures, "aftersale-desk")
    desk.see("returns-approve").click()
    desk.see("returns-done").wait_for()
    desk.see("returns-finish").click()


def _sends_it_back(phone, pictures):
    phone.page.reload()
    expect(phone.see("case-state")).to_have_attribute("data-state", "wait_return")
    phone.see("case-ship").click()
    phone.see("carrier-shunfeng").click()
    phone.see("tracking").locator("input").fill("SF1234567890")
    picture(phone.page, pictures, "aftersale-ship")
    phone.see("ship-send").click()
    expect(phone.see("case-state")).to_have_attribute("data-state", "in_transit")
    expect(phone.see("case-steps")).to_contain_text("SF1234567890")


def test_one_unit_of_three_goes_back_to_the_fen(street, screen, session, pictures):
    member, buyer, order = _fetched(street, session)
    phone, desk = Phone(screen(390, 844), street.url), Desk(screen(1366, 768), street.url)
    phone.open_order(buyer, order)
    expect(phone.see("story")).to_contain_text("订单完成")
    _asks(phone, pictures)
    case = buyer.get(f"/api/mall/aftersales?order_id={order}")["cases"][0]["id"]
    _granted(desk, f"case-{case}", pictures)
    _sends_it_back(phone, pictures)

    desk.page.reload()
    desk.see("rail-returns").click()
    desk.see(f"case-{case}").click()
    desk.see("returns-receive").click()
    desk.see("returns-preview").click()
    desk.see("returns-confirm").click()
    desk.see("returns-done").wait_for()
    phone.page.reload()
    expect(phone.see("case-refund")).to_contain_text("7.23")
    expect(phone.see("case-refund")).to_contain_text("+100")
    picture(phone.page, pictures, "aftersale-refunded")
    phone.open_order(buyer, order)
    expect(phone.see("order-cases")).to_contain_text("退货退款")
    picture(phone.page, pictures, "aftersale-order")

    found = text("SELECT sum(qty), sum(refund_fen), (SELECT sum(amount_fen) FROM refund) FROM return_line")
    assert tuple(session.execute(found).one()) == (1, 723, 723)
    # 500 given, 300 spent, 100 back; 21 wait for the order's end, 6 of them are taken back.
    held = text("SELECT balance + pending FROM lot_account WHERE member_id = :m AND account = 'points'")
    assert session.execute(held, {"m": member}).scalar_one() == 500 - 300 + 100 + 21 - 6
    assert session.execute(text("SELECT state FROM coupon")).scalar_one() == "used"
