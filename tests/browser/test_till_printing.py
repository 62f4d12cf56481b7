"""Paper at the till: bytes as the server would print, the drawer once, and a printer that is down holds up nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from config import clock
from config.db import transaction
from pos.printing import papers
from pos.printing.escpos import as_escpos, kick
from tests import factories as make
from tests.browser.people import Till
from tests.browser.printer import Printer
from trade.orders import read
from trade.orders.numbers import parse
from trade.orders.receipts import returned
from trade.pricing import till_feed
from trade.stores.models import Role


@pytest.fixture
def till(street, session, screen):
    """A till whose shop has a promotion and whose goods and pages are on the device."""
    make.a_promotion(session, clock.now(), name="满15减2", steps=[[1500, 200]])
    with transaction(session):
        till_feed.project(session, street.shop.store_id, now=clock.now())
    return Till(screen(1366, 768), street.url)


@pytest.fixture
def printer(street, till):
    """A printer on a serial port that the cashier has chosen."""
    plugged = Printer(till.page)
    till.open(street.shop)
    _choose(till, "serial", 58)
    return plugged


def _choose(till, way, width):
    till.see("printer").click()
    till.see(f"printer-{way}").click()
    till.see(f"printer-width-{width}").click()
    till.see("sheet-close").click()
    expect(till.see("printer")).to_have_text("打印机就绪")


def _sell(till, cash, times=2):
    till.page.wait_for_timeout(1600)
    for _ in range(times):
        till.scan(make.BARCODES["milk"])
    expect(till.see("payable")).to_contain_text("17.80" if times == 2 else "9.90")
    return till.pay_cash(cash)


def _picture(till, pictures, name):
    if pictures:
        Path(pictures).mkdir(parents=True, exist_ok=True)
        till.page.screenshot(path=f"{pictures}/{name}.png")


def _stored(session, no):
    session.rollback()
    return read.receipt(session, *parse(no))


def test_a_sale_opens_the_drawer_and_prints_what_the_server_would(street, session, till, printer, pictures):
    """Bytes at the port are the server's own for the stored sale, and within 300 ms of the answer."""
    no = _sell(till, "20")
    opened, paper = printer.wait_for(2)
    assert opened == kick()
    assert paper == as_escpos(papers.sale(_stored(session, no), 58))
    expect(till.see("e-receipt").locator("svg")).to_be_visible()
    expect(till.see("print-receipt")).to_have_text("补打小票")
    _picture(till, pictures, "till-receipt-printed")
    till.see("print-receipt").click()
    again = printer.wait_for(3)[2]
    assert again.count("补打 1".encode("gb18030")) == 2
    till.page.keyboard.press("Control+P")
    assert "补打 2".encode("gb18030") in printer.wait_for(4)[3]
    assert kick() not in printer.heard()[1:], "the drawer opened once"
    session.rollback()
    assert session.scalar(text("SELECT copies FROM receipt")) == 2
    till.see("printer").click()
    _picture(till, pictures, "till-printer-sheet")


def test_without_network_the_till_prints_the_same_after_it_is_written_down(street, session, till, printer):
    """Complaint 4.5: a receipt prints only after the local durable write; and the server's reprint equals it."""
    till.page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    till.page.wait_for_function("localStorage.getItem('td.till.rules') && localStorage.getItem('td.till.receiptUrl')")
    till.page.context.set_offline(True)
    till.page.evaluate(WATCH_WRITES)
    no = _sell(till, "17.80")
    opened, paper = printer.wait_for(2)
    assert till.page.evaluate("window.__printer.heard.map(one => one.rows)") == [1, 1], (
        "written before paper and drawer"
    )
    till.page.context.set_offline(False)
    expect(till.see("connection")).to_have_text("在线", timeout=20_000)
    session.rollback()
    order_id = session.scalar(text("SELECT order_id FROM till_document WHERE no = :no"), {"no": no})
    stored = read.receipt(session, street.shop.store_id, order_id)
    assert stored["alone"] and stored["printed_no"] == no
    assert (opened, paper) == (kick(), as_escpos(papers.sale(stored, 58)))


WATCH_WRITES = """() => {
    let written = 0
    window.__rows = () => written
    const count = store => store.transaction.addEventListener('complete', () => { written += 1 })
    for (const name of ['add', 'put']) {
        const own = IDBObjectStore.prototype[name]
        IDBObjectStore.prototype[name] = function (...given) {
            if (this.name === 'documents' && written === 0) count(this)
            return own.apply(this, given)
        }
    }
}"""


