"""What orders and returns mean for coupons: which an order brings, which come back, which are no longer earned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch

_COMPLETE = text("""
    SELECT c.id, t.name FROM allocation a
    JOIN order_line line USING (store_id, order_id, line_no)
    JOIN coupon c ON c.member_id = :member AND c.id = a.source_id AND c.state = 'used'
    JOIN coupon_template t ON t.id = c.template_id AND t.return_rule <> 'never'
    LEFT JOIN unnest(CAST(:lines AS bigint[]), CAST(:qtys AS bigint[])) AS want(line_no, qty) USING (line_no)
    WHERE a.store_id = :store AND a.order_id = :order AND a.source = 'coupon'
    GROUP BY c.id, t.name
    HAVING bool_and(line.qty = coalesce(want.qty, 0) + (SELECT coalesce(sum(r.qty), 0) FROM return_line r
        WHERE r.store_id = a.store_id AND r.order_id = a.order_id AND r.line_no = a.line_no))
    ORDER BY c.id""")
_GIVEN = text("""
    SELECT c.id, t.name, c.state FROM coupon c JOIN coupon_template t ON t.id = c.template_id
    WHERE c.member_id = :member AND c.given_by_store_id = :store AND c.given_by_order_id = :order
      AND c.state NOT IN ('returned', 'transferred')
      AND t.given_from_fen > :paid - :back - (SELECT coalesce(sum(r.refund_fen - r.bonus_back_fen), 0)
          FROM return_line r WHERE r.store_id = :store AND r.order_id = :order)
    ORDER BY c.id""")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a return does to coupons: which come back, which given ones are void, which of those were used already."""

    back: list[dict[str, Any]]
    void: list[dict[str, Any]]
    spent: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """As the till shows it before anybody confirms."""
        return {"coupons_back": self.back, "coupons_void": self.void, "coupons_given_spent": self.spent}


def after_return(session: Session, order: Any, wants: dict[int, int], back_fen: int) -> Outcome:
    """What returning `wants` (line number -> units) does to coupons; ask before the return is written.

    `back_fen` is what the units cost, without bonus.  A coupon comes back when every line that carried its share is
    wholly returned.  One that the order brought is void when what is kept no longer earns it; one that was used is
    waived, and shown.
    """
    if order.member_id is None:
        return Outcome([], [], [])
    given = {"member": order.member_id, "store": order.store_id, "order": order.id}
    figures = {"paid": order.payable_fen - order.wallet_bonus_fen, "back": back_fen}
    asked = {"lines": list(wants), "qtys": list(wants.values())}
    complete = fetch(session, _COMPLETE, given | asked) if order.coupon_fen else []
    brought = fetch(session, _GIVEN, given | figures)
    return Outcome(
        [{"id": row.id, "name": row.name} for row in complete],
        [{"id": row.id, "name": row.name} for row in brought if row.state in ("issued", "frozen")],
        [{"id": row.id, "name": row.name} for row in brought if row.state in ("used", "locked")],
    )


_BRINGS = text("""
    SELECT o.member_id, t.id AS template_id FROM sale_order o
    JOIN coupon_template t ON t.state = 'live' AND t.given_from_fen <= o.payable_fen - o.wallet_bonus_fen
        - coalesce((SELECT sum(r.refund_fen - r.bonus_back_fen) FROM return_line r
                    WHERE r.store_id = o.store_id AND r.order_id = o.id), 0)
    WHERE o.store_id = :store AND o.id = :order AND o.state = 'done' AND o.member_id IS NOT NULL
      AND (jsonb_array_length(t.store_ids) = 0 OR t.store_ids @> to_jsonb(o.store_id))
      AND NOT EXISTS (SELECT FROM coupon c WHERE c.given_by_store_id = o.store_id AND c.given_by_order_id = o.id
                      AND c.template_id = t.id)
    ORDER BY t.id""")


def brings(session: Session, store_id: int, order_id: int) -> list[Any]:
    """Which offers a finished order has earned its member and not brought yet: (member_id, template_id), in order.

    Measured on what was paid for what is kept, without the bonus of stored value.
    """
    return fetch(session, _BRINGS, {"store": store_id, "order": order_id})
