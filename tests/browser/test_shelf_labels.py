"""Labels for changed prices on the desk, and what a cashier is told who has no desk."""

from __future__ import annotations

from datetime import timedelta

from config import clock
from config.db import transaction
from tests import factories as make
from tests.browser.people import Desk, Till, expect
from tests.trade.fulfilment import chain
from trade.pricing import price_books


def _look(at, name, folder):
    if folder:
        at.page.wait_for_timeout(400)
        at.page.screenshot(path=f"{folder}/labels-{name}.png")


def test_a_changed_price_is_printed_and_hung_and_a_cashier_hears_who_may(street, screen, session, pictures):
    """3.24: what the shelf says and the till does not, what will change from which minute on."""
    shop, soon = street.shop, clock.now().replace(second=0, microsecond=0) + timedelta(hours=2)
    chain.do(session, "INSERT INTO price_label (store_id, sku_id, price_fen, printed_by, printed_at)"
             " VALUES (:s, :k, 890, 't', now())", s=shop.store_id, k=shop.skus["milk"])  # fmt: skip
    with transaction(session):
        lines = [price_books.Line(shop.skus["bread"], 700, ())]
        price_books.publish(session, price_books.Change("调价", soon), lines, actor="t", now=clock.now())
    till = Till(screen(1366, 768), street.url)
    till.open(shop)
    till.page.keyboard.press("F12")
    expect(till.see("error")).to_contain_text("没有门店工作台的权限")
    desk = Desk(screen(1366, 768), street.url)
    desk.open()
    desk.page.goto(f"{street.url}/desk/#labels")
    expect(desk.see("labels-list")).to_contain_text("原价签 8.90")
    _look(desk, "todo", pictures)
    desk.see("labels-print-a4").click()
    desk.page.emulate_media(media="print")
    expect(desk.see("label-paper").locator("article")).to_have_count(1)
    expect(desk.see("label-paper")).to_contain_text(make.BARCODES["milk"])
    _look(desk, "paper", pictures)
    desk.page.emulate_media(media="screen")
    desk.see("labels-hang").click()
    expect(desk.see("labels-done")).to_contain_text("已登记 1 张")
    desk.see("labels-coming").click()
    expect(desk.see("labels-list")).to_contain_text("7.00")
    _look(desk, "coming", pictures)
    desk.see("labels-honoured").click()
    expect(desk.page.get_by_text("近 30 天没有按价签卖出的商品")).to_be_visible()
