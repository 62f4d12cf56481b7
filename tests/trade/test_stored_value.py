from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from config import db
from config.db import transaction
from member import ledger, points, wallet
from member.wallet_limits import WalletCodeNeeded
from member.wallet_terms import Split, WalletShort
from tests import factories as make
from trade.orders import place, proof, read
from trade.payments.cash import TenderShort
from trade.pricing.stored_value import WalletTooMuch


@pytest.fixture
def shop(session, now):
    return make.open_shop(session, now=now)


@pytest.fixture
def member(session, shop, now):
    """100.00 principal and 20.00 bonus."""
    found = make.a_member(session, now=now)
    make.top_up(session, shop, found, 10_000, now, bonus_fen=2_000)
    return found


def _have(session, member):
    return wallet.balance(session, member).have


def _books(session):
    return [ledger.differences(session), proof.differences(session)]


def _everything(session):
    return session.execute(
        text(
            "SELECT (SELECT count(*) FROM sale_order), (SELECT sum(on_hand) FROM stock_level),"
            " (SELECT sum(balance) FROM lot_account), (SELECT count(*) FROM lot_entry), (SELECT count(*) FROM tender),"
            " (SELECT count(*) FROM wallet_due), (SELECT count(*) FROM wallet_free_use), (SELECT count(*) FROM journal)"
        )
    ).one()


def _sell(session, shop, member, now, *, wallet_fen, received=0, authorised=True, **goods):
    basket = place.Basket(shop.store_id, make.wants(shop, **goods), member, wallet_fen=wallet_fen)
    at = place.TillSale(shop.till_id, shop.shift_id, 1, authorised=authorised)
    with transaction(session):
        due = place.price(session, basket, now=now).payable_fen
        given = {"received_fen": received, "expected_payable_fen": due, "actor": "t", "now": now}
        return place.at_till(session, basket, at, **given)


def test_a_top_up_opens_the_accounts_and_earns_no_points(session, shop, member):
    assert _have(session, member) == Split(10_000, 2_000)
    assert points.balance(session, member).available == 0
    assert _books(session) == [[], []]


def test_a_sale_is_paid_in_proportion_and_its_bonus_part_earns_nothing(session, shop, member, now):
    order = make.ring_up(session, shop, now, member_id=member, wallet_fen=5_000, apple=5_000)
    receipt = read.receipt(session, shop.store_id, order)
    assert (receipt["payable_fen"], receipt["wallet_principal_fen"], receipt["wallet_bonus_fen"]) == (5_990, 4_166, 834)
    assert [(t["kind"], t["amount_fen"]) for t in receipt["tenders"]] == [("cash", 990), ("wallet", 5_000)]
    assert receipt["member"]["points_earned"] == (5_990 - 834) // 100
    assert _have(session, member) == Split(5_834, 1_166)
    assert _books(session) == [[], []]


def test_a_sale_paid_with_stored_value_alone_has_one_tender(session, shop, member, now):
    order = make.ring_up(session, shop, now, member_id=member, wallet_fen=990, milk=1)
    assert [t["kind"] for t in read.receipt(session, shop.store_id, order)["tenders"]] == ["wallet"]
    assert _books(session) == [[], []]


@pytest.mark.parametrize(
    ("case", "refusal"),
    [
        ({"wallet_fen": 12_001, "apple": 90_000}, WalletShort),
        ({"wallet_fen": 991, "milk": 1}, WalletTooMuch),
        ({"wallet_fen": 500, "milk": 1, "received": 489}, TenderShort),
        ({"wallet_fen": 990, "milk": 1, "authorised": False}, WalletCodeNeeded),
    ],
)
def test_a_refused_payment_changes_nothing(session, shop, member, now, case, refusal):
    before = _everything(session)
    with pytest.raises(refusal):
        _sell(session, shop, member, now, **case)
    assert _everything(session) == before


def test_who_has_no_card_has_no_stored_value(session, shop, now):
    before = _everything(session)
    with pytest.raises(WalletShort):
        _sell(session, shop, None, now, wallet_fen=100, milk=1)
    assert _everything(session) == before


def test_change_is_given_on_the_cash_part_only(session, shop, member, now):
    order = _sell(session, shop, member, now, wallet_fen=500, received=1_000, milk=1)
    cash = next(t for t in read.receipt(session, shop.store_id, order)["tenders"] if t["kind"] == "cash")
    assert (cash["amount_fen"], cash["received_fen"], cash["change_fen"]) == (490, 1_000, 510)


