"""A customer lets WeChat tell them of their order, and the pickup code arrives on the phone."""

from __future__ import annotations

from pathlib import Path

from tests.browser.people import Desk, Phone, expect


def _picture(at, folder, name):
    if folder:
        at.page.screenshot(path=str(Path(folder) / f"{name}.png"))


def _agrees(buyer, pictures):
    """A no leaves everything as it was; then a yes, which the page remembers."""
    buyer.see("tell-me").scroll_into_view_if_needed()
    _picture(buyer, pictures, "telling-asked")
    buyer.see("tell-me").click()
    _picture(buyer, pictures, "telling-wechat")
    buyer.see("subscribe-no").click()
    expect(buyer.see("tell-me")).to_be_visible()
    buyer.see("tell-me").click()
    buyer.see("subscribe-yes").click()
    expect(buyer.see("telling-words")).to_contain_text("付款成功、可以取货、退款到账")
    expect(buyer.see("telling")).to_have_attribute("data-open", "0")
    _picture(buyer, pictures, "telling-promised")


def _agrees_to_points(buyer, pictures):
    buyer.go("points")
    buyer.see("tell-me").click()
    buyer.see("subscribe-yes").click()
    expect(buyer.see("telling-words")).to_contain_text("积分到期、积分变动")
    _picture(buyer, pictures, "telling-points")


def _not_told(desk, no):
    desk.page.reload()
    desk.see(f"order-card-{no}").click()
    desk.see("notice-state").wait_for()
    return "重发：顾客未授权" in desk.see("notice-state").inner_text()


def _sent_again_in_vain(street, desk, no, pictures):
    desk.page.reload()
    desk.see(f"order-card-{no}").click()
    expect(desk.see("notice-state")).to_contain_text("已通知顾客")
    _picture(desk, pictures, "telling-desk")
    desk.see("notice-again").click()
    expect(desk.see("notice-state")).to_contain_text("剩 2 次")
    street.until(lambda: _not_told(desk, no), "the second has no leave")
    _picture(desk, pictures, "telling-desk-no-leave")


def _came_without_the_phone(desk, no, pictures):
    desk.page.keyboard.press("Escape")
    desk.see("tab-ready").click()
    desk.see("lost-open").click()
    desk.see("lost-tail").fill("0001")
    desk.see("lost-find").click()
    desk.see(f"lost-{no}").click()
    desk.see("lost-send").click()
    expect(desk.see("lost-proof")).to_contain_text("顾客未授权通知")
    _picture(desk, pictures, "telling-lost-phone")


def test_the_code_arrives_on_the_phone_of_who_agreed_and_the_desk_sees_it(street, screen, pictures):
    buyer, desk = Phone(screen(390, 844), street.url), Desk(screen(1280, 900), street.url)
    buyer.open(1)
    buyer.choose(street.shop.skus["milk"], 1)
    buyer.submit()
    _agrees(buyer, pictures)
    order_id = int(buyer.pay())
    _agrees_to_points(buyer, pictures)

    desk.open()
    no = f"{street.shop.store_id:03d}{order_id:09d}"
    desk.see(f"order-card-{no}").wait_for()
    desk.prepare(no)
    street.until(lambda: len(street.world.messages.get("oTongdian0001", [])) == 2, "both messages")
    code = dict(street.world.messages["oTongdian0001"][-1]["fields"])["取货码"]
    buyer.go("home")
    buyer.page.goto(f"{buyer.url}/mall/#/pages/order/order?id={order_id}")
    assert code == "".join(buyer.see("pickup-code").inner_text().split())
    _sent_again_in_vain(street, desk, no, pictures)
    _came_without_the_phone(desk, no, pictures)
    buyer.page.goto(f"{street.phone_url}/phone/notices")
    expect(buyer.page.get_by_text(code)).to_be_visible()
    _picture(buyer, pictures, "telling-phone")
