"""Cards and wallets that elsewhere are spent twice, not restored, or both emptied (members-mall-orders.md 4.22)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from config.errors import Refused
from member.wallet_terms import Split
from tests import factories as make


def test_one_balance_pays_one_of_sixty_four_orders_at_once(story, open_session):
    """Azuriom's card pays two carts that are open at the same time (SV1)."""
    story.top_up(900, bonus_fen=90)

    def buy(_: int) -> str:
        try:
            with open_session() as mine:
                make.ring_up(mine, story.shop, story.now, member_id=story.member, wallet_fen=990, milk=1)
        except Refused as refused:
            return refused.code
        return "sold"

    with ThreadPoolExecutor(64) as pool:
        outcomes = sorted(pool.map(buy, range(64)))
    assert outcomes == ["sold"] + ["wallet_short"] * 63
    assert story.stored == Split(0, 0)
    story.agree()


def test_a_refunded_payment_restores_the_card_in_its_own_buckets(story):
    """Setono's card paid, the order was refunded, and the card stayed empty (SV2)."""
    story.top_up(2_000, bonus_fen=400)
    order = story.sell(wallet_fen=1_200, milk=2)
    assert story.stored == Split(1_000, 200)
    story.give_back(order, lines={1: 1})
    story.give_back(order, lines={1: 1})
    assert story.stored == Split(2_000, 400)
    story.agree()


def test_a_card_is_charged_what_is_due_and_never_emptied_for_less(story):
    """Saleor took two cards to the bottom for one order (SV3)."""
    story.top_up(2_000)
    story.top_up(3_000)
    order = story.sell(wallet_fen=990, milk=1)
    assert story.count("SELECT sum(amount_fen) FROM tender WHERE order_id = :o AND kind = 'wallet'", o=order) == 990
    assert story.stored == Split(4_010, 0)
    story.agree()


def test_a_cancelled_mall_order_lets_the_wallet_go_whether_paid_or_not(story):
    story.top_up(2_000, bonus_fen=400)
    waiting = story.order(wallet_fen=600, milk=2)
    paid = story.paid(wallet_fen=600, milk=2)
    for order in (waiting, paid):
        story.cancel(order)
    assert story.stored == Split(2_000, 400)
    assert story.count("SELECT coalesce(sum(used_fen), 0) FROM wallet_due") == 0
    story.agree()
