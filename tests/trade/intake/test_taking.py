"""Orders of other channels become ours: once each, at their own prices, whole or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from config import clock
from config.db import transaction
from config.errors import NotFound, Refused, WrongState
from tests import factories as make
from tests.trade.intake.conftest import RECEIVER, bring, cases, document, free, heads, home, states
from trade.books.registry import prove
from trade.catalogue import kits
from trade.catalogue.models import Sku
from trade.orders import addresses, close
from trade.orders.intake import again, moves, receivable, receiving, taking
from trade.orders.intake.documents import DocumentForm
from trade.orders.intake.states import MOVES, State
from trade.stock import moves as stock
from trade.stock.channels import book, figures
from trade.stock.channels.book import Listing
from workers.jobs import take_orders


def the_order(session):
    session.rollback()
    return session.execute(text("SELECT * FROM sale_order WHERE external_no = 'T1'")).one()


def differences(session):
    with transaction(session):
        return [row for one in prove(session) if one.book != "shown" for row in one.rows]


def test_an_order_comes_in_at_its_own_prices(session, shops, channel, now):
    answer = bring(session, channel, now, document())[0]
    assert (answer["outcome"], answer["state"]) == ("new", "received")
    order = the_order(session)
    assert (order.channel, order.store_id, order.list_fen, order.discount_fen) == (
        "tmall",
        shops[0].store_id,
        2630,
        430,
    )
    assert (order.freight_fen, order.payable_fen, order.member_id) == (600, 2800, None) and order.paid_at == now
    lines = session.execute(text("SELECT sku_id, qty, list_fen, net_fen FROM order_line ORDER BY line_no")).all()
    assert lines == [(shops[0].skus["milk"], 2, 1980, 1550), (shops[0].skus["bread"], 1, 650, 650)]
    shares = session.execute(text("SELECT line_no, source, amount_fen FROM allocation ORDER BY source")).all()
    assert shares == [(1, "channel", 300), (1, "channel_own", 130)]
    money = session.execute(text("SELECT kind, state, amount_fen, transaction_id FROM tender")).all()
    assert money == [("channel", "paid", 2800, "T1")]
    assert addresses.read(session, order.store_id, order.id) == home(RECEIVER)
    assert (free(session, shops[0], "milk"), free(session, shops[0], "bread")) == (5, 99)
    assert states(session) == {"T1": "ordered"} and cases(session) == [] and differences(session) == []


def test_a_repeat_is_given_the_first_result(session, shops, channel, now):
    bring(session, channel, now, document())
    order = the_order(session)
    answer = bring(session, channel, now, document())[0]
    assert answer == {
        "external_no": "T1", "revision": 1, "outcome": "known", "state": "ordered", "reason": "",
        "order_no": f"{order.store_id:03d}{order.id:09d}",
    }  # fmt: skip
    assert session.execute(text("SELECT count(*) FROM sale_order")).scalar_one() == 1
    assert free(session, shops[0], "milk") == 5


def test_the_same_number_twice_in_one_batch_is_one_order(session, channel, now):
    outcomes = [one["outcome"] for one in bring(session, channel, now, document(), document(), document(milk=1))]
    assert outcomes == ["new", "known", "conflict"]
    assert session.execute(text("SELECT count(*) FROM sale_order")).scalar_one() == 1
    assert cases(session) == [("duplicate", "revision_reused", 0)]


def test_a_revision_reused_with_another_content_is_an_exception_and_changes_nothing(session, shops, channel, now):
    bring(session, channel, now, document())
    assert bring(session, channel, now, document(milk=3))[0]["outcome"] == "conflict"
    assert free(session, shops[0], "milk") == 5 and cases(session) == [("duplicate", "revision_reused", 0)]


def test_an_unknown_sku_is_quarantined_and_taken_in_when_it_is_listed(session, shops, channel, now):
    strange = document(milk=1)
    strange["lines"][1]["sku"] = "Z9"
    bring(session, channel, now, strange, document("T2"))
    assert states(session) == {"T1": "quarantined", "T2": "ordered"}
    assert heads(session)["T1"].facts == {"skus": ["Z9"]}
    assert cases(session) == [("adapter_rejected", "unknown_sku", strange["paid_fen"])]
    assert free(session, shops[0], "milk") == 5  # T2's alone
    with transaction(session):
        apple = shops[0].skus["apple"]
        book.list_skus(session, "tmall-1", [Listing(apple, "Z9")], actor="t", now=now)
        assert again.listed(session, channel, ["Z9"], actor="t", now=now) == 1
    take_orders.run()
    assert states(session) == {"T1": "ordered", "T2": "ordered"} and cases(session) == []


def test_sums_that_differ_are_not_ours_to_guess(session, shops, channel, now):
    bring(session, channel, now, document(paid_fen=2799))
    assert states(session) == {"T1": "quarantined"}
    assert cases(session) == [("amount_mismatch", "sums_differ", 2799)]
    bring(session, channel, now, document(revision=2))  # the channel mends it
    assert states(session) == {"T1": "ordered"} and cases(session) == []


def test_an_address_nobody_can_deliver_to_waits_for_a_better_one(session, channel, now):
    bring(session, channel, now, document(receiver={**RECEIVER, "region": "33"}))
    assert states(session) == {"T1": "quarantined"}
    assert cases(session) == [("address_undeliverable", "address_not_sound", 2800)]
    bring(session, channel, now, document(revision=2))
    assert states(session) == {"T1": "ordered"} and cases(session) == []


def test_what_one_store_lacks_another_has(session, shops, channel, now):
    make.ring_up(session, shops[0], now, milk=6)
    bring(session, channel, now, document())
    order = the_order(session)
    held = session.execute(text("SELECT store_id, sku_id, qty FROM stock_hold ORDER BY 1, 2")).all()
    assert held == [
        (shops[0].store_id, shops[0].skus["milk"], 1),
        (shops[0].store_id, shops[0].skus["bread"], 1),
        (shops[1].store_id, shops[0].skus["milk"], 1),
    ]
    assert order.store_id == shops[0].store_id and differences(session) == []


def test_what_its_channel_wants_from_one_store_is_not_shared_out(session, shops, channel, now):
    make.ring_up(session, shops[0], now, milk=6)
    bring(session, channel, now, document(may_split=False))
    assert (states(session), heads(session)["T1"].reason) == ({"T1": "received"}, "out_of_stock")
    assert session.execute(text("SELECT count(*) FROM stock_hold")).scalar_one() == 0
    bring(session, channel, now, document("T2", milk=1, may_split=False))
    assert states(session)["T2"] == "ordered"
    assert session.execute(text("SELECT may_split FROM sale_order ORDER BY id DESC LIMIT 1")).scalar_one() is False


def test_what_nobody_has_waits_and_is_tried_again(session, shops, channel, clocked, now):
    bring(session, channel, now, document(milk=13))
    head = heads(session)["T1"]
    assert (head.state, head.reason, head.next_try_at) == ("received", "out_of_stock", now + timedelta(seconds=60))
    assert cases(session) == [("adapter_rejected", "out_of_stock", head.money_fen)]
    assert (free(session, shops[0], "milk"), free(session, shops[1], "milk")) == (7, 5)
    with transaction(session):
        stock.take_in(session, shops[1].store_id, {shops[0].skus["milk"]: 1}, key="in", actor="t", now=now)
    assert take_orders.run() == 0  # not yet
    clocked.at = now + timedelta(seconds=60)
    assert take_orders.run() == 1
    assert states(session) == {"T1": "ordered"} and cases(session) == []


def test_an_order_without_a_fen_to_pay(session, channel, now):
    free_of_charge = document(milk=1, bread=1, freight_fen=0, paid_fen=0)
    for line in free_of_charge["lines"]:
        line["discounts"] = [{"name": "全免", "fen": line["list_fen"], "payer": "platform"}]
    bring(session, channel, now, free_of_charge)
    assert the_order(session).payable_fen == 0
    assert session.execute(text("SELECT count(*) FROM tender")).scalar_one() == 0 and differences(session) == []


def test_the_receiver_lies_sealed(session, channel, now):
    bring(session, channel, now, document())
    rows = " ".join(
        str(row[0])
        for table in ("intake_document", "intake_order", "journal", "sale_order", "order_address")
        for row in session.execute(text(f"SELECT t::text FROM {table} t"))
    )
    assert not any(RECEIVER[name] in rows for name in ("name", "phone", "street"))


def test_twenty_bring_the_same_hundred_orders(session, open_session, shops, channel, now):
    """And six workers take them in at once: every order once, and the goods held once."""
    with transaction(session):
        stock.take_in(session, shops[0].store_id, {shops[0].skus["milk"]: 500}, key="in", actor="t", now=now)
    batch = [DocumentForm(**document(f"N{number}", milk=1, bread=1)).document() for number in range(40)]

    def bring_all(turn: int) -> int:
        with open_session() as own, transaction(own):
            part = batch if turn % 2 else list(reversed(batch))
            answers = receiving.receive(own, channel, part, actor="t", now=now)
        return sum(answer["outcome"] == "new" for answer in answers)

    with ThreadPoolExecutor(10) as pool:
        took = [pool.submit(take_orders.run, (), open_session) for _ in range(3)]
        assert sum(pool.map(bring_all, range(20))) == 40
        took += [pool.submit(take_orders.run, (), open_session) for _ in range(4)]
        for one in took:
            one.result()
    take_orders.run()
    assert set(states(session).values()) == {"ordered"} and len(states(session)) == 40
    assert session.execute(text("SELECT count(*) FROM sale_order")).scalar_one() == 40
    assert free(session, shops[0], "bread") == 60 and differences(session) == []


def test_the_last_unit_goes_to_one_order(session, open_session, shops, channel, now):
    """Ten loaves; ten orders of a channel and ten customers at the till want one each, all at once."""
    make.ring_up(session, shops[0], now, bread=90)
    bring(session, channel, now, *[document(f"N{n}", milk=1) for n in range(10)], take=False)
    with transaction(session):
        stock.take_in(session, shops[0].store_id, {shops[0].skus["milk"]: 100}, key="in", actor="t", now=now)

    def at_till(_: int) -> str:
        with open_session() as own:
            try:
                make.ring_up(own, shops[0], now, bread=1)
            except Refused:
                return "refused"
        return "sold"

    with ThreadPoolExecutor(8) as pool:
        took = [pool.submit(take_orders.run, (), open_session) for _ in range(4)]
        sold = list(pool.map(at_till, range(10)))
        for one in took:
            one.result()
    ordered = sum(state == "ordered" for state in states(session).values())
    assert ordered + sold.count("sold") == 10 and free(session, shops[0], "bread") == 0
    assert differences(session) == []


@pytest.mark.parametrize(
    "change",
    [
        {"external_no": ""}, {"external_no": "a b"}, {"revision": 0}, {"lines": []}, {"paid_fen": -1},
        {"placed_at": "2026-11-23T11:59:00"}, {"unknown": 1}, {"mode": "pickup"}, {"receiver": {"name": "x"}},
        {"paid_fen": 10**12},
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused_whole(change):
    with pytest.raises(ValidationError):
        DocumentForm(**document(**change))


@pytest.mark.parametrize("event", MOVES)
@pytest.mark.parametrize("state", State)
def test_every_event_in_every_state(session, channel, now, state, event):
    bring(session, channel, now, document())
    order = the_order(session)
    session.execute(text("UPDATE intake_order SET state = :state"), {"state": state})
    session.commit()
    sources, target, fact = MOVES[event]
    key = (order.store_id, order.id)

    def fire():
        with transaction(session):
            moves.move(session, channel, "T1", event, key=key, actor="t", now=now)

    if state in sources:
        fire()
        assert states(session) == {"T1": target}
        assert session.execute(text("SELECT kind FROM journal ORDER BY id DESC LIMIT 1")).scalar_one() == fact
    else:
        before = heads(session)["T1"]
        with pytest.raises(WrongState) as refused:
            fire()
        assert refused.value.facts["state"] == state and heads(session)["T1"] == before


def test_an_order_that_never_came_cannot_be_moved(session, channel, now):
    with pytest.raises(NotFound), transaction(session):
        again.again(session, channel, "T9", actor="t", now=now)


def test_one_that_is_refused_for_good_can_still_be_mended(session, channel, now):
    bring(session, channel, now, document(paid_fen=1))
    with transaction(session):
        again.reject(session, channel, "T1", "不合规", actor="t", now=now)
    assert states(session) == {"T1": "rejected"} and cases(session) == []
    bring(session, channel, now, document(revision=2))
    assert states(session) == {"T1": "ordered"}


def test_a_return_of_a_channel_order_goes_back_to_the_channel(session, shops, channel, now):
    bring(session, channel, now, document())
    order = the_order(session)
    with transaction(session):
        close.refuse(session, order.store_id, order.id, "damaged", actor="t", now=now)
    refund = session.execute(text("SELECT kind, state, amount_fen FROM refund")).all()
    assert refund == [("channel", "done", 2800)] and free(session, shops[0], "milk") == 7
    assert differences(session) == []


def test_what_the_platform_owes_is_its_buyers_money_and_its_share(session, shops, channel, now):
    bring(session, channel, now, document(), document("T2", milk=1, bread=2))
    due = receivable.owed(session, channel, since=now, until=now + timedelta(days=1))
    assert (due["taken_fen"], due["funded_fen"], due["owed_fen"]) == (2800 + 2460, 600, 5860)
    order = the_order(session)
    with transaction(session):
        close.refuse(session, order.store_id, order.id, "damaged", actor="t", now=now)
    due = receivable.owed(session, channel, since=now, until=now + timedelta(days=1))
    assert [(one["external_no"], one["owed_fen"]) for one in due["orders"]] == [("T1", 0), ("T2", 2760)]
    assert receivable.owed(session, channel, since=now - timedelta(days=1), until=now)["orders"] == []


def test_a_kit_comes_whole_from_one_store(session, shops, channel, now):
    """A kit of 3 milk and 1 bread: the channel is told 2 (7 div 3), and its order holds the parts."""
    box = Sku(product_id=session.get(Sku, shops[0].skus["milk"]).product_id, spec="礼盒", unit="盒")
    session.rollback()
    with transaction(session):
        session.add(box)
        session.flush()
        kits.define(session, box.id, {shops[0].skus["milk"]: 3, shops[0].skus["bread"]: 1}, actor="t", now=now)
        book.list_skus(session, "tmall-1", [Listing(box.id, "BOX")], actor="t", now=now)
    assert {one.external_sku: one.qty for one in figures.feed(session, channel, after=0)}["BOX"] == 2
    lines = [{"sku": "BOX", "qty": 2, "unit_price_fen": 3000, "list_fen": 6000}]
    bring(session, channel, now, document(lines=lines, paid_fen=6600), document("T2", lines=lines, paid_fen=6600))
    assert states(session) == {"T1": "ordered", "T2": "received"} and heads(session)["T2"].reason == "out_of_stock"
    assert (free(session, shops[0], "milk"), free(session, shops[0], "bread")) == (1, 98)
    make.ring_up(session, shops[0], now, bread=1)
    with transaction(session):
        figures.follow(session, {shops[0].store_id: {shops[0].skus["milk"]}}, since=now, now=now)
    assert {one.external_sku: one.qty for one in figures.feed(session, channel, after=0)}["BOX"] == 0


def test_a_fault_of_ours_stops_none_behind_it_and_is_an_exception(session, shops, channel, clocked, now, monkeypatch):
    real = taking._place

    def breaks(opened, head, goods, **by):
        assert head.external_no != "T1", "a fault"
        return real(opened, head, goods, **by)

    monkeypatch.setattr(taking, "_place", breaks)
    bring(session, channel, now, document(), document("T2", milk=1))
    assert states(session) == {"T1": "received", "T2": "ordered"} and free(session, shops[0], "milk") == 6
    for _ in range(3):
        clocked.at += timedelta(minutes=20)
        take_orders.run()
    assert cases(session) == [("adapter_rejected", "failed", 2800)]
    monkeypatch.undo()
    monkeypatch.setattr(clock, "now", lambda: clocked.at)
    clocked.at += timedelta(minutes=20)
    take_orders.run()
    assert states(session) == {"T1": "ordered", "T2": "ordered"} and cases(session) == []


def test_a_unit_that_comes_back_takes_its_funded_share_along(session, shops, channel, now):
    """2 milk at 1980 less 300 (platform) and 130 (ours): one back is 775 of the buyer's and 150 of the platform's."""
    bring(session, channel, now, document())
    order = the_order(session)
    with transaction(session):
        held = "SELECT DISTINCT store_id FROM stock_hold WHERE order_id = :id ORDER BY 1"
        for (store_id,) in session.execute(text(held), {"id": order.id}).all():
            stock.consume(session, store_id, None, order_id=order.id, key="out", actor="t", now=now)
        session.execute(text("UPDATE sale_order SET state = 'done', closed_at = :now"), {"now": now})
        session.execute(text("UPDATE parcel SET state = 'delivered', closed_at = :now, accept_by = NULL"), {"now": now})
        session.execute(text("UPDATE parcel_line SET picked_qty = qty, handed_qty = qty"))
    make.give_back(session, shops[0], order.id, {1: 1}, now)
    refunds = session.execute(text("SELECT kind, state, amount_fen FROM refund")).all()
    assert refunds == [("channel", "done", 775)]
    due = receivable.owed(session, channel, since=now, until=now + timedelta(days=1))
    assert (due["refunded_fen"], due["funded_back_fen"], due["owed_fen"]) == (775, 150, 2800 + 300 - 775 - 150)
    make.give_back(session, shops[0], order.id, {1: 1, 2: 1}, now)
    due = receivable.owed(session, channel, since=now, until=now + timedelta(days=1))
    assert (due["funded_back_fen"], due["owed_fen"]) == (300, 600)  # freight stays
