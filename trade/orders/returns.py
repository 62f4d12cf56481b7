"""Goods come back: exact money and exact points, from what was stored and never from list prices.

The k-th of q units of a line paid p gets floor(p*k/q) - floor(p*(k-1)/q), so any sequence of partial
returns ends at exactly p.  Points earned E on payable B: after R refunded, floor(E*R/B) are clawed in all.
Worked table, a line of 3 units paid 1000 fen with 100 points spent on it, order payable 1000, earned 10:

    return   refund_fen   points_back   R      clawed in all   points_clawed
    1 unit          333            33     333               3               3
    1 unit          333            33     666               6               3
    1 unit          334            34    1000              10               4

Of a line's refund, what stored value paid goes back there by the split that was stored (`member/wallet_terms.py`);
E was earned on payable less bonus, so R counts the refund less the bonus that comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.errors import Malformed, NotFound, Refused, WrongState
from config.money import refund_share
from member import points as member_points
from member.wallet_terms import Policy, Split, come_back
from trade.orders import moves, value
from trade.payments import moves as payments
from trade.stock import moves as stock


class TooMuchReturned(Refused):
    """More comes back than was bought and is still out; `left` says per line what may come back."""

    code = "too_much_returned"


class RefundChanged(Refused):
    """The refund is no longer what was shown; look at the new preview."""

    code = "refund_changed"


class ShiftNotOpen(Refused):
    """Cash needs a drawer, and a drawer needs an open shift."""

    code = "shift_not_open"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a return would do, before anybody confirms it."""

    refund_fen: int
    refunds: list[tuple[Any, int]]
    wallet_back: Split
    points_back: int
    points_clawed: int
    points_deficit: int
    lines: list[dict[str, int]]

    def as_json(self) -> dict[str, Any]:
        """As the till shows it."""
        return {
            "refund_fen": self.refund_fen,
            "principal_back_fen": self.wallet_back.principal_fen,
            "bonus_back_fen": self.wallet_back.bonus_fen,
            "points_back": self.points_back,
            "points_clawed": self.points_clawed,
            "points_deficit": self.points_deficit,
            "refunds": [{"kind": tender.kind, "amount_fen": fen} for tender, fen in self.refunds],
            "lines": [{key: line[key] for key in _SHOWN} for line in self.lines],
        }


_SHOWN = ("line_no", "qty", "refund_fen", "principal_back_fen", "bonus_back_fen")
_LOCK = text("SELECT * FROM sale_order WHERE store_id = :store AND id = :order FOR NO KEY UPDATE")
_LINES = text("""
    SELECT line.line_no, line.sku_id, line.qty, line.net_fen, coalesce(stored.principal_fen, 0) AS principal_fen,
           coalesce(stored.bonus_fen, 0) AS bonus_fen, coalesce(stored.policy, 'proportional') AS policy,
           coalesce((SELECT sum(points) FROM allocation a WHERE a.store_id = :store AND a.order_id = :order
                     AND a.line_no = line.line_no), 0)::bigint AS points,
           coalesce((SELECT sum(qty) FROM return_line r WHERE r.store_id = :store AND r.order_id = :order
                     AND r.line_no = line.line_no), 0)::bigint AS returned
    FROM order_line line LEFT JOIN wallet_share stored USING (store_id, order_id, line_no)
    WHERE line.store_id = :store AND line.order_id = :order""")
_SO_FAR = text(
    "SELECT coalesce(sum(refund_fen - bonus_back_fen), 0)::bigint AS refund_fen,"
    " coalesce(sum(points_clawed), 0)::bigint AS clawed"
    " FROM sale_return WHERE store_id = :store AND order_id = :order"
)
_WRITE = text("""
    INSERT INTO sale_return (store_id, order_id, at_store_id, shift_id, staff_id, refund_fen, principal_back_fen,
                             bonus_back_fen, points_back, points_clawed, at)
    VALUES (:store, :order, :at_store, :shift, :staff, :refund, :principal, :bonus, :back, :clawed, :now)
    RETURNING id""")
_WRITE_LINE = text("""
    INSERT INTO return_line (store_id, return_id, line_no, order_id, qty, refund_fen, principal_back_fen,
                             bonus_back_fen, points_back)
    VALUES (:store, :return_id, :line_no, :order, :qty, :refund_fen, :principal_back_fen, :bonus_back_fen,
            :points_back)""")


def preview(session: Session, store_id: int, order_id: int, wants: dict[int, int]) -> Preview:
    """What returning `wants` (line number -> units) would give back and take; changes nothing.

    :raises TooMuchReturned, WrongState, NotFound: it cannot be returned so.
    """
    key = {"store": store_id, "order": order_id}
    order = session.execute(_LOCK, key).first()
    if order is None:
        raise NotFound(order_id=order_id)
    if order.state != "done":
        raise WrongState(order_id=order_id, state=order.state, event="return")
    lines = _lines(session, key, wants)
    refund_fen = sum(line["refund_fen"] for line in lines)
    back = Split(sum(line["principal_back_fen"] for line in lines), sum(line["bonus_back_fen"] for line in lines))
    so_far = session.execute(_SO_FAR, key).one()
    basis_fen = order.payable_fen - order.wallet_bonus_fen
    refunded_fen = so_far.refund_fen + refund_fen - back.bonus_fen
    target = order.earns_points * refunded_fen // basis_fen if basis_fen else 0
    clawed = max(target - so_far.clawed, 0)
    deficit = 0
    if clawed and order.member_id:
        deficit = max(clawed - member_points.balance(session, order.member_id).available, 0)
    return Preview(
        refund_fen,
        payments.plan_refund(payments.refundable(session, store_id, order_id), refund_fen, back.total_fen),
        back,
        sum(line["points_back"] for line in lines),
        clawed,
        deficit,
        lines,
    )


