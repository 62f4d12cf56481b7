"""The drawer at the till, by keypad alone: opened and counted piece by piece, settled when all is there, forgotten."""

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
from trade.pricing import till_feed
from trade.stores.models import Role

FACES = (10000, 5000, 2000, 1000, 500, 100, 50, 10, 1)


@pytest.fixture
def till(street, session, screen):
    """A till that has its goods, its pages and its people's PINs."""
    with transaction(session):
        till_feed.project(session, street.shop.store_id, now=clock.now())
    at = Till(screen(1366, 768), street.url)
    at.open(street.shop)
    at.page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    at.page.wait_for_function("localStorage.getItem('td.till.rules') && localStorage.getItem('td.till.pins')")
    at.page.reload()
    at.see("scan-input").wait_for()
    return at


def _type(till, *keys):
    for key in keys:
        till.page.keyboard.press(key)


def _pieces(till, fen):
    """Type a sum piece by piece, Enter after each; ends on what is taken out, or opens the shift."""
    counted = make.pieces(fen)
    for face in FACES:
        till.page.keyboard.type(str(counted.get(face, "")))
        till.page.keyboard.press("Enter")


def _sell_milk(till):
    till.page.wait_for_timeout(1600)
    till.scan(make.BARCODES["milk"])
    expect(till.see("payable")).to_contain_text("9.90")
    return till.pay_cash("9.90")


def _count(till, fen):
    till.page.wait_for_timeout(1600)
    _open(till, "Control+j", "count")
    till.see("count-10000").wait_for()
    _pieces(till, fen)


def _open(till, key, choice):
    """A sheet by its key, and in it a choice by its number."""
    _type(till, key)
    till.see(f"choose-{choice}").wait_for()
    till.page.keyboard.press(till.see(f"choose-{choice}").locator("kbd").inner_text())


def _opens_with(till, proposed, fen):
    """The next shift, with the float that was left."""
    _type(till, "2")
    expect(till.see("shift-proposed")).to_contain_text(proposed)
    _pieces(till, fen)
    till.see("scan-input").wait_for()


def _prints_and_prints_again(till, z):
    for marked in (False, True):
        with till.page.expect_response(lambda answer: "/print?width" in answer.url) as printed:
            _type(till, "1")
        page = printed.value.text()
        assert z in page and ("补打 1" in page) == marked


def _rows(session, said):
    session.rollback()
    found = [tuple(row) for row in session.execute(text(said))]
    session.rollback()
    return found


def _picture(till, pictures, name):
    if pictures:
        till.page.screenshot(path=Path(pictures) / f"{name}.png")


def test_three_sales_without_network_are_listed_at_the_count_and_the_z_waits_for_them(street, session, till, pictures):
    """Complaint 4.2: all three are in their own shift, whatever was opened in between."""
    context = till.page.context
    context.set_offline(True)
    for _ in range(3):
        _sell_milk(till)
    context.route("**/api/pos/sync", lambda route: route.abort())
    context.set_offline(False)
    _count(till, 20_000 + 3 * 990)
    _picture(till, pictures, "shift-count")
    till.page.keyboard.press("Enter")
    expect(till.see("unsent-one")).to_have_count(3)
    expect(till.see("closing-unsent")).to_contain_text("29.70")
    expect(till.see("closing-waits")).to_contain_text("4 张单据")  # the three, and the count
    assert _rows(session, "SELECT count(*) FROM shift_z") == [(0,)]
    _picture(till, pictures, "shift-waits")

    _type(till, "1")  # the next shift is opened meanwhile
    till.see("shift-proposed").wait_for()
    expect(till.see("shift-proposed")).to_contain_text("229.70")
    _picture(till, pictures, "shift-open")
    _pieces(till, 22_970)
    till.see("scan-input").wait_for()
    context.unroute("**/api/pos/sync")
    expect(till.see("connection")).to_have_text("在线", timeout=30_000)
    till.page.wait_for_timeout(5_000)  # settled while the till sells on
    _type(till, "Control+j")
    expect(till.see("choose-print")).to_contain_text("Z1")
    _picture(till, pictures, "shift-sheet")
    assert _rows(session, "SELECT shift_id, count(*) FROM sale_order WHERE channel = 'till' GROUP BY 1") == [(1, 3)]
    assert _rows(session, "SELECT state, unsent, unsent_fen FROM shift ORDER BY id") == [
        ("settled", 3, 2970), ("open", 0, 0),
    ]  # fmt: skip
    assert books(session) == {}


