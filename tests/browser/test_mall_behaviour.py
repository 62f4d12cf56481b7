from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import text

from config.db import fetch
from tests.browser.people import Phone, expect

HIDE = """() => {
    Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true})
    document.dispatchEvent(new Event('visibilitychange'))
}"""


def test_a_guest_is_asked_first_and_then_what_they_do_reaches_the_shop(street, screen, session, pictures):
    """Nothing before the yes; then pages, what was shown, searched, opened and put into the cart; a no deletes it."""
    phone = Phone(screen(390, 844), street.url)
    told: list[str] = []
    phone.page.on("request", lambda asked: told.append(asked.url) if asked.url.endswith("/api/mall/events") else None)
    phone.go("home")
    phone.see("track-ask").wait_for()
    if pictures:
        Path(pictures).mkdir(parents=True, exist_ok=True)
        phone.page.screenshot(path=os.fspath(Path(pictures, "mall-track-ask.png")))
    assert told == []
    phone.see("track-yes").click()
    expect(phone.see("track-ask")).to_have_count(0)
    milk = street.shop.skus["milk"]
    phone.see("search").click()
    phone.see("search-words").locator("input").fill("milk")
    phone.see("search-go").click()
    phone.see(f"card-{milk}").last.click()
    phone.see("buy-now").wait_for()
    phone.see("add-to-cart").click()
    with phone.page.expect_response(lambda answer: answer.url.endswith("/api/mall/events")) as answered:
        phone.page.evaluate(HIDE)
    assert answered.value.json()["dropped"] == {}
    rows = fetch(session, text("SELECT kind, page, from_page, slot, position, keyword, qty FROM behaviour_event"), {})
    kinds = {row.kind for row in rows}
    assert "app_show" not in kinds  # that was before the yes
    assert {"page_view", "page_leave", "product_impression", "search", "product_view"} <= kinds
    paths = {(row.from_page, row.page) for row in rows if row.kind == "page_view"}
    assert ("pages/home/home", "pages/search/search") in paths and (
        "pages/search/search",
        "pages/product/product",
    ) in paths
    [added] = [row for row in rows if row.kind == "cart_change"]
    assert (added.slot, added.position, added.qty) == ("search.list", 1, 1)
    phone.go("privacy")
    phone.see("switch-guest").click()
    expect(phone.page.locator("body")).to_contain_text("个性化推荐")
    phone.go("home")
    expect(phone.see("track-ask")).to_have_count(0)
    assert fetch(session, text("SELECT count(*) AS n FROM behaviour_event"), {})[0].n == 0
