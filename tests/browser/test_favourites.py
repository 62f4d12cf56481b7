from __future__ import annotations

from config import clock
from tests import factories as make
from tests.browser.looks import picture
from tests.browser.people import KEEP_TOKEN, Phone, expect


def _waits_for_it(phone, milk, pictures):
    """It is sold out by now: WeChat asks, and the page remembers that the member waits."""
    phone.see(f"card-{milk}").last.click()
    phone.see("wish-turn").click()
    phone.see("person-1").click()
    phone.see("subscribe-yes").click()
    expect(phone.see("wish")).to_contain_text("到货后通知你")
    picture(phone.page, pictures, "wish")
    phone.see("wish-turn").click()
    expect(phone.see("wish")).to_contain_text("本店售罄")


def test_a_favourite_is_kept_found_again_and_dropped(street, session, screen, pictures):
    """A guest is led to the sign-in; a member keeps a product, finds it under Me with this store's stock, drops it."""
    milk = street.shop.skus["milk"]
    guest = Phone(screen(390, 844), street.url)
    guest.go("home")
    guest.see(f"card-{milk}").first.click()
    guest.see("favourite").click()
    guest.see("sign-in").wait_for()

    buyer = street.customer(1)
    phone = Phone(screen(390, 844), street.url)
    phone.page.goto(f"{phone.url}/mall/")
    phone.page.evaluate(KEEP_TOKEN, str(buyer.http.headers["Authorization"]).removeprefix("Bearer "))
    phone.page.goto("about:blank")
    phone.go("me")
    phone.see("my-favourites").click()
    phone.page.get_by_text("还没有收藏").wait_for()
    picture(phone.page, pictures, "favourites-none")
    phone.go("home")
    phone.see(f"card-{milk}").first.click()
    phone.see("favourite").click()
    expect(phone.see("favourite")).to_have_attribute("aria-pressed", "true")
    picture(phone.page, pictures, "favourite-kept")
    make.ring_up(session, street.shop, clock.now(), milk=3)
    phone.go("favourites")
    expect(phone.see("kept-1")).to_contain_text("售罄")
    picture(phone.page, pictures, "favourites")
    _waits_for_it(phone, milk, pictures)
    phone.go("favourites")
    phone.see("drop-1").click()
    expect(phone.see("kept-1")).to_have_count(0)
