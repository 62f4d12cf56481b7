"""An order keeps what promotions took off each line, its gifts, freight, rounding and the trace of its price."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from trade.orders import as_rows, moves, place, proof

TRACE = [{"seq": 1, "source": "list", "delta_fen": 1980}, {"seq": 2, "source": "promotion", "delta_fen": -300}]
WHY_NOT = [{"rule_id": 9, "code": "short", "short_fen": 600}]


def _placed(session, shop, now, *, share: dict[str, Any], **head: Any) -> int:
    """Two milk of 990 in the mall with a bread as a gift, 3 off by promotion 7, freight 5.00, rounded down 0.03."""
    basket = place.Basket(shop.store_id, make.wants(shop, milk=2), channel="mall")
    with transaction(session):
        priced = place.price(session, basket, now=now)
        first = as_rows.lines(priced)[0][0] | {"net_fen": 1680}
        gift = first | {"line_no": 2, "sku_id": shop.skus["bread"], "qty": 1, "unit_price_fen": 0, "list_fen": 0}
        gift |= {"net_fen": 0, "gift": True, "gift_value_fen": 650}
        figures = {
            "promotion_fen": 300,
            "freight_fen": 500,
            "rounding_fen": -3,
            "payable_fen": 2177,
            "rules_version": 4,
        }
        whole = as_rows.head(priced, basket.store_id, basket.member_id, now, channel="mall", **figures | head)
        return moves.open_order(session, whole, [first, gift], [share], trace=TRACE, why_not=WHY_NOT, actor="t")


SHARE = {"line_no": 1, "source": "promotion", "source_id": 7, "version": 2, "amount_fen": 300, "points": 0}


def test_an_order_keeps_its_promotion_gift_and_trace(session, now):
    shop = make.open_shop(session, now=now)
    order = _placed(session, shop, now, share=SHARE)
    assert proof.differences(session) == []
    kept = session.execute(text("SELECT trace, why_not FROM order_trace WHERE order_id = :id"), {"id": order}).one()
    assert (kept.trace, kept.why_not) == (TRACE, WHY_NOT)
    line = session.execute(text("SELECT gift, gift_value_fen FROM order_line WHERE line_no = 2")).one()
    assert tuple(line) == (True, 650)
    assert session.execute(text("SELECT rules_version FROM sale_order")).scalar() == 4


@pytest.mark.parametrize(
    ("lie", "at_stake"),
    [
        ("UPDATE sale_order SET promotion_fen = 301, payable_fen = 2176", 1),
        ("UPDATE sale_order SET freight_fen = freight_fen + 2, discount_fen = discount_fen + 2", 2),
        ("UPDATE allocation SET amount_fen = 299", 1),
    ],
)
def test_a_lie_about_them_is_found(session, now, lie, at_stake):
    shop = make.open_shop(session, now=now)
    _placed(session, shop, now, share=SHARE)
    with transaction(session):
        session.execute(text(lie))
    assert [row["at_stake"] for row in proof.differences(session)][:1] == [at_stake]


@pytest.mark.parametrize(
    "wrong",
    [
        {"share": SHARE | {"version": 0}},
        {"share": SHARE | {"source_id": 0}},
        {"share": SHARE | {"source": "coupon"}},
        {"share": SHARE, "payable_fen": 2178},
        {"share": SHARE, "rounding_fen": -101, "payable_fen": 2079},
    ],
)
def test_what_does_not_add_up_is_not_written(session, now, wrong):
    shop = make.open_shop(session, now=now)
    with pytest.raises(psycopg.errors.CheckViolation):
        _placed(session, shop, now, **wrong)
    assert session.execute(text("SELECT count(*) FROM sale_order")).scalar() == 0
