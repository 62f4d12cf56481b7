"""What customers do to a checkout: submit it in two windows, and pay when it is too late."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from config.db import transaction
from tests.browser.people import Phone, expect
from trade.books.registry import prove
from workers.jobs import expire_unpaid


def test_two_tabs_submit_once(street, screen, session):
    milk = street.shop.skus["milk"]
    buyer = Phone(screen(390, 844), street.url)
    buyer.open(1)
    buyer.choose(milk, 1)
    other = Phone(buyer.page.context.new_page(), street.url)
    other.choose(milk, 1)
    buyer.submit()
    buyer.pay()
    other.submit()
    expect(other.page.locator("body")).to_contain_text("已经提交过了")
    expect(other.page.locator(".card[data-testid^=order-]")).to_have_count(1)
    assert session.execute(text("SELECT count(*) FROM sale_order")).scalar_one() == 1
    other.choose(milk, 1)  # what is wanted again later is another order
    other.submit()
    other.see("pay").wait_for()
    session.rollback()
    assert session.execute(text("SELECT count(*) FROM sale_order")).scalar_one() == 2


def test_a_payment_after_the_end_of_its_order_repairs_itself(street, screen, session):
    """WeChat said that the order was closed, and the open sheet could still be paid: the goods are there: they go."""
    buyer = Phone(screen(390, 844), street.url)
    buyer.open(1)
    buyer.choose(street.shop.skus["milk"], 2)
    buyer.submit()
    buyer.see("pay").click()
    buyer.see("confirm-pay").wait_for()
    street.world.faults["close_still_payable"] += 1
    with transaction(session):
        session.execute(text("UPDATE sale_order SET pay_by = pay_by - :while"), {"while": timedelta(hours=1)})
    for _ in range(40):
        expire_unpaid.run()
        if session.execute(text("SELECT state FROM sale_order")).scalar_one() == "cancelled":
            break
        session.rollback()
        buyer.page.wait_for_timeout(500)
    session.rollback()
    assert session.execute(text("SELECT state FROM sale_order")).scalar_one() == "cancelled"
    buyer.type_password()
    buyer.see("back-to-shop").click()
    expect(buyer.see("order-state")).to_contain_text("已付款")
    session.rollback()
    assert session.execute(text("SELECT count(revived_at) FROM sale_order")).scalar_one() == 1
    assert [row for book in prove(session) for row in book.rows] == []