def test_two_tenders_are_never_both_emptied(session, shop, member, now):
    """Saleor took two cards to the bottom for one order (SV3): what is taken is exactly what is due."""
    order = _sell(session, shop, member, now, wallet_fen=600, received=10_000, milk=1)
    taken = [t["amount_fen"] for t in read.receipt(session, shop.store_id, order)["tenders"]]
    assert sum(taken) == 990
    assert _have(session, member).total_fen == 12_000 - 600


def test_returning_everything_restores_both_buckets_and_their_lots(session, shop, member, now):
    make.top_up(session, shop, member, 7_000, now)
    order = make.ring_up(session, shop, now, member_id=member, wallet_fen=12_000, apple=15_000, milk=2)
    before = _lots(session)
    back = make.give_back(session, shop, order, {1: 15_000, 2: 2}, now)
    assert back.wallet_back.total_fen == 12_000
    assert [(tender.kind, fen) for tender, fen in back.refunds] == [("wallet", 12_000), ("cash", 7_950)]
    assert _have(session, member) == Split(17_000, 2_000)
    assert _lots(session) == [(2_000, 2_000), (10_000, 10_000), (7_000, 7_000)] != before
    assert points.balance(session, member).available == 0
    assert session.execute(text("SELECT sum(used_fen) FROM wallet_due")).scalar() == 0
    assert _books(session) == [[], []]


def _lots(session):
    found = session.execute(text("SELECT initial, remaining FROM lot WHERE account LIKE 'stored%' ORDER BY id")).all()
    return [tuple(row) for row in found]


def test_sixty_four_payments_with_one_balance_and_one_wins(open_session, session, shop, now):
    member = make.a_member(session, phone="13900000001", now=now)
    make.top_up(session, shop, member, 900, now, bonus_fen=90)

    def buy(number: int) -> str:
        with open_session() as mine:
            try:
                if number % 2:
                    make.ring_up(mine, shop, now, member_id=member, wallet_fen=990, milk=1)
                else:
                    make.order_online(mine, shop, member, now, wallet_fen=990, milk=1)
            except WalletShort as short:
                return short.code
        return "done"

    with ThreadPoolExecutor(24) as pool:
        assert Counter(pool.map(buy, range(64))) == {"done": 1, "wallet_short": 63}
    assert _have(session, member) == Split(0, 0)
    assert _books(session) == [[], []]


def test_a_payment_with_both_buckets_is_two_statements_and_its_return_three(session, shop, member, now, monkeypatch):
    asked: list[object] = []
    real = db.fetch

    def counted(*given):
        asked.append(given[1])
        return real(*given)

    monkeypatch.setattr(wallet, "fetch", counted)
    deed = wallet.Deed(member, "spend", "order:7", "order:7:spend", "t", now, shop.store_id)
    with transaction(session):
        assert wallet.spend(session, deed, Split(4_166, 834))
    assert len(asked) == 2
    back = wallet.Deed(member, "reinstate", "order:7", "return:1:back", "t", now, shop.store_id, "return:1")
    with transaction(session):
        assert wallet.restore(session, back, Split(4_166, 834), of="order:7")
    assert len(asked) == 5
    with transaction(session):
        assert not wallet.spend(session, deed, Split(4_166, 834))
        assert not wallet.restore(session, back, Split(4_166, 834), of="order:7")
    assert _have(session, member) == Split(10_000, 2_000)
    assert ledger.differences(session) == []


def test_two_members_who_are_one_have_both_wallets(session, shop, member, now):
    other = make.a_member(session, phone="13900000002", now=now)
    make.top_up(session, shop, other, 3_000, now)
    with transaction(session):
        ledger.move(session, other, member, actor="t", now=now)
    assert _have(session, member) == Split(13_000, 2_000)
    order = make.ring_up(session, shop, now, member_id=member, wallet_fen=11_980, apple=10_000)
    assert session.execute(text("SELECT count(*) FROM wallet_due WHERE topped_store_id = 0")).scalar() == 0
    assert read.receipt(session, shop.store_id, order)["wallet_principal_fen"] == 11_980 * 13_000 // 15_000
    assert _books(session) == [[], []]
