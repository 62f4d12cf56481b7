"""A basket goes aside on one till and is taken up on another; prices of then only by a manager's word."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from tests import factories as make
from tests.browser.people import Till, expect
from trade.pricing.models import Price
from trade.stores import tills
from trade.stores.models import Role
from trade.stores.models import Till as TillRow


@pytest.fixture
def second(session, street):
    """The same store at its second till."""
    with transaction(session):
        other = TillRow(store_id=street.shop.store_id, name="2号机")
        session.add(other)
        session.flush()
        card, _ = tills.register(session, other.id, street.shop.store_id, actor="t", now=clock.now())
        make.open_shift(session, card, street.shop.people[Role.CASHIER], 0, clock.now())
    return replace(street.shop, till_id=other.id)


@contextmanager
def _late(till, name):
    """The server answers only after what the cashier does meanwhile: hands are faster."""
    waiting, is_late = [], [True]

    def route(asked):
        if is_late[0]:
            waiting.append(asked)
        else:
            asked.continue_()

    till.page.route(f"**/api/pos/{name}", route)
    with till.page.expect_request(f"**/api/pos/{name}"):
        yield
    is_late[0] = False
    for asked in waiting:
        asked.continue_()


def _sell_at(session, shop, **prices):
    with transaction(session):
        for sku, fen in prices.items():
            price = Price(sku_id=shop.skus[sku], store_id=0, price_fen=fen, from_at=clock.now())
            price.from_at -= timedelta(seconds=1)
            session.add(price)


def _picture(till, pictures, name):
    if pictures:
        till.page.screenshot(path=f"{pictures}/{name}.png")


def test_held_on_one_till_and_taken_up_on_another(street, second, session, screen, pictures):
    """One key holds, two take up; while till 2 edits it till 1 must wait, or ask a manager, who reads what it is."""
    one, two = Till(screen(1366, 768), street.url), Till(screen(1366, 768), street.url)
    one.open(street.shop)
    one.scan(make.BARCODES["milk"])
    one.scan(make.BARCODES["bread"])
    expect(one.see("payable")).to_contain_text("16.40")
    with one.page.expect_response(lambda answer: answer.url.endswith("/held") and answer.status == 201):
        one.page.keyboard.press("F6")  # it is priced when it is shared: only then it can become dearer
    expect(one.see("line")).to_have_count(0)
    _sell_at(session, street.shop, milk=1_090, bread=600)
    two.open(second)
    with _late(two, "held"):
        two.page.keyboard.press("Shift+F6")
        two.page.keyboard.press("Enter")
    expect(two.see("held-change")).to_have_count(2)
    expect(two.see("held-changes")).to_contain_text("10.90")
    _picture(two, pictures, "held-changes")

    one.page.keyboard.press("Shift+F6")
    expect(one.see("held-lease")).to_contain_text("2号机")
    _picture(one, pictures, "held-list")
    one.page.keyboard.press("Enter")
    expect(one.see("held-said")).to_contain_text("2号机 正在编辑")
    expect(one.see("line")).to_have_count(0)
    one.page.keyboard.press("F6")
    one.see("approval").wait_for()
    _picture(one, pictures, "held-take-over")
    one.page.keyboard.press("Escape")
    expect(one.see("approval")).to_have_count(0)

    two.page.keyboard.press("F6")
    two.see("approval").wait_for()
    two.page.keyboard.type("111111")
    two.page.keyboard.press("Enter")
    expect(two.see("approval-said")).to_contain_text("4")
    _picture(two, pictures, "approval-wrong-pin")
    two.page.keyboard.type(make.PIN)
    two.page.keyboard.press("Enter")
    expect(two.see("line-hand")).to_have_text("挂单时价")
    expect(two.see("payable")).to_contain_text("15.90")  # 9.90 by the manager's word, and the cheaper bread
    two.pay_cash("15.90")
    states = session.execute(text("SELECT state, order_id IS NOT NULL FROM held_basket")).all()
    assert [tuple(row) for row in states] == [("sold", True)]
    one.page.keyboard.press("Escape")
    one.page.keyboard.press("Shift+F6")
    expect(one.see("held-one")).to_have_count(0)


def test_held_without_network_and_shared_once_there_is_one(street, second, session, screen, pictures):
    """Complaint 4.25: what only this till has survives a reload, is taken up here, and shared once."""
    till = Till(screen(1024, 768), street.url)
    till.open(street.shop)
    till.scan(make.BARCODES["milk"])
    expect(till.see("payable")).to_contain_text("9.90")
    till.page.context.set_offline(True)
    till.page.keyboard.press("F6")
    expect(till.see("line")).to_have_count(0)
    till.page.keyboard.press("Shift+F6")
    expect(till.see("held-one")).to_contain_text("仅本机")
    expect(till.see("held-said")).to_contain_text("没有网络")
    _picture(till, pictures, "held-alone")
    till.page.keyboard.press("Enter")
    expect(till.see("line")).to_have_count(1)
    expect(till.page.get_by_role("dialog")).to_have_count(0)  # it is priced: only now F6 means holding again
    till.page.keyboard.press("F6")
    expect(till.see("line")).to_have_count(0)
    assert session.scalar(text("SELECT count(*) FROM held_basket")) == 0
    session.rollback()
    till.page.context.set_offline(False)
    till.page.keyboard.press("Shift+F6")
    expect(till.see("held-one")).not_to_contain_text("仅本机")
    other = Till(screen(1366, 768), street.url)
    other.open(second)
    other.page.keyboard.press("Shift+F6")
    expect(other.see("held-one")).to_have_count(1)
    assert session.scalar(text("SELECT count(*) FROM held_basket")) == 1
    session.rollback()


def test_a_discount_above_the_limit_asks_the_manager_at_once(street, session, screen, pictures):
    """5 % of 9.90 is 0.49: 2.00 off needs a manager, whose word the sale uses up; refused it stays as it was."""
    till = Till(screen(1366, 768), street.url)
    till.open(street.shop)
    with _late(till, "quote"):
        till.scan(make.BARCODES["milk"])
        expect(till.see("payable")).to_contain_text("9.90")
        till.page.keyboard.press("/")
        till.see("discount-input").fill("2.00")
        till.page.keyboard.press("Enter")
    till.see("approval").wait_for()
    expect(till.see("approval-sums")).to_contain_text("7.90")
    _picture(till, pictures, "approval-discount")
    till.page.keyboard.press("Escape")
    expect(till.see("discount-said")).to_contain_text("0.49")
    till.page.keyboard.press("Enter")
    till.see("approval").wait_for()
    till.page.keyboard.type(make.PIN)
    till.page.keyboard.press("Enter")
    expect(till.see("approval")).to_have_count(0)
    expect(till.see("payable")).to_contain_text("7.90")
    till.pay_cash("7.90")
    assert session.scalar(text("SELECT count(*) FROM approval WHERE state = 'used' AND action = 'discount'")) == 1
    session.rollback()


def test_a_manager_agrees_at_the_desk_or_does_not(street, session, screen, pictures):
    """F6 in the question sends it there; the till goes on by itself once it is answered."""
    till, desk = Till(screen(1366, 768), street.url), Till(screen(390, 844), street.url)
    till.open(street.shop)
    till.scan(make.BARCODES["milk"])
    expect(till.see("payable")).to_contain_text("9.90")
    desk.sign_in("desk", "store_manager-S1")
    for agree in (False, True):
        till.page.keyboard.press("/")
        till.see("discount-input").fill("2.00")
        till.page.keyboard.press("Enter")
        till.see("approval").wait_for()
        till.page.keyboard.press("F6")
        expect(till.see("approval-asked")).to_contain_text("工作台")
        desk.see("approval-agree").wait_for()
        _picture(desk, pictures, "approval-desk")
        desk.see("approval-agree" if agree else "approval-refuse").click()
        if not agree:
            expect(till.see("approval-said")).to_contain_text("没有同意")
            till.page.keyboard.press("Escape")
            till.page.keyboard.press("Escape")
    expect(till.see("approval")).to_have_count(0)
    expect(till.see("payable")).to_contain_text("7.90")
    assert [tuple(row) for row in session.execute(text("SELECT state FROM approval ORDER BY id"))] == [
        ("refused",), ("approved",),
    ]  # fmt: skip
    session.rollback()
