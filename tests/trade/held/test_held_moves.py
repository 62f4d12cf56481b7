"""A held basket changes hands one till at a time (rules 3.10), and what was sold is never opened again."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from config.errors import NotFound
from tests import factories as make
from trade.orders.held import moves, read
from trade.orders.held.moves import Aside, Hand, HeldElsewhere, HeldMovedOn
from trade.orders.held.states import MOVES, State
from trade.stores import tills
from trade.stores.models import Role, Till

MILK = {"sku_id": 1, "name": "纯牛奶", "qty": 2, "net_fen": 1_980}
ASIDE = Aside({"lines": [{"sku_id": 1, "qty": 2}]}, [MILK], 1_980, note="红衣服")


@pytest.fixture
def world(session, now):
    """A store with two tills."""

    class World:
        def __init__(self) -> None:
            self.shop = make.open_shop(session, now=now)
            self.store, self.one, self.now = self.shop.store_id, self.shop.till_id, now
            self.staff = self.shop.people[Role.CASHIER]
            with transaction(session):
                other = Till(store_id=self.store, name="2号机")
                session.add(other)
                session.flush()
                card, _ = tills.register(session, other.id, self.store, actor="t", now=now)
                make.open_shift(session, card, self.staff, 0, now)
            self.two = other.id
            self.id = str(uuid.uuid4())

        def at(self, till: int) -> dict:
            return {"till_id": till, "staff_id": self.staff, "now": self.now}

        def hold(self, till: int, version: int = 0, aside: Aside = ASIDE):
            with transaction(session):
                return moves.hold(session, self.store, Hand(self.id, version), aside, **self.at(till))

        def resume(self, till: int, **more):
            with transaction(session):
                return moves.resume(session, self.store, self.id, **self.at(till), **more)

        def order(self) -> int:
            return make.ring_up(session, self.shop, self.now, milk=1)

        def sell(self, till: int, version: int, order: int):
            with transaction(session):
                moves.sell(session, self.store, Hand(self.id, version), order, **self.at(till))

        def fact(self, till: int, order: int):
            with transaction(session):
                return moves.sell_as_fact(session, self.store, self.id, order, **self.at(till))

        def row(self):
            found = moves.one(session, self.store, self.id)
            session.rollback()
            return found

        def facts(self) -> list[str]:
            kinds = session.scalars(text("SELECT kind FROM journal WHERE kind LIKE 'held.%' ORDER BY id")).all()
            session.rollback()
            return list(kinds)

    return World()


def test_held_on_one_till_and_taken_up_on_another(session, world):
    world.hold(world.one)
    (shown,) = read.held_of(session, world.store, now=world.now)
    assert (shown["note"], shown["payable_fen"], shown["till_name"], shown["state"]) == (
        "红衣服",
        1_980,
        "1号机",
        "held",
    )
    row = world.resume(world.two)
    assert (row.version, row.lease_till_id, row.lease_until) == (2, world.two, world.now + moves.LEASE)
    (shown,) = read.held_of(session, world.store, now=world.now)
    assert (shown["state"], shown["at_till_name"]) == ("editing", "2号机")
    with pytest.raises(HeldElsewhere) as refused:
        world.resume(world.one)
    assert refused.value.facts == {"till_name": "2号机", "lease_until": (world.now + moves.LEASE).isoformat()}
    back = world.hold(world.two, 2)
    assert (back.state, back.version, back.till_id) == ("held", 3, world.two)
    assert world.facts() == ["held.held", "held.resumed", "held.put_back"]


def test_a_lease_that_is_over_may_be_taken_over_and_the_older_copy_counts_no_more(session, world):
    world.hold(world.one)
    mine = world.resume(world.one).version
    world.now += moves.LEASE
    theirs = world.resume(world.two).version
    for late in (lambda: world.hold(world.one, mine), lambda: world.sell(world.one, mine, world.order())):
        with pytest.raises(HeldMovedOn) as refused:
            late()
        assert (refused.value.facts["state"], refused.value.facts["till_name"]) == ("editing", "2号机")
    assert (world.row().version, world.row().lease_till_id) == (theirs, world.two)


def test_a_lease_that_is_renewed_goes_on(session, world):
    world.hold(world.one)
    version = world.resume(world.one).version
    world.now += moves.LEASE - timedelta(minutes=1)
    with transaction(session):
        until = moves.renew(session, world.store, Hand(world.id, version), till_id=world.one, now=world.now)
    assert until == world.now + moves.LEASE
    world.now += timedelta(minutes=2)
    with pytest.raises(HeldElsewhere):
        world.resume(world.two)
    forced = world.resume(world.two, forced=True)
    with pytest.raises(HeldMovedOn), transaction(session):
        moves.renew(session, world.store, Hand(world.id, version), till_id=world.one, now=world.now)
    assert world.row().version == forced.version


def test_a_paid_sale_is_never_overwritten_by_an_older_draft(session, world):
    """Complaint 4.4: till 2 sells without network what the server thinks till 1 has by now; version by version."""
    world.hold(world.one)
    at_two = world.resume(world.two).version  # and then till 2 loses its network
    world.now += moves.LEASE
    at_one = world.resume(world.one).version
    sold = world.order()
    assert world.fact(world.two, sold) is None
    assert (world.row().state, world.row().order_id, world.row().version) == ("sold", sold, at_one + 1)
    for till, version in ((world.two, 0), (world.two, at_two), (world.one, at_one), (world.one, at_one + 1)):
        if version == 0:
            assert world.hold(till, 0).state == "sold"  # a draft that is shared late finds it sold
        else:
            with pytest.raises(HeldMovedOn):
                world.hold(till, version)
        with pytest.raises(HeldMovedOn):
            world.sell(till, version, world.order())
        with pytest.raises(HeldMovedOn):
            world.resume(till)
    assert (world.row().state, world.row().order_id) == ("sold", sold)


def test_what_was_sold_twice_is_told(session, world):
    """Both sales happened: the later one names the earlier."""
    world.hold(world.one)
    version = world.resume(world.one).version
    first, second = world.order(), world.order()
    world.sell(world.one, version, first)
    assert world.fact(world.two, second) == first
    assert world.fact(world.two, second) is None  # told again
    data = session.scalar(text("SELECT data FROM journal WHERE kind = 'held.sold' ORDER BY id DESC LIMIT 1"))
    assert (data["order_id"], data["sold_before"], data["alone"]) == (second, first, True)


def test_a_basket_that_was_sold_before_it_was_shared_is_not_opened_by_its_draft(session, world):
    sold = world.order()
    world.sell(world.one, 0, sold)
    assert world.hold(world.one).state == "sold"
    assert read.held_of(session, world.store, now=world.now) == []


def test_a_basket_that_was_shared_but_whose_answer_was_lost_is_still_this_till_s(session, world):
    world.hold(world.one)
    world.sell(world.one, 0, world.order())
    assert world.row().state == "sold"


def test_but_not_once_another_till_took_it_up(session, world):
    world.hold(world.one)
    world.resume(world.two)
    with pytest.raises(HeldMovedOn):
        world.sell(world.one, 0, world.order())
    assert world.row().state == "editing"


def test_a_sale_that_no_code_paid_leaves_the_basket_to_its_till(session, world):
    world.hold(world.one)
    version = world.resume(world.one).version
    order = world.order()
    world.sell(world.one, version, order)
    with pytest.raises(HeldMovedOn):
        world.hold(world.one, version + 1)
    with transaction(session):
        session.execute(text("UPDATE sale_order SET state = 'cancelled' WHERE id = :o"), {"o": order})
    assert read.held_of(session, world.store, now=world.now)[0]["id"] == world.id
    assert world.hold(world.one, version + 1).state == "held"


def test_it_survives_a_closed_shift_and_ends_with_the_business_day(session, world, now):
    """Complaint 4.25: closing deletes nothing; the report of the day names what ended, and what is edited waits."""
    world.hold(world.one)
    with transaction(session):
        make.close_shift(session, world.store, world.shop.shift_id, 20_000, world.now)
    assert [one["note"] for one in read.held_of(session, world.store, now=world.now)] == ["红衣服"]
    first, world.id = world.id, str(uuid.uuid4())
    world.hold(world.two, aside=Aside({"lines": []}, payable_fen=650, note="等家人"))
    world.now = clock.day_began(now) + timedelta(days=1) - timedelta(minutes=1)
    edited = world.resume(world.two)
    with transaction(session):
        assert moves.expire(session, now=world.now) == 0
    world.now += timedelta(minutes=2)
    for _ in range(2):
        with transaction(session):
            moves.expire(session, now=world.now)
    assert [one["state"] for one in read.listed(session, world.store, now=world.now)] == ["editing", "expired"]
    report = session.execute(text("SELECT subject, data FROM journal WHERE kind = 'held.expired'")).all()
    session.rollback()
    assert [(row.subject, row.data["count"], row.data["payable_fen"]) for row in report] == [
        (f"store:{world.store}", 1, 1_980)
    ]
    assert [one["id"] for one in report[0].data["baskets"]] == [first]
    world.sell(world.two, edited.version, world.order())
    world.id = first
    with pytest.raises(HeldMovedOn):
        world.resume(world.one)
    with pytest.raises(NotFound):
        moves.one(session, world.store, "nothing")


def test_of_twenty_tills_that_take_one_up_one_has_it(session, world, open_session):
    world.hold(world.one)
    with transaction(session):
        more = [Till(store_id=world.store, name=f"{n}号机") for n in range(3, 23)]
        session.add_all(more)
        session.flush()
        ids = [till.id for till in more]

    def resume(till: int) -> str:
        try:
            with open_session() as opened, transaction(opened):
                moves.resume(opened, world.store, world.id, **world.at(till))
        except HeldElsewhere:
            return "elsewhere"
        return "mine"

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(resume, ids)) == ["elsewhere"] * 19 + ["mine"]
    assert world.row().version == 2


def test_a_sale_and_a_take_over_at_once_end_in_one_of_them(session, world, open_session):
    """The till sells as its lease runs out and another takes over: sold, or taken over and nothing sold."""
    for _ in range(10):
        world.id = str(uuid.uuid4())
        world.hold(world.one)
        version, order = world.resume(world.one).version, world.order()
        later = {"staff_id": world.staff, "now": world.now + moves.LEASE}

        def sell(version=version, order=order, later=later) -> str:
            with open_session() as opened, transaction(opened):
                moves.sell(opened, world.store, Hand(world.id, version), order, till_id=world.one, **later)
            return "sold"

        def take(later=later) -> str:
            with open_session() as opened, transaction(opened):
                moves.resume(opened, world.store, world.id, till_id=world.two, **later)
            return "taken"

        with ThreadPoolExecutor(2) as pool:
            done = [pool.submit(sell), pool.submit(take)]
        outcomes = {one.result() for one in done if one.exception() is None}
        assert {type(one.exception()) for one in done if one.exception()} == {HeldMovedOn}
        assert outcomes == ({"sold"} if world.row().state == "sold" else {"taken"})


@pytest.mark.parametrize("event", MOVES)
@pytest.mark.parametrize("state", State)
def test_every_event_in_every_state(session, world, state, event):
    """`sold` is left only when its order was cancelled, and `held` is sold by hand 0 alone: that it is this till's."""
    world.hold(world.one)
    order, other = world.order(), world.order()
    with transaction(session):
        session.execute(
            text("""UPDATE held_basket SET state = :s, order_id = CASE WHEN :s = 'sold' THEN CAST(:o AS bigint) END,
                lease_till_id = CASE WHEN :s = 'editing' THEN CAST(:t AS bigint) END,
                lease_until = CASE WHEN :s = 'editing' THEN CAST(:n AS timestamptz) END"""),
            {"s": state, "o": order, "t": world.one, "n": world.now},
        )
        if state == "sold" and event != "sell_as_fact":
            session.execute(text("UPDATE sale_order SET state = 'cancelled' WHERE id = :o"), {"o": order})
    version = 0 if state == "held" else 1
    steps = {
        "resume": lambda: world.resume(world.one),
        "hold": lambda: world.hold(world.one, 1),
        "sell": lambda: world.sell(world.one, version, other),
        "sell_as_fact": lambda: world.fact(world.one, other),
        "drop": lambda: moves.drop(session, world.store, Hand(world.id, version), **world.at(world.one)),
        "expire": lambda: moves.expire(session, now=world.now + timedelta(days=2)),
    }
    sources, target, _ = MOVES[event]
    if state not in sources and event != "expire":
        with pytest.raises(HeldMovedOn):
            steps[event]()
        assert world.row().state == state
        return
    steps[event]()
    assert world.row().state == (target if state in sources else state)
