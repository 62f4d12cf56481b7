"""The head office makes a group buy at the desk, a customer opens a group, and ending the offer pays them back."""

from __future__ import annotations

from pathlib import Path

from tests.browser.people import AtScreen, Phone, expect
from workers.jobs import end_groups


def _picture(at, folder, name):
    if folder:
        at.page.screenshot(path=str(Path(folder) / f"{name}.png"))


def _make(office, milk, pictures):
    office.see("offers-open").click()
    expect(office.page.get_by_text("还没有拼团活动")).to_be_visible()
    _picture(office, pictures, "offers-empty")
    office.see("offer-new").click()
    office.see("offer-save").click()
    expect(office.see("offer-faults")).to_contain_text("请选择至少一种商品")
    office.see("offer-name").fill("周末牛奶团")
    office.see("offer-find").fill("没有这种")
    office.see("offer-search").click()
    expect(office.see("offer-none")).to_be_visible()
    office.see("offer-find").fill("milk")
    office.page.keyboard.press("Enter")
    office.see(f"offer-pick-{milk}").click()
    office.see(f"offer-price-{milk}").fill("6.55")
    office.see("offer-people").fill("2")
    office.see("offer-fill-60").click()
    _picture(office, pictures, "offers-form")
    office.see("offer-save").click()
    expect(office.page.get_by_text("周末牛奶团")).to_be_visible()


def test_the_head_office_makes_an_offer_and_ends_it(street, screen, pictures):
    milk = street.shop.skus["milk"]
    office, buyer = AtScreen(screen(1280, 900), street.url), Phone(screen(390, 844), street.url)
    office.sign_in("desk", "head_office-S1")
    _make(office, milk, pictures)

    buyer.open(1)
    buyer.page.goto(f"{street.url}/mall/#/pages/home/home")
    buyer.page.reload()
    buyer.see(f"group-card-{milk}").click()
    expect(buyer.see("group-price")).to_contain_text("6.55")
    buyer.see("group-open").click()
    buyer.see("slot-0").wait_for()
    buyer.submit()
    buyer.pay()
    expect(buyer.see("order-state")).to_contain_text("等待成团")

    office.see("sheet-close").click()
    office.see("offers-open").click()
    expect(office.page.get_by_text("进行中 1 团")).to_be_visible()
    office.see("offer-groups").click()
    expect(office.see("groups")).to_contain_text("1 / 2 人")
    office.see("offer-end").click()
    expect(office.page.get_by_text("1 位已付款的顾客全额退款")).to_be_visible()
    _picture(office, pictures, "offers-ending")
    office.see("offer-end").click()
    expect(office.page.locator("[data-stands=ended]")).to_be_visible()
    end_groups.run()
    expect(buyer.see("order-state")).to_have_attribute("data-state", "cancelled", timeout=15_000)
    office.page.set_viewport_size({"width": 390, "height": 844})
    _picture(office, pictures, "offers-ended-390")
