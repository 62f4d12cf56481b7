from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from member.coupons.states import Kind, StackClass
from member.coupons.worth import At, Goods, Held, Worth, not_here, value

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
HERE = At(1, "till", NOW)
MILK, BREAD = Goods(1, 10, 1, 1990), Goods(2, 20, 1, 990)


def judge(held: Held, lines: list[Goods], at: At) -> Worth:
    """One coupon, alone, on these lines."""
    why_not = not_here(held, at)
    if why_not:
        return Worth(why_not=why_not)
    figures = zip(*((line.net_fen, line.sku_id, line.qty) for line in lines), strict=True)
    return value(held, [held.covers(line) for line in lines], *figures)


def coupon(number: int = 1, kind: Kind = Kind.THRESHOLD_OFF, **of: Any) -> Held:
    plain: dict[str, Any] = {"stack_class": StackClass.STORE, "from_at": NOW, "until_at": NOW + timedelta(days=number)}
    return Held(number, number, f"券{number}", kind, **plain | of)


@pytest.mark.parametrize(
    ("net_fen", "off_fen", "short_fen"), [(1999, 0, 1), (2000, 300, None), (2001, 300, None), (1950, 0, 50)]
)
def test_a_threshold_counts_at_itself_and_not_a_fen_below(net_fen, off_fen, short_fen):
    worth = judge(coupon(threshold_fen=2000, off_fen=300), [Goods(1, 1, 1, net_fen)], HERE)
    assert worth.off_fen == off_fen
    assert worth.why_not == (short_fen and {"code": "short", "short_fen": short_fen})


def test_the_worked_table():
    milk_only: dict[str, Any] = {"scope": {"include": {"skus": [1]}}}
    lines = [MILK, BREAD]
    assert judge(coupon(threshold_fen=2000, off_fen=300, **milk_only), lines, HERE).why_not == {
        "code": "short",
        "short_fen": 10,
    }
    assert judge(coupon(threshold_fen=1990, off_fen=300, **milk_only), lines, HERE).shares == (300, 0)
    assert judge(coupon(1, Kind.RATE, rate_bp=8500, **milk_only), lines, HERE).off_fen == 298
    assert judge(coupon(1, Kind.RATE, rate_bp=8500, cap_fen=200, **milk_only), lines, HERE).off_fen == 200
    cash = judge(coupon(1, Kind.CASH, off_fen=2500, **milk_only), lines, HERE)
    assert (cash.off_fen, cash.lost_fen, cash.shares) == (1990, 510, (1990, 0))
    three = [Goods(1, 10, 3, 1990), BREAD]
    assert judge(coupon(1, Kind.GOODS, goods=[{"sku_id": 1, "qty": 1}]), three, HERE).shares == (663, 0)


@pytest.mark.parametrize(
    ("of", "why"),
    [
        ({"from_at": NOW + timedelta(seconds=1)}, "not_yet"),
        ({"until_at": NOW}, "over"),
        ({"store_ids": [2]}, "not_in_this_store"),
        ({"channels": ["mall"]}, "not_in_this_channel"),
        ({"scope": {"include": {"categories": [99]}}}, "no_goods_of_it"),
        ({"scope": {"exclude": {"categories": [10], "skus": [2]}}}, "no_goods_of_it"),
        ({"kind": Kind.GOODS, "goods": [{"sku_id": 9, "qty": 1}]}, "no_goods_of_it"),
    ],
)
def test_what_a_coupon_cannot_do_it_says(of, why):
    worth = judge(coupon(**{"off_fen": 100} | of), [MILK, BREAD], HERE)
    assert (worth.off_fen, (worth.why_not or {}).get("code")) == (0, why)


def test_goods_that_cost_nothing_any_more_use_no_coupon_up():
    assert judge(coupon(off_fen=100), [Goods(1, 1, 1, 0)], HERE).why_not == {"code": "nothing_left_to_pay"}
