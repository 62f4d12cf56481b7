from __future__ import annotations

from tests import factories as make
from tests.browser.people import Phone, Till, expect
from tests.wechat_stand_in.pay import codepay


def _kept(buyer):
    """What the mall keeps on this device, by name."""
    return buyer.page.evaluate("Object.fromEntries(Object.entries(localStorage))")


def _with_five_yuan(buyer, phone_url):
    buyer.page.goto(f"{phone_url}/phone/")
    buyer.see("person-1").click()
    buyer.see("tile-settings").click()
    buyer.see("balance").fill("5")
    buyer.see("save").click()
    buyer.see("saved").wait_for()


def _pays_as_a_guest_until_the_counter(buyer, milk):
    buyer.go("home")
    buyer.see(f"quick-add-{milk}").click()
    buyer.go("me")
    buyer.see("sign-in").click()
    buyer.see("not-now").click()
    expect(buyer.see("sign-in")).to_be_visible()
    buyer.go("cart")
    buyer.see("cart-payable").wait_for()  # not before it has a price
    buyer.see("checkout").click()
    buyer.see("slot-0").wait_for()
    buyer.submit()
    buyer.see("continue").click()
    buyer.see("slot-0").wait_for()
    buyer.submit()
    buyer.see("pay").click()
    buyer.type_password()
    expect(buyer.see("outcome")).to_contain_text("余额不足")
    buyer.see("pay-by-card").click()
    buyer.see("back-to-shop").click()
    expect(buyer.see("order-state")).to_contain_text("已付款")


def _refuses_the_number(buyer):
    buyer.go("me")
    buyer.see("bind-phone").first.click()
    buyer.see("refuse").click()
    expect(buyer.see("error")).to_contain_text("没有授权手机号")


def test_a_guest_shops_says_no_to_what_is_asked_pays_and_leaves_nothing_to_the_next(street, screen):
    """A guest's basket, log-in at the counter, the number refused, no money, a card; then another person."""
    milk = street.shop.skus["milk"]
    buyer = Phone(screen(390, 844), street.url)
    _with_five_yuan(buyer, street.phone_url)
    _pays_as_a_guest_until_the_counter(buyer, milk)
    _refuses_the_number(buyer)

    buyer.go("home")
    buyer.see(f"quick-add-{milk}").click()
    buyer.go("me")
    buyer.see("member-card").wait_for()
    assert {"td.mall.token", "td.mall.me", "td.mall.cart_of"} <= _kept(buyer).keys()
    buyer.see("sign-out").click()
    buyer.see("sign-in").wait_for()
    assert not {"td.mall.token", "td.mall.me", "td.mall.cart_of"} & _kept(buyer).keys()
    buyer.see("sign-in").click()
    buyer.see("person-2").click()
    buyer.see("member-card").wait_for()
    buyer.go("orders")
    expect(buyer.page.get_by_text("还没有订单")).to_be_visible()
    buyer.go("cart")
    buyer.see("go-shopping").wait_for()

    buyer.page.goto(f"{street.phone_url}/phone/bill")
    expect(buyer.see("entry")).to_have_count(0)  # the phone is 李慧's now
    buyer.page.goto(f"{street.phone_url}/phone/choose")
    buyer.see("person-1").click()
    buyer.see("tile-bill").click()
    expect(buyer.see("entry")).to_contain_text("-9.90")


def test_a_phone_that_changed_hands_opens_the_mall_as_its_new_owner(street, screen):
    """In the phone's frame: the one who signed in there is signed in, whoever never did is a guest."""
    holder = Phone(screen(1280, 900), street.url)
    holder.page.goto(f"{street.phone_url}/phone/choose")
    holder.see("person-1").click()
    mall = holder.page.frame_locator("iframe")
    holder.page.goto(f"{street.phone_url}/phone/app?page=pages/me/me")
    mall.get_by_test_id("sign-in").click()
    mall.get_by_test_id("continue").click()
    mall.get_by_test_id("member-card").wait_for()

    holder.page.goto(f"{street.phone_url}/phone/choose")
    holder.see("person-2").click()
    holder.page.goto(f"{street.phone_url}/phone/app?page=pages/me/me")
    mall.get_by_test_id("sign-in").wait_for()
    expect(mall.get_by_test_id("member-card")).to_have_count(0)

    holder.page.goto(f"{street.phone_url}/phone/choose")
    holder.see("person-1").click()
    holder.page.goto(f"{street.phone_url}/phone/app?page=pages/me/me")
    mall.get_by_test_id("member-card").wait_for()


def test_a_cashier_charges_the_code_on_the_phone_and_the_phone_asks_for_the_password(street, screen):
    """The phone and the till say the same, and the next code is another one."""
    codepay.behave(street.world, "oTongdian0001", asked=True, types_after_s=None)
    holder, till = Phone(screen(390, 844), street.url), Till(screen(1366, 768), street.url)
    till.open(street.shop)
    holder.page.goto(f"{street.phone_url}/phone/choose")
    holder.see("person-1").click()
    holder.see("tile-code").click()
    shown = holder.see("digits").inner_text()
    till.scan(make.BARCODES["bread"])
    expect(till.see("payable")).to_contain_text("6.50")
    till.scan("".join(shown.split()))
    expect(holder.see("sum")).to_contain_text("6.50")
    for _ in range(6):
        holder.see("key-5").click()
    expect(holder.see("outcome")).to_contain_text("支付成功")
    expect(till.see("receipt-code")).to_contain_text("6.50")
    holder.see("put-away").click()
    expect(holder.see("digits")).not_to_have_text(shown)
