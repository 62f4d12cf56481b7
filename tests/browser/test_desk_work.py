"""A day at the desk: the bell, a walk without network, what lacks, what must not be handed over."""

from __future__ import annotations

import re

from sqlalchemy import text

from config import clock
from config.db import transaction
from tests import factories as make
from tests.browser.people import AtScreen, Desk, Phone, expect
from tests.trade.fulfilment import chain, hands
from trade.fulfilment import lost_phone
from trade.orders import cancelling, close
from trade.stores.models import Role

LISTEN = """
    window.notes = []
    const made = AudioContext.prototype.createOscillator
    AudioContext.prototype.createOscillator = function () {
        window.notes.push(performance.now())
        return made.call(this)
    }
"""

CLOCK, LATER = ("assigned_at", "accept_by"), "interval '13 minutes'"
REFUNDED = text("""
    SELECT sum(r.amount_fen) FROM refund r JOIN tender t ON t.store_id = r.store_id AND t.id = r.tender_id
    WHERE t.order_id = :id""")


def _paid(street, number: int, due: int, **goods: int):
    """A customer's paid order: who they are, its id and its number, once it is on the desk."""
    buyer = street.customer(number)
    status, said = street.order(buyer, due, **goods)
    assert status == 201, said
    order = said["order"]
    street.pay(buyer, order["id"])
    street.until(lambda: buyer.get(f"/api/mall/orders/{order['id']}")["order"]["state"] == "paid", "the payment")
    return buyer, order["id"], order["no"]


def _code(street, buyer, order_id: int) -> str:
    def code():
        return buyer.get(f"/api/mall/orders/{order_id}")["order"]["pickup_code"]

    street.until(code, "the code")
    return str(code())


def _look(desk: AtScreen, name: str, folder: str) -> None:
    if folder:
        desk.page.evaluate("document.fonts.ready")
        desk.page.wait_for_timeout(300)
        desk.page.screenshot(path=f"{folder}/{name}-{desk.page.evaluate('innerWidth')}.png")


def _make_ready(street, *orders: str) -> None:
    staff = street.staff("store_staff")
    for card in staff.get("/api/desk/parcels")["parcels"]:
        if card["no"] in orders:
            path = f"/api/desk/parcels/{card['id']}"
            staff.post(f"{path}/accept")
            for line in card["lines"]:
                staff.post(f"{path}/pick", line_no=line["line_no"], picked_qty=line["qty"])
            assert staff.post(f"{path}/ready")[0] == 200


def test_the_bell_rings_until_it_is_heard_and_orders_are_accepted_or_rejected(street, screen, session, pictures):
    with transaction(session):  # its clocks run whatever the hour
        session.execute(text("UPDATE store SET opens_minute = 0, closes_minute = 1440"))
    page = screen(1366, 768)
    page.add_init_script(LISTEN)
    desk = Desk(page, street.url)
    desk.open()
    expect(desk.see("empty")).to_contain_text("暂无订单")
    expect(desk.see("next-window")).to_be_visible()
    desk.see("test-alert").click()
    assert page.evaluate("notes.length") == 4
    _look(desk, "empty", pictures)

    _, _, first = _paid(street, 1, 1980, milk=2)
    _, second_id, second = _paid(street, 2, 650, bread=1)
    desk.see(f"order-card-{second}").wait_for()
    expect(desk.see("alarm")).to_contain_text("2")
    street.until(lambda: page.evaluate("notes.length") > 4, "the bell")
    expect(desk.see("count-new")).to_have_text("2")
    desk.see("alarm-heard").click()
    expect(desk.see("alarm")).to_have_count(0)
    with transaction(session):  # four fifths of the clock are over
        session.execute(text(f"UPDATE parcel SET {', '.join(f'{name} = {name} - {LATER}' for name in CLOCK)}"))
    expect(desk.see("alarm")).to_contain_text("马上处理")
    _look(desk, "alarm", pictures)

    desk.see(f"card-accept-{first}").click()
    expect(desk.see("count-picking")).to_have_text("1")
    desk.see(f"order-card-{second}").click()
    desk.see("refuse").click()
    desk.see("refuse-damaged").click()
    expect(desk.see("refuse-damaged")).to_contain_text("残次")
    _look(desk, "reject", pictures)
    desk.see("refuse-confirm").click()
    expect(desk.see("notice")).to_contain_text("已拒单")
    expect(desk.see("count-new")).to_have_text("0")
    expect(desk.see("alarm")).to_have_count(0)
    assert make.parcel(session, second_id).state in ("routing", "asking")


