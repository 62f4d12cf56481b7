"""Not here, but there: a ticket for what is carried out and for what another store hands over."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config import clock
from config.db import open_session
from tests import factories as make
from tests.browser.people import Desk, Till, expect
from tests.stories import books
from tests.trade.fulfilment import chain

BREAD, MILK = make.BARCODES["bread"], make.BARCODES["milk"]


@pytest.fixture
def two(session, street):
    """Store B a kilometre away, and C, which is nearer and has no bread."""
    shops = [make.open_shop(session, code=f"S{n}", stock_of={"bread": b}, now=clock.now()) for n, b in ((2, 4), (3, 0))]
    chain.do(session, "UPDATE store SET opens_minute = 0, closes_minute = 1440,"
             " lat_e6 = 30280000 + CASE code WHEN 'S2' THEN 9000 WHEN 'S3' THEN 4500 ELSE 0 END")  # fmt: skip
    return shops


def _look(at, name, folder):
    if folder:
        at.page.wait_for_timeout(400)
        at.page.screenshot(path=f"{folder}/elsewhere-{name}.png")


def _level(shop, name):
    with open_session() as session:
        said = "SELECT on_hand, held, committed FROM stock_level WHERE store_id = :store AND sku_id = :sku"
        return tuple(session.execute(text(said), {"store": shop.store_id, "sku": shop.skus[name]}).one())


def _put_bread_on_the_ticket(till, b, c, pictures):
    till.page.keyboard.press("F11")
    expect(till.see("away-empty")).to_be_visible()
    _look(till, "empty", pictures)
    till.page.keyboard.press("Escape")
    till.scan(MILK)
    expect(till.see("line")).to_have_count(1)
    till.page.keyboard.press("F11")
    expect(till.see("away-goods")).to_contain_text("商品milk")
    till.page.keyboard.type(BREAD)
    till.page.keyboard.press("Enter")
    expect(till.see(f"away-store-{c.store_id}")).to_contain_text("无货")
    expect(till.see(f"away-store-{b.store_id}")).to_have_attribute("aria-current", "true")
    expect(till.see("away-stores").locator("li").first).to_contain_text("500 m")
    till.page.keyboard.press("+")
    _look(till, "stores", pictures)
    till.page.keyboard.press("Enter")
    expect(till.see("line-away")).to_contain_text("通店S2 到店自提")
    expect(till.see("scan-input")).to_be_focused()


def _hand_over_at_b(street, page, code, pictures):
    desk = Desk(page, street.url)
    desk.sign_in("desk", "store_staff-S2")
    desk.see("scan-box").wait_for()
    desk.see("alarm").wait_for()
    with open_session() as session:
        order_id = session.scalar(text("SELECT max(id) FROM sale_order"))
    no = f"001{order_id:09d}"
    desk.scan(code)
    expect(desk.see("stop-pickup_not_ready")).to_be_visible()
    _look(desk, "not-ready", pictures)
    desk.page.keyboard.press("Escape")
    desk.see(f"order-card-{no}").click()
    desk.see("accept").click()
    desk.see("pick-2").click()
    desk.see("unpick-2").wait_for()
    desk.see("ready").click()
    desk.see("notice").wait_for()
    desk.hand_over(code)


def test_item_not_here_is_sold_from_store_b_with_a_carried_out_one_and_handed_over_there(
    street, two, screen, session, pictures
):
    """3.14 by keys alone; books at zero."""
    b, c = two
    till = Till(screen(1366, 768), street.url)
    till.open(street.shop)
    _put_bread_on_the_ticket(till, b, c, pictures)
    assert _level(b, "bread") == (4, 0, 0)
    till.page.keyboard.press("+")
    expect(till.see("away-kept")).to_contain_text("已在他店留货")
    assert _level(b, "bread") == (4, 2, 0)
    _look(till, "pay", pictures)
    till.page.keyboard.press("Escape")
    expect(till.see("pay-open")).to_be_visible()
    till.page.wait_for_timeout(500)
    assert _level(b, "bread") == (4, 0, 0)
    no = till.pay_cash("30")
    expect(till.see("change")).to_contain_text("7.10")
    code = till.see("receipt-code").inner_text().replace(" ", "")
    _look(till, "receipt", pictures)
    assert (_level(street.shop, "milk"), _level(b, "bread")) == ((2, 0, 0), (4, 0, 2))
    _hand_over_at_b(street, screen(1366, 768), code, pictures)
    assert _level(b, "bread") == (2, 0, 0)
    assert no and books(session) == {}


def test_the_last_one_is_gone_or_the_network_and_nobody_is_asked_for_money(street, two, screen, session, pictures):
    b, _ = two
    till = Till(screen(1024, 768), street.url)
    till.open(street.shop)
    till.scan(BREAD)
    expect(till.see("line")).to_have_count(1)
    till.page.keyboard.press("F11")
    expect(till.see(f"away-store-{b.store_id}")).to_have_attribute("aria-current", "true")
    till.page.keyboard.press("ArrowRight")
    till.page.keyboard.press("ArrowRight")
    till.page.keyboard.press("Enter")
    for name, words in (
        ("name", "王小明"),
        ("phone", "13812342046"),
        ("region_name", "浙江省杭州市西湖区"),
        ("region", "330106"),
    ):
        expect(till.see(f"away-{name}")).to_be_focused()
        till.page.keyboard.type(words)
        till.page.keyboard.press("Enter")
    till.page.keyboard.type("文三路 1 号")
    _look(till, "address", pictures)
    till.page.keyboard.press("Enter")
    expect(till.see("line-away")).to_contain_text("快递邮寄")
    make.ring_up(session, b, clock.now(), bread=4)
    till.page.keyboard.press("+")
    expect(till.see("error")).to_contain_text("刚被买走，还没有收款")
    _look(till, "gone", pictures)
    assert session.scalar(text("SELECT count(*) FROM sale_order WHERE store_id = 1")) == 0
    session.rollback()
    till.page.context.set_offline(True)
    till.page.keyboard.press("+")
    expect(till.see("error")).to_contain_text("没有网络")
    till.page.keyboard.press("F11")
    expect(till.see("away-offline")).to_contain_text("没有网络")
    _look(till, "offline", pictures)
    till.page.context.set_offline(False)
    till.page.keyboard.press("Enter")
    expect(till.see(f"away-store-{b.store_id}")).to_contain_text("无货")
    till.page.keyboard.press("Delete")
    expect(till.see("line-away")).to_have_count(0)
    assert books(session) == {}
