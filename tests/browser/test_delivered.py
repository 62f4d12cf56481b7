"""A customer who does not come: an order that is brought, and one that is sent."""

from __future__ import annotations

from sqlalchemy import text

from config import clock
from config.db import transaction
from tests.browser import looks
from tests.browser.people import Desk, Phone, expect
from tests.trade.fulfilment import chain, hands
from trade.orders import proof
from trade.pricing import freight
from trade.pricing.freight import Band, Delivery, Terms, Zone

TERMS = Terms(
    delivery=Delivery(minimum_fen=1500, free_from_fen=5000, bands=(Band(to_m=5000, fee_fen=500),), prepare_minutes=0),
    zones=(Zone(name="江浙沪", regions=("33",), first_fen=800, more_fen=200, free_from_fen=9900),),
)


def _look(at, name, pictures, *, width=390):
    at.page.set_viewport_size({"width": width, "height": 844})
    at.page.wait_for_timeout(150)
    wide = at.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, f"{name} is {wide} wide at {width}"
    if pictures:
        at.page.screenshot(path=f"{pictures}/{name}-{width}.png", full_page=True)
    at.page.set_viewport_size({"width": 390, "height": 844})


def _three_widths(at, name, pictures):
    for width in (320, 390, 768):
        _look(at, name, pictures, width=width)
    known = ("image-alt", "scrollable-region-focusable")  # the goods' own pictures; a page of nothing but words
    assert [one for one in looks.serious(at.page) if not one.startswith(known)] == []


def _write_address(buyer, pictures):
    """The checkout asks for one; what is wrong of it is said beside it."""
    buyer.see("choose-address").click()
    buyer.see("add-address").click()
    buyer.see("address-name").locator("input").fill("王小明")
    buyer.see("address-phone").locator("input").fill("1381234")
    buyer.see("address-region").click()
    buyer.see("region-330000").click()
    buyer.see("region-330100").click()
    _look(buyer, "region", pictures)
    buyer.see("region-330106").click()
    buyer.see("address-street").locator("textarea").fill("文三路 1 号 2 幢 301")
    buyer.see("address-save").click()
    expect(buyer.see("fault-phone")).to_be_visible()
    buyer.see("address-phone").locator("input").fill("13812342046")
    _three_widths(buyer, "address", pictures)
    buyer.see("address-save").click()
    expect(buyer.page.locator("[data-testid^=address-]").first).to_contain_text("王小明")
    _look(buyer, "addresses", pictures)


def _set_its_place(buyer):
    """Without a place on the map nobody knows whether the store delivers there."""
    expect(buyer.see("way-hindrance")).to_contain_text("定位")
    buyer.see("choose-address").click()
    buyer.page.locator("[data-testid^=edit-address-]").click()
    expect(buyer.see("address-name").locator("input")).to_have_value("王小明")
    buyer.see("address-here").click()
    expect(buyer.page.get_by_text("已定位")).to_be_visible()
    buyer.see("address-save").click()
    buyer.page.locator("[data-testid^=address-]").first.locator("[role=button]").click()


def _pack(desk, no, carrier, tracking):
    desk.see(f"order-card-{no}").click()
    desk.see("accept").click()
    desk.see("pick-1").click()
    desk.see("unpick-1").wait_for()
    desk.see("courier-bags").fill("1")
    desk.see("courier-pack").click()
    desk.see("courier-carrier").fill(carrier)
    desk.see("courier-no").fill(tracking)
    desk.see("courier-hand").click()


def _submit(buyer):
    """Once the price of the way that was chosen is there."""
    expect(buyer.page.locator("[data-testid=submit-order]:not(.off)")).to_be_visible()
    buyer.submit()


def _no(street, order_id):
    return f"{street.shop.store_id:03d}{int(order_id):09d}"


def _is_brought(street, buyer, desk, pictures):
    buyer.choose(street.shop.skus["bread"], 3)  # a guest until now
    buyer.see("way-delivery").click()
    expect(buyer.see("choose-address")).to_contain_text("登录")
    _submit(buyer)
    buyer.see("person-1").click()
    buyer.see("way-delivery").wait_for()
    _write_address(buyer, pictures)
    buyer.go("checkout")
    _set_its_place(buyer)
    expect(buyer.see("address-who")).to_contain_text("138****2046")
    expect(buyer.see("line-freight")).to_contain_text("5.00")
    _three_widths(buyer, "checkout-delivery", pictures)
    _submit(buyer)
    brought = buyer.pay()
    expect(buyer.see("order-address")).to_contain_text("文三路 1 号")
    _pack(desk, _no(street, brought), "闪送", "SS100200")
    buyer.page.reload()
    expect(buyer.see("courier")).to_contain_text("SS100200")
    _three_widths(buyer, "order-on-its-way", pictures)
    desk.see("courier-delivered").click()
    buyer.page.reload()
    expect(buyer.see("order-state")).to_contain_text("已送达")
    _look(buyer, "order-delivered", pictures)


def _is_sent(street, buyer, desk, pictures):
    buyer.choose(street.shop.skus["bread"], 4)  # the same again so soon would be held as a slip
    buyer.see("way-ship").click()
    expect(buyer.see("line-freight")).to_contain_text("江浙沪")
    expect(buyer.see("payable").first).to_contain_text("36.00")
    _three_widths(buyer, "checkout-ship", pictures)
    _submit(buyer)
    sent = buyer.pay()
    _pack(desk, _no(street, sent), "顺丰", "SF1234567890")
    buyer.page.reload()
    expect(buyer.see("order-state")).to_contain_text("运输中")
    expect(buyer.see("courier")).to_contain_text("SF1234567890")
    _look(buyer, "order-sent", pictures)


def test_from_a_guest_to_the_door_and_by_post(street, screen, session, pictures):
    chain.do(session, "UPDATE store SET area = CAST(:area AS jsonb), lat_e6 = 30280000, lng_e6 = 120130000,"
                      " opens_minute = 0, closes_minute = 1440", area=chain.SQUARE)  # fmt: skip
    with transaction(session):
        freight.publish(session, TERMS, from_at=clock.now(), actor="test", now=clock.now())
    page = screen(390, 844)
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"latitude": 30.29, "longitude": 120.14})
    buyer, desk = Phone(page, street.url), Desk(screen(1366, 768), street.url)
    desk.open()
    _is_brought(street, buyer, desk, pictures)
    _is_sent(street, buyer, desk, pictures)
    session.rollback()
    kept = session.execute(text("SELECT mode, freight_fen FROM sale_order ORDER BY id")).all()
    assert [tuple(row) for row in kept] == [("delivery", 500), ("ship", 1000)]
    assert proof.differences(session) == []
    assert hands.differences(session) == {}
