from __future__ import annotations

from playwright.sync_api import Route
from sqlalchemy import text

from config import clock
from config.db import transaction
from tests import factories as make
from tests.browser.looks import picture
from tests.browser.people import Phone, expect


def test_what_is_sold_out_leads_to_the_store_that_has_it_and_a_switch_says_what_changes(
    street, screen, session, pictures
):
    """Found by a misspelling; sold out here, something like it is offered; the other store is dearer and says so."""
    now = clock.now()
    other = make.open_shop(session, code="S2", stock_of={"milk": 9, "bread": 1}, now=now)
    milk, bread = street.shop.skus["milk"], street.shop.skus["bread"]
    with transaction(session):
        session.execute(
            text("UPDATE product SET name = '纯牛奶', pinyin = 'cnn', pinyin_full = 'chunniunai' WHERE id = 1")
        )
        session.execute(text("UPDATE product SET category_id = 1"))
        session.execute(
            text("INSERT INTO price (sku_id, store_id, price_fen, from_at, rank) VALUES (:sku, :store, 1100, :now, 4)"),
            {"sku": bread, "store": other.store_id, "now": now},
        )
    make.ring_up(session, street.shop, now, milk=3)
    buyer = Phone(screen(390, 844), street.url)

    buyer.go("home")
    buyer.see(f"card-{bread}").click()
    buyer.see("more").click()
    buyer.see("add-to-cart").click()
    buyer.go("search")
    buyer.see("search-words").locator("input").fill("niun")
    buyer.see("suggest-纯牛奶").wait_for()
    picture(buyer.page, pictures, "search-typing")
    buyer.see("search-words").locator("input").fill("niunay")
    buyer.see("search-go").click()
    buyer.see("found-nothing").wait_for()
    picture(buyer.page, pictures, "search-nothing")
    buyer.see("meant-纯牛奶").click()
    expect(buyer.see("found-nothing")).to_have_count(0)
    expect(buyer.see(f"card-{milk}")).to_contain_text("售罄")
    picture(buyer.page, pictures, "search-found")
    buyer.see(f"card-{milk}").click()
    expect(buyer.see("stock")).to_contain_text("已售罄")
    expect(buyer.see("instead")).to_contain_text("商品bread")
    expect(buyer.see("elsewhere")).to_contain_text("有 9 盒")
    buyer.see("elsewhere").scroll_into_view_if_needed()
    picture(buyer.page, pictures, "product-sold-out")
    expect(buyer.see("wish")).to_contain_text("30 天内")

    _switch(buyer, pictures, other.store_id, bread)
    _narrow(buyer, pictures, milk)


def _narrow(buyer, pictures, milk):
    held: list[Route] = []
    open_now = False

    def hold(route: Route) -> None:
        if open_now:
            route.continue_()
        else:
            held.append(route)

    buyer.page.route("**/api/mall/categories", hold)
    buyer.go("category")
    buyer.see("filter-price").click()  # before the page has its categories
    expect(buyer.see("filter-price")).to_contain_text("↑")
    open_now = True
    for route in held:
        route.continue_()
    buyer.see(f"card-{milk}").wait_for()
    expect(buyer.see("filter-price")).to_contain_text("↑")
    buyer.see("filter-more").click()
    buyer.see("filter-brand-山野").click()
    picture(buyer.page, pictures, "filters")
    buyer.see("filter-done").click()
    buyer.see(f"card-{milk}").wait_for()
    picture(buyer.page, pictures, "category")
    buyer.go("search")
    picture(buyer.page, pictures, "search-history")


def _switch(buyer, pictures, other, bread):
    buyer.see(f"shop-at-{other}").click()
    expect(buyer.see("switch-sum")).to_contain_text("→ ¥22.00")
    expect(buyer.see(f"switch-{bread}")).to_contain_text("仅剩 1")
    picture(buyer.page, pictures, "store-switch")
    buyer.see("switch-stay").click()
    expect(buyer.see("store-bar").last).to_contain_text("通店S1")
    buyer.see(f"shop-at-{other}").click()
    buyer.see("switch-sum").wait_for()  # until both stores have answered the button does nothing
    buyer.see("switch-go").click()
    expect(buyer.see("stock")).to_contain_text("仅剩 9")