def _lines(session: Session, key: dict[str, int], wants: dict[int, int]) -> list[dict[str, int]]:
    if not wants or min(wants.values()) <= 0:
        raise Malformed(fields={"lines": "at least one line with a quantity above 0"})
    bought = {row.line_no: row for row in session.execute(_LINES, key)}
    if not wants.keys() <= bought.keys():
        raise NotFound(line_nos=sorted(wants.keys() - bought.keys()))
    left = {number: bought[number].qty - bought[number].returned for number in wants}
    if any(wants[number] > left[number] for number in wants):
        raise TooMuchReturned(left=[{"line_no": number, "qty": qty} for number, qty in sorted(left.items())])
    lines = []
    for number, qty in sorted(wants.items()):
        row = bought[number]
        refund_fen = refund_share(row.net_fen, row.qty, row.returned, qty)
        before_fen = row.net_fen * row.returned // row.qty
        paid = Split(row.principal_fen, row.bonus_fen)
        stored = come_back(paid, row.net_fen, before_fen, refund_fen, Policy(row.policy))
        lines.append(
            {
                "line_no": number,
                "sku_id": row.sku_id,
                "qty": qty,
                "refund_fen": refund_fen,
                "principal_back_fen": stored.principal_fen,
                "bonus_back_fen": stored.bonus_fen,
                "points_back": refund_share(row.points, row.qty, row.returned, qty),
            }
        )
    return lines


def take_back(
    session: Session,
    store_id: int,
    order_id: int,
    wants: dict[int, int],
    *,
    expected_refund_fen: int,
    at_store_id: int,
    shift_id: int | None,
    staff_id: int,
    actor: str,
    now: datetime,
) -> tuple[int, Preview]:
    """Return units over the counter of `at_store_id`; returns the document's id and what it did.

    The order's row is locked, so two tills cannot take back the same unit.  Stock enters the receiving
    store; money goes back on the tenders it came from.

    :raises RefundChanged: another return came between preview and confirmation.
    """
    plan = preview(session, store_id, order_id, wants)
    if plan.refund_fen != expected_refund_fen:
        raise RefundChanged(refund_fen=plan.refund_fen, expected_fen=expected_refund_fen)
    if shift_id is None and any(tender.kind == "cash" for tender, _ in plan.refunds):
        raise ShiftNotOpen()
    order = session.execute(_LOCK, {"store": store_id, "order": order_id}).one()
    document = {"store": store_id, "order": order_id, "at_store": at_store_id, "shift": shift_id, "staff": staff_id}
    return_id = _write(session, document, plan, now)
    _settle_goods_and_money(session, at_store_id, return_id, shift_id, plan, actor=actor, now=now)
    _settle_what_is_held(session, value.Stake.of(order), return_id, plan, actor=actor, now=now)
    moves.note(
        session,
        order_id,
        "order.returned",
        actor=actor,
        now=now,
        return_id=return_id,
        store_id=store_id,
        at_store_id=at_store_id,
        refund_fen=plan.refund_fen,
    )
    return return_id, plan


def _write(session: Session, document: dict[str, Any], plan: Preview, now: datetime) -> int:
    figures = {
        "refund": plan.refund_fen,
        "principal": plan.wallet_back.principal_fen,
        "bonus": plan.wallet_back.bonus_fen,
        "back": plan.points_back,
        "clawed": plan.points_clawed,
        "now": now,
    }
    return_id = int(session.execute(_WRITE, document | figures).scalar_one())
    of = {"store": document["store"], "order": document["order"], "return_id": return_id}
    session.execute(_WRITE_LINE, [of | line for line in plan.lines])
    return return_id


def _settle_goods_and_money(
    session: Session,
    at_store_id: int,
    return_id: int,
    shift_id: int | None,
    plan: Preview,
    *,
    actor: str,
    now: datetime,
) -> None:
    goods: dict[int, int] = {}
    for line in plan.lines:
        goods[line["sku_id"]] = goods.get(line["sku_id"], 0) + line["qty"]
    stock.take_in(session, at_store_id, goods, key=f"return:{return_id}", actor=actor, now=now)
    for tender, part_fen in plan.refunds:
        payments.refund(
            session, tender, part_fen, reason="returned", actor=actor, now=now, return_id=return_id, shift_id=shift_id
        )


def _settle_what_is_held(
    session: Session, stake: value.Stake, return_id: int, plan: Preview, *, actor: str, now: datetime
) -> None:
    value.returned(
        session,
        stake,
        return_id,
        wallet_back=plan.wallet_back,
        points_back=plan.points_back,
        points_clawed=plan.points_clawed,
        actor=actor,
        now=now,
    )
