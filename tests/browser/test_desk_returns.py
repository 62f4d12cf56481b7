"""The returns view of the desk, as a store uses it: an order over the counter, and a case from answer to shelf."""

from __future__ import annotations

from sqlalchemy import text

from config import clock
from config.db import open_session, transaction
from tests import factories as make
from tests.browser.people import Desk, expect
from trade.orders.aftersales import answer, apply
from trade.orders.aftersales.states import Cause, Kind
from trade.orders.numbers import number


def _fetched(street, **goods):
    """An order that was fetched; its printed number."""
    with open_session() as session:
        member = session.scalar(text("SELECT min(id) FROM member")) or make.a_member(session, now=clock.now())
        order = make.order_online(session, street.shop, member, clock.now(), **goods)
        make.pay_online(session, street.shop, order, clock.now())
        make.collect_online(session, street.shop, order, clock.now())
    return order, number(street.shop.store_id, order)


def _look(page, name, folder):
    """Pictures for whoever wants to look, where a folder is given."""
    if folder:
        page.evaluate("document.fonts.ready")
        page.screenshot(path=f"{folder}/{name}-{page.viewport_size['width']}.png")


def test_goods_of_an_order_come_back_over_the_counter(street, screen, pictures):
    _, no = _fetched(street, milk=2, bread=1)
    for width, height, unit in ((1366, 768, "sellable"), (768, 1024, "quarantine"), (390, 844, "written_off")):
        desk = Desk(screen(width, height), street.url)
        desk.sign_in("desk", "store_manager-S1")
        desk.see("rail-returns").wait_for()
        _look(desk.page, "desk", pictures)
        desk.see("rail-returns").click()
        desk.see("returns-no").fill(no)
        desk.see("returns-find").click()
        desk.see("cause-damaged").click()
        expect(desk.see("returns-fault")).to_be_checked()
        expect(desk.see("returns-preview")).to_be_disabled()
        line = 1 if unit != "written_off" else 2
        desk.see(f"more-{line}-{unit}").click()
        expect(desk.see(f"at-{line}-{unit}")).to_have_text("1")
        _look(desk.page, "bring", pictures)
        desk.see("returns-preview").click()
        expect(desk.see("refund-plan")).to_contain_text("9.90" if line == 1 else "6.50")
        _look(desk.page, "plan", pictures)
        desk.see("returns-confirm").click()
        expect(desk.see("returns-done")).to_be_visible()
        _look(desk.page, "done", pictures)
        assert desk.page.evaluate("document.documentElement.scrollWidth") <= width
        desk.see("returns-finish").click()
    with open_session() as session:
        found = "SELECT count(*), sum(qty), (SELECT sum(refund_fen) FROM return_line) FROM return_line"
        assert session.execute(text(found)).one() == (3, 3, 2630)
        aside = "SELECT sum(quarantine) FROM stock_level UNION ALL SELECT count(*) FROM stock_movement"
        aside += " WHERE key LIKE 'inspected:%'"
        assert session.execute(text(aside)).scalars().all() == [1, 1]


def test_a_case_is_answered_received_and_inspected(street, screen, pictures):
    buyer = street.customer(1)
    _, said = street.order(buyer, 1980, milk=2)
    street.pay(buyer, said["order"]["id"])
    street.until(lambda: buyer.get(f"/api/mall/orders/{said['order']['id']}")["order"]["state"] == "paid", "the notice")
    with open_session() as session:
        make.collect_online(session, street.shop, said["order"]["id"], clock.now())
    lines = [{"line_no": 1, "qty": 1, "amount_fen": 0}]
    wish = {"order_id": said["order"]["id"], "kind": "return_refund", "cause": "quality", "lines": lines}
    status, asked = buyer.post("/api/mall/aftersales", **wish, words="盒子破了，漏奶")
    assert status == 201, asked
    case = f"case-{asked['case']['id']}"
    for width, height in ((390, 844), (1366, 768)):
        desk = Desk(screen(width, height), street.url)
        desk.sign_in("desk", "store_manager-S1")
        desk.see("rail-returns").click()
        _look(desk.page, "cases", pictures)
        desk.see(case).click()
        if width == 390:
            expect(desk.see("refund-plan")).to_contain_text("9.90")
            _look(desk.page, "answer", pictures)
            desk.see("returns-refuse").click()
            _look(desk.page, "refuse", pictures)
            desk.page.get_by_role("button", name="返回").click()
            desk.see("returns-approve").click()
            expect(desk.see("returns-done")).to_be_visible()
            desk.see("returns-finish").click()
            desk.see(case).click()
        else:
            desk.see("returns-receive").click()
            expect(desk.see("at-1-sellable")).to_have_text("1")
            desk.see("less-1-sellable").click()
            desk.see("more-1-quarantine").click()
            _look(desk.page, "inspect", pictures)
            desk.see("returns-preview").click()
            desk.see("returns-confirm").click()
            expect(desk.see("returns-done")).to_be_visible()
            _look(desk.page, "inspected", pictures)
    mine = f"/api/mall/aftersales/{asked['case']['id']}"
    street.until(lambda: buyer.get(mine)["case"]["refund"]["parts"][0]["state"] in ("accepted", "done"), "the refund")


def test_what_a_case_is_due_goes_out_of_here_or_back_to_its_case(street, screen, session, pictures):
    order, _ = _fetched(street, milk=2)
    with transaction(session):
        wish = apply.Wish(Kind.RESEND, Cause.MISSING, {1: 1})
        member = session.scalar(text("SELECT member_id FROM sale_order WHERE id = :id"), {"id": order})
        by = {"member_id": member, "actor": "member", "now": clock.now()}
        case = answer.ask(session, street.shop.store_id, order, wish, **by)
        answer.approve(session, street.shop.store_id, case.id, staff_id=1, actor="office", now=clock.now())
    desk = Desk(screen(390, 844), street.url)
    desk.sign_in("desk", "store_manager-S1")
    desk.see("rail-returns").click()
    desk.see(f"case-{case.id}").click()
    _look(desk.page, "send-out", pictures)
    desk.see("returns-send").click()
    expect(desk.see("returns-done")).to_be_visible()
    _look(desk.page, "sent-out", pictures)
    desk.see("returns-finish").click()
    desk.page.get_by_role("button", name="关闭").click()
    desk.page.locator("[data-testid^=order-card-]").click()
    _look(desk.page, "case-parcel", pictures)
    desk.see("to-case").click()
    expect(desk.see("notice")).to_contain_text("退回售后")
    desk.see("rail-returns").click()
    expect(desk.see(f"case-{case.id}")).to_contain_text("同意")
