"""Random orders with promotions of every kind, returned in random pieces, through the real sale and return.

After every return: nobody gets back less than nothing or more than was paid; with everything back it is what was paid
to the fen, points and stored value with it; and where every promotion is asked again, what was paid in the end is what
the kept goods cost when they are bought alone.  10 orders by default; TONGDIAN_REPRICE_ORDERS=3000 for the long form.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass

from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from tests.stories import Story
from trade.orders import place, returns
from trade.pricing.quoted import Want

ORDERS = int(os.environ.get("TONGDIAN_REPRICE_ORDERS", "10"))
SEED = int(os.environ.get("TONGDIAN_REPRICE_SEED", "20261124"))


def _forms(shop, dice):
    """One promotion of each kind, with figures that small baskets reach and lose."""
    milk, bread, apple = (shop.skus[name] for name in ("milk", "bread", "apple"))
    most = dice.randint(1500, 6000)
    return [
        {"kind": "member_price", "rate_bp": 9500},
        {"kind": "flash", "off_fen": 133, "scope": {"include": {"skus": [milk, apple]}}},
        {"kind": "nth_rate", "steps": [[2, 5000]], "on": "nth", "scope": {"include": {"skus": [milk]}}},
        {"kind": "nth_rate", "steps": [[3, 7000]], "across": True, "scope": {"include": {"skus": [milk, bread]}}},
        {"kind": "buy_get", "buy": 2, "get": 1, "scope": {"include": {"skus": [bread]}}},
        {"kind": "bundle", "parts": [[milk, 1], [bread, 1]], "price_fen": 1299},
        {"kind": "amount_off", "steps": [[most // 2, most // 9], [most, most // 3]]},
        {"kind": "amount_off", "steps": [[1700, 333]], "every": True, "measured": dice.choice(["before", "after"])},
        {"kind": "amount_rate", "steps": [[2500, 8800]], "cap_fen": 700},
        {"kind": "add_on", "steps": [[2000, 0]], "prices": {bread: 211}, "most_per_order": 1},
        {"kind": "gift", "steps": [[dice.randint(800, 4000), 0]], "gifts": [[bread, 2]]},
    ]


@dataclass
class Sale:
    """One order as the test follows it; `alone`: nothing but promotions that are asked again made its price."""

    order: int
    basket: place.Basket
    paid_fen: int
    alone: bool
    used: dict[int, int]
    left: dict[int, int]
    nets: dict[int, int]
    refunded_fen: int = 0
    withheld_fen: int = 0


def _sell(story, dice):
    anew = dice.random() < 0.5
    for form in dice.sample(_forms(story.shop, dice), dice.randint(1, 4)):
        asked = "re_evaluate" if anew else dice.choice(["keep", "re_evaluate"])
        make.a_promotion(story.session, story.now, **form, on_return=asked)
    with transaction(story.session):
        to = "none" if anew else dice.choice(["none", "drop_jiao", "half_up"])
        story.session.execute(text("UPDATE store SET cash_rounding = :to"), {"to": to})
    goods = {"milk": dice.randint(1, 6), "bread": dice.randint(1, 4), "apple": dice.randint(50, 900)}
    chosen = {name: goods[name] for name in dice.sample(list(goods), dice.randint(1, 3))}
    basket = place.Basket(story.shop.store_id, make.wants(story.shop, **chosen), story.member)
    more, plain = {}, place.price(story.session, basket, now=story.now)
    story.session.rollback()
    if not anew and dice.random() < 0.5:
        may = plain.redeemable
        more = {"points_used": dice.randint(0, may.most // may.step) * may.step}
        more["discount_fen"] = dice.randint(0, (plain.payable_fen - more["points_used"]) // 4)
        more["coupon_ids"] = [story.coupon(name=f"c{dice.random()}")] if plain.payable_fen > 2000 else ()
        more["points_used"] = 0 if more["coupon_ids"] else more["points_used"]
    if plain.payable_fen and dice.random() < 0.4:
        more["wallet_fen"] = dice.randint(1, plain.payable_fen if anew else plain.payable_fen // 2 + 1)
    order = make.ring_up(story.session, story.shop, story.now, member_id=story.member, **more, **chosen)
    head = story.head(order)
    rows = story.session.execute(text("SELECT * FROM order_line WHERE order_id = :id"), {"id": order}).all()
    left, nets = {row.line_no: row.qty for row in rows}, {row.line_no: row.net_fen for row in rows}
    story.session.rollback()
    used = {use.promotion_id: use.units for use in plain.uses}
    return Sale(order, basket, head.payable_fen, anew, used, left, nets)


def _some(dice, left):
    lines = dice.sample(sorted(left), dice.randint(1, len(left)))
    return {line: left[line] if dice.random() < 0.4 else dice.randint(1, left[line]) for line in lines}


_REFUNDED = "SELECT coalesce(sum(refund_fen), 0)::bigint FROM return_line WHERE order_id = :order AND line_no = :line"


def _amount(story, dice, sale):
    """Money of one line alone comes back; how much of it went out beside points and coupons, 0 where none is left."""
    line = dice.choice(sorted(sale.left))
    left_fen = sale.nets[line] - story.count(_REFUNDED, order=sale.order, line=line)
    try:
        fen = dice.choice([1, left_fen, dice.randint(1, left_fen)]) if left_fen else 1
        done = story.do(
            returns.refund_amount, story.shop.store_id, sale.order, {line: fen}, reason="t", fault=dice.random() < 0.5,
            shift_id=story.shop.shift_id,
        )[1]  # fmt: skip
    except returns.TooMuchRefunded:
        return 0
    assert (done.goods_fen, done.anew.withheld_fen) == (fen, 0)
    assert 0 <= done.refund_fen <= sale.paid_fen - sale.refunded_fen
    sale.refunded_fen += done.refund_fen
    return 1


def _return(story, dice, sale):
    """One return: what is shown is done, and never below nothing nor above what is left of what was paid."""
    wants, fault = _some(dice, sale.left), not sale.alone and dice.random() < 0.15
    shop, at = story.shop, {"now": story.now, "fault": fault}
    with transaction(story.session):
        shown = returns.preview(story.session, shop.store_id, sale.order, wants, **at)
        _, done = returns.take_back(
            story.session, shop.store_id, sale.order, wants, expected_refund_fen=shown.refund_fen,
            at_store_id=shop.store_id, shift_id=shop.shift_id, staff_id=1, actor="t", **at,
        )  # fmt: skip
    assert done.as_json() == shown.as_json()
    assert 0 <= done.refund_fen <= sale.paid_fen - sale.refunded_fen
    sale.withheld_fen += done.anew.promotions_fen
    if fault:  # nothing is kept back, but what was given beyond `keep` before
        assert done.anew.gifts_fen <= 0
        assert done.anew.promotions_fen <= 0 or sale.withheld_fen <= 0
    sale.refunded_fen += done.refund_fen
    sale.left = {line: sale.left[line] - wants.get(line, 0) for line in sale.left}
    sale.left = {line: qty for line, qty in sale.left.items() if qty}
    return done


def _costs_what_it_would_alone(story, sale, done):
    """Kept goods cost what they cost when bought alone, gifts that stayed among it; returns whether it was compared."""
    wants = [Want(w.sku_id, sale.left[no]) for no, w in enumerate(sale.basket.wants, start=1) if no in sale.left]
    short = done.anew.re_evaluate_fen == 0  # what could not be kept back is asked of the next return
    if not sale.alone or not wants or short:
        return False
    alone = place.price(story.session, place.Basket(sale.basket.store_id, wants, story.member), now=story.now)
    kept_fen = sale.paid_fen - sale.refunded_fen - story.count(_GIFTS, order=sale.order)
    if not story.count(_SHARED, order=sale.order, lines=list(sale.left)):  # then it is the lines' own, to a fen a line
        assert kept_fen >= alone.payable_fen - len(wants)
        return False
    assert kept_fen >= alone.payable_fen
    if all(use.units <= sale.used.get(use.promotion_id, 0) for use in alone.uses):
        assert kept_fen == alone.payable_fen
        return True
    return False


_GIFTS = "SELECT sum(gifts_withheld_fen)::bigint FROM sale_return WHERE order_id = :order"
_SHARED = """SELECT count(*) FROM allocation JOIN order_line USING (store_id, order_id, line_no)
    WHERE order_id = :order AND line_no = ANY(:lines) AND source = 'promotion' AND NOT gift"""


def test_any_sequence_of_returns_ends_at_what_was_paid(session, now):
    dice = random.Random(SEED)
    plenty = dict.fromkeys(("milk", "bread", "apple"), 10**9)
    story = Story(session, now, points_of=1_000_000, **plenty)
    story.top_up(200_000, bonus_fen=50_000)
    compared = whole = withheld = amounts = 0
    for _ in range(ORDERS):
        had, points = story.stored, story.points.available
        sale = _sell(story, dice)
        while sale.left and (sale.alone or dice.random() < 0.9):
            if not sale.alone and dice.random() < 0.6:
                amounts += _amount(story, dice, sale)
            done = _return(story, dice, sale)
            withheld += done.anew.withheld_fen != 0
            compared += _costs_what_it_would_alone(story, sale, done)
        if not sale.left:
            whole += 1
            assert sale.refunded_fen == sale.paid_fen
            assert (story.stored, story.points.available) == (had, points)
        for (rule,) in session.execute(text("SELECT id FROM promotion WHERE state = 'live'")).all():
            make.end_promotion(session, rule, now)
    story.agree()
    assert min(compared, whole, withheld, amounts) >= ORDERS // 10, (compared, whole, withheld, amounts)
