"""A till's journal on its way: cut at every point, and every sale is booked once, in its own shift."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import expect
from sqlalchemy import text

from config import clock
from config.db import transaction
from pos import import_journal
from tests import factories as make
from tests.browser import looks
from tests.browser.people import Till
from tests.devices import Device
from tests.stories import books
from trade.orders.offline.document import digest
from trade.stores.models import Role

PUT = """({ rows, device, end }) => new Promise((done, failed) => {
  localStorage.setItem('td.till.device', JSON.stringify(device))
  localStorage.setItem('td.till-journal', JSON.stringify(end))
  const opened = indexedDB.open('till-journal')
  opened.onerror = () => failed(opened.error)
  opened.onsuccess = () => {
    const writing = opened.result.transaction('documents', 'readwrite')
    for (const row of rows) writing.objectStore('documents').put(row)
    writing.oncomplete = () => { opened.result.close(); done() }
    writing.onerror = () => failed(writing.error)
  }
})"""


class Cuts:
    """Between the till and the server: each delivery meets the next of these, and then gets through."""

    NAMES = ("lost", "dies after 1", "dies after 7", "dies after 19", "answer lost", "reset", "503", "slow")

    def __init__(self):
        self.met, self.through = [], 0

    def __call__(self, route):
        if len(self.met) == len(self.NAMES) * (self.through + 1):
            self.through += 1
            return route.fallback()
        name = self.NAMES[len(self.met) % len(self.NAMES)]
        self.met.append(name)
        if name.startswith("dies after"):
            said = json.loads(route.request.post_data)
            route.fetch(post_data=json.dumps(said | {"documents": said["documents"][: int(name.split()[-1])]}))
            return route.abort()
        if name == "503":
            return route.fulfill(status=503, body="")
        if name == "slow":
            route.fetch()
            return route.abort("timedout")
        if name == "answer lost":
            route.fetch()
        return route.abort("connectionreset" if name == "reset" else "failed")


def _row(body):
    said = json.loads(body)
    return {
        "seq": said["seq"], "uuid": said["uuid"], "kind": "sale", "no": said["no"], "body": body,
        "hash": digest(body).hex(), "state": "waiting", "reason": "", "order_no": None, "at_ms": said["at_ms"],
        "payable_fen": said["payable_fen"], "aside": None,
    }  # fmt: skip


def test_fifty_sales_through_every_cut_are_booked_once_each_in_its_own_shift(street, session, screen):
    """Complaints 4.2, 4.6 and 4.30: cut 24 times, one poisoned document among them, and the chain is whole."""
    shop, now = street.shop, clock.now()
    till = Till(screen(1366, 768), street.url)
    till.open(shop)
    with transaction(session):
        before = session.execute(
            text(
                "INSERT INTO shift (store_id, uuid, till_id, drawer_id, staff_id, at_staff_id, state, opened_at,"
                " sells_until, float_fen, counted_at, counted_fen) SELECT store_id, 'before', till_id, drawer_id,"
                " staff_id, at_staff_id, 'counted', opened_at - interval '1 day', opened_at, 0, opened_at, 0"
                " FROM shift WHERE state = 'open' RETURNING id"
            )
        ).scalar_one()
        session.execute(
            text(
                "INSERT INTO shift_count (store_id, shift_id, no, staff_id, at, fen)"
                " SELECT store_id, id, no, staff_id, opened_at, 0 FROM shift, generate_series(0, 1) no"
                " WHERE id = :before"
            ),
            {"before": before},
        )
    device = Device(shop, staff_id=shop.people[Role.CASHIER])
    for number in range(50):
        at = now - timedelta(minutes=60 - number)
        poison = {"payable_fen": 1} if number == 10 else {}
        device.sell(at, milk=1, **({"shift_id": before} if number < 25 else {}), **poison)
    cuts = Cuts()
    till.page.context.set_offline(True)
    till.page.context.route("**/api/pos/sync", cuts)
    end = {"seq": device.seq, "hash": device.prev}
    till.page.evaluate(PUT, {"rows": [_row(body) for body in device.written], "device": device.id, "end": end})
    till.page.context.set_offline(False)
    expect(till.see("rejected")).to_contain_text("1 单", timeout=150_000)
    expect(till.see("connection")).to_have_text("在线", timeout=150_000)
    assert cuts.met[:24] == [*Cuts.NAMES] * 3
    session.rollback()
    sold = "SELECT shift_id, count(*) FROM sale_order WHERE channel = 'till' GROUP BY shift_id ORDER BY shift_id DESC"
    assert sorted(one.count for one in session.execute(text(sold))) == [24, 25]
    assert session.execute(text("SELECT state, count(*) FROM till_document GROUP BY state ORDER BY state")).all() == [
        ("excepted", 1), ("taken", 49),
    ]  # fmt: skip
    assert session.scalar(text("SELECT last_seq FROM till_device")) == 50
    assert session.execute(text("SELECT kind, cause FROM exception_case")).all() == [("document_excepted", "sum")]
    session.rollback()
    assert books(session) == {}


def test_all_warnings_at_once_fit_in_a_hand(street, screen, pictures):
    """Muted, rejected sales, storage not kept and no network: every button can still be pressed."""
    till = Till(screen(360, 640), street.url)
    till.open(street.shop)
    device = Device(street.shop, staff_id=999)
    rows = [_row(device.sell(clock.now(), milk=1)) for _ in range(12)]
    till.page.evaluate(PUT, {"rows": rows, "device": device.id, "end": {"seq": device.seq, "hash": device.prev}})
    till.page.evaluate("localStorage.setItem('td.till.volume', '0')")
    till.page.reload()
    expect(till.see("rejected")).to_contain_text("12")
    till.page.context.set_offline(True)
    till.scan(make.BARCODES["milk"])
    till.see("alone").wait_for()
    till.see("muted").wait_for()
    looks.picture(till.page, pictures, "till-all-warnings-hand")
    assert looks.cut(till.page) == []


def test_what_was_not_booked_is_shown_and_leaves_the_device_as_a_sealed_file(street, session, screen, pictures):
    """Complaint 4.31: the counter is red and says why; a manager exports, the head office imports."""
    till = Till(screen(1366, 768), street.url)
    till.open(street.shop)
    till.see("switch-staff").click()
    till.see(f"pin-{street.shop.people[Role.STORE_MANAGER]}").click()
    till.page.keyboard.type(make.PIN)
    till.page.keyboard.press("Enter")
    till.see("scan-input").wait_for()
    device = Device(street.shop, staff_id=street.shop.people[Role.CASHIER])
    rows = [_row(device.sell(clock.now(), milk=1, **wrong)) for wrong in ({"payable_fen": 1}, {"staff_id": 999})]
    end = {"seq": device.seq, "hash": device.prev}
    till.page.evaluate(PUT, {"rows": rows, "device": device.id, "end": end})
    till.page.reload()
    till.see("rejected").click()
    expect(till.see("rejected-one").first).to_contain_text("合计对不上")
    expect(till.see("rejected-one").last).to_contain_text("收银员不存在")
    if pictures:
        till.page.screenshot(path=f"{pictures}/till-rejected.png")
    till.see("sheet-close").click()
    till.see("connection").click()
    till.see("approve-pin").fill(make.PIN)
    with till.page.expect_download() as saved:
        till.see("export").click()
    expect(till.see("export-said")).to_contain_text("已导出")
    if pictures:
        till.page.screenshot(path=f"{pictures}/till-export.png")
    file = Path(saved.value.path()).read_text()
    assert device.id not in file
    assert import_journal.run(session, file) == {"excepted": 2}
