"""Random orders, returned in random pieces: money and points end exactly where the formulas say.

Pure: the functions that price, earn, refund and bear, without a database.  2,000 orders by default;
TONGDIAN_REFUND_ORDERS=100000 for the long form.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

from config.money import refund_share, split
from member.earning import Occasion
from member.shortfall import bear
from member.terms import Terms
from trade.orders.returns import claw_target
from trade.pricing.quote import earn, quote
from trade.pricing.quoted import Item, Want

ORDERS = int(os.environ.get("TONGDIAN_REFUND_ORDERS", "2000"))
NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
TERMS = Terms(redeem_step=1)


def an_order(dice):
    """A priced order whose points, discount and bonus are spread over its lines; lines as a return reads them."""
    items = {n: Item(n, "g", "", "", False, "", dice.randint(1, 9_000), 99, n % 3) for n in range(dice.randint(1, 5))}
    wants = [Want(n, dice.randint(1, 6)) for n in items]
    terms = replace(TERMS, earn_excluded_category_ids=(2,) if dice.random() < 0.2 else ())
    open_price = quote(items, wants, terms=terms, tier="gold", points_available=9_999)
    points = dice.randint(0, open_price.redeemable.most)
    off_fen = dice.randint(0, (open_price.payable_fen - points) // 4)
    priced = quote(items, wants, terms=terms, tier="gold", points_available=9_999, points=points, discount_fen=off_fen)
    nets = [line.net_fen for line in priced.lines]
    bonus_fen = dice.randint(0, priced.payable_fen // 3)
    bonus = split(bonus_fen, nets) if bonus_fen else [0] * len(nets)
    earn(priced, terms, Occasion(dice.choice(["standard", "gold"]), "till", 1, NOW), bonus)
    lines = [
        SimpleNamespace(
            line_no=line.line_no,
            qty=line.qty,
            net_fen=line.net_fen,
            returned=0,
            earn_basis_fen=line.earn_basis_fen,
            points=sum(share.points for share in line.shares),
        )
        for line in priced.lines
    ]
    return priced, lines


def returned_in_pieces(dice, priced, lines, *, all_of_it):
    """Return units until nothing is left (or the dice stop); what went back, and what was taken back, in all."""
    cash_fen = back = clawed = paid = forgotten = deducted_fen = 0
    while any(line.returned < line.qty for line in lines):
        some = [line for line in lines if line.returned < line.qty]
        chosen = dice.sample(some, dice.randint(1, len(some)))
        wants = {line.line_no: dice.randint(1, line.qty - line.returned) for line in chosen}
        goods_fen = sum(refund_share(r.net_fen, r.qty, r.returned, wants[r.line_no]) for r in chosen)
        back += sum(refund_share(r.points, r.qty, r.returned, wants[r.line_no]) for r in chosen)
        due = claw_target(priced.earns_points, lines, wants) - clawed - paid - forgotten
        assert due >= 0
        policy = dice.choice(["deficit", "deduct_refund", "ask_manager", "write_off"])
        borne = bear(due, dice.randint(0, due), policy, fen_per_point=1, money_fen=goods_fen, budget=dice.randint(0, 9))
        assert 0 <= borne.deducted_fen <= goods_fen
        cash_fen += goods_fen - borne.deducted_fen
        deducted_fen += borne.deducted_fen
        clawed, paid, forgotten = clawed + borne.clawed, paid + borne.paid, forgotten + borne.written_off
        for line in chosen:
            line.returned += wants[line.line_no]
        assert cash_fen + deducted_fen == sum(line.net_fen * line.returned // line.qty for line in lines)
        assert back == sum(line.points * line.returned // line.qty for line in lines)
        assert clawed + paid + forgotten == claw_target(priced.earns_points, lines, {})
        assert cash_fen <= priced.payable_fen
        if not all_of_it and dice.random() < 0.3:
            break
    return cash_fen + deducted_fen, back, clawed + paid + forgotten


def test_any_sequence_of_returns_ends_exactly_where_the_formulas_say():
    dice = random.Random(20261124)
    whole = 0
    for _ in range(ORDERS):
        priced, lines = an_order(dice)
        assert sum(line.net_fen for line in lines) == priced.payable_fen
        assert sum(line.points for line in lines) == priced.points_used
        assert sum(line.earns_points for line in priced.lines) == priced.earns_points
        all_of_it = dice.random() < 0.7
        money_fen, back, taken = returned_in_pieces(dice, priced, lines, all_of_it=all_of_it)
        if all(line.returned == line.qty for line in lines):
            whole += 1
            assert (money_fen, back) == (priced.payable_fen, priced.points_used)
            basis = sum(line.earn_basis_fen for line in lines)
            assert taken == (priced.earns_points if basis else 0)
        else:
            assert money_fen <= priced.payable_fen
            assert back <= priced.points_used
            assert taken <= priced.earns_points
    assert whole > ORDERS // 2
