"""A customer takes a copy of everything, thinks better of it or not, and is then known to nobody."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import Refused
from member import codes, consent, export, identity, ledger, possession, proof, secrets, sessions
from member import leaving as asked
from member.coupons import moves
from member.coupons import proof as coupon_proof
from member.export import ExportNotReady
from recommend import forgetting
from tests import factories as make
from tests.all_models import METADATA
from trade.orders import leaving
from trade.orders.invoices import moves as invoices
from workers.jobs import forget_members, make_exports

BY: dict[str, Any] = {"actor": "t"}
PHONE, OPENID, NAME = "13812342046", "oTongdian0001", "王小明"


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, now=now)


@pytest.fixture
def member(session, shop, now):
    """Somebody with a phone, an openid, a session, a code, a consent, points and a sale."""
    found = make.a_member(session, phone=PHONE, points_of=500, now=now)
    with transaction(session):
        guest = identity.by_openid(session, OPENID, unionid="uTongdian0001", now=now, **BY)
        identity.bind_phone(session, guest, PHONE, now=now, **BY)
        sessions.sign_in(session, found, b"sealed", now=now)
        codes.issue(session, found, now=now, **BY)
        possession.by_code(session, found, shop.till_id, now=now, **BY)
        version = consent.PURPOSES["privacy"].version
        consent.answer(session, found, "privacy", given=True, version=version, channel="mall", now=now, **BY)
    make.ring_up(session, shop, now, member_id=found, points_used=100, milk=1)
    return found


def _do(session, work, *args, **kwargs):
    with transaction(session):
        return work(session, *args, **kwargs)


def _everything(session):
    """Every row of every table as text."""
    session.rollback()
    return "\n".join(
        str(row[0])
        for table in METADATA.sorted_tables
        for row in session.execute(text(f'SELECT t::text FROM "{table.name}" t'))
    )


def test_nothing_personal_is_left_in_any_table(session, member, now):
    later = now + asked.COOLING
    session.execute(text("UPDATE sale_order SET remark = '王小明 13812342046'"))
    session.commit()
    _do(session, leaving.ask, member, now=now, **BY)
    assert leaving.prove_erased(session, member) != {}
    assert _do(session, leaving.leave, member, now=later, **BY) is True
    assert leaving.prove_erased(session, member) == {}
    kept = _everything(session)
    prints = [secret for kind, value in (("phone", PHONE), ("openid", OPENID), ("unionid", "uTongdian0001"))
              for secret in (value, secrets.fingerprint(kind, value).hex())]  # fmt: skip
    assert [word for word in (*prints, NAME, "138****2046") if word in kept] == []
    assert (ledger.differences(session), proof.differences(session)) == ([], [])
    orders = session.execute(text("SELECT member_id, payable_fen FROM sale_order")).all()
    assert [tuple(order) for order in orders] == [(member, 890)]


def test_the_ledger_is_closed_by_entries(session, member, now):
    _do(session, leaving.ask, member, now=now, **BY)
    _do(session, leaving.leave, member, now=now + asked.COOLING, **BY)
    session.rollback()
    sums = session.execute(text("SELECT balance, pending, held, deficit FROM lot_account")).all()
    assert {tuple(row) for row in sums} == {(0, 0, 0, 0)}
    last = session.execute(text("SELECT event, quantity FROM lot_entry ORDER BY id DESC LIMIT 1")).one()
    assert tuple(last) == ("adjust", -408)


def test_unused_coupons_are_void_and_used_ones_stay_with_their_order(session, shop, member, now):
    unused, used, frozen = (make.a_coupon(session, member, now) for _ in range(3))
    make.ring_up(session, shop, now, member_id=member, coupon_ids=[used], milk=3)
    _do(session, moves.step, "freeze", member, [frozen], key="f", now=now, **BY)
    _do(session, leaving.ask, member, now=now, **BY)
    assert leaving.prove_erased(session, member)["coupon"] == 2
    assert _do(session, leaving.leave, member, now=now + asked.COOLING, **BY)
    assert session.execute(text("SELECT id, state FROM coupon ORDER BY id")).all() == [
        (unused, "void"), (used, "used"), (frozen, "void"),
    ]  # fmt: skip
    assert coupon_proof.differences(session) == []


def test_whoever_comes_again_starts_empty(session, member, now):
    _do(session, leaving.ask, member, now=now, **BY)
    _do(session, leaving.leave, member, now=now + asked.COOLING, **BY)
    assert identity.search(session, PHONE) == []
    again = make.a_member(session, phone=PHONE, now=now)
    assert (again != member, identity.card(session, again).points) == (True, 0)


def test_before_the_time_to_think_is_over_and_after_a_cancel_nothing_happens(session, member, now):
    _do(session, leaving.ask, member, now=now, **BY)
    before = _everything(session)
    _do(session, leaving.ask, member, now=now + timedelta(days=1), **BY)
    assert _do(session, leaving.leave, member, now=now + timedelta(days=6), **BY) is False
    assert _everything(session) == before
    assert _do(session, asked.cancel, member, now=now, **BY) is True
    assert _do(session, asked.cancel, member, now=now, **BY) is False
    assert _do(session, leaving.leave, member, now=now + asked.COOLING, **BY) is False
    assert identity.card(session, member).masked_phone == "138****2046"


def _order(session, shop, member, now):
    make.order_online(session, shop, member, now, milk=1)


def _wallet(session, shop, member, now):
    make.top_up(session, shop, member, 10_000, now)


@pytest.mark.parametrize(("thing", "code"), [(_order, "orders_open"), (_wallet, "stored_value_left")])
def test_what_is_open_or_stored_keeps_a_member(session, shop, member, now, thing, code):
    thing(session, shop, member, now)
    with pytest.raises(Refused) as refused:
        _do(session, leaving.ask, member, now=now, **BY)
    assert refused.value.code == code
    assert asked.state(session, member) is None


def test_an_invoice_that_was_issued_keeps_its_title_and_no_mailbox(session, member, now):
    """The seller's record of an issued invoice is kept for the tax; one that came to nothing names nobody."""
    session.rollback()
    order = session.execute(text("SELECT store_id, id FROM sale_order")).one()
    session.rollback()
    wish = invoices.Wish("person", "王小明", "", "wang@example.com")
    made = {}
    for state, event in (("refused", "refuse"), ("requested", "issue")):
        made[state] = _do(session, invoices.ask, *order, wish, now=now)
        if event == "refuse":
            _do(session, invoices.move, order.store_id, made[state], event, now=now)
    with pytest.raises(Refused) as refused:
        _do(session, leaving.ask, member, now=now, **BY)
    assert refused.value.facts == {"orders": 0, "refunds": 0, "invoices": 1}
    row = session.execute(text("SELECT * FROM invoice WHERE id = :id"), {"id": made["requested"]}).one()
    session.rollback()
    _do(session, invoices.settle_amount, row, now=now)
    _do(session, invoices.move, order.store_id, made["requested"], "issue", number="24", now=now)
    _do(session, leaving.ask, member, now=now, **BY)
    assert leaving.prove_erased(session, member)["invoice"] == 2
    assert _do(session, leaving.leave, member, now=now + asked.COOLING, **BY) is True
    assert leaving.prove_erased(session, member) == {}
    left = session.execute(text("SELECT state, title, octet_length(email_sealed), number FROM invoice ORDER BY id"))
    assert [tuple(one) for one in left] == [("refused", "", 0, ""), ("issued", "王小明", 0, "24")]


