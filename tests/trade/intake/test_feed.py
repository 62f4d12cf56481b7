"""What a channel reads of its orders: every change once, none lost, from any point again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from config import journal
from config.db import transaction
from tests import factories as make
from tests.trade.intake.conftest import bring, call_off, document
from tests.trade.intake.test_taking import the_order
from trade.orders import close
from trade.orders.intake import feed, receiving
from trade.orders.intake.documents import DocumentForm
from workers.jobs import tell_channels


def read(session, channel, after=0, most=feed.MOST):
    with transaction(session):
        feed.place_changes(session, channel)
    return feed.read(session, channel, after=after, most=most)


def test_every_change_is_read_once(session, channel, now):
    bring(session, channel, now, document(), document("T2", paid_fen=1))
    rows, after = read(session, channel)
    order = the_order(session)
    assert [(row["external_no"], row["state"], row["reason"]) for row in rows] == [
        ("T1", "ordered", ""), ("T2", "quarantined", "sums_differ"),
    ]  # fmt: skip
    assert rows[0]["order_no"] == f"{order.store_id:03d}{order.id:09d}" and rows[0]["order_state"] == order.state
    assert read(session, channel, after) == ([], after)
    call_off(session, channel, now, "T1")
    rows, later = read(session, channel, after)
    assert [(row["external_no"], row["state"], row["cancel"], row["refunded_fen"]) for row in rows] == [
        ("T1", "cancelled", "done", 2800)
    ]
    assert [row["external_no"] for row in read(session, channel, 0)[0]] == ["T2", "T1"]  # and again from any point
    assert read(session, channel, 0, most=1)[1] == after and later > after


def test_what_happens_to_the_order_is_read_too(session, channel, now):
    bring(session, channel, now, document())
    after = read(session, channel)[1]
    order = the_order(session)
    with transaction(session):
        assert feed.touch(session, {(order.store_id, order.id), (order.store_id, 999)}) == 1
    assert [row["external_no"] for row in read(session, channel, after)[0]] == ["T1"]


def test_a_change_that_is_not_committed_gets_its_place_later(session, open_session, channel, now):
    bring(session, channel, now, document(), document("T2", milk=1))
    after = read(session, channel)[1]
    with open_session() as other, transaction(other):
        receiving.receive(other, channel, [DocumentForm(**document(revision=2)).document()], actor="t", now=now)
        call_off(session, channel, now, "T2", take=False)
        rows, after = read(session, channel, after)
        assert [row["external_no"] for row in rows] == ["T2"]
    assert [row["external_no"] for row in read(session, channel, after)[0]] == ["T1"]


def test_a_reader_misses_nothing_while_eight_write(session, open_session, channel, now):
    batch = [document(f"N{n}", milk=1, bread=1, paid_fen=1) for n in range(48)]

    def come(one):
        with open_session() as own, transaction(own):
            receiving.receive(own, channel, [DocumentForm(**one).document()], actor="t", now=now)

    seen: list[str] = []
    with ThreadPoolExecutor(8) as pool:
        writing, after = [pool.submit(come, one) for one in batch], 0
        while not all(one.done() for one in writing):
            rows, after = read(session, channel, after, most=5)
            seen += [row["external_no"] for row in rows]
        for one in writing:
            one.result()
    while (page := read(session, channel, after, most=5))[0]:
        seen += [row["external_no"] for row in page[0]]
        after = page[1]
    assert sorted(seen) == sorted(one["external_no"] for one in batch)


def test_facts_of_an_order_move_it_in_the_feed(session, open_session, channel, now):
    bring(session, channel, now, document())
    after = read(session, channel)[1]
    order = the_order(session)
    with transaction(session):
        close.refuse(session, order.store_id, order.id, "damaged", actor="t", now=now)
    assert read(session, channel, after)[0] == []
    facts = list(session.scalars(text("SELECT id FROM journal WHERE kind = 'order.refused'")))
    session.rollback()
    assert tell_channels.run(facts, open_session) == 1
    told = read(session, channel, after)[0][0]
    assert (told["order_state"], told["refunded_fen"], told["state"]) == ("cancelled", 2800, "ordered")


def test_a_channel_reads_its_parcels_with_carrier_and_number(session, open_session, channel, now):
    bring(session, channel, now, document())
    order = the_order(session)
    after = read(session, channel)[1]
    parcel = make.parcel(session, order.id)
    words = "UPDATE parcel SET state = 'handed', carrier = 'SF', tracking_no = 'SF123' WHERE id = :id"
    session.execute(text(words), {"id": parcel.id})
    session.commit()
    with transaction(session):
        told = {"store_id": order.store_id, "order_id": order.id}
        journal.record(session, "parcel.handed", f"order:{order.id}", actor="t", now=now, **told)
    facts = list(session.scalars(text("SELECT id FROM journal WHERE kind = 'parcel.handed'")))
    session.rollback()
    assert tell_channels.run(facts, open_session) == 1
    lines = [{"sku": "M", "qty": 2}, {"sku": "B", "qty": 1}]
    sent = {"no": parcel.id, "state": "handed", "carrier": "SF", "tracking_no": "SF123", "lines": lines}
    assert [row["parcels"] for row in read(session, channel, after)[0]] == [[sent]]
