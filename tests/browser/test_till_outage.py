"""An outage at the counter: an online order is fetched, the printed code pays, and afterwards each is there once."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect
from sqlalchemy import text

from config import clock
from config.db import transaction
from tests import factories as make
from tests.browser.people import Till
from tests.stories import books
from trade.fulfilment import pickup
from trade.pricing import till_feed
from trade.stores import alone
from trade.stores.models import Role


def _opened(street, session, screen):
    """A till whose store takes the printed code, with a parcel that lies ready; the parcel's code."""
    shop, now = street.shop, clock.now()
    order_id = make.order_online(session, shop, make.a_member(session, now=now), now, milk=1)
    make.pay_online(session, shop, order_id, now)
    make.make_ready(session, shop, order_id, now)
    with transaction(session):
        rule = alone.Rule(by_manager=True, minutes=60, qr=True, qr_sale_fen=5_000, qr_outage_fen=10_000)
        alone.set_(session, shop.store_id, rule, actor="t", now=now)
        till_feed.project(session, shop.store_id, now=now)
    till = Till(screen(1366, 768), street.url)
    till.open(shop)
    for role in (Role.STORE_MANAGER, Role.CASHIER):  # whose PIN was good here counts without network
        till.see("switch-staff").click()
        till.see(f"pin-{shop.people[role]}").click()
        till.page.keyboard.type(make.PIN)
        till.page.keyboard.press("Enter")
        till.see("scan-input").wait_for()
    till.page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    for name in ("rules", "session", "pins", "limits", "pickups"):
        till.page.wait_for_function(f"() => localStorage.getItem('td.till.{name}')")
    till.page.reload()
    till.see("scan-input").wait_for()
    fetched = "performance.getEntriesByType('resource').some((one) => one.name.includes('PickupSheet-'))"
    till.page.wait_for_function(f"() => {fetched}")
    return till, pickup.open_code(bytes(make.parcel(session, order_id).pickup_sealed))


def _fetches(till, code, look):
    """First a wrong code, then the customer's."""
    till.page.keyboard.press("Control+e")
    till.see("pickup-code").fill(f"{(int(code) + 1) % 10**8:08d}")
    till.page.keyboard.press("Enter")
    expect(till.see("pickup-said")).to_contain_text("还可以试 4 次")
    till.see("pickup-code").fill(code)
    till.page.keyboard.press("Enter")
    expect(till.see("pickup-parcel")).to_contain_text("商品milk")
    look("pickup-parcel")
    till.page.keyboard.press("F6")
    till.see("pickup-done").wait_for()
    look("pickup-done")
    till.page.keyboard.press("Escape")


def _pays_by_code(till, look):
    till.page.wait_for_timeout(1600)
    till.scan(make.BARCODES["milk"])
    expect(till.see("payable")).to_contain_text("9.90")
    till.see("scan-input").focus()
    till.page.keyboard.press("+")
    till.see("qr-ask").click()
    for what, name in (("离线收银", "gate-approval"), ("静态收款码", "qr-approval")):
        expect(till.see("approval")).to_contain_text(what)
        look(name)
        till.page.keyboard.type(make.PIN)
        till.page.keyboard.press("Enter")
    till.see("qr-dialog").wait_for()
    till.page.keyboard.press("Enter")
    expect(till.see("qr-dialog")).to_be_visible()
    look("qr-dialog")
    till.page.keyboard.press("F6")
    expect(till.see("receipt-qr")).to_contain_text("9.90")
    look("qr-receipt")


def test_a_parcel_is_fetched_and_the_printed_code_pays_in_an_outage(street, session, screen, pictures):
    till, code = _opened(street, session, screen)

    def look(name):
        if pictures:
            till.page.screenshot(path=Path(pictures) / f"outage-{name}.png")

    till.page.context.set_offline(True)
    expect(till.see("gate-ask")).to_be_visible(timeout=10_000)
    _fetches(till, code, look)
    _pays_by_code(till, look)
    till.page.context.set_offline(False)
    expect(till.see("connection")).to_have_text("在线", timeout=20_000)
    session.rollback()
    told = session.execute(text("SELECT kind, state, differences FROM till_document ORDER BY seq")).all()
    assert [(one.kind, one.state, one.differences or []) for one in told] == [
        ("hand_over", "taken", []), ("word", "taken", []), ("word", "taken", []), ("sale", "taken", []),
    ]  # fmt: skip
    [parcel] = session.execute(text("SELECT state, handed_by FROM parcel")).all()
    assert (parcel.state, parcel.handed_by) == ("delivered", street.shop.people[Role.CASHIER])
    paid = session.execute(text("SELECT kind, amount_fen, state FROM tender WHERE kind <> 'wechat'")).all()
    assert [tuple(one) for one in paid] == [("static_qr", 990, "paid")]
    assert session.scalar(text("SELECT state FROM static_qr")) == "unproved"
    assert session.scalar(text("SELECT on_hand FROM stock_level WHERE sku_id = :id"),
                           {"id": street.shop.skus["milk"]}) == 1  # fmt: skip
    assert session.scalar(text("SELECT count(*) FROM exception_case")) == 0
    session.rollback()
    assert books(session) == {}
