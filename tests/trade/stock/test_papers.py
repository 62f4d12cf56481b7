"""Goods between stores and from suppliers: what left, is on its way, came, and what became of a difference."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.errors import Malformed, NotFound, Refused, WrongState
from tests.trade.stock.words import agrees, do, everything, level
from trade.stock import moves, quarantine, receiving, transfers
from trade.stock.arrivals import Arrived
from trade.stock.moves import OutOfStock
from trade.stock.papers import read
from trade.stock.receiving import DeliveryKnown
from trade.stock.transfers import NothingToSettle, NotOnTransfer

T = "t"


@pytest.fixture
def by(now):
    return {"actor": T, "now": now}


@pytest.fixture
def asked(session, shop, other, by):
    """The second store wants 4 milk and 2 bread of the first, which has 5 and 4."""
    goods = {shop.skus["milk"]: 4, shop.skus["bread"]: 2}
    return do(session, transfers.request, shop.store_id, other.store_id, goods, note="周末", **by)


def in_transit(session, shop, name="milk"):
    session.rollback()
    found = session.execute(
        text("SELECT in_transit FROM stock_level WHERE (store_id, sku_id) = (:s, :k)"),
        {"s": shop.store_id, "k": shop.skus[name]},
    )
    return found.scalar_one()


def cases(session):
    session.rollback()
    found = session.execute(text("SELECT subject, at_stake, resolved_at IS NULL FROM exception_case ORDER BY id"))
    return list(map(tuple, found))


def test_goods_leave_are_on_their_way_and_arrive(session, shop, other, asked, by):
    milk, bread = shop.skus["milk"], shop.skus["bread"]
    assert level(session, shop)[0] == 5, "a request moves nothing"
    do(session, transfers.ship, shop.store_id, asked, {milk: 3, bread: 2}, **by)
    assert (level(session, shop)[0], in_transit(session, other), level(session, other)[0]) == (2, 3, 3)
    assert agrees(session)
    came = {milk: Arrived(3), bread: Arrived(2, damaged=1)}
    assert do(session, transfers.receive, shop.store_id, asked, came, **by) == {}
    assert (in_transit(session, other), level(session, other)[0]) == (0, 6)
    assert [row["qty"] for row in quarantine.there(session, other.store_id)] == [1]
    assert cases(session) == [] and agrees(session)
    shown = read.transfer(session, other.store_id, asked)
    assert (shown["state"], shown["differs"], shown["from_store"]) == ("received", False, "通店S1")
    assert [(line["asked"], line["shipped"], line["received"]) for line in shown["lines"]] == [(4, 3, 3), (2, 2, 2)]
    with pytest.raises(NothingToSettle):
        do(session, transfers.settle, shop.store_id, asked, "lost", note="", **by)


@pytest.mark.parametrize(("outcome", "came", "sender"), [("lost", 1, 2), ("stayed", 1, 4), ("stayed", 4, 1)])
def test_a_difference_waits_until_it_is_explained(session, shop, other, asked, by, outcome, came, sender):
    milk = shop.skus["milk"]
    do(session, transfers.ship, shop.store_id, asked, {milk: 3}, **by)
    found = do(session, transfers.receive, shop.store_id, asked, {milk: Arrived(came)} if came else {}, **by)
    assert found == {milk: came - 3}
    assert (in_transit(session, other), level(session, other)[0]) == (0, 3 + came)
    subject = f"transfer:{shop.store_id}:{asked}"
    assert cases(session) == [(subject, abs(came - 3), True)]
    assert read.transfers(session, other.store_id)[0]["differs"] is True
    assert do(session, transfers.settle, shop.store_id, asked, outcome, note="司机确认", **by) == []
    assert level(session, shop)[0] == sender
    assert cases(session) == [(subject, abs(came - 3), False)]
    assert read.transfers(session, other.store_id)[0]["differs"] is False
    before = everything(session)
    with pytest.raises(NothingToSettle):
        do(session, transfers.settle, shop.store_id, asked, outcome, note="", **by)
    assert everything(session) == before and agrees(session)


def test_too_much_is_not_lost(session, shop, other, asked, by):
    milk = shop.skus["milk"]
    do(session, transfers.ship, shop.store_id, asked, {milk: 3}, **by)
    do(session, transfers.receive, shop.store_id, asked, {milk: Arrived(4)}, **by)
    with pytest.raises(NothingToSettle):
        do(session, transfers.settle, shop.store_id, asked, "lost", note="", **by)
    do(session, transfers.settle, shop.store_id, asked, "stayed", note="", **by)
    assert agrees(session)


def test_what_is_promised_is_not_sent_away(session, shop, other, asked, by):
    milk = shop.skus["milk"]
    do(session, moves.hold, shop.store_id, {milk: 3}, order_id=1)
    before = everything(session)
    for goods, refusal in (
        ({milk: 3}, OutOfStock),
        ({milk: 5}, NotOnTransfer),
        ({shop.skus["apple"]: 1}, NotOnTransfer),
    ):
        with pytest.raises(refusal):
            do(session, transfers.ship, shop.store_id, asked, goods, **by)
    with pytest.raises(WrongState):
        do(session, transfers.receive, shop.store_id, asked, {}, **by)
    with pytest.raises(NotFound):
        do(session, transfers.ship, other.store_id, asked, {milk: 1}, **by)
    assert everything(session) == before


def test_a_transfer_needs_two_stores_and_somebody_of_them(session, shop, other, asked, by):
    goods = {shop.skus["milk"]: 1}
    with pytest.raises(Malformed):
        do(session, transfers.request, shop.store_id, shop.store_id, goods, **by)
    with pytest.raises(NotFound):
        do(session, transfers.request, shop.store_id, 999, goods, **by)
    assert transfers.sender(session, asked, mine=other.store_id) == (shop.store_id, other.store_id)
    assert transfers.sender(session, asked, mine=0) == (shop.store_id, other.store_id)
    with pytest.raises(NotFound):
        transfers.sender(session, asked, mine=999)
    with pytest.raises(NotFound):
        read.transfer(session, 999, asked)


def test_two_doors_receive_one_transfer_once(open_session, session, shop, other, asked, by):
    milk = shop.skus["milk"]
    do(session, transfers.ship, shop.store_id, asked, {milk: 3}, **by)

    def go(_) -> str:
        with open_session() as mine:
            try:
                do(mine, transfers.receive, shop.store_id, asked, {milk: Arrived(3)}, **by)
            except Refused as refused:
                return refused.code
        return "done"

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(go, range(8))) == {"done": 1, "wrong_state": 7}
    assert level(session, other)[0] == 6 and agrees(session)


def test_stores_that_send_to_each_other_while_they_sell_lose_nothing(open_session, session, shop, other, by):
    """Twenty transfers there and back at once, of one milk and one bread each, with orders in between."""
    goods = {shop.skus["milk"]: 1, shop.skus["bread"]: 1}
    both = (shop.store_id, other.store_id)
    for store in both:
        do(session, moves.take_in, store, dict.fromkeys(goods, 20), key="more", **by)
    before = session.execute(text("SELECT sum(on_hand) FROM stock_level")).scalar_one()
    papers = []
    for number in range(20):
        here, there = both[number % 2], both[1 - number % 2]
        papers.append((here, do(session, transfers.request, here, there, goods, **by)))

    def go(number: int) -> None:
        with open_session() as mine:
            if number % 2:
                here, paper = papers[number // 2]
                do(mine, transfers.ship, here, paper, goods, **by)
                do(mine, transfers.receive, here, paper, dict.fromkeys(goods, Arrived(1)), **by)
            else:
                do(mine, moves.hold, both[number % 4 // 2], goods, order_id=number + 1)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(go, range(40)))
    session.rollback()
    assert session.execute(text("SELECT sum(on_hand) FROM stock_level")).scalar_one() == before
    assert agrees(session)


def test_a_delivery_is_on_hand_as_it_was_counted(session, shop, by, now):
    milk, bread = shop.skus["milk"], shop.skus["bread"]
    more = {"supplier": "大仓", "external_no": "DN-7", "due_at": now + timedelta(days=1), **by}
    one = do(session, receiving.expect, shop.store_id, {milk: 10}, **more)
    with pytest.raises(DeliveryKnown) as known:
        do(session, receiving.expect, shop.store_id, {milk: 10}, **more)
    assert known.value.facts == {"delivery_id": one}
    before = everything(session)
    with pytest.raises(Malformed):
        do(session, receiving.receive, shop.store_id, one, {milk: Arrived(1, damaged=2)}, **by)
    assert everything(session) == before
    came = {milk: Arrived(9, damaged=2), bread: Arrived(1)}
    assert do(session, receiving.receive, shop.store_id, one, came, **by) == {milk: -1, bread: 1}
    assert level(session, shop) == (14, 0, 0, 0, 12, 12) and level(session, shop, "bread")[0] == 5
    assert cases(session) == [(f"delivery:{shop.store_id}:{one}", 2, True)]
    with pytest.raises(WrongState):
        do(session, receiving.receive, shop.store_id, one, came, **by)
    shown = read.delivery(session, shop.store_id, one)
    assert [(line["expected"], line["received"], line["differs"]) for line in shown["lines"]] == [
        (10, 9, -1),
        (0, 1, 1),
    ]
    do(session, receiving.settle, shop.store_id, one, "credited", note="CN-1", **by)
    assert cases(session)[0][2] is False
    with pytest.raises(NothingToSettle):
        do(session, receiving.settle, shop.store_id, one, "credited", note="", **by)
    assert agrees(session)


def test_a_delivery_nobody_announced_and_lists_by_page(session, shop, other, by):
    milk = shop.skus["milk"]
    for number in range(3):
        one = do(session, receiving.expect, shop.store_id, {}, supplier="农户", **by)
        do(session, receiving.receive, shop.store_id, one, {milk: Arrived(number + 1)}, **by)
    do(session, receiving.expect, other.store_id, {milk: 1}, supplier="农户", **by)
    assert level(session, shop)[0] == 11
    page = read.deliveries(session, shop.store_id, most=2)
    assert [(row["received"], row["skus"]) for row in page] == [(3, 1), (2, 1)]
    assert [row["received"] for row in read.deliveries(session, shop.store_id, before=page[-1]["id"])] == [1]
    assert len(read.deliveries(session, 0)) == 4 and len(read.deliveries(session, 0, state="expected")) == 1
    with pytest.raises(NotFound):
        do(session, receiving.expect, 999, {milk: 1}, supplier="x", **by)
