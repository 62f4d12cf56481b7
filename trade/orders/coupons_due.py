"""What orders and returns mean for coupons: which an order brings, which come back, which are no longer earned.

A coupon that the order gave and that what is kept no longer earns is void while nobody has used it.  Once it was used
(or an unpaid order has locked it), what it took off there and still takes off is withheld from the refund, never
from stored value, and no more than there is; the rest is waived, as all of it is where the offer says so.

    gave    took off   of it came back   refund in money   withheld before   withheld   waived
    5.00        5.00              0.00             19.80              0.00       5.00     0.00
    5.00        5.00              2.50             19.80              0.00       2.50     0.00
    5.00        5.00              0.00              3.00              0.00       3.00     2.00
    5.00        5.00              0.00              9.90              3.00       2.00     0.00

For whom something was withheld the coupon is theirs: when it comes back later, no return voids it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from member.coupons.states import GivenRule

_COMPLETE = text("""
    SELECT c.id, t.name FROM allocation a
    JOIN order_line line USING (store_id, order_id, line_no)
    JOIN coupon c ON c.member_id = :member AND c.id = a.source_id AND c.state = 'used'
    JOIN coupon_template t ON t.id = c.template_id AND t.return_rule <> 'never'
    LEFT JOIN unnest(CAST(:lines AS bigint[]), CAST(:qtys AS bigint[]), CAST(:fens AS bigint[]))
        AS want(line_no, qty, fen) USING (line_no)
    CROSS JOIN LATERAL (SELECT coalesce(sum(r.qty), 0) + coalesce(want.qty, 0) AS qty,
            coalesce(sum(r.refund_fen), 0) + coalesce(want.fen, 0) AS fen FROM return_line r
        WHERE r.store_id = a.store_id AND r.order_id = a.order_id AND r.line_no = a.line_no) back
    WHERE a.store_id = :store AND a.order_id = :order AND a.source = 'coupon'
    GROUP BY c.id, t.name
    HAVING bool_and(line.qty = back.qty OR (line.net_fen > 0 AND line.net_fen = back.fen))
    ORDER BY c.id""")
_GIVEN = text("""
    SELECT c.id, t.name, c.state, t.given_rule,
           coalesce((SELECT sum(a.amount_fen - a.amount_fen * coalesce(back.qty, 0) / line.qty)
               FROM allocation a JOIN order_line line USING (store_id, order_id, line_no)
               JOIN sale_order o ON o.store_id = a.store_id AND o.id = a.order_id AND o.state <> 'cancelled'
               LEFT JOIN LATERAL (SELECT sum(r.qty)::bigint AS qty FROM return_line r WHERE r.store_id = a.store_id
                   AND r.order_id = a.order_id AND r.line_no = a.line_no) back ON true
               WHERE a.store_id = c.store_id AND a.order_id = c.order_id AND a.source = 'coupon'
                 AND a.source_id = c.id), 0)::bigint AS kept_fen,
           before.fen AS before_fen
    FROM coupon c JOIN coupon_template t ON t.id = c.template_id
    CROSS JOIN LATERAL (SELECT coalesce(sum(w.withheld_fen), 0)::bigint AS fen FROM return_coupon w
        JOIN coupon same ON same.id = w.coupon_id AND same.template_id = c.template_id
        WHERE w.store_id = :store AND w.order_id = :order) before
    WHERE c.member_id = :member AND c.given_by_store_id = :store AND c.given_by_order_id = :order
      AND c.state IN ('issued', 'frozen', 'locked', 'used')
      AND t.given_from_fen > :paid - :back - (SELECT coalesce(sum(r.refund_fen - r.bonus_back_fen), 0)
          FROM return_line r WHERE r.store_id = :store AND r.order_id = :order)
    ORDER BY c.id""")


@dataclass(frozen=True, slots=True)
class Spent:
    """A given coupon that was used: what the return withholds for it, and what nobody asks back."""

    id: int
    name: str
    withheld_fen: int
    waived_fen: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a return does to coupons: which come back, which given ones are void, which of those were used already."""

    back: list[dict[str, Any]]
    void: list[dict[str, Any]]
    spent: list[Spent]

    @property
    def withheld_fen(self) -> int:
        """What is kept out of the refund for used ones."""
        return sum(one.withheld_fen for one in self.spent)

    def as_json(self) -> dict[str, Any]:
        """As the till shows it before anybody confirms."""
        spent = [asdict(one) for one in self.spent]
        return {"coupons_back": self.back, "coupons_void": self.void, "coupons_given_spent": spent}


def withhold(used: Iterable[Any], money_fen: int) -> list[Spent]:
    """Share what can be withheld over given coupons that were used, the older first.  Pure.

    :param used: with `id`, `name`, `given_rule`, what it takes off still (`kept_fen`) and what earlier returns
        withheld for it (`before_fen`).
    :param money_fen: what of the refund may be kept back; never more is.
    """
    assert money_fen >= 0, money_fen
    spent = []
    for row in used:
        due_fen = max(row.kept_fen - row.before_fen, 0)
        withheld_fen = min(due_fen, money_fen) if row.given_rule == GivenRule.WITHHOLD else 0
        money_fen -= withheld_fen
        if due_fen:
            spent.append(Spent(row.id, row.name, withheld_fen, due_fen - withheld_fen))
    return spent


def after_return(
    session: Session, order: Any, wants: Mapping[int, tuple[int, int]], back_fen: int, money_fen: int
) -> Outcome:
    """What refunding `wants` (line number -> units and fen) does to coupons; ask before the return is written.

    `back_fen` is what of it was paid, without bonus; `money_fen` what of the refund may be kept back.  A coupon comes
    back when every line that carried its share is wholly returned, or all its money is.  One that the order gave is
    void, or its worth withheld, when what is kept no longer earns it.
    """
    if order.member_id is None:
        return Outcome([], [], [])
    given = {"member": order.member_id, "store": order.store_id, "order": order.id}
    figures = {"paid": order.payable_fen - order.rounding_fen - order.wallet_bonus_fen, "back": back_fen}
    units, fens = [qty for qty, _ in wants.values()], [fen for _, fen in wants.values()]
    asked = {"lines": list(wants), "qtys": units, "fens": fens}
    complete = fetch(session, _COMPLETE, given | asked) if order.coupon_fen else []
    brought = fetch(session, _GIVEN, given | figures)
    unused = [row for row in brought if row.state in ("issued", "frozen") and not row.before_fen]
    return Outcome(
        [{"id": row.id, "name": row.name} for row in complete],
        [{"id": row.id, "name": row.name} for row in unused],
        withhold((row for row in brought if row.state in ("used", "locked")), money_fen),
    )


_WITHHELD = text("""
    INSERT INTO return_coupon (store_id, return_id, coupon_id, order_id, withheld_fen)
    SELECT :store, :return_id, coupon_id, :order, fen
    FROM unnest(CAST(:coupons AS bigint[]), CAST(:fens AS bigint[])) AS one(coupon_id, fen) WHERE fen > 0""")


def write_withheld(session: Session, document: dict[str, int], spent: list[Spent]) -> None:
    """Put down what a return (`store`, `order`, `return_id`) withheld for which coupon, in fen."""
    figures = {"coupons": [one.id for one in spent], "fens": [one.withheld_fen for one in spent]}
    fetch(session, _WITHHELD, document | figures)


_BRINGS = text("""
    SELECT o.member_id, t.id AS template_id FROM sale_order o
    JOIN coupon_template t ON t.state = 'live'
        AND t.given_from_fen <= o.payable_fen - o.rounding_fen - o.wallet_bonus_fen
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
