"""Every fact of the journal is offered to its job again: nothing of value moves (the whole event log, replayed)."""

from __future__ import annotations

from sqlalchemy import text

from config import clock
from tests import factories as make
from tests.stories import books

VALUE = (
    "lot_account", "lot", "lot_entry", "lot_consumption", "wallet_due", "coupon", "coupon_event", "coupon_claim",
    "stock_level", "stock_hold", "stock_movement", "sale_order", "order_line", "allocation", "tender", "refund",
    "sale_return", "return_line", "top_up", "member",
)  # fmt: skip
HOW_IT_WAS_ASKED = {"refund": " - 'ask_at' - 'asked'", "tender": " - 'ask_at' - 'asked'"}


def _value(session):
    """Every row of every table of value."""
    session.rollback()
    found = {}
    for name in VALUE:
        row = f"to_jsonb(t){HOW_IT_WAS_ASKED.get(name, '')}"
        found[name] = sorted(session.execute(text(f"SELECT ({row})::text FROM {name} t")).scalars())
    session.rollback()
    return found


def test_replaying_the_whole_journal_changes_nothing_of_value(house, session):
    cashier, buyer = house.staff("cashier"), house.customer(1)
    make.an_offer(session, clock.now(), name="满赠", in_centre=False, given_from_fen=500, claims_per_member=9)
    member = cashier.get("/api/pos/members?q=13800000001")["members"][0]["id"]
    lines = house.basket(milk=1, bread=1)["lines"]
    sale = {"lines": lines, "member_id": member, "expected_payable_fen": 1640}
    status, sold = cashier.post("/api/pos/sales", **sale, tenders=[{"kind": "cash", "received_fen": 1640}])
    assert status == 201, sold
    back = {"order_no": sold["receipt"]["no"], "lines": [{"line_no": 1, "qty": 1}]}
    assert cashier.post("/api/pos/returns", **back, expected_refund_fen=990)[0] == 201
    for cancelled in (False, True):
        order = house.order(buyer, 990, milk=1)[1]["order"]["id"]
        house.pay(buyer, order)
        house.until(lambda o=order: buyer.get(f"/api/mall/orders/{o}")["order"]["state"] == "paid", "the payment")
        if cancelled:
            assert buyer.post(f"/api/mall/orders/{order}/cancel")[0] == 200
    house.let_jobs_run()
    house.until(lambda: any(one["event"] == "REFUND.SUCCESS" for one in house.world.deliveries), "the refund")
    house.until(lambda: session.execute(text("SELECT every(state = 'done') FROM refund")).scalar(), "its notice")
    before = _value(session)
    assert len(before["lot_entry"]) > 4 and len(before["refund"]) == 2
    assert [len(before[name]) for name in ("coupon", "coupon_claim")] == [1, 1]
    for _ in range(2):
        told = session.execute(text("UPDATE journal SET done_at = NULL, leased_until = NULL, tries = 0")).rowcount
        session.commit()
        assert told > 10
        house.let_jobs_run()
        assert _value(session) == before
    assert books(session) == {}