def _is_taken(street, screen, session, pictures) -> None:
    """The wave is the picker's, and a colleague sees whose it is instead of walking it, too."""
    wave = session.execute(text("SELECT id, picker_id, closed_at FROM wave")).one()
    assert (wave.picker_id, wave.closed_at) == (street.shop.people[Role.STORE_STAFF], None)
    session.rollback()
    colleague = Desk(screen(1280, 800), street.url)
    colleague.sign_in("desk", "store_manager-S1")
    colleague.see("tab-picking").click()
    expect(colleague.see(f"wave-{wave.id}")).to_contain_text("常温 · 2 单 员工S1")
    expect(colleague.see("wave-begin")).to_have_count(0)
    _look(colleague, "waves", pictures)


def test_a_walk_goes_on_without_network_and_is_sent_once_it_is_back(street, screen, session, pictures):
    _, first_id, _no = _paid(street, 1, 1980, milk=2)
    _, second_id, _no = _paid(street, 2, 650, bread=1)
    staff = street.staff("store_staff")
    for card in staff.get("/api/desk/parcels")["parcels"]:
        staff.post(f"/api/desk/parcels/{card['id']}/accept")
    page = screen(390, 844)
    desk = Desk(page, street.url)
    desk.open()
    desk.see("tab-picking").click()
    desk.see("wave-begin").click()
    desk.see("walk-screen").wait_for()
    _look(desk, "walk", pictures)
    _is_taken(street, screen, session, pictures)

    page.context.set_offline(True)
    expect(desk.see("walk-net")).to_contain_text("离线")
    with transaction(session):  # meanwhile the second customer cancels, which they may before it is picked
        close.cancel(session, street.shop.store_id, second_id, actor="member:2", now=clock.now())
    desk.scan(make.BARCODES["bread"])
    desk.see("walk-wrong").wait_for()
    _look(desk, "wrong", pictures)
    page.mouse.click(200, 200)
    expect(desk.see("walk-wrong")).to_be_visible()
    desk.scan(make.BARCODES["milk"])
    expect(desk.see("walk-wrong")).to_have_count(0)
    expect(desk.see("walk-ring")).to_contain_text("1/2")
    desk.scan(make.BARCODES["milk"])
    expect(desk.see("walk-tote")).to_have_text("B")
    desk.see("walk-found").click()
    desk.see("walk-end").wait_for()
    _look(desk, "walk-end-offline", pictures)
    assert make.parcel(session, first_id).state == "accepted"

    page.context.set_offline(False)
    expect(desk.see("conflicts")).to_be_attached()
    session.rollback()
    street.until(lambda: make.parcel(session, first_id).state == "picking", "the picks")
    line = session.execute(text("SELECT picked_qty FROM parcel_line WHERE order_id = :id"), {"id": first_id}).one()
    assert line.picked_qty == 2
    desk.see("walk-ready-A").click()
    street.until(lambda: session.rollback() or make.parcel(session, first_id).state == "ready", "ready")
    desk.see("walk-close").click()
    open_waves = text("SELECT count(*) FROM wave WHERE closed_at IS NULL")
    street.until(lambda: session.rollback() or session.scalar(open_waves) == 0, "the wave's end")
    expect(desk.see("conflicts")).to_contain_text("尾号 0002")
    _look(desk, "conflict", pictures)
    desk.see("conflicts-seen").click()
    expect(desk.see("conflicts")).to_have_count(0)


def test_something_else_is_given_when_the_customer_says_yes(street, screen, session, pictures):
    buyer, order_id, no = _paid(street, 1, 1980, milk=2)
    desk = Desk(screen(390, 844), street.url)
    desk.open()
    desk.see(f"order-card-{no}").click()
    desk.see("accept").click()
    desk.see("walk").click()
    desk.see("walk-swap").click()
    desk.scan(make.BARCODES["milk"])
    expect(desk.see("error")).to_contain_text("原来的商品")
    desk.scan(make.BARCODES["bread"])
    expect(desk.see(f"swap-fit-{street.shop.skus['bread']}")).to_have_attribute("aria-checked", "true")
    desk.see("swap-offer").click()
    expect(desk.see("swap-offered")).to_contain_text("等顾客确认")
    expect(desk.see("swap-offer")).to_have_count(0)
    _look(desk, "swap", pictures)
    desk.see("swap-back").click()
    expect(desk.see("walk-asking")).to_be_visible()

    phone = Phone(screen(390, 844), street.url)
    phone.open_order(buyer, order_id)
    expect(phone.see("swap")).to_contain_text("商品bread")
    expect(phone.see("swap-refund")).to_contain_text("6.80")
    _look(phone, "swap-mall", pictures)
    phone.see("swap-yes").click()
    expect(phone.see("swap")).to_have_count(0)
    expect(desk.see("walk-screen")).to_contain_text("商品bread")
    desk.scan(make.BARCODES["milk"])
    desk.see("walk-wrong").wait_for()
    for _ in range(2):
        desk.scan(make.BARCODES["bread"])
    desk.see("walk-end").wait_for()
    assert session.scalar(REFUNDED, {"id": order_id}) == 680


