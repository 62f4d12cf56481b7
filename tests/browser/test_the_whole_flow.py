from __future__ import annotations

from sqlalchemy import text

from config import clock
from member import points
from tests import factories as make
from tests.browser.people import Desk, Phone, Till, expect
from trade.orders import proof
from trade.stock import proof as stock_proof


def _left_is_shown(buyer, milk, words):
    """What the till sold is gone from the mall within 5 s."""
    for _ in range(10):
        buyer.go("home")
        card = buyer.see(f"card-{milk}")
        card.wait_for()
        if words in card.inner_text():
            return
        buyer.page.wait_for_timeout(400)
    raise AssertionError(f"not within 5 s: {words}")


def _books_agree(session):
    assert points.check(session) == []
    assert proof.differences(session) == []
    assert stock_proof.differences(session) == []


def test_one_order_through_the_whole_house(street, screen, session):
    """Till, mall, phone, desk and till again: one stock, one price, one card."""
    member = make.a_member(session, phone="13800000001", points_of=500, now=clock.now())
    milk = street.shop.skus["milk"]
    till, desk = Till(screen(1366, 768), street.url), Desk(screen(768, 1024), street.url)
    buyer, rival = Phone(screen(390, 844), street.url), Phone(screen(390, 844), street.url)
    till.open(street.shop)
    desk.open()
    buyer.open(1)
    rival.open(2)
    _left_is_shown(buyer, milk, "仅剩 3")

    till.scan(make.BARCODES["milk"])
    till.member("13800000001")
    till.use_points(300, make.member_code(session, member, now=clock.now()))
    expect(till.see("payable")).to_contain_text("6.90")
    till.pay_cash("10")
    _left_is_shown(buyer, milk, "仅剩 2")

    rival.choose(milk, 1)  # has it on the screen before the last two go
    buyer.choose(milk, 2)
    buyer.see("points-switch").click()
    expect(buyer.see("payable").first).to_contain_text("17.80")
    street.world.faults["notice_twice"] += 1
    buyer.submit()
    order_id = int(buyer.pay())
    rival.submit()
    expect(rival.see("error").first).to_be_visible()
    assert session.execute(text("SELECT count(*) FROM sale_order WHERE channel = 'mall'")).scalar_one() == 1

    no = f"{street.shop.store_id:03d}{order_id:09d}"
    desk.prepare(no)
    buyer.page.reload()
    code = "".join(buyer.see("pickup-code").inner_text().split())
    desk.hand_over(code)
    buyer.page.reload()
    expect(buyer.see("order-state")).to_contain_text("已取货")
    earned = session.execute(text("SELECT earns_points FROM sale_order WHERE id = :id"), {"id": order_id}).scalar_one()
    before = buyer.points()
    assert before == 500 - 300 + 6 - 200 + earned

    till.page.wait_for_timeout(1600)
    assert till.take_back(no, 1, 1) == "¥8.90"
    _books_agree(session)
    told = [one for one in street.world.deliveries if one["event"] == "TRANSACTION.SUCCESS"]
    assert len(told) == 2
    assert session.execute(text("SELECT count(*) FROM pay_event WHERE kind = 'TRANSACTION.SUCCESS'")).scalar_one() == 1
