from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.db import transaction
from config.errors import Refused, WrongState
from member import ledger, points, top_up_rules, wallet, wallet_limits
from member.models.wallet import WalletTerms
from member.top_up_rules import TopUpTooLarge
from member.wallet_terms import Split
from tests import factories as make
from trade.orders import pay, place, proof
from trade.orders.pay import Outcome
from trade.payments import moves, top_up_refunds, top_ups
from trade.payments.cash import TenderShort
from trade.payments.moves import Paid
from trade.payments.top_up_refunds import BonusSpent, CashOutTooLarge, DrawerNeeded, NothingToRefund
from workers.jobs import expire_top_ups


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, now=now)


@pytest.fixture
def member(session, shop, now):
    return make.a_member(session, now=now)


def _do(session, work, *args, **kwargs):
    with transaction(session):
        return work(session, *args, **kwargs)


def _have(session, member):
    return wallet.balance(session, member).have


def _moved(session):
    return session.execute(
        text(
            "SELECT (SELECT count(*) FROM top_up WHERE state = 'paid'), (SELECT count(*) FROM top_up_refund),"
            " (SELECT sum(balance) FROM lot_account), (SELECT count(*) FROM lot_entry), (SELECT count(*) FROM refund),"
            " (SELECT count(*) FROM tender WHERE state = 'paid')"
        )
    ).one()


def _in_mall(session, shop, member, now, fen=10_000):
    """An open top-up with its attempt at WeChat, and the fact that it was paid."""
    top_up_id = _do(
        session, top_ups.in_mall, shop.store_id, member, fen, pay_for=timedelta(minutes=15), actor="m", now=now
    )
    top_up = top_ups.one(session, shop.store_id, top_up_id)
    tender = _do(session, moves.intend_top_up, top_up, payer="o1", now=now)
    return top_up, tender, Paid(tender.trade_no, "4200", fen, "o1")


def _refund(session, shop, top_up_id, now, **more):
    given = {"consent": False, "bank_ref": None, "shift_id": shop.shift_id, **more}
    given.setdefault("expected_refund_fen", None)
    if given["expected_refund_fen"] is None:
        given["expected_refund_fen"] = _do(
            session, top_up_refunds.preview, shop.store_id, top_up_id, now=now
        ).refund_fen
    return _do(
        session, top_up_refunds.take_back, shop.store_id, top_up_id, at_store_id=shop.store_id, staff_id=1, actor="t",
        now=now, **given,
    )  # fmt: skip


def test_a_notice_told_twice_credits_a_mall_top_up_once(session, shop, member, now):
    _, _, fact = _in_mall(session, shop, member, now)
    assert _have(session, member) == Split()
    assert [_do(session, pay.receive, fact, actor="w", now=now) for _ in range(3)] == [
        Outcome.APPLIED, Outcome.REPEATED, Outcome.REPEATED,
    ]  # fmt: skip
    assert _have(session, member) == Split(10_000)
    assert points.balance(session, member).available == 0
    assert ledger.differences(session) == []


def test_two_top_ups_paid_at_once_never_fill_a_card_above_what_it_may_hold(open_session, session, shop, member, now):
    """Each fits alone and is opened before the other is paid; the one paid second goes back to the payer in full."""
    facts = [_in_mall(session, shop, member, now, 300_000)[2] for _ in range(3)]

    def pays(fact):
        with open_session() as mine:
            return _do(mine, pay.receive, fact, actor="w", now=now)

    with ThreadPoolExecutor(3) as pool:
        outcomes = Counter(pool.map(pays, facts))
    assert outcomes == {Outcome.APPLIED: 1, Outcome.REFUNDED_LATE: 2}
    assert _have(session, member) == Split(300_000)
    states = session.execute(text("SELECT state FROM top_up ORDER BY 1")).scalars().all()
    assert states == ["cancelled", "cancelled", "paid"]
    refunds = session.execute(text("SELECT amount_fen, state FROM refund")).all()
    assert refunds == [(300_000, "requested")] * 2
    with pytest.raises(TopUpTooLarge) as refused:
        make.top_up(session, shop, member, 200_001, now)
    assert refused.value.facts == {"max_fen": 500_000, "room_fen": 200_000}
    for fact in facts:
        assert _do(session, pay.receive, fact, actor="w", now=now) is Outcome.REPEATED
    assert _have(session, member) == Split(300_000)
    assert [ledger.differences(session), proof.differences(session)] == [[], []]


@pytest.mark.parametrize("times", [1, 2])
def test_money_that_comes_after_the_close_goes_back_in_full_and_credits_nothing(session, shop, member, now, times):
    top_up, tender, fact = _in_mall(session, shop, member, now)
    _do(session, moves.closing, shop.store_id, tender.id, now=now)
    _do(session, moves.closed, shop.store_id, tender.id)
    assert _do(session, top_ups.expire, shop.store_id, top_up.id, actor="j", now=now)
    told = [_do(session, pay.receive, fact, actor="w", now=now) for _ in range(times)]
    assert told == [Outcome.REFUNDED_LATE, Outcome.REPEATED][:times]
    refunds = session.execute(text("SELECT refund_no, amount_fen, top_up_id, order_id FROM refund")).all()
    assert refunds == [(f"L{tender.id}", 10_000, top_up.id, None)]
    assert _have(session, member) == Split()


