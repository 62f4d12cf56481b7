"""The order centre: a manager triages a held order and an exception without leaving the keys."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from tests import factories as make
from tests.browser.people import AtScreen, expect
from trade.exceptions import cases


@pytest.fixture
def troubled(street, session):
    """An order that waits for review because of its note, and one that no store takes; their ids."""
    now, shop = clock.now(), street.shop
    member = make.a_member(session, now=now)
    held, stuck = (make.order_online(session, shop, member, now, bread=pieces) for pieces in (1, 2))
    with transaction(session):
        session.execute(text("UPDATE sale_order SET remark = '花生过敏，请看清' WHERE id = :o"), {"o": held})
    for order in (held, stuck):
        make.pay_online(session, shop, order, now)
    with transaction(session):
        cases.open(
            session, "unroutable", f"order:{shop.store_id}:{stuck}", money_fen=1300, facts={"hop": 3},
            store_id=shop.store_id, order_id=stuck, cause="hops", now=now,
        )  # fmt: skip
    return held, stuck


def _state(session, order):
    session.rollback()
    return session.execute(
        text("SELECT o.state, r.state FROM sale_order o LEFT JOIN order_review r ON r.order_id = o.id WHERE o.id = :o"),
        {"o": order},
    ).one()


def test_a_hold_and_an_exception_are_dealt_with_from_the_keys(street, screen, session, troubled):
    held, stuck = troubled
    desk = AtScreen(screen(1366, 768), street.url)
    desk.sign_in("desk", "store_manager-S1")
    desk.see("face-centre").click()
    expect(desk.see("queue-review")).to_contain_text("1")
    expect(desk.see("causes")).to_contain_text("过敏")
    expect(desk.see("remark")).to_contain_text("花生过敏")
    desk.page.keyboard.press("x")
    expect(desk.see("item-panel")).to_contain_text("员工S1 于")
    desk.page.keyboard.press("a")
    expect(desk.see("notice")).to_contain_text("放行")
    expect(desk.see("empty")).to_be_visible()
    assert _state(session, held) == ("confirmed", "passed")

    desk.see("queue-exceptions").click()
    expect(desk.see("causes")).to_contain_text("三次")
    desk.page.keyboard.press("r")
    desk.see("confirm-form").wait_for()
    expect(desk.see("confirm-form")).to_contain_text("13.00")
    assert _state(session, stuck)[0] != "cancelled"
    desk.see("confirm").click()
    expect(desk.see("notice")).to_contain_text("全额退款")
    expect(desk.see("empty")).to_be_visible()
    assert _state(session, stuck)[0] == "cancelled"