def test_what_lacks_is_refunded_exactly_and_a_customer_may_ask_to_cancel(street, screen, session, pictures):
    _, order_id, no = _paid(street, 1, 1980, milk=2)
    page = screen(768, 1024)
    desk = Desk(page, street.url)
    desk.open()
    desk.see(f"card-accept-{no}").click()
    desk.see(f"card-pick-{no}").click()
    desk.scan(make.BARCODES["milk"])
    desk.see("walk-lack").click()
    expect(desk.see("short-found")).to_have_text("1")
    expect(desk.see("short-refund")).to_have_text(re.compile(r"9\.90"))
    desk.see("short-damaged").click()
    _look(desk, "short", pictures)
    desk.see("short-confirm").click()
    desk.see("walk-end").wait_for()
    assert session.scalar(REFUNDED, {"id": order_id}) == 990

    with transaction(session):
        cancelling.ask(session, street.shop.store_id, order_id, actor="member:1", now=clock.now())
    desk.see("walk-close").click()
    desk.see(f"order-card-{no}").click()
    expect(desk.see("cancel-asked")).to_contain_text("A-01")
    _look(desk, "cancel", pictures)
    desk.see("cancel-agree").click()
    expect(desk.see("put-back")).to_contain_text("A-01")
    _look(desk, "put-back", pictures)
    session.rollback()
    assert make.parcel(session, order_id).state == "cancelled"


def _without_phone(street, desk: Desk, session, pictures) -> None:
    """The last digits, a code to that phone, a reason and a manager's PIN, at a desk that is no till."""
    _, lost_id, lost = _paid(street, 3, 650, bread=1)
    _make_ready(street, lost)
    desk.see("tab-ready").click()
    desk.see("lost-open").click()
    desk.see("lost-tail").fill("0003")
    desk.see("lost-find").click()
    desk.see(f"lost-{lost}").click()
    desk.see("lost-send").click()
    desk.see("lost-code").fill("000000")
    desk.see("lost-reason-empty").click()
    desk.see("lost-pin").fill(make.PIN)
    desk.see("lost-confirm").click()
    expect(desk.page.get_by_role("dialog").get_by_test_id("error")).to_be_visible()
    _look(desk, "lost-phone", pictures)
    session.rollback()
    parcel = make.parcel(session, lost_id)
    desk.see("lost-code").fill(lost_phone.sent_code(session, parcel.store_id, parcel.id) or "")
    desk.see("lost-pin").fill(make.PIN)
    desk.see("lost-confirm").click()
    expect(desk.see("done")).to_contain_text(lost[-6:])


def test_a_part_is_handed_over_and_codes_that_must_not_be_are_stopped(street, screen, session, pictures):
    buyer, order_id, no = _paid(street, 1, 1980, milk=2)
    other, gone_id, gone = _paid(street, 2, 650, bread=1)
    _make_ready(street, no, gone)
    code, gone_code = _code(street, buyer, order_id), _code(street, other, gone_id)
    desk = Desk(screen(1366, 768), street.url)
    desk.open()
    desk.see(f"order-card-{no}").wait_for()
    desk.scan(code)
    expect(desk.see("pickup-order")).to_contain_text(no)
    desk.see("hand-less-1").click()
    _look(desk, "handover", pictures)
    desk.see("pickup-confirm").click()
    expect(desk.see("notice")).to_contain_text("其余继续待取")
    desk.hand_over(code)
    expect(desk.see("done")).to_contain_text(no[-6:])
    desk.scan(code)
    expect(desk.see("stop-already_collected")).to_contain_text("员工S1")
    _look(desk, "stop-used", pictures)
    desk.see("stop-close").click()

    with transaction(session):
        close.withdraw(session, street.shop.store_id, gone_id, actor="office", now=clock.now())
    desk.scan(gone_code)
    expect(desk.see("stop-pickup_cancelled")).to_be_visible()
    desk.see("stop-close").click()
    desk.scan("P999999-1")
    expect(desk.see("error")).to_contain_text("P999999-1")
    _without_phone(street, desk, session, pictures)


