"""The till without network: it starts, sells for cash, prints, says what it cannot do, and delivers every sale once."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from config import clock
from config.db import transaction
from tests import factories as make
from tests.browser.people import Till
from tests.stories import books
from tests.wechat_stand_in.pay import codepay
from trade.pricing import till_feed
from trade.stores.models import Role


@pytest.fixture
def till(street, session, screen):
    """A till that has its goods, its pages and its cashier's PIN."""
    make.a_promotion(session, clock.now(), name="满15减2", steps=[[1500, 200]])
    with transaction(session):
        till_feed.project(session, street.shop.store_id, now=clock.now())
    at = Till(screen(1366, 768), street.url)
    at.open(street.shop)
    at.page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    at.page.wait_for_function("() => localStorage.getItem('td.till.rules') && localStorage.getItem('td.till.session')")
    at.page.wait_for_function("() => localStorage.getItem('td.till.pins')")
    at.page.reload()
    at.see("scan-input").wait_for()
    return at


def _sell(till, cash, payable):
    till.page.wait_for_timeout(1600)
    till.scan(make.BARCODES["milk"])
    till.scan(make.BARCODES["milk"])
    expect(till.see("payable")).to_contain_text(payable)
    return till.pay_cash(cash)


def test_it_goes_on_without_network_and_nothing_is_lost(street, session, till, pictures):
    context = till.page.context
    context.set_offline(True)
    no = _sell(till, "20", "17.80")
    assert no.startswith("X") and no.endswith("000001")
    expect(till.see("change")).to_contain_text("2.20")
    expect(till.see("receipt-alone")).to_be_visible()
    expect(till.see("connection")).to_contain_text("1 单待传")
    _picture(till, pictures, "till-alone-receipt")

    till.page.reload()
    till.see(f"pin-{street.shop.people[Role.CASHIER]}").click()
    till.page.keyboard.type(make.PIN)
    till.page.keyboard.press("Enter")
    assert _sell(till, "17.80", "17.80").endswith("000002")
    till.page.wait_for_timeout(1600)
    till.scan(make.BARCODES["milk"])
    till.scan(codepay.show(street.world, "oTongdian0001"))
    expect(till.page.get_by_role("status").filter(has_text="没有网络时不能收付款码")).to_be_visible()
    _picture(till, pictures, "till-alone-refused")

    context.set_offline(False)
    expect(till.see("connection")).to_have_text("在线", timeout=20_000)
    expect(till.see("payable")).to_contain_text("9.90")
    session.rollback()
    sold = session.execute(text("SELECT no, state, reason, differences FROM till_document ORDER BY seq")).all()
    assert [(one.no[-1], one.state, one.reason, one.differences) for one in sold] == [
        ("1", "taken", "", []), ("2", "taken", "", []),
    ]  # fmt: skip
    assert session.scalar(text("SELECT sum(payable_fen) FROM sale_order WHERE channel = 'till'")) == 2 * 1780
    session.rollback()
    assert books(session) == {}

    till.page.keyboard.press("Escape")
    assert till.take_back(no, 1, 1).endswith("8.90")


def test_a_lost_answer_to_a_cash_sale_is_written_down_and_booked_once(street, session, till):
    """The server books the sale, and its answer dies on the way: the same sale is delivered, and known."""

    def dies(route):
        route.fetch()
        route.abort()

    till.page.context.route("**/api/pos/sales", dies)
    no = _sell(till, "20", "17.80")
    assert no.startswith("X")
    expect(till.see("connection")).to_have_text("在线", timeout=20_000)
    session.rollback()
    assert session.scalar(text("SELECT state FROM till_document")) == "known"
    assert session.scalar(text("SELECT count(*) FROM sale_order WHERE channel = 'till'")) == 1
    session.rollback()
    assert books(session) == {}


def _picture(till, pictures, name):
    if pictures:
        till.page.screenshot(path=Path(pictures) / f"{name}.png")


def test_one_window_sells_and_another_may_take_over(street, session, till, pictures):
    """Two windows of one device: one writes the chain, and what lies on its counter moves along (rule 3.25)."""
    context, first = till.page.context, till.page
    till.scan(make.BARCODES["milk"])
    expect(till.see("payable")).to_contain_text("9.90")
    second = Till(context.new_page(), street.url)
    second.page.add_init_script("window.print = () => {}")
    second.page.goto(f"{street.url}/till/")
    expect(second.see("elsewhere")).to_be_visible()
    _picture(second, pictures, "till-elsewhere")
    context.set_offline(True)
    second.page.keyboard.press("Enter")
    expect(till.see("elsewhere")).to_be_visible()
    second.see(f"pin-{street.shop.people[Role.CASHIER]}").click()
    second.page.keyboard.type(make.PIN)
    second.page.keyboard.press("Enter")
    expect(second.see("payable")).to_contain_text("9.90")
    second.page.wait_for_timeout(1600)
    assert second.pay_cash("10").endswith("000001")
    second.see("connection").click()
    expect(second.see("offline-state")).to_contain_text("1 单记在本机")
    _picture(second, pictures, "till-offline-sheet")
    context.set_offline(False)
    expect(second.see("connection")).to_have_text("在线", timeout=20_000)
    second.page.close()
    expect(till.see("scan-input")).to_be_visible()
    assert first.evaluate("navigator.locks.query().then((all) => all.held.length)") == 1
    session.rollback()
    assert session.scalar(text("SELECT count(*) FROM sale_order WHERE channel = 'till'")) == 1


