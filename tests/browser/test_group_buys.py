"""拼团 on two phones: opened on the product page, joined by its link, not full in time: every fen comes back."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from config import clock
from config.db import transaction
from tests import factories as make
from tests.browser.people import Phone, expect
from tests.browser.test_delivered import _three_widths
from trade.books.registry import prove
from trade.orders import seckill
from workers.jobs import end_groups


def _all_back(at, session, *fens):
    """Every refund is done, as far as we and WeChat know."""
    done, back = text("SELECT state, amount_fen FROM refund ORDER BY id"), []
    for _ in range(100):
        session.rollback()
        back = [tuple(row) for row in session.execute(done)]
        if all(state == "done" for state, _ in back):
            break
        at.page.wait_for_timeout(300)
    assert back == [("done", fen) for fen in fens]


def _an_hour_goes_by(session):
    """The group was opened an hour earlier, and the clock's job looks."""
    hour = text("UPDATE group_buy SET opened_at = opened_at - CAST(:h AS interval), fill_by = fill_by - :h")
    with transaction(session):
        session.execute(hour, {"h": timedelta(hours=1)})
    return end_groups.run()


def _join(street, screen, link, pictures):
    friend = Phone(screen(390, 844), street.url)
    friend.open(2)
    friend.page.goto(link)
    friend.page.reload()
    _three_widths(friend, "group-friend", pictures)
    friend.see("group-join").click()
    friend.see("slot-0").wait_for()
    friend.submit()
    friend.pay()
    expect(friend.see("order-group")).to_contain_text("还差 1 人")
    return friend


def _heard(street):
    """What WeChat showed the first of how their group ended."""
    said = [dict(one["fields"]) for one in street.world.messages.get("oTongdian0001", [])]
    return [one["拼团结果"] for one in said if "拼团结果" in one]


def test_a_group_that_is_not_full_gives_every_fen_back(street, screen, session, pictures):
    now, milk = clock.now(), street.shop.skus["milk"]
    form = {"kind": "group", "prices": {milk: 655}, "people": 3, "fill_minutes": 60}
    offer = make.a_promotion(session, now, quotas={"member_units": 1}, **form)
    with transaction(session):
        seckill.supply(session, offer, street.shop.store_id, {milk: 3}, actor="t", now=now)

    first = Phone(screen(390, 844), street.url)
    first.open(1)
    first.go("home")
    expect(first.see("group-shelf")).to_contain_text("3 人团")
    _three_widths(first, "group-home", pictures)
    first.see(f"group-card-{milk}").click()
    expect(first.see("group-price")).to_contain_text("6.55")
    _three_widths(first, "group-product", pictures)
    first.see("group-open").click()
    first.see("slot-0").wait_for()
    expect(first.see("payable")).to_contain_text("6.55")
    _three_widths(first, "group-checkout", pictures)
    first.submit()
    first.pay()
    expect(first.see("order-state")).to_contain_text("等待成团")
    _three_widths(first, "group-order", pictures)
    first.see("order-group").click()
    expect(first.see("group-state")).to_contain_text("还差 2 人")
    expect(first.see("group-clock")).to_contain_text(":")
    _three_widths(first, "group-mine", pictures)
    first.see("tell-me").click()
    first.see("subscribe-yes").click()
    expect(first.see("telling-words")).to_contain_text("拼团结果")
    friend = _join(street, screen, first.page.url, pictures)
    expect(first.see("group-state")).to_contain_text("还差 1 人")

    assert _an_hour_goes_by(session) == 2
    expect(first.see("group-state")).to_have_attribute("data-state", "failed")
    _three_widths(first, "group-failed", pictures)
    street.until(lambda: "到时未满 3 人，未成团" in _heard(street), "whoever asked is told")
    friend.page.reload()
    expect(friend.see("order-state")).to_have_attribute("data-state", "cancelled")
    expect(friend.page.get_by_text("未成团，款项、储值和优惠已全额原路退回")).to_be_visible()
    _three_widths(friend, "group-order-failed", pictures)

    _all_back(first, session, 655, 655)
    assert sum(one["refund"] for one in street.world.refunds.values()) == 1310
    with transaction(session):
        assert [row for book in prove(session) for row in book.rows] == []