def test_a_drawer_is_counted_blind_once_more_and_approved_by_keypad_alone(street, session, till, pictures):
    """Complaint 4.16: any count is taken; the next float is what was left."""
    _sell_milk(till)
    till.page.wait_for_timeout(1600)
    _open(till, "Control+i", "paid_out")
    till.see("cash-amount").wait_for()
    till.page.keyboard.type("12.50")
    _picture(till, pictures, "shift-cash")
    _type(till, "Enter")
    expect(till.see("cash-move")).to_contain_text("12.50")
    _type(till, "Escape")
    _open(till, "Control+j", "x")
    expect(till.see("shift-x")).not_to_contain_text("应有现金")
    _picture(till, pictures, "shift-x")
    _type(till, "Escape", "Escape")
    said = []
    till.page.on("response", lambda answer: said.append(answer) if "/api/pos/shift" in answer.url else None)
    _count(till, 10_000)
    _type(till, "Enter")
    till.see("closing-differs").wait_for()
    _picture(till, pictures, "shift-differs")
    assert said and all('"expected_fen":null' in answer.text() for answer in said if answer.request.method == "GET")
    _type(till, "1")
    till.see("count-10000").wait_for()
    _pieces(till, 10_000)
    till.page.keyboard.type("40")
    _type(till, "Enter")
    expect(till.see("shift-difference")).to_contain_text("97.40")
    _picture(till, pictures, "shift-off")
    _type(till, "1")
    till.see("approval").wait_for()
    _picture(till, pictures, "shift-approval")
    till.page.keyboard.type(make.PIN)
    _type(till, "Enter")
    expect(till.see("shift-z")).to_have_text("Z000001")
    _picture(till, pictures, "shift-z")
    _prints_and_prints_again(till, "Z000001")
    _opens_with(till, "60.00", 6_000)
    [(off, reason)] = _rows(session, "SELECT body::jsonb->>'difference_fen', body::jsonb->>'reason' FROM shift_z")
    assert (off, reason) == ("-9740", "找零出错")
    assert books(session) == {}


def test_a_forgotten_shift_is_counted_or_prolonged_once(street, session, till, pictures):
    session.execute(text("UPDATE shift SET sells_until = now() - interval '1 minute'"))
    session.rollback()
    with transaction(session):
        session.execute(text("UPDATE shift SET sells_until = now() - interval '1 minute'"))
    till.page.reload()
    till.see("forgotten").wait_for()
    _picture(till, pictures, "shift-forgotten")
    _type(till, "2")
    till.see("approval").wait_for()
    till.page.keyboard.type(make.PIN)
    _type(till, "Enter")
    till.see("scan-input").wait_for()
    _sell_milk(till)
    with transaction(session):
        session.execute(text("UPDATE shift SET sells_until = now() - interval '1 minute'"))
    till.page.reload()
    till.see("forgotten").wait_for()
    expect(till.see("choose-prolong")).to_have_count(0)
    _type(till, "1")
    _pieces(till, 20_990)
    _type(till, "Enter")
    till.see("shift-z").wait_for()
    assert books(session) == {}


def test_a_shift_is_opened_and_counted_without_network(street, session, till, pictures):
    context = till.page.context
    _count(till, 20_000)
    _type(till, "Enter")
    till.see("shift-z").wait_for()
    context.set_offline(True)
    _type(till, "2")
    till.see("shift-open").wait_for()
    _pieces(till, 20_000)
    till.see("scan-input").wait_for()
    assert _sell_milk(till).startswith("X")
    _count(till, 20_990)
    _type(till, "Enter")
    expect(till.see("closing-waits")).to_contain_text("3 张单据")
    _picture(till, pictures, "shift-alone")
    till.page.reload()
    till.see(f"pin-{street.shop.people[Role.CASHIER]}").click()
    till.page.keyboard.type(make.PIN)
    _type(till, "Enter")
    till.see("shift-unsettled").click()
    context.set_offline(False)
    expect(till.see("shift-z")).to_have_text("Z000002", timeout=30_000)
    assert _rows(session, "SELECT shift_id, count(*) FROM sale_order WHERE channel = 'till' GROUP BY 1") == [(2, 1)]
    assert _rows(session, "SELECT state, float_fen FROM shift ORDER BY id") == [
        ("settled", 20_000), ("settled", 20_000),
    ]  # fmt: skip
    assert books(session) == {}