def test_a_payment_while_we_are_closing_is_credited(session, shop, member, now):
    top_up, tender, fact = _in_mall(session, shop, member, now)
    _do(session, moves.closing, shop.store_id, tender.id, now=now)
    assert _do(session, pay.receive, fact, actor="w", now=now) is Outcome.APPLIED
    assert not _do(session, moves.closed, shop.store_id, tender.id)
    assert not _do(session, top_ups.expire, shop.store_id, top_up.id, actor="j", now=now)
    assert _have(session, member) == Split(10_000)


def test_two_callers_get_one_attempt_of_a_top_up(session, shop, member, now):
    top_up, tender, _ = _in_mall(session, shop, member, now)
    assert _do(session, moves.intend_top_up, top_up, payer="o1", now=now).id == tender.id


def test_the_best_rule_of_the_store_counts_and_its_version_is_kept(session, shop, member, now):
    rule = {"bearer": "hq", "starts_at": now, "actor": "t", "now": now}
    _do(session, top_up_rules.write, "a", "满100送10", amount_fen=10_000, bonus_fen=1_000, **rule)
    _do(session, top_up_rules.write, "b", "50起送8%", from_fen=5_000, bonus_bp=800, **rule)
    newest = _do(session, top_up_rules.write, "a", "满100送20", amount_fen=10_000, bonus_fen=2_000, **rule)
    _do(session, top_up_rules.write, "c", "别店", from_fen=1, bonus_bp=10_000, store_ids=[99], **rule)
    assert [o.brings(10_000) for o in top_up_rules.offers(session, shop.store_id, now=now)] == [800, 2_000]
    top_up = top_ups.one(session, shop.store_id, make.top_up(session, shop, member, 10_000, now))
    assert (top_up.bonus_fen, top_up.rule_id) == (2_000, newest)
    assert top_ups.one(session, shop.store_id, make.top_up(session, shop, member, 4_999, now)).bonus_fen == 0
    assert top_ups.one(session, shop.store_id, make.top_up(session, shop, member, 5_013, now)).bonus_fen == 401


@pytest.mark.parametrize(("fen", "received", "refusal"), [(500_001, 500_001, TopUpTooLarge), (100, 99, TenderShort)])
def test_a_refused_top_up_takes_nothing(session, shop, member, now, fen, received, refusal):
    before = _moved(session)
    with pytest.raises(refusal):
        _do(session, top_ups.at_till, shop.counter(), member, fen, received_fen=received, actor="t", now=now)
    assert _moved(session) == before


def test_cash_of_a_top_up_lies_in_the_drawer_and_leaves_it_again(session, shop, member, now):
    make.top_up(session, shop, member, 10_000, now)
    gone = make.top_up(session, shop, member, 3_000, now)
    assert _refund(session, shop, gone, now)[1].refund_fen == 3_000
    with transaction(session):
        assert make.close_shift(session, shop.store_id, shop.shift_id, 30_000, now)["difference_fen"] == 0


def test_spent_bonus_is_deducted_when_the_customer_agrees(session, shop, member, now):
    top_up = make.top_up(session, shop, member, 10_000, now, bonus_fen=2_000)
    make.ring_up(session, shop, now, member_id=member, wallet_fen=6_000, apple=6_000)
    assert _have(session, member) == Split(5_000, 1_000)
    before = _moved(session)
    with pytest.raises(BonusSpent) as refused:
        _refund(session, shop, top_up, now)
    assert refused.value.facts == {"deducted_fen": 1_000}
    assert _moved(session) == before
    _, done = _refund(session, shop, top_up, now, consent=True)
    assert (done.principal_fen, done.bonus_fen, done.deducted_fen, done.refund_fen) == (5_000, 1_000, 1_000, 4_000)
    assert _have(session, member) == Split()
    assert [ledger.differences(session), proof.differences(session)] == [[], []]


def test_a_top_up_that_was_spent_and_refunded_is_refunded_again_only_for_what_came_back(session, shop, member, now):
    """nopCommerce refunded a bought card after it was used (SV4): here only what is in it can go back."""
    top_up = make.top_up(session, shop, member, 5_000, now, bonus_fen=1_000)
    order = make.ring_up(session, shop, now, member_id=member, wallet_fen=5_988, apple=5_000)
    before = _moved(session)
    with pytest.raises(NothingToRefund):
        _refund(session, shop, top_up, now, consent=True, expected_refund_fen=1)
    assert _moved(session) == before
    make.give_back(session, shop, order, {1: 5_000}, now)
    assert _refund(session, shop, top_up, now)[1].refund_fen == 5_000
    with pytest.raises(NothingToRefund):
        _refund(session, shop, top_up, now, expected_refund_fen=1)
    assert _have(session, member) == Split()


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({}, CashOutTooLarge),
        ({"shift_id": None, "fen": 900}, DrawerNeeded),
        ({"expected_refund_fen": 1}, top_up_refunds.RefundDiffers),
    ],
)
def test_a_refused_refund_moves_nothing(session, shop, member, now, more, refusal):
    top_up = make.top_up(session, shop, member, more.pop("fen", 20_000), now)
    before = _moved(session)
    with pytest.raises(refusal):
        _refund(session, shop, top_up, now, **more)
    assert _moved(session) == before