def test_what_comes_up_meanwhile_makes_it_wait_a_day(session, shop, member, now):
    _do(session, leaving.ask, member, now=now, **BY)
    _wallet(session, shop, member, now)
    later = now + asked.COOLING
    assert _do(session, leaving.leave, member, now=later, **BY) is False
    told = asked.state(session, member)
    assert told is not None
    assert (told["waits_for"], told["due_at"]) == ("stored_value_left", (later + timedelta(days=1)).isoformat())
    assert identity.card(session, member).points == 408


def test_the_job_forgets_who_is_due(session, member):
    from config import clock

    _do(session, leaving.ask, member, now=clock.now() - asked.COOLING, **BY)
    assert [forget_members.run(), forget_members.run()] == [1, 0]
    assert leaving.prove_erased(session, member) == {}


def _state(session, member, now):
    told = export.state(session, member, now=now)
    assert told is not None
    return told["state"]


def test_a_copy_of_everything_is_made_and_taken_once(session, member, now):
    _do(session, export.ask, member, now=now, **BY)
    _do(session, export.ask, member, now=now, **BY)
    assert _state(session, member, now) == "making"
    with pytest.raises(ExportNotReady):
        _do(session, export.take, member, now=now)
    rows = session.execute(text("SELECT id FROM journal WHERE kind = 'member.export_asked'")).scalars().all()
    assert [make_exports.run(rows), make_exports.run(rows)] == [1, 0]
    assert PHONE not in _everything(session)
    data = _do(session, export.take, member, now=now)
    assert {one["kind"]: one["value"] for one in data["known_by"]} == {
        "phone": PHONE, "openid": OPENID, "unionid": "uTongdian0001",
    }  # fmt: skip
    assert (data["member"]["name"], len(data["orders"]), len(data["consent"])) == (NAME, 1, 1)
    with pytest.raises(ExportNotReady):
        _do(session, export.take, member, now=now)
    assert _state(session, member, now) == "taken"


def test_a_copy_nobody_took_is_dropped(session, member, now):
    _do(session, export.ask, member, now=now, **BY)
    _do(session, export.put, member, {"a": 1}, now=now)
    late = now + timedelta(days=8)
    with pytest.raises(ExportNotReady):
        _do(session, export.take, member, now=late)
    assert _do(session, export.forget, now=late) == 1
    assert _state(session, member, late) == "expired"


KEPT_WITHOUT_PERSON = {
    "sale_order", "sale_return", "lot", "lot_entry", "lot_consumption", "lot_account", "consent", "coupon",
    "coupon_event", "coupon_claim", "coupon_attempt", "top_up", "wallet_due", "wallet_limit", "wallet_free_use",
    "tier_standing", "tier_change", "tier_gift", "coupon_campaign_gift", "promotion_use",
    "member_leaving", "points_adjustment", "held_basket", "blind_return", "till_document",
}  # fmt: skip
"""Tables that keep the number of a member who left: it leads to nobody, and nothing else in them tells who it was."""


def test_every_table_that_names_a_member_is_erased_or_says_why_not():
    """A new table with a `member_id` belongs into `_ERASE` of member/leaving.py, a `_FORGET` of trade, or above."""
    known = {table.name for table in METADATA.sorted_tables if "member_id" in table.columns}
    erased = {str(statement).split()[2] for statement in asked._ERASE if str(statement).startswith("DELETE")}
    erased.add(str(leaving._FORGET_TICKETS).split()[2])
    forgotten = set(re.findall(r"FROM (\w+)", str(forgetting._LEFT)))  # by the job, which proves it
    assert known - erased - forgotten - KEPT_WITHOUT_PERSON == set()