def test_a_sale_that_could_not_be_written_down_prints_nothing(till, printer):
    """Complaint 4.5, the other way round: the disk is full, so there is no sale, no paper and no open drawer."""
    till.page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    till.page.wait_for_function("localStorage.getItem('td.till.rules')")
    till.page.context.set_offline(True)
    till.page.evaluate("""() => {
        for (const name of ['add', 'put']) {
            const own = IDBObjectStore.prototype[name]
            IDBObjectStore.prototype[name] = function (...given) {
                if (this.name === 'documents') throw new DOMException('full', 'QuotaExceededError')
                return own.apply(this, given)
            }
        }
    }""")
    till.page.wait_for_timeout(1600)
    till.scan(make.BARCODES["milk"])
    till.scan(make.BARCODES["milk"])
    expect(till.see("payable")).to_contain_text("17.80")
    till.page.keyboard.press("+")
    till.see("cash-received").fill("17.80")
    till.page.keyboard.press("Enter")
    till.page.wait_for_timeout(1500)
    assert printer.heard() == []
    expect(till.see("receipt")).to_have_count(0)


def test_a_printer_that_is_down_holds_up_nobody_and_prints_later_in_order(street, session, till, printer, pictures):
    printer.switch(on=False)
    first = _sell(till, "20")
    expect(till.see("receipt-queued")).to_be_visible()
    expect(till.see("printer")).to_have_text("打印机离线 · 1 张待打")
    expect(till.see("e-receipt")).to_be_visible()
    _picture(till, pictures, "till-printer-down")
    second = _sell(till, "20", times=1)
    expect(till.see("printer")).to_have_text("打印机离线 · 2 张待打")
    till.see("printer").click()
    expect(till.see("printer-down")).to_be_visible()
    _picture(till, pictures, "till-printer-down-sheet")
    printer.switch(on=True)
    printer.plug()
    papers_out = printer.wait_for(2)
    assert papers_out == [as_escpos(papers.sale(_stored(session, no), 58)) for no in (first, second)]
    expect(till.see("printer")).to_have_text("打印机就绪")
    assert kick() not in printer.heard(), "a drawer that could not open then does not open later"


def test_a_return_for_cash_opens_the_drawer_once_and_prints_its_paper(street, session, till, printer, pictures):
    no = _sell(till, "17.80")
    printer.wait_for(2)
    till.page.keyboard.press("Escape")
    till.take_back(no, 1, 1)
    opened, paper = printer.wait_for(4)[2:]
    _picture(till, pictures, "till-return-printed")
    session.rollback()
    return_id = session.scalar(text("SELECT id FROM sale_return"))
    stored = returned.paper(session, street.shop.store_id, f"R{return_id}")
    assert (opened, paper) == (kick(), as_escpos(papers.returned(stored, 58)))
    till.see("print-return").click()
    assert printer.wait_for(5)[4] == as_escpos(papers.returned(stored | {"copy": 1}, 58))
    assert printer.heard().count(kick()) == 2


def test_a_usb_printer_of_80_mm_and_its_test_page(street, session, till):
    usb = Printer(till.page)
    till.open(street.shop)
    _choose(till, "usb", 80)
    no = _sell(till, "20")
    assert usb.wait_for(2)[1] == as_escpos(papers.sale(_stored(session, no), 80))
    till.page.reload()
    till.see("scan-input").wait_for()
    till.see("printer").click()
    till.see("printer-test").click()
    [page] = usb.wait_for(1)
    assert "打印测试 80 毫米".encode("gb18030") in page, "which printer, and how wide, is remembered"


def test_the_drawer_without_a_sale_asks_a_manager_first(street, session, till, printer, pictures):
    till.page.keyboard.press("Control+O")
    expect(till.see("approval")).to_be_visible()
    _picture(till, pictures, "till-drawer-approval")
    assert printer.heard() == []
    till.page.keyboard.type(make.PIN)
    till.page.keyboard.press("Enter")
    assert printer.wait_for(1) == [kick()]
    session.rollback()
    row = session.execute(text("SELECT actor, data FROM journal WHERE kind = 'drawer.opened'")).one()
    assert row.data["approved_by"] == f"staff:{street.shop.people[Role.STORE_MANAGER]}"
    session.rollback()
