"""A customer asks about an order on the phone, the store answers at the desk, the customer says that it is solved."""

from __future__ import annotations

from pathlib import Path

from tests.browser.people import Desk, Phone, expect
from tests.browser.test_delivered import _three_widths


def _picture(at, folder, name):
    if folder:
        at.page.screenshot(path=str(Path(folder) / f"{name}.png"))


def _heard(street):
    said = [dict(one["fields"]) for one in street.world.messages.get("oTongdian0001", [])]
    return [one["回复内容"] for one in said if "回复内容" in one]


def test_a_question_is_answered_and_solved(street, screen, pictures):
    buyer, desk = Phone(screen(390, 844), street.url), Desk(screen(1280, 900), street.url)
    buyer.open(1)
    buyer.go("me")
    buyer.see("my-tickets").click()
    expect(buyer.page.get_by_text("还没有问过客服")).to_be_visible()
    _three_widths(buyer, "service-none", pictures)
    buyer.choose(street.shop.skus["milk"], 1)
    buyer.submit()
    buyer.pay()
    buyer.see("to-ticket").click()
    buyer.see("ticket-order").wait_for()
    buyer.see("ticket-send").click()
    expect(buyer.page.get_by_text("请先写几句话")).to_be_visible()
    buyer.see("ticket-words").locator("textarea").fill("可以晚上八点来取吗？")
    _three_widths(buyer, "service-ask", pictures)
    buyer.see("ticket-send").click()
    expect(buyer.see("ticket")).to_have_attribute("data-state", "waiting")
    buyer.see("tell-me").click()
    buyer.see("subscribe-yes").click()
    _three_widths(buyer, "service-waits", pictures)

    desk.open()
    expect(desk.see("service-waiting")).to_have_text("1")
    desk.see("service-open").click()
    expect(desk.see("service")).to_contain_text("可以晚上八点来取吗？")
    _picture(desk, pictures, "service-desk-list")
    desk.page.get_by_text("可以晚上八点来取吗？").click()
    desk.see("ticket-answer").fill("可以，我们营业到晚上十点。")
    _picture(desk, pictures, "service-desk-ticket")
    desk.see("ticket-send").click()
    expect(desk.see("ticket")).to_have_attribute("data-state", "answered")
    street.until(lambda: _heard(street) == ["可以，我们营业到晚上十点。"], "the customer is told")
    desk.page.set_viewport_size({"width": 390, "height": 844})
    _picture(desk, pictures, "service-desk-390")
    desk.see("sheet-close").click()
    expect(desk.see("service-waiting")).to_have_count(0)
    _picture(desk, pictures, "service-desk-bar-390")

    expect(buyer.see("ticket")).to_have_attribute("data-state", "answered")
    expect(buyer.see("said")).to_have_count(2)
    buyer.see("ticket-solved").click()
    buyer.page.locator(".uni-modal__btn_primary").click()
    expect(buyer.see("ticket")).to_have_attribute("data-state", "closed")
    _three_widths(buyer, "service-solved", pictures)
    buyer.page.goto(f"{street.url}/mall/#/pages/ticket/tickets")
    expect(buyer.page.get_by_text("已结束")).to_be_visible()
    _three_widths(buyer, "service-list", pictures)
