"""Random orders, returned in random pieces and amounts: money and points end exactly where the formulas say.

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
from trade.orders.line_refunds import share_back, units_fen
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
            refunded_fen=0,
            amounts=False,
            earn_basis_fen=line.earn_basis_fen,
            points=sum(share.points for share in line.shares),
        )
        for line in priced.lines
    ]
    return priced, lines


def a_step(dice, lines, *, amounts):
    """Some lines of which something is left, with the units and the fen that each gives back now."""
    money = [line for line in lines if line.refunded_fen < line.net_fen and line.returned < line.qty]
    if amounts and money and dice.random() < 0.4:
        chosen = dice.sample(money, dice.randint(1, len(money)))
        left = {line.line_no: line.net_fen - line.refunded_fen for line in chosen}
        return {no: (0, fen if dice.random() < 0.1 else dice.randint(1, fen)) for no, fen in left.items()}
    some = [line for line in lines if line.returned < line.qty]
    wants = {r.line_no: (r, dice.randint(1, r.qty - r.returned)) for r in dice.sample(some, dice.randint(1, len(some)))}
    return {
        no: (units, units_fen(r.net_fen, r.qty, r.returned, r.refunded_fen, units)) for no, (r, units) in wants.items()
    }


def stands(line, share):
    return share_back(share, line.net_fen, line.qty, line.returned, line.refunded_fen)


def returned_in_pieces(dice, priced, lines, *, all_of_it, amounts):
    """Refund units and amounts until nothing is left (or the dice stop); what went back and was taken back in all."""
    cash_fen = back = clawed = paid = forgotten = deducted_fen = 0
    by_no = {line.line_no: line for line in lines}
    while any(line.returned < line.qty for line in lines):
        wants = a_step(dice, lines, amounts=amounts)
        goods_fen = sum(fen for _, fen in wants.values())
        due = claw_target(priced.earns_points, lines, wants) - clawed - paid - forgotten
        assert due >= 0
        policy = dice.choice(["deficit", "deduct_refund", "ask_manager", "write_off"])
        borne = bear(due, dice.randint(0, due), policy, fen_per_point=1, money_fen=goods_fen, budget=dice.randint(0, 9))
        assert 0 <= borne.deducted_fen <= goods_fen
        cash_fen += goods_fen - borne.deducted_fen
        deducted_fen += borne.deducted_fen
        clawed, paid, forgotten = clawed + borne.clawed, paid + borne.paid, forgotten + borne.written_off
        for no, (units, fen) in wants.items():
            line = by_no[no]
            assert fen >= 0
            if not line.amounts and units:
                assert fen == refund_share(line.net_fen, line.qty, line.returned, units)
            before = stands(line, line.points)
            line.returned, line.refunded_fen = line.returned + units, line.refunded_fen + fen
            line.amounts |= not units
            assert stands(line, line.points) >= before
            assert line.net_fen * line.returned // line.qty <= line.refunded_fen <= line.net_fen
            back += stands(line, line.points) - before
        assert cash_fen + deducted_fen == sum(line.refunded_fen for line in lines)
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
        mixed = {"all_of_it": all_of_it, "amounts": dice.random() < 0.6}
        money_fen, back, taken = returned_in_pieces(dice, priced, lines, **mixed)
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