def test_a_delivery_is_packed_handed_out_and_comes_back(street, screen, session, pictures):
    wide = {"area": chain.SQUARE}
    chain.do(session, "UPDATE store SET area = CAST(:area AS jsonb), opens_minute = 0, closes_minute = 1440", **wide)
    order_id = chain.ordered(session, street.shop, clock.now(), bread=2)
    hands.picked(session, order_id, clock.now())
    desk = Desk(screen(1366, 768), street.url)
    desk.open()
    desk.see("tab-picking").click()
    desk.page.locator("[data-testid^=order-card-]").click()
    desk.see("courier-bags").fill("2")
    desk.see("courier-seals").fill("A1 A2")
    desk.see("courier-pack").click()
    expect(desk.see("count-send")).to_have_text("1")
    desk.see("courier-carrier").fill("闪送")
    desk.see("courier-seals").fill("A1")
    desk.see("courier-hand").click()
    expect(desk.see("error")).to_be_visible()
    desk.see("courier-seals").fill("A1 A2")
    _look(desk, "courier", pictures)
    desk.see("courier-hand").click()
    desk.see("courier-failed").click()
    desk.see("failed-absent").click()
    desk.see("courier-seals").fill("A1 A2")
    desk.see("back-more-1-damaged").click()
    expect(desk.see("back-1-good")).to_have_text("1")
    _look(desk, "came-back", pictures)
    desk.see("courier-back").click()
    expect(desk.see("count-send")).to_have_text("0")
    session.rollback()
    assert make.parcel(session, order_id).state == "returned"
    assert hands.level(session, street.shop, "bread") == {"on_hand": 100, "quarantine": 1}


def test_a_delivery_is_received_as_counted_and_a_shelf_is_counted_blind(street, screen, session, pictures):
    shop, manager = street.shop, street.staff("store_manager")
    lines = [{"sku_id": shop.skus["milk"], "qty": 10}, {"sku_id": shop.skus["apple"], "qty": 5_000}]
    assert manager.post("/api/desk/deliveries", supplier="城东奶站", lines=lines)[0] == 201
    desk = Desk(screen(390, 844), street.url)
    desk.sign_in("desk", "store_manager-S1")
    desk.see("rail-stock").click()
    desk.see("stock-deliveries").click()
    desk.page.get_by_text("城东奶站").click()
    desk.see("tally-all").click()
    desk.scan(make.BARCODES["bread"])  # which nobody had announced
    desk.see(f"tally-{shop.skus['milk']}").fill("8")
    desk.see(f"damaged-{shop.skus['milk']}").fill("1")
    desk.see(f"tally-{shop.skus['apple']}").fill("4.5")
    desk.see("stock-scan").focus()
    expect(desk.see("differences")).to_have_text(re.compile(r"商品bread 250ml \+1 盒.*milk.* -2 盒.*apple.* -0\.5 kg"))
    _look(desk, "delivery", pictures)
    desk.see("tally-go").click()
    expect(desk.see("notice")).to_contain_text("3 种有差异")
    assert hands.level(session, shop, "milk") == {"on_hand": 11, "quarantine": 1}
    assert hands.level(session, shop, "apple") == {"on_hand": 104_500}
    session.rollback()

    desk.see("stock-counts").click()
    desk.see("count-shelf").fill("A-0")
    desk.see("count-begin").click()
    desk.see("stock-scan").wait_for()
    for name, text_ in (("milk", "10"), ("apple", "104.5"), ("bread", "101")):
        desk.scan(make.BARCODES[name])
        desk.see(f"tally-{shop.skus[name]}").fill(text_)
        desk.see("stock-scan").focus()
    desk.see("count-submit").click()
    desk.see("count-compare").click()
    _look(desk, "count", pictures)
    desk.see("count-post").click()
    expect(desk.see("notice")).to_contain_text("已入账")
    assert hands.level(session, shop, "milk") == {"on_hand": 11, "quarantine": 1}
