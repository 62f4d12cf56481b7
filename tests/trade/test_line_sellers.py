"""Who sold which line (rules 3.11): credited by line, and taken back from exactly those when the line comes back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Event
from time import sleep

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from config.db import transaction
from config.errors import NotFound
from tests import factories as make
from tests.stories import Story, books
from trade.orders.ticket import sellers
from trade.orders.ticket.sellers import Seller, SellersNotSound
from trade.pricing.promotions import moves as promotions
from trade.settlement.credits import owners, posting, rules
from trade.settlement.credits import sellers as credits
from trade.settlement.credits.sellers import SellersClosed
from trade.settlement.credits.shares import amounts
from trade.stores.models import Role, Staff


@pytest.fixture
def story(session, now):
    return Story(session, now, points_of=1_000)


@pytest.fixture
def people(story):
    """A cashier, and two more who sell."""
    with transaction(story.session):
        more = [
            Staff(login=f"s{n}", name=f"导购{n}", role=Role.STORE_STAFF, store_id=1, password_hash="", pin_hash="")
            for n in (1, 2)
        ]
        story.session.add_all(more)
        story.session.flush()
        ids = [one.id for one in more]
        rules.publish(story.session, "owner", from_at=story.now, actor="t", now=story.now)
    return [story.shop.people[Role.CASHIER], *ids]


def _sell(story, by_line, **goods):
    """Ring up, with who sold which line, as one sale does it."""
    order = story.sell(**goods)
    with transaction(story.session):
        sellers.write(story.session, 1, order, by_line)
    story.follow()
    return order


def _stand(story, order):
    """What each colleague stands at."""
    found = story.session.execute(
        text("SELECT party_staff_id AS who, sum(amount_fen)::bigint AS fen FROM credit_entry WHERE order_id = :o"
             " GROUP BY 1 HAVING sum(amount_fen) <> 0"), {"o": order},
    ).all()  # fmt: skip
    story.session.rollback()
    return {row.who: row.fen for row in found}


def _entries(story, order, document):
    found = story.session.execute(
        text("""SELECT party_staff_id, amount_fen FROM credit_entry WHERE order_id = :o AND document LIKE :d || ':%'
            ORDER BY document, generation, seq"""), {"o": order, "d": document},
    ).all()  # fmt: skip
    story.session.rollback()
    return [tuple(row) for row in found]


def test_the_worked_table(story, people):
    """Complaint 4.26: what comes back is taken from who sold it, in their ratio, and from nobody else."""
    cashier, first, second = people
    with transaction(story.session):
        promotions.settle_cash_rounding(story.session, 1, "drop_jiao", actor="t", now=story.now)
    order = _sell(story, {1: [Seller(first, 6_000), Seller(second, 4_000)]}, milk=2, bread=1)
    paid_fen = story.head(order).payable_fen
    assert _stand(story, order) == {first: 1_188, second: 792, cashier: paid_fen - 1_980}
    for kept, document in ((1, "first"), (0, "second")):
        story.give_back(order, lines={1: 1})
        story.follow()
        assert (_stand(story, order).get(first, 0), _stand(story, order).get(second, 0)) == (594 * kept, 396 * kept)
        assert _stand(story, order)[cashier] == paid_fen - 1_980, document
    assert _entries(story, order, "return") == [(first, -594), (second, -396)] * 2
    story.give_back(order, lines={2: 1})
    story.follow()
    assert _stand(story, order) == {}
    assert books(story.session) == {}


def test_a_line_without_sellers_is_the_guide_s_and_else_the_cashier_s(story, people):
    cashier, first, guide = people
    with transaction(story.session):
        owners.bind(story.session, story.member, guide, actor="t", now=story.now)
    order = _sell(story, {2: [Seller(first, 10_000)]}, milk=1, bread=1)
    assert _stand(story, order) == {guide: 990, first: 650}
    assert cashier not in _stand(story, order)
    assert books(story.session) == {}


def test_where_the_store_itself_is_credited_its_sellers_take_of_the_store_s_part(story, people):
    _, first, _ = people
    with transaction(story.session):
        rules.publish(story.session, "fulfilling", from_at=story.now, actor="t", now=story.now)
    order = _sell(story, {1: [Seller(first, 10_000)]}, milk=1, bread=1)
    assert _stand(story, order) == {first: 990, None: 650}
    assert books(story.session) == {}


def test_until_the_shift_is_closed_a_cashier_puts_it_right_and_then_a_manager(story, people):
    cashier, first, second = people
    order = _sell(story, {1: [Seller(first, 10_000)]}, milk=2)
    story.give_back(order, lines={1: 1})
    story.follow()
    by = {1: [Seller(second, 5_000), Seller(cashier, 5_000)]}
    with transaction(story.session):
        credits.change(story.session, 1, order, by, actor="t", now=story.now)
    assert _stand(story, order) == {second: 495, cashier: 495}
    assert _entries(story, order, "shares") == [(first, -990), (second, 495), (cashier, 495)]
    with transaction(story.session):
        drawer_fen = 20_000 + 990
        make.close_shift(story.session, 1, story.shop.shift_id, drawer_fen, story.now)
    assert story.count("SELECT count(*) FROM shift WHERE state = 'settled'") == 1
    with pytest.raises(SellersClosed), transaction(story.session):
        credits.change(story.session, 1, order, {}, actor="t", now=story.now)
    assert _stand(story, order) == {second: 495, cashier: 495}
    with transaction(story.session):
        credits.change(story.session, 1, order, {}, correction="导购登记错误", actor="t", now=story.now)
    assert _stand(story, order) == {cashier: 990}
    assert len(sellers.of(story.session, 1, order)) == 0
    story.session.rollback()
    assert books(story.session) == {}


def test_no_change_slips_past_a_settlement_that_is_under_way(story, people, open_session):
    """The Z is being written when somebody changes the sellers: they wait for it, and are told that it is too late."""
    _cashier, first, _ = people
    order = _sell(story, {1: [Seller(first, 10_000)]}, milk=1)
    tried = Event()

    def change() -> str:
        with open_session() as mine:
            tried.set()
            try:
                with transaction(mine):
                    credits.change(mine, 1, order, {}, actor="t", now=story.now)
            except SellersClosed:
                return "closed"
        return "changed"

    with ThreadPoolExecutor(1) as pool:
        with transaction(story.session):
            make.close_shift(story.session, 1, story.shop.shift_id, 20_990, story.now)
            late = pool.submit(change)
            assert tried.wait(10)
            sleep(0.5)
            assert not late.done(), "it waits for the Z"
        assert late.result(10) == "closed"
    assert _stand(story, order) == {first: 990}


def test_twenty_changes_at_once_leave_one_owner_and_every_fen(story, people, open_session):
    _cashier, first, second = people
    order = _sell(story, {}, milk=1)

    def change(n: int) -> None:
        with open_session() as mine, transaction(mine):
            to = {1: [Seller((first, second)[n % 2], 10_000)]}
            credits.change(mine, 1, order, to, actor="t", now=story.now)

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(change, range(20)))
    (row,) = sellers.of(story.session, 1, order)
    assert _stand(story, order) == {row.staff_id: 990}


def test_changed_before_anything_was_credited_it_is_credited_once(story, people):
    _, first, second = people
    order = story.sell(milk=1)
    with transaction(story.session):
        sellers.write(story.session, 1, order, {1: [Seller(first, 10_000)]})
        credits.change(story.session, 1, order, {1: [Seller(second, 10_000)]}, actor="t", now=story.now)
    story.follow()
    assert _stand(story, order) == {second: 990}
    assert _entries(story, order, "shares") == []


def test_sellers_that_are_not_sound_sell_nothing(story, people):
    cashier, first, second = people
    wrong: tuple[list[Seller], ...] = (
        [Seller(first, 6_000), Seller(second, 3_000)],
        [Seller(first, 5_000), Seller(first, 5_000)],
        [Seller(cashier, 2_500), Seller(first, 2_500), Seller(second, 2_500), Seller(99, 2_500)],
        [Seller(99, 10_000)],
        [],
    )
    order = story.sell(milk=1)
    for one in wrong:
        with pytest.raises(SellersNotSound), transaction(story.session):
            sellers.write(story.session, 1, order, {1: one})
    assert sellers.of(story.session, 1, order) == []
    kept = sellers.known_among(story.session, 1, {1: wrong[0], 2: [Seller(first, 10_000)]})
    assert kept == {2: [Seller(first, 10_000)]}
    with pytest.raises(NotFound), transaction(story.session):
        credits.change(story.session, 1, order + 1, {}, actor="t", now=story.now)


def test_two_changes_and_the_job_at_once_agree(story, people, open_session):
    cashier, first, second = people
    order = story.sell(milk=3)
    with transaction(story.session):
        sellers.write(story.session, 1, order, {1: [Seller(first, 10_000)]})

    def change(who: int) -> None:
        with open_session() as opened, transaction(opened):
            credits.change(opened, 1, order, {1: [Seller(who, 10_000)]}, actor="t", now=story.now)

    def job(_: int) -> None:
        with open_session() as opened, transaction(opened):
            posting.post(opened, [(1, order)], now=story.now)

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(step, who) for who in (first, second, cashier) * 3 for step in (change, job)]:
            done.result()
    (last,) = sellers.of(story.session, 1, order)
    story.session.rollback()
    assert _stand(story, order) == {last.staff_id: 2_970}
    story.follow()
    assert books(story.session) == {}


@settings(max_examples=25, deadline=None)
@given(
    parts=st.lists(st.integers(1, 9_998), min_size=0, max_size=2, unique=True),
    qty=st.integers(1, 6),
    returns=st.lists(st.integers(1, 2), max_size=4),
    data=st.data(),
)
def test_whatever_comes_back_the_parts_sum_and_end_at_nothing(parts, qty, returns, data):
    """The arithmetic alone: of any ratio, and any sequence of returns, each seller ends at exactly 0."""
    cuts = [0, *sorted(parts), 10_000]
    bps = [later - earlier for earlier, later in pairwise(cuts)]
    base_fen = data.draw(st.integers(0, 100_000))
    back = 0
    for more in [*returns, qty]:
        back = min(qty, back + more)
        kept_fen = base_fen - base_fen * back // qty
        fens = amounts(kept_fen, bps)
        assert sum(fens) == kept_fen
        assert min(fens) >= 0
    assert fens == [0] * len(bps)