def test_members_have_their_price_without_network_and_a_phone_becomes_one(street, session, till, pictures):
    """Complaint 4.10: cached tiers give the member's price, a new phone is bound later; points are counted once."""
    member = make.a_member(session, now=clock.now())
    make.ring_up(session, street.shop, clock.now(), member_id=member, milk=1)
    with till.page.expect_response(lambda answer: "member-cards?part=15" in answer.url):
        till.page.reload()
    till.page.wait_for_timeout(1000)
    till.page.context.set_offline(True)
    till.scan(make.BARCODES["milk"])
    till.member("13812342046")
    expect(till.see("member-later")).to_contain_text("待入账")
    _picture(till, pictures, "till-alone-member")
    till.page.wait_for_timeout(1600)
    assert till.pay_cash("10").startswith("X")
    till.page.wait_for_timeout(1600)
    till.scan(make.BARCODES["milk"])
    till.see("member-input").fill("13712345678")
    till.page.keyboard.press("Enter")
    till.see("join-name").fill("张三")
    till.page.keyboard.press("Enter")
    expect(till.see("member-later")).to_contain_text("自动入会")
    till.page.wait_for_timeout(1600)
    assert till.pay_cash("10").startswith("X")
    till.page.context.set_offline(False)
    expect(till.see("connection")).to_have_text("在线", timeout=20_000)
    session.rollback()
    sold = session.execute(
        text(
            "SELECT m.phone_masked, o.member_id = :member FROM till_document d JOIN sale_order o ON o.id = d.order_id"
            " JOIN member m ON m.id = o.member_id ORDER BY d.seq"
        ),
        {"member": member},
    ).all()
    assert [tuple(one) for one in sold] == [("138****2046", True), ("137****5678", False)]
    session.rollback()
    assert books(session) == {}


def test_goods_of_this_tills_journal_come_back_without_network(street, session, till, pictures):
    """Rule 3.9: a return offline only of a sale in this till's journal; booked once, the drawer right."""
    till.page.context.set_offline(True)
    till.page.wait_for_timeout(1600)
    till.scan(make.BARCODES["bread"])
    no = till.pay_cash("100")
    till.page.wait_for_timeout(1600)
    till.page.keyboard.press("F7")
    till.see("alone-back-no").fill(no[-3:])
    _picture(till, pictures, "till-alone-back-list")
    till.page.keyboard.press("Enter")
    till.see("alone-back-qty-1").fill("1")
    _picture(till, pictures, "till-alone-back")
    till.page.keyboard.press("Enter")
    expect(till.see("alone-back-done")).to_be_visible()
    till.page.context.set_offline(False)
    expect(till.see("connection")).to_have_text("在线", timeout=20_000)
    session.rollback()
    kinds = session.execute(text("SELECT kind, state FROM till_document ORDER BY seq")).all()
    assert [tuple(one) for one in kinds] == [("sale", "taken"), ("back", "taken")]
    assert session.scalar(text("SELECT refund_fen = (SELECT payable_fen FROM sale_order) FROM sale_return")) is True
    session.rollback()
    assert books(session) == {}


def test_a_manager_approves_a_discount_without_network_by_pin(street, session, till, pictures):
    """Rule 3.7: within the limits at once; above them a manager's PIN that was good here, named on arrival."""
    manager = street.shop.people[Role.STORE_MANAGER]
    till.page.wait_for_function("() => localStorage.getItem('td.till.limits')")
    till.scan(make.BARCODES["milk"])
    expect(till.see("payable")).to_contain_text("9.90")
    _take_off(till, "2.00")
    expect(till.see("payable")).to_contain_text("7.90")
    till.page.wait_for_function(f"() => localStorage.getItem('td.till.pins').includes('\"{manager}\":')")
    till.pay_cash("7.90")
    till.page.context.set_offline(True)
    till.page.wait_for_timeout(1600)
    till.scan(make.BARCODES["milk"])
    expect(till.see("payable")).to_contain_text("9.90")
    _take_off(till, "2.10", lambda: _picture(till, pictures, "till-alone-approval"))
    expect(till.see("payable")).to_contain_text("7.80")
    assert till.pay_cash("7.80").startswith("X")
    _picture(till, pictures, "till-alone-discounted")
    till.page.context.set_offline(False)
    expect(till.see("connection")).to_have_text("在线", timeout=20_000)
    session.rollback()
    assert [tuple(one) for one in session.execute(text("SELECT state, differences FROM till_document"))] == [
        ("taken", [])
    ]
    told = "SELECT data FROM journal WHERE kind = 'order.discounted_by_hand' ORDER BY id DESC LIMIT 1"
    data = session.scalar(text(told))
    assert (data["alone"], data["approved_by"], data["discounts"][0]["off_fen"]) == (True, f"staff:{manager}", 210)
    session.rollback()
    assert books(session) == {}


def _take_off(till, yuan, look=lambda: None):
    till.page.keyboard.press("/")
    till.see("discount-input").fill(yuan)
    till.page.keyboard.press("Enter")
    till.see("approval").wait_for()
    look()
    till.page.keyboard.type(make.PIN)
    till.page.keyboard.press("Enter")
    expect(till.see("approval")).to_have_count(0)