def test_much_money_goes_to_the_bank_and_not_out_of_the_drawer(session, shop, member, now):
    top_up = make.top_up(session, shop, member, 20_000, now)
    _refund(session, shop, top_up, now, bank_ref="ICBC 20261123 0001")
    assert session.execute(text("SELECT kind, state, shift_id FROM refund")).all() == [("bank", "done", None)]


def test_a_mall_top_up_goes_back_through_wechat(session, shop, member, now):
    top_up, _, fact = _in_mall(session, shop, member, now, 20_000)
    with pytest.raises(WrongState):
        _refund(session, shop, top_up.id, now)
    _do(session, pay.receive, fact, actor="w", now=now)
    _refund(session, shop, top_up.id, now, shift_id=None)
    assert session.execute(text("SELECT kind, state, amount_fen FROM refund")).all() == [
        ("wechat", "requested", 20_000)
    ]


def test_without_the_code_a_day_has_its_limit(session, shop, member, now):
    session.execute(
        text(
            "INSERT INTO wallet_terms (id, from_at, policy, free_day_fen, max_balance_fen, cash_out_max_fen,"
            " bonus_spent) VALUES (1, '2026-01-01', 'proportional', 1000, 500000, 10000, 'deduct')"
        )
    )
    for _ in range(2):
        _do(session, wallet_limits.spend_freely, member, 400, now=now)
    with pytest.raises(wallet_limits.WalletCodeNeeded) as refused:
        _do(session, wallet_limits.spend_freely, member, 201, now=now)
    assert refused.value.facts == {"free_fen": 200}
    _do(session, wallet_limits.spend_freely, member, 200, now=now)
    _do(session, wallet_limits.spend_freely, member, 1_000, now=now + timedelta(days=1))
    _do(session, wallet_limits.set_limit, member, 0, actor="m", now=now)
    assert wallet_limits.left_today(session, member, now=now + timedelta(days=2)) == 0


def _tried(open_session, work, *args, **kwargs):
    with open_session() as mine:
        try:
            _do(mine, work, *args, **kwargs)
        except Refused as refused:
            return refused.code
    return "done"


def test_at_one_instant_no_more_than_the_day_allows_is_spent_without_the_code(open_session, session, member, now):
    with transaction(session):
        session.add(
            WalletTerms(
                from_at=now,
                policy="proportional",
                free_day_fen=1_000,
                max_balance_fen=500_000,
                cash_out_max_fen=10_000,
                bonus_spent="deduct",
            )
        )
    with ThreadPoolExecutor(16) as pool:
        outcomes = Counter(
            pool.map(lambda _: _tried(open_session, wallet_limits.spend_freely, member, 300, now=now), range(16))
        )
    assert outcomes == {"done": 3, "wallet_code_needed": 13}


def test_a_top_up_given_back_while_it_is_spent_pays_out_once(open_session, session, shop, member, now):
    top_up = make.top_up(session, shop, member, 990, now)

    def race(number: int) -> str:
        if number % 2:
            more = {"at_store_id": shop.store_id, "shift_id": shop.shift_id, "staff_id": 1, "actor": "t", "now": now}
            given = {"expected_refund_fen": 990, "consent": True, "bank_ref": None, **more}
            return _tried(open_session, top_up_refunds.take_back, shop.store_id, top_up, **given)
        basket = place.Basket(shop.store_id, make.wants(shop, milk=1), member, wallet_fen=990)
        given = {"received_fen": 0, "expected_payable_fen": 990, "actor": "t", "now": now}
        return _tried(open_session, place.at_till, basket, shop.sale(), **given)

    with ThreadPoolExecutor(12) as pool:
        outcomes = Counter(pool.map(race, range(12)))
    assert outcomes["done"] == 1
    assert set(outcomes) <= {"done", "wallet_short", "nothing_to_refund"}
    assert _have(session, member) == Split()
    assert ledger.differences(session) == []


def test_a_top_up_that_nobody_paid_is_closed_by_the_job(session, shop, member, now):
    late = now - timedelta(hours=1)
    top_up_id = _do(
        session, top_ups.in_mall, shop.store_id, member, 500, pay_for=timedelta(minutes=15), actor="m", now=late
    )
    assert (expire_top_ups.run(), expire_top_ups.run()) == (1, 0)
    assert top_ups.one(session, shop.store_id, top_up_id).state == "cancelled"
    assert _have(session, member) == Split()
