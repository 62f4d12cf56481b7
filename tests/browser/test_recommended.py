"""The whole loop: looked at on the phone, bought at the till, learned, and shown with its reason at every place."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from config import clock
from config.db import transaction
from member import consent
from recommend import learning, serve
from recommend.definitions import PURPOSE
from tests import factories as make
from tests.browser.looks import picture
from tests.browser.people import KEEP_TOKEN, Phone, Till, expect
from tests.browser.test_mall_behaviour import HIDE

DAY = timedelta(days=1)


def _agrees(buyer, *, given):
    version = consent.PURPOSES[PURPOSE].version
    choice = {"purpose": PURPOSE, "given": given, "version": version}
    assert buyer.post("/api/mall/consents", choices=[choice])[0] == 200


def _signed_in(phone, buyer):
    phone.page.goto(f"{phone.url}/mall/")
    phone.page.evaluate(KEEP_TOKEN, str(buyer.http.headers["Authorization"]).removeprefix("Bearer "))
    phone.page.goto("about:blank")
    phone.go("home")


def _history(session, street, member):
    """Milk every ten days, the last ten days ago; others buy milk with bread."""
    now = clock.now()
    with transaction(session):
        session.execute(text("UPDATE product SET brand = ''"))
        session.execute(text("UPDATE price SET from_at = from_at - interval '90 days'"))
        session.execute(text("UPDATE stock_level SET on_hand = 100 WHERE on_hand < 100"))
    for days in (30, 20, 10):
        make.ring_up(session, street.shop, now - days * DAY, member_id=member, milk=1)
    for days in (5, 6, 7):
        make.ring_up(session, street.shop, now - days * DAY, milk=1, bread=1)


def _on_the_phone(phone, milk, bread, pictures):
    home = phone.see("recommended-home")
    expect(home).to_contain_text("你大约每 10 天买一次")
    expect(home).to_contain_text("今天加入了购物车")
    home.scroll_into_view_if_needed()
    picture(phone.page, pictures, "recommended-home")
    phone.see(f"recommended-{milk}").first.locator(".goods").click()
    expect(phone.see("recommended-product")).to_contain_text("常和“商品milk”一起买")
    phone.see("recommended-product").scroll_into_view_if_needed()
    picture(phone.page, pictures, "recommended-product")
    phone.go("cart")
    expect(phone.see("recommended-cart")).to_contain_text("常和“商品bread”一起买")
    phone.see("recommended-cart").scroll_into_view_if_needed()
    picture(phone.page, pictures, "recommended-cart")
    phone.see("recommended-cart").get_by_test_id("quick-add-" + str(milk)).click()
    expect(phone.see("cart-payable")).to_contain_text("16.40")


def _at_the_till(till, milk, pictures):
    till.member("13800000001")
    expect(till.see(f"hint-{milk}")).to_contain_text("大约每 10 天买一次")
    picture(till.page, pictures, "till-hint")
    till.see(f"hint-{milk}").click()
    expect(till.see("payable")).to_contain_text("9.90")
    expect(till.see("hints")).to_contain_text("常和商品milk一起买")
    picture(till.page, pictures, "till-hint-with")
    till.pay_cash("10")


def test_browsed_bought_learned_and_shown_with_its_reason(street, session, screen, pictures):
    milk, bread = street.shop.skus["milk"], street.shop.skus["bread"]
    buyer = street.customer(1)
    member = session.scalar(text("SELECT max(id) FROM member"))
    session.rollback()
    assert not serve.held_out(member)
    _agrees(buyer, given=True)
    _history(session, street, member)
    phone = Phone(screen(390, 844), street.url)
    _signed_in(phone, buyer)
    phone.see(f"card-{bread}").first.click()
    expect(phone.see("recommended-product")).to_have_count(0)  # nothing is learned yet, and nothing waits for it
    phone.see("add-to-cart").click()
    with phone.page.expect_response(lambda answer: answer.url.endswith("/api/mall/events")):
        phone.page.evaluate(HIDE)
    phone.go("home")
    learning.run(session, now=clock.now())
    phone.page.reload()
    _on_the_phone(phone, milk, bread, pictures)

    till = Till(screen(1366, 768), street.url)
    till.open(street.shop)
    _at_the_till(till, milk, pictures)

    phone.go("home")
    expect(phone.see("recommended-home")).to_contain_text("购物车")
    expect(phone.see("recommended-home")).not_to_contain_text("你大约每 10 天买一次")
    _agrees(buyer, given=False)
    phone.page.reload()
    expect(phone.see("recommended-home")).to_contain_text("本店热卖")
    expect(phone.see("recommended-home")).not_to_contain_text("购物车")
    guest = Phone(screen(390, 844), street.url)
    guest.go("home")
    said = [one.see("recommended-home").inner_text() for one in (phone, guest)]
    assert said[0] == said[1]
