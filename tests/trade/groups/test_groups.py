"""拼团: paid orders wait until the group is full; a failed one gives every fen back, and no success is made of it."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import NotFound, Refused
from member import wallet
from tests import factories as make
from trade.books.registry import prove
from trade.orders import close, place, price, seckill, telling
from trade.orders.groups import ending, joining, moves
from trade.orders.groups.states import MOVES, SEAT_MOVES, Group, Seat
from trade.orders.pay import Outcome
from trade.orders.place import Basket
from workers.jobs import end_groups

BOOKS = ["ledger", "orders", "refunds", "late_payments", "order_value", "order_goods", "promotions", "groups", "stock"]
FILL = timedelta(minutes=60)


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, stock_of={"milk": 100, "bread": 10}, now=now)


@pytest.fixture
def people(session, now):
    return [make.a_member(session, phone=f"1391234{number:04d}", points_of=100, now=now) for number in range(6)]


@pytest.fixture
def offer(session, shop, now):
    """Milk of 9.90 for 6.00 when three buy it within an hour; each at most two, 20 set aside."""
    form = {"kind": "group", "prices": {shop.skus["milk"]: 600}, "people": 3, "fill_minutes": 60}
    one = make.a_promotion(session, now, quotas={"member_units": 2}, **form)
    with transaction(session):
        seckill.supply(session, one, shop.store_id, {shop.skus["milk"]: 20}, actor="t", now=now)
    return one


def order(
    session, shop, offer: int, member: int, now: datetime, group: int | None = None, qty: int = 1, wallet_fen: int = 0
) -> int:
    paid: dict[str, Any] = {"channel": "mall", "offer_id": offer, "wallet_fen": wallet_fen}
    basket = Basket(shop.store_id, make.wants(shop, milk=qty), member, **paid)
    given: dict[str, Any] = {"expected_payable_fen": 600 * qty, "group_id": group, "actor": f"member:{member}"}
    given |= {"unpaid_for": timedelta(minutes=15), "promise_at": now + timedelta(hours=2), "remark": "", "now": now}
    with transaction(session):
        return place.online(session, basket, **given)


def joined(session, shop, offer, member, now, group=None) -> int:
    """An order that is placed and paid; returns it."""
    one = order(session, shop, offer, member, now, group)
    assert make.pay_online(session, shop, one, now) == [Outcome.APPLIED]
    return one


def group_of(session, one: int) -> int:
    session.rollback()
    return session.execute(text("SELECT group_id FROM group_seat WHERE order_id = :o"), {"o": one}).scalar_one()


def stands(session, group: int) -> tuple[str, int]:
    session.rollback()
    return tuple(session.execute(text("SELECT state, taken FROM group_buy WHERE id = :g"), {"g": group}).one())


def states(session, *orders: int) -> list[str]:
    session.rollback()
    find = text("SELECT state FROM sale_order WHERE id = ANY(:ids) ORDER BY id")
    return list(session.execute(find, {"ids": list(orders)}).scalars())


def parcels(session) -> int:
    session.rollback()
    return session.execute(text("SELECT count(*) FROM parcel")).scalar_one()


def back_fen(session) -> int:
    session.rollback()
    return session.execute(text("SELECT coalesce(sum(amount_fen), 0) FROM refund WHERE state <> 'closed'")).scalar_one()


def agree(session) -> None:
    with transaction(session):
        assert [row for one in prove(session, BOOKS) for row in one.rows] == []


def test_a_full_group_goes_on_and_an_unfilled_one_waits(session, shop, people, offer, now):
    first = joined(session, shop, offer, people[0], now)
    group = group_of(session, first)
    second = joined(session, shop, offer, people[1], now, group)
    assert (stands(session, group), states(session, first, second), parcels(session)) == (("open", 2), ["paid"] * 2, 0)
    agree(session)
    third = joined(session, shop, offer, people[2], now, group)
    assert stands(session, group) == ("formed", 3)
    assert (states(session, first, second, third), parcels(session)) == (["confirmed"] * 3, 3)
    agree(session)


def told(session) -> dict[str, list[int]]:
    """Which members were told of which end of a group, each by what the message says to them."""
    session.rollback()
    found: dict[str, list[int]] = {}
    for row in session.execute(text("SELECT *, member_id AS to_member FROM message WHERE kind = 'group' ORDER BY id")):
        said = telling.COMPOSE["group"](session, row, "zh-CN", row.asked_at)
        found.setdefault(str(said and said["what"]), []).append(row.member_id)
    return found


def test_whoever_waited_is_told_that_the_group_is_full(session, shop, people, offer, now):
    """Who filled it hears that the order is paid; who leaves afterwards hears no good news any more."""
    first = joined(session, shop, offer, people[0], now)
    group = group_of(session, first)
    joined(session, shop, offer, people[1], now, group)
    assert told(session) == {}
    joined(session, shop, offer, people[2], now, group)
    assert told(session) == {"3 人已满，拼团成功": people[:2]}
    with transaction(session):
        close.cancel(session, shop.store_id, first, actor="t", now=now)
    assert told(session) == {"None": people[:1], "3 人已满，拼团成功": people[1:2]}


def test_everybody_left_in_a_failed_group_is_told_once(session, shop, people, offer, now):
    orders = [joined(session, shop, offer, people[0], now)]
    group = group_of(session, orders[0])
    orders += [joined(session, shop, offer, people[1], now, group)]
    with transaction(session):
        close.cancel(session, shop.store_id, orders[0], actor="t", now=now)
    for _ in range(2):
        with transaction(session):
            ending.fail(session, group, actor="t", now=now + FILL)
    assert told(session) == {"到时未满 3 人，未成团": people[1:2]}


def test_the_refund_of_one_does_not_break_a_formed_group(session, shop, people, offer, now):
    """Peer defect GB2."""
    first = joined(session, shop, offer, people[0], now)
    group = group_of(session, first)
    rest = [joined(session, shop, offer, member, now, group) for member in people[1:3]]
    with transaction(session):
        close.cancel(session, shop.store_id, first, actor="t", now=now)
    assert (stands(session, group), states(session, *rest)) == (("formed", 3), ["confirmed"] * 2)
    assert back_fen(session) == 600
    agree(session)


def test_a_group_that_is_not_full_in_time_gives_everything_back(session, shop, people, offer, now, monkeypatch):
    """Peer defect GB1, up to the last second."""
    level = text("SELECT on_hand - held AS free FROM stock_level WHERE sku_id = :m")
    before = session.execute(level, {"m": shop.skus["milk"]}).scalar_one()
    one = joined(session, shop, offer, people[0], now)
    group = group_of(session, one)
    two = joined(session, shop, offer, people[1], now, group)
    monkeypatch.setattr("config.clock.now", lambda: now + FILL - timedelta(milliseconds=1))
    assert (end_groups.run(), stands(session, group)) == (0, ("open", 2))
    monkeypatch.setattr("config.clock.now", lambda: now + FILL)
    assert (end_groups.run(), end_groups.run()) == (2, 0)
    assert (stands(session, group), states(session, one, two)) == (("failed", 2), ["cancelled"] * 2)
    assert (back_fen(session), parcels(session)) == (1200, 0)
    # what was set aside and drawn is free to everybody again
    assert session.execute(level, {"m": shop.skus["milk"]}).scalar_one() == before + 2
    agree(session)


def test_an_offer_that_ends_calls_its_groups_off(session, shop, people, offer, now, monkeypatch):
    one = joined(session, shop, offer, people[0], now)
    with transaction(session):
        seckill.end(session, offer, actor="t", now=now)
    monkeypatch.setattr("config.clock.now", lambda: now)
    assert end_groups.run() == 1
    assert (stands(session, group_of(session, one)), back_fen(session)) == (("failed", 1), 600)
    agree(session)


def test_who_leaves_a_waiting_group_frees_the_place_and_the_last_ends_it(session, shop, people, offer, now):
    one = joined(session, shop, offer, people[0], now)
    group = group_of(session, one)
    two = joined(session, shop, offer, people[1], now, group)
    for left, member in ((("open", 1), one), (("failed", 0), two)):
        with transaction(session):
            close.cancel(session, shop.store_id, member, actor="t", now=now)
        assert stands(session, group) == left
        agree(session)
    assert back_fen(session) == 1200


def test_money_for_a_place_that_is_gone_goes_back(session, shop, people, offer, now):
    """Full, ended, or one's own already: the order ends, the money is nobody's and refunds itself."""
    group = group_of(session, joined(session, shop, offer, people[0], now))
    late = order(session, shop, offer, people[3], now, group)
    for member in people[1:3]:
        joined(session, shop, offer, member, now, group)
    assert make.pay_online(session, shop, late, now, times=2) == [Outcome.REFUNDED_LATE, Outcome.REPEATED]
    assert (states(session, late), back_fen(session), stands(session, group)) == (["cancelled"], 600, ("formed", 3))
    ended = order(session, shop, offer, people[4], now)
    assert make.pay_online(session, shop, ended, now) == [Outcome.APPLIED]
    other = group_of(session, ended)
    slow = order(session, shop, offer, people[5], now + FILL - timedelta(minutes=5), other)
    assert make.pay_online(session, shop, slow, now + FILL) == [Outcome.REFUNDED_LATE]
    assert (states(session, slow), back_fen(session), stands(session, other)) == (["cancelled"], 1200, ("open", 1))
    agree(session)


def test_late_money_of_an_expired_order_still_joins_a_group_with_a_place(session, shop, people, offer, now):
    group = group_of(session, joined(session, shop, offer, people[0], now))
    slow = order(session, shop, offer, people[1], now, group)
    make.tender(session, shop, slow, now)
    with transaction(session):
        close.expire(session, shop.store_id, slow, actor="t", now=now)
    assert make.pay_online(session, shop, slow, now) == [Outcome.RESTORED_LATE]
    assert (stands(session, group), states(session, slow)) == (("open", 2), ["paid"])
    agree(session)


def test_refusals_leave_nothing(session, shop, people, offer, now):
    group = group_of(session, joined(session, shop, offer, people[0], now))
    full = group_of(session, joined(session, shop, offer, people[1], now))
    for member in people[2:4]:
        joined(session, shop, offer, member, now, full)
    cases: list[tuple[type[Refused], dict[str, Any]]] = [
        (joining.GroupJoined, {"member": people[0], "group": group}),
        (joining.GroupFull, {"member": people[4], "group": full}),
        (joining.GroupEnded, {"member": people[4], "group": group, "now": now + FILL}),
        (NotFound, {"member": people[4], "group": 999}),
        (price.GroupNotOffered, {"member": people[4], "offer": 999}),
        (price.GroupNotOffered, {"member": people[4], "qty": 3}),  # each at most two
    ]
    count = text("SELECT (SELECT count(*) FROM sale_order), (SELECT count(*) FROM group_seat)")
    before = session.execute(count).one()
    for error, of in cases:
        with pytest.raises(error):
            order(session, shop, **{"offer": offer, "now": now} | of)
        session.rollback()
        assert (session.execute(count).one(), stands(session, group)) == (before, ("open", 1))
    basket = Basket(shop.store_id, make.wants(shop, milk=1, bread=1), people[5], channel="mall", offer_id=offer)
    with pytest.raises(price.GroupNotOffered):
        place.price(session, basket, now=now)
    plain = place.price(session, Basket(shop.store_id, make.wants(shop, milk=1), people[5], channel="mall"), now=now)
    assert plain.payable_fen == 990  # nobody else gets the price of the group


def test_stored_value_pays_for_a_place_and_comes_back(session, shop, people, offer, now, monkeypatch):
    make.top_up(session, shop, people[0], 1000, now)
    one = order(session, shop, offer, people[0], now, wallet_fen=600)
    group = group_of(session, one)
    assert (states(session, one), stands(session, group)) == (["paid"], ("open", 1))
    agree(session)
    monkeypatch.setattr("config.clock.now", lambda: now + FILL)
    assert end_groups.run() == 1
    assert (wallet.balance(session, people[0]).have.total_fen, back_fen(session)) == (1000, 600)
    agree(session)


def test_sixty_four_pay_for_the_last_place_and_one_has_it(open_session, session, shop, offer, now):
    members = [make.a_member(session, phone=f"1381234{number:04d}", now=now) for number in range(66)]
    first = joined(session, shop, offer, members[64], now)
    group = group_of(session, first)
    joined(session, shop, offer, members[65], now, group)
    orders = [order(session, shop, offer, member, now, group) for member in members[:64]]

    def pay(one: int) -> str:
        with open_session() as mine:
            return str(make.pay_online(mine, shop, one, now)[0])

    with ThreadPoolExecutor(64) as pool:
        found = Counter(pool.map(pay, orders))
    assert found == {"applied": 1, "refunded_late": 63}
    assert (stands(session, group), back_fen(session), parcels(session)) == (("formed", 3), 63 * 600, 3)
    agree(session)


def test_leaving_failing_and_the_last_payment_at_once_never_deadlock(open_session, session, shop, offer, now):
    """Whoever wins, every order is either with its store or refunded, and nobody waits for somebody who waits."""
    members = [make.a_member(session, phone=f"1371234{number:04d}", now=now) for number in range(60)]
    rounds = []
    for number in range(20):
        one = joined(session, shop, offer, members[3 * number], now)
        group = group_of(session, one)
        joined(session, shop, offer, members[3 * number + 1], now, group)
        rounds.append((group, one, order(session, shop, offer, members[3 * number + 2], now, group)))

    def act(turn: tuple[int, int, int, int]) -> str:
        what, group, one, last = turn
        with open_session() as mine:
            if what == 0:
                return f"pay {make.pay_online(mine, shop, last, now)[0]}"
            try:
                with transaction(mine):
                    if what == 1:
                        close.cancel(mine, shop.store_id, one, actor="t", now=now)
                    else:
                        ending.fail(mine, group, actor="t", now=now + FILL)
            except Refused as refused:
                return refused.code
        return "done"

    turns = [(what, *of) for of in rounds for what in (0, 1, 2)]
    with ThreadPoolExecutor(24) as pool:
        found = Counter(pool.map(act, turns))
    assert not {one for one in found if one not in ("pay applied", "pay refunded_late", "done", "wrong_state")}, found
    agree(session)


@pytest.mark.parametrize("event", MOVES)
@pytest.mark.parametrize("state", Group)
def test_every_move_of_a_group(session, shop, people, offer, now, state, event):
    group = group_of(session, joined(session, shop, offer, people[0], now))
    with transaction(session):
        session.execute(
            text("UPDATE group_buy SET taken = people, state = :s, ended_at = CASE WHEN :s <> 'open' THEN :n END"),
            {"s": state, "n": now},
        )
        moved = moves.move(session, group, event, actor="t", now=now)
    sources, target, _ = MOVES[event]
    assert (moved, stands(session, group)[0]) == ((state in sources), target if state in sources else state)


@pytest.mark.parametrize("event", SEAT_MOVES)
@pytest.mark.parametrize("state", Seat)
def test_every_move_of_a_place(session, shop, people, offer, now, state, event):
    one = joined(session, shop, offer, people[0], now)
    with transaction(session):
        session.execute(
            text(
                "UPDATE group_seat SET state = :s, taken_at = CASE WHEN :s <> 'asked' THEN :n END,"
                " left_at = CASE WHEN :s = 'left' THEN :n END"
            ),
            {"s": state, "n": now},
        )
        moved = moves.seat(session, shop.store_id, one, event, now=now)
    sources, target = SEAT_MOVES[event]
    found = session.execute(text("SELECT state FROM group_seat")).scalar_one()
    assert (moved is not None, found) == (state in sources, target if state in sources else state)


@pytest.mark.parametrize(
    ("lie", "fault"),
    [
        ("UPDATE group_buy SET taken = 2", "places"),
        ("UPDATE order_review SET reasons = '[]'", "waits"),
        ("UPDATE group_buy SET state = 'failed', ended_at = opened_at", "kept"),
        ("UPDATE group_buy SET state = 'formed', taken = people, ended_at = opened_at", "went_on"),
        ("UPDATE group_seat SET state = 'left', left_at = taken_at", "not_back"),
        ("UPDATE group_seat SET state = 'asked', taken_at = NULL", "alone"),
        ("DELETE FROM group_seat", "alone"),
    ],
)
def test_a_lie_about_a_group_is_found(session, shop, people, offer, now, lie, fault):
    joined(session, shop, offer, people[0], now)
    agree(session)
    with transaction(session):
        session.execute(text(lie))
        found = {row["fault"] for one in prove(session, ["groups"]) for row in one.rows}
    assert fault in found
