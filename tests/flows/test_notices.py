"""WeChat's notices over real HTTP, with everything that may befall them (wechat.md 2.6, 4.2)."""

from __future__ import annotations

import pytest
import requests
from sqlalchemy import text

from tests.wechat_stand_in.notifier import RETRY_S


@pytest.fixture
def paid(house):
    """Pays an order of one milk while faults are planted; the customer and the order."""

    def made(*faults, times=1, lost=False):
        for fault in faults:
            house.world.faults[fault] += times
        buyer = house.customer(4)
        order_id = house.order(buyer, 990, milk=1)[1]["order"]["id"]
        house.pay(buyer, order_id)
        if not lost:
            house.until(lambda: house.world.deliveries != [], "the notice")
        return buyer, order_id

    return made


def _advance(house, seconds):
    requests.post(f"{house.phone_url}/control/advance", json={"seconds": seconds}, timeout=30).raise_for_status()


def _state(buyer, order_id):
    return buyer.get(f"/api/mall/orders/{order_id}")["order"]["state"]


def _statuses(house):
    return [one["status"] for one in house.world.deliveries]


def _is_one_payment(session):
    session.rollback()
    rows = session.execute(text("SELECT (SELECT count(*) FROM tender WHERE state = 'paid'), count(*) FROM journal"
                                " WHERE kind = 'order.paid'")).one()  # fmt: skip
    session.rollback()
    return tuple(rows) == (1, 1)


REFUSED = {
    "notice_forged": 401,
    "notice_signtest": 401,
    "notice_unknown_serial": 401,
    "notice_wrong_key": 401,
    "notice_truncated": 401,
    "notice_wrong_amount": 400,
    "notice_wrong_mchid": 400,
    "notice_wrong_appid": 400,
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_is_not_right_is_refused_moves_nothing_and_its_right_repeat_counts(house, session, paid, fault):
    buyer, order_id = paid(fault)
    assert _statuses(house) == [REFUSED[fault]]
    assert _state(buyer, order_id) == "placed"
    assert session.execute(text("SELECT count(*) FROM pay_event")).scalar() == 0
    session.rollback()
    _advance(house, 16)
    assert (_statuses(house), _state(buyer, order_id)) == ([REFUSED[fault], 204], "paid")
    assert _is_one_payment(session)


@pytest.mark.parametrize("fault", ["notice_wrong_type", "notice_lower_case", "notice_rotated", "notice_twice"])
def test_what_only_looks_odd_is_taken(house, session, paid, fault):
    buyer, order_id = paid(fault)
    _advance(house, 1)
    assert (set(_statuses(house)), _state(buyer, order_id)) == ({204}, "paid")
    assert _is_one_payment(session)


def test_a_notice_is_repeated_sixteen_times_in_24_hours_and_4_minutes_and_then_no_more(house, paid):
    paid("notice_forged", times=16)
    _advance(house, sum(RETRY_S) - 1)
    assert _statuses(house) == [401] * 15
    _advance(house, 1)
    _advance(house, 10 * 86_400)
    assert (sum(RETRY_S), _statuses(house)) == (24 * 3600 + 4 * 60, [401] * 16)


def test_a_repeat_after_five_minutes_counts_if_it_is_signed_anew_and_else_the_sweep_finds_the_money(
    house, session, paid
):
    buyer, order_id = paid("notice_forged", times=5)  # the fifth comes 4 minutes after the first, the sixth after 14
    _advance(house, 900)
    if house.world.reading.notice_signed_anew:
        assert _statuses(house) == [401] * 5 + [204]
    else:
        assert _statuses(house) == [401] * 6
        session.execute(text("UPDATE tender SET ask_at = now() - interval '1 second'"))
        session.commit()
        assert house.ask_payments() == 1
    assert _state(buyer, order_id) == "paid"
    assert _is_one_payment(session)


def test_a_notice_played_again_ten_minutes_later_is_answered_and_counts_once(house, session, paid):
    buyer, order_id = paid("notice_replayed")
    _advance(house, 601)
    assert (_statuses(house), _state(buyer, order_id)) == ([204, 204], "paid")
    assert _is_one_payment(session)


def test_a_flood_of_unknown_serials_costs_one_download_and_no_trust(house, session, paid):
    buyer, order_id = paid("notice_unknown_serial")
    url, sent = house.world.deliveries[0]["url"], {"Wechatpay-Serial": "", "Wechatpay-Signature-Type": ""}
    from_here = house.world.calls["certificates"]
    for number in range(100):
        headers = sent | {
            "Wechatpay-Serial": f"{number:040X}", "Wechatpay-Timestamp": str(house.world.shown()),
            "Wechatpay-Nonce": "n", "Wechatpay-Signature": "AAAA",
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        }  # fmt: skip
        assert requests.post(url, data=b"{}", headers=headers, timeout=5).status_code == 401
    assert (from_here, house.world.calls["certificates"]) == (1, 1)
    _advance(house, 16)
    assert _state(buyer, order_id) == "paid"


def test_a_refund_told_before_its_payment_leaves_both_told(house, session, paid):
    """The notice of the payment is held up, the sweep finds it; the refund's comes first, then the payment's."""
    buyer, order_id = paid("notice_reordered", lost=True)
    session.execute(text("UPDATE tender SET ask_at = now() - interval '1 second'"))
    session.commit()
    assert house.ask_payments() == 1
    assert buyer.post(f"/api/mall/orders/{order_id}/cancel")[0] == 200
    house.let_jobs_run()
    house.until(lambda: len(house.world.deliveries) == 2, "both notices")
    assert [(one["event"], one["status"]) for one in house.world.deliveries] == [
        ("REFUND.SUCCESS", 204), ("TRANSACTION.SUCCESS", 204),
    ]  # fmt: skip
    assert _state(buyer, order_id) == "cancelled"
    assert session.execute(text("SELECT state FROM refund")).scalar() == "done"
    session.rollback()
