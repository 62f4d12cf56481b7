"""Who is credited for an order, and that a refund takes exactly that back (rules 3.11, complaint 4.23)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from config.db import transaction
from config.errors import Malformed, NotFound, WrongState
from tests import factories as make
from tests.stories import Story, books
from trade.orders import close
from trade.settlement.credits import closing, owners, posting, reading, rules, shares
from trade.settlement.credits.owners import Owner
from trade.settlement.credits.rules import Rule
from trade.settlement.credits.shares import Kept
from trade.stores.models import Role

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


@pytest.fixture
def story(session, now):
    return Story(session, now, points_of=1_000)


def _rule(story, preset, **more):
    with transaction(story.session):
        return rules.publish(story.session, preset, from_at=story.now, actor="t", now=story.now, **more)


def _entries(story, order):
    story.session.rollback()
    found = story.session.execute(
        text("""SELECT document, kind, party_store_id, party_staff_id, amount_fen FROM credit_entry WHERE order_id = :o
            ORDER BY at, document, kind, generation, seq"""),
        {"o": order},
    )
    rows = [tuple(row) for row in found]
    story.session.rollback()
    return rows


def _of(story, order):
    """Documents in short, parties and amounts."""
    story.follow()
    return [(doc.split(":")[0], party, fen) for doc, _, party, _, fen in _entries(story, order)]


def _home(story, store_id):
    with transaction(story.session):
        story.session.execute(text("UPDATE member SET home_store_id = :s"), {"s": store_id})


def test_before_any_rule_the_store_that_fulfils_is_credited(story):
    order = story.paid(milk=2)
    assert _of(story, order) == [("order", 1, 1_980)]
    story.agree()


def test_the_four_presets(story, now):
    other = make.open_shop(story.session, code="S2", now=now)
    _home(story, other.store_id)
    expected = {
        "fulfilling": [("order", 1, 1_980)],
        "owner": [("order", 2, 1_980)],
        "owner_70": [("order", 2, 1_386), ("order", 1, 594)],
        "hq_fee": [("order", 0, -300), ("order", 1, 300), ("order", 0, 1_980)],
    }
    for preset, credited in expected.items():
        story.now += timedelta(minutes=1)
        _rule(story, preset, **({"fee_kind": "order", "fee": 300} if preset == "hq_fee" else {}))
        assert _of(story, story.paid(milk=2)) == credited, preset
    story.agree()


@pytest.mark.parametrize(("kind", "fee", "owed"), [("order", 300, 300), ("item", 120, 240), ("bp", 500, 99)])
def test_the_fee_is_an_order_s_an_item_s_or_a_part_and_goes_back_with_the_goods(story, kind, fee, owed):
    _rule(story, "hq_fee", fee_kind=kind, fee=fee)
    order = story.paid(milk=2)
    story.collect(order)
    fees = [row for row in _of(story, order) if row[2] != 1_980]
    assert fees == [("order", 0, -owed), ("order", 1, owed)]
    story.give_back(order, lines={1: 1})
    story.give_back(order, lines={1: 1})
    _of(story, order)
    assert sum(row[4] for row in _entries(story, order)) == 0
    assert {sum(row[4] for row in _entries(story, order) if row[1:3] == ("fee", store)) for store in (0, 1)} == {0}
    story.agree()


def test_the_first_source_that_knows_the_customer_owns_them(story, now):
    two, three = (make.open_shop(story.session, code=code, now=now) for code in ("S2", "S3"))
    guide = two.people[Role.STORE_STAFF]
    _rule(story, "owner", scene_days=7)
    assert _of(story, story.paid(milk=1)) == [("order", 1, 990)]  # nobody: the store that fulfils
    _home(story, three.store_id)
    assert _of(story, story.paid(milk=1)) == [("order", 3, 990)]
    with transaction(story.session):
        assert owners.bind(story.session, story.member, guide, actor="t", now=story.now)
    bound = story.paid(milk=1)
    assert _of(story, bound) == [("order", 2, 990)]
    assert _entries(story, bound)[0][3] == guide
    with transaction(story.session):
        owners.scanned(story.session, story.member, 1, staff_id=None, now=story.now)
    scanned = story.paid(milk=1)
    assert _of(story, scanned) == [("order", 1, 990)]
    told = reading.why(story.session, 1, scanned)
    assert [(one["role"], one["why"]) for one in told["shares"]] == [("scene", "scanned")]
    story.now += timedelta(days=7)
    assert _of(story, story.paid(milk=1)) == [("order", 2, 990)]  # the code is over, the guide is not
    story.agree()


def test_at_the_till_the_guide_and_else_the_cashier_is_credited(story):
    _rule(story, "owner")
    cashier, guide = story.shop.people[Role.CASHIER], story.shop.people[Role.STORE_STAFF]
    first = story.sell(milk=1)
    story.now += timedelta(minutes=1)
    with transaction(story.session):
        owners.bind(story.session, story.member, guide, actor="t", now=story.now)
    second = story.sell(milk=1)
    story.follow()
    assert [_entries(story, order)[0][3] for order in (first, second)] == [cashier, guide]
    story.agree()


def test_the_base_is_paid_money_without_the_bonus_of_stored_value(story):
    story.top_up(10_000, bonus_fen=2_000)
    order = make.order_online(story.session, story.shop, story.member, story.now, wallet_fen=990, milk=1)
    story.follow()
    bonus = story.head(order).wallet_bonus_fen
    assert bonus > 0
    assert _of(story, order) == [("order", 1, 990 - bonus)]
    story.agree()


@pytest.mark.parametrize("end", ["cancel", "refuse", "return"])
def test_what_came_back_wholly_leaves_nothing_with_anybody(story, now, end):
    other = make.open_shop(story.session, code="S2", now=now)
    _home(story, other.store_id)
    _rule(story, "owner_70")
    order = story.paid(milk=3, points_used=100)
    _of(story, order)
    if end == "cancel":
        story.cancel(order)
    elif end == "refuse":
        story.do(close.refuse, 1, order, "damaged")
    else:
        story.collect(order)
        for _ in range(3):
            story.give_back(order, lines={1: 1})
    _of(story, order)
    left = {store: sum(row[4] for row in _entries(story, order) if row[2] == store) for store in (1, 2)}
    assert left == {1: 0, 2: 0}
    story.agree()


def test_a_new_guide_a_new_home_and_a_new_rule_change_nothing_of_what_was_paid(story, now):
    other = make.open_shop(story.session, code="S2", now=now)
    _rule(story, "owner_70")
    order = story.paid(milk=2)
    story.collect(order)
    story.follow()
    _home(story, other.store_id)
    story.now += timedelta(days=1)
    _rule(story, "hq_fee", fee_kind="order", fee=100)
    with transaction(story.session):
        owners.bind(story.session, story.member, other.people[Role.STORE_STAFF], actor="t", now=story.now)
    story.give_back(order, lines={1: 2})
    assert {party for _, party, _ in _of(story, order)} == {1}
    story.agree()


def test_goods_handed_over_by_another_store_move_the_fulfilling_part(story, now):
    """Only the credit is looked at: the parcel is given to the other store by hand."""
    make.open_shop(story.session, code="S2", now=now)
    _rule(story, "owner_70")
    _home(story, 1)
    order = story.paid(milk=3)
    assert _of(story, order) == [("order", 1, 2_079), ("order", 1, 891)]
    story.now += timedelta(hours=1)
    story.collect(order)
    with transaction(story.session):
        story.session.execute(text("UPDATE parcel SET at_store_id = 2"))
    for _ in range(2):
        with transaction(story.session):
            posting.post(story.session, [(1, order)], now=story.now)
    stands = {store: sum(row[4] for row in _entries(story, order) if row[2] == store) for store in (1, 2)}
    assert stands == {1: 2_079, 2: 891}
    story.now += timedelta(hours=1)
    story.give_back(order, lines={1: 2})
    _of(story, order)
    stands = {store: sum(row[4] for row in _entries(story, order) if row[2] == store) for store in (1, 2)}
    assert stands == {1: 693, 2: 297}
    assert "credits" not in books(story.session)


def test_a_closed_month_never_changes_and_what_comes_later_adjusts_it(story):
    order = story.paid(milk=2)
    story.collect(order)
    story.follow()
    late = story.paid(milk=1)  # its job is late
    with pytest.raises(WrongState), transaction(story.session):
        closing.close(story.session, NOVEMBER, actor="t", now=story.now)
    story.now = datetime(2026, 12, 2, 4, tzinfo=UTC)
    with transaction(story.session):
        closing.close(story.session, NOVEMBER, actor="t", now=story.now)
    before = reading.statement(story.session, 1, NOVEMBER)
    with transaction(story.session):
        posting.post(story.session, [(1, late)], now=story.now)
    story.give_back(order, lines={1: 1})
    story.follow()
    assert reading.statement(story.session, 1, NOVEMBER) == before
    lines = reading.statement(story.session, 1, DECEMBER)["lines"]
    assert [(one["amount_fen"], one["adjusts"]) for one in lines] == [(990, "2026-11"), (-990, None)]
    with pytest.raises(WrongState), transaction(story.session):
        closing.close(story.session, NOVEMBER, actor="t", now=story.now)
    story.agree()


def test_the_statements_of_a_month_are_what_orders_kept(story, now):
    make.open_shop(story.session, code="S2", now=now)
    _home(story, 2)
    _rule(story, "owner_70")
    for qty in (1, 2, 3):
        order = story.paid(milk=qty)
        story.collect(order)
        if qty > 1:
            story.give_back(order, lines={1: 1})
    story.sell(bread=2)
    story.follow()
    told = [reading.statement(story.session, store, NOVEMBER) for store in (0, 1, 2)]
    assert sum(one["amount_fen"] for one in told) == 990 + 990 + 1_980 + 1_300
    assert [one["amount_fen"] for one in told] == [sum(line["amount_fen"] for line in one["lines"]) for one in told]
    story.agree()


def test_why_me_and_why_this_much(story, now):
    make.open_shop(story.session, code="S2", now=now)
    make.open_shop(story.session, code="S3", now=now)
    _home(story, 2)
    _rule(story, "owner_70")
    order = story.paid(milk=1)
    story.follow()
    told = reading.why(story.session, 1, order, party=2)
    assert told["base"] == {"paid_fen": 990, "freight_fen": 0, "wallet_bonus_fen": 0, "base_fen": 990}
    assert [(one["party_store_id"], one["bp"], one["why"]) for one in told["shares"]] == [
        (2, 7_000, "home"), (1, 3_000, "fulfils"),
    ]  # fmt: skip
    assert [(one["formula"], one["amount_fen"]) for one in told["entries"]] == [
        ("990 x 7000 / 10000", 693), ("990 x 3000 / 10000", 297),
    ]  # fmt: skip
    with pytest.raises(NotFound):
        reading.why(story.session, 1, order, party=3)


def test_eight_workers_credit_an_order_once(story, open_session):
    order = story.paid(milk=2)
    story.collect(order)
    story.give_back(order, lines={1: 1})

    def work(_):
        with open_session() as session, transaction(session):
            return posting.post(session, [(1, order)], now=story.now)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 2
    story.follow()
    story.agree()


def test_two_guides_at_once_leave_one(story, open_session):
    guides = [story.shop.people[role] for role in (Role.CASHIER, Role.STORE_STAFF)]

    def bind(guide):
        with open_session() as session, transaction(session):
            return owners.bind(session, story.member, guide, actor="t", now=story.now + timedelta(seconds=guide))

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(bind, guides)) == [True, True]
    assert story.count("SELECT count(*) FROM guide_binding WHERE ended_at IS NULL") == 1


def test_who_became_one_keeps_the_guide_of_the_one_who_stays(story, session):
    other = make.a_member(session, phone="13812342099", now=story.now)
    cashier, guide = story.shop.people[Role.CASHIER], story.shop.people[Role.STORE_STAFF]
    with transaction(session):
        owners.bind(session, other, guide, actor="t", now=story.now)
        owners.scanned(session, other, 1, staff_id=None, now=story.now)
        owners.follow_merge(session, other, story.member, now=story.now + timedelta(hours=1))
    bound = """SELECT string_agg(member_id || ':' || staff_id, ' ' ORDER BY bound_at) FROM guide_binding
        WHERE ended_at IS NULL"""
    assert story.count(bound) == f"{story.member}:{guide}"
    assert story.count("SELECT count(*) FROM scene_visit WHERE member_id = :m", m=story.member) == 1
    third = make.a_member(session, phone="13812342098", now=story.now)
    with transaction(session):
        owners.bind(session, third, cashier, actor="t", now=story.now + timedelta(hours=2))
        owners.follow_merge(session, third, story.member, now=story.now + timedelta(hours=3))
    assert story.count(bound) == f"{story.member}:{guide}"


@pytest.mark.parametrize(
    "wrong",
    [
        {"preset": "half"}, {"sources": []}, {"sources": ["home", "home"]}, {"sources": ["moon"]}, {"fee": 5},
        {"fee_kind": "order", "fee": 5}, {"preset": "hq_fee"}, {"preset": "hq_fee", "fee_kind": "bp", "fee": 10_001},
        {"from_at": datetime(2026, 11, 1, tzinfo=UTC)},
    ],
)  # fmt: skip
def test_a_rule_that_is_not_sound_is_not_published(story, wrong):
    asked = {"preset": "owner", "from_at": story.now} | wrong
    with pytest.raises(Malformed), transaction(story.session):
        rules.publish(story.session, asked.pop("preset"), actor="t", now=story.now, **asked)
    assert story.count("SELECT count(*) FROM credit_rule") == 0


def test_the_proof_sees_what_is_wrong(story):
    order = story.paid(milk=1)
    story.follow()
    for lie in (
        "UPDATE credit_entry SET amount_fen = amount_fen + 1",
        "DELETE FROM credit_entry; DELETE FROM credit_share",
        "UPDATE credit_share SET bp = 9999",
        f"UPDATE sale_order SET freight_fen = 1, payable_fen = payable_fen WHERE id = {order} AND false;"
        " DELETE FROM credit_entry",
    ):
        assert "credits" in books(story.session, lie), lie


_BPS = st.lists(st.integers(0, 10_000), min_size=0, max_size=4).map(
    lambda cuts: [b - a for a, b in zip([0, *sorted(cuts)], [*sorted(cuts), 10_000], strict=True)]
)


@settings(max_examples=300, deadline=None)
@given(base=st.integers(0, 10**9), bps=_BPS, backs=st.lists(st.integers(0, 10**9), max_size=8))
def test_any_sequence_of_refunds_sums_to_each_document_and_ends_at_nothing(base, bps, backs):
    stands, kept = [0] * len(bps), 0
    for back in [-base, *backs, 10**10]:
        left = max(kept - back, 0)
        target = shares.amounts(left, bps)
        entries = [new - old for new, old in zip(target, stands, strict=True)]
        assert sum(entries) == left - kept
        assert all(0 <= part <= left for part in target)
        stands, kept = target, left
    assert stands == [0] * len(bps)


@settings(max_examples=100, deadline=None)
@given(
    fulfilling=st.dictionaries(st.integers(1, 9), st.integers(0, 10**6), min_size=1, max_size=4),
    preset=st.sampled_from(sorted(rules.PRESETS)),
    kept=st.builds(Kept, st.integers(0, 10**7), st.integers(0, 99)),
    fee=st.tuples(st.sampled_from(["order", "item", "bp"]), st.integers(0, 10_000)),
)
def test_shares_sum_to_ten_thousand_and_fees_to_nothing(fulfilling, preset, kept, fee):
    rule = Rule(1, preset, rules.ORDER, 7, rules.PRESETS[preset][0], *fee)
    found = shares.shares_of(rule, Owner("home", 5, None, "home"), fulfilling)
    assert sum(one.bp for one in found) == 10_000
    owed = shares.fees(rule, kept, fulfilling)
    assert sum(owed.values()) == 0
    assert all(fen >= 0 for store, fen in owed.items() if store)
