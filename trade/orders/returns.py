"""Goods come back: exact money and exact points, from what was stored and never from list prices.

The k-th of q units of a line paid p gets floor(p*k/q) - floor(p*(k-1)/q), so any sequence of partial
returns ends at exactly p.  Points earned E on payable B: after R refunded, floor(E*R/B) are clawed in all.
Worked table, a line of 3 units paid 1000 fen with 100 points spent on it, order payable 1000, earned 10:

    return   refund_fen   points_back   R      clawed in all   points_clawed
    1 unit          333            33     333               3               3
    1 unit          333            33     666               6               3
    1 unit          334            34    1000              10               4

Of a line's refund, what stored value paid goes back there by the split that was stored (`member/wallet_terms.py`);
E was earned on what of each line earns (its net less bonus, nothing for goods that earn nothing), so B and R count
that.  What of the points was spent already is borne as `member/shortfall.py` says, and then what used coupons that
the order gave are worth is withheld as `coupons_due.py` says; both are shown before it is done.  Of cash that was
rounded `rounding_due.py` says what comes back.  Before all of that, what a promotion that is no longer met
asks back, and gifts that stay, are kept out of it as `reprice.py` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.errors import Malformed, NotFound, Refused, WrongState
from config.money import refund_share
from member import points
from member.shortfall import Borne, bear
from member.terms import terms_at
from member.wallet_terms import Policy, Split, come_back
from trade.orders import coupons_due, moves, promotions_due, reprice, rounding_due, value
from trade.payments import moves as payments
from trade.stock import moves as stock


class TooMuchReturned(Refused):
    """More comes back than was bought and is still out; `left` says per line what may come back."""

    code = "too_much_returned"


class RefundChanged(Refused):
    """The refund is no longer what was shown; look at the new preview."""

    code = "refund_changed"


class ApprovalNeeded(Refused):
    """Points of this order were spent already; a manager must agree that the member owes `points_deficit`."""

    code = "approval_needed"


class ShiftNotOpen(Refused):
    """Cash needs a drawer, and a drawer needs an open shift."""

    code = "shift_not_open"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a return would do, before anybody confirms it; the goods were worth `goods_fen`, by their lines.

    `anew` is what is kept out of it for promotions and gifts; `wallet_back` is what stored value gets after that.
    """

    goods_fen: int
    refund_fen: int
    refunds: list[tuple[Any, int]]
    wallet_back: Split
    points_back: int
    borne: Borne
    lines: list[dict[str, int]]
    coupons: coupons_due.Outcome
    anew: reprice.Outcome
    rounding_fen: int = 0

    @property
    def points_clawed(self) -> int:
        """Points taken back by an entry, those owed among them."""
        return self.borne.clawed

    @property
    def points_deficit(self) -> int:
        """Points that the member will owe."""
        return self.borne.owed

    def as_json(self) -> dict[str, Any]:
        """As the till shows it."""
        return {
            "refund_fen": self.refund_fen,
            "goods_fen": self.goods_fen,
            "deducted_fen": self.borne.deducted_fen,
            "coupons_withheld_fen": self.coupons.withheld_fen,
            "rounding_fen": self.rounding_fen,
            "points_paid": self.borne.paid,
            "points_written_off": self.borne.written_off,
            "shortfall": self.borne.policy,
            "needs_approval": self.borne.asks_manager,
            "principal_back_fen": self.wallet_back.principal_fen,
            "bonus_back_fen": self.wallet_back.bonus_fen,
            "points_back": self.points_back,
            "points_clawed": self.points_clawed,
            "points_deficit": self.points_deficit,
            **self.coupons.as_json(),
            **self.anew.as_json(),
            "refunds": [{"kind": tender.kind, "amount_fen": fen} for tender, fen in self.refunds],
            "lines": [{key: line[key] for key in _SHOWN} for line in self.lines],
        }


_SHOWN = ("line_no", "qty", "refund_fen", "principal_back_fen", "bonus_back_fen")
_LOCK = text("SELECT * FROM sale_order WHERE store_id = :store AND id = :order FOR NO KEY UPDATE")
_LINES = text("""
    SELECT line.line_no, line.sku_id, line.qty, line.net_fen, line.earn_basis_fen,
           coalesce(stored.principal_fen, 0) AS principal_fen,
           coalesce(stored.bonus_fen, 0) AS bonus_fen, coalesce(stored.policy, 'proportional') AS policy,
           coalesce((SELECT sum(points) FROM allocation a WHERE a.store_id = :store AND a.order_id = :order
                     AND a.line_no = line.line_no), 0)::bigint AS points,
           coalesce((SELECT sum(qty) FROM return_line r WHERE r.store_id = :store AND r.order_id = :order
                     AND r.line_no = line.line_no), 0)::bigint AS returned
    FROM order_line line LEFT JOIN wallet_share stored USING (store_id, order_id, line_no)
    WHERE line.store_id = :store AND line.order_id = :order""")
_SO_FAR = text(
    "SELECT coalesce(sum(points_clawed + points_paid + points_written_off), 0)::bigint FROM sale_return"
    " WHERE store_id = :store AND order_id = :order"
)
_WRITE = text("""
    INSERT INTO sale_return (store_id, order_id, at_store_id, shift_id, staff_id, refund_fen, principal_back_fen,
                             bonus_back_fen, points_back, points_clawed, points_paid, points_written_off,
                             deducted_fen, coupons_withheld_fen, promotions_withheld_fen, gifts_withheld_fen,
                             withheld_principal_fen, withheld_bonus_fen, rounding_fen, fault, approver_id, at)
    VALUES (:store, :order, :at_store, :shift, :staff, :refund, :principal, :bonus, :back, :clawed, :paid, :forgotten,
            :deducted, :withheld, :promotions, :gifts, :kept_principal, :kept_bonus, :rounding, :fault,
            :approver, :now)
    RETURNING id""")
_WRITE_LINE = text("""
    INSERT INTO return_line (store_id, return_id, line_no, order_id, qty, refund_fen, principal_back_fen,
                             bonus_back_fen, points_back)
    VALUES (:store, :return_id, :line_no, :order, :qty, :refund_fen, :principal_back_fen, :bonus_back_fen,
            :points_back)""")


def preview(
    session: Session,
    store_id: int,
    order_id: int,
    wants: dict[int, int],
    *,
    now: datetime | None = None,
    fault: bool = False,
) -> Preview:
    """What returning `wants` (line number -> units) would give back and take; changes nothing.

    Without `now` the terms are those of the sale, and nothing is written off.  At the merchant's `fault` every
    promotion is kept.

    :raises TooMuchReturned, WrongState, NotFound: it cannot be returned so.
    """
    key = {"store": store_id, "order": order_id}
    order = session.execute(_LOCK, key).first()
    if order is None:
        raise NotFound(order_id=order_id)
    if order.state != "done":
        raise WrongState(order_id=order_id, state=order.state, event="return")
    bought = {row.line_no: row for row in session.execute(_LINES, key)}
    lines = _lines(bought, wants)
    goods_fen = sum(line["refund_fen"] for line in lines)
    paid = Split(sum(line["principal_back_fen"] for line in lines), sum(line["bonus_back_fen"] for line in lines))
    anew = reprice.after_return(session, order, wants, goods_fen, paid, fault=fault)
    back = Split(paid.principal_fen - anew.wallet.principal_fen, paid.bonus_fen - anew.wallet.bonus_fen)
    due_fen = goods_fen - anew.withheld_fen
    points_back = sum(line["points_back"] for line in lines)
    done = int(session.execute(_SO_FAR, key).scalar_one())
    due = max(claw_target(order.earns_points, bought.values(), wants) - done, 0)
    rounding_fen = rounding_due.after_return(session, order, due_fen - back.total_fen)
    money_fen = due_fen - back.total_fen + rounding_fen
    borne = _borne(session, order, due, points_back, money_fen, now)
    money_fen -= borne.deducted_fen
    vouchers = coupons_due.after_return(session, order, wants, goods_fen - paid.bonus_fen, money_fen)
    refund_fen = due_fen + rounding_fen - borne.deducted_fen - vouchers.withheld_fen
    tenders = payments.refundable(session, store_id, order_id)
    plan = payments.plan_refund(tenders, refund_fen, back.total_fen)
    return Preview(goods_fen, refund_fen, plan, back, points_back, borne, lines, vouchers, anew, rounding_fen)


def claw_target(earned: int, bought: Iterable[Any], wants: Mapping[int, int]) -> int:
    """floor(E x R / B): the points to be taken back in all, once `wants` have come back too.  Pure."""
    rows = list(bought)
    basis_fen = sum(row.earn_basis_fen for row in rows)
    back_fen = sum(row.earn_basis_fen * (row.returned + wants.get(row.line_no, 0)) // row.qty for row in rows)
    return int(earned * back_fen // basis_fen) if basis_fen else 0


def _borne(session: Session, order: Any, due: int, back: int, money_fen: int, now: datetime | None) -> Borne:
    """How `due` points are taken back, after `back` points came back to the member by the same return."""
    at = now or order.placed_at
    terms = terms_at(at, session)
    policy = terms.shortfall_of(order.channel)
    if not due or not order.member_id:
        return Borne(policy, due)
    there = points.within_reach(session, order.member_id, f"order:{order.id}", coming=back)
    budget = 0
    if policy == "write_off" and now is not None:
        budget = points.left_to_write_off(session, terms, now)
    return bear(due, there, policy, fen_per_point=terms.redeem_fen_per_point, money_fen=money_fen, budget=budget)


def _lines(bought: Mapping[int, Any], wants: dict[int, int]) -> list[dict[str, int]]:
    if not wants or min(wants.values()) <= 0:
        raise Malformed(fields={"lines": "at least one line with a quantity above 0"})
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
    expected_points_deficit: int | None = None,
    approver_id: int | None = None,
    fault: bool = False,
) -> tuple[int, Preview]:
    """Return units over the counter of `at_store_id`; returns the document's id and what it did.

    The order's row is locked, so two tills cannot take back the same unit.  Stock enters the receiving
    store; money goes back on the tenders it came from.

    :raises RefundChanged: another return, or a spending of the member, came between preview and confirmation.
    :raises ApprovalNeeded: the member would owe points, and these terms ask a manager first.
    """
    plan = preview(session, store_id, order_id, wants, now=now, fault=fault)
    changed = RefundChanged(refund_fen=plan.refund_fen, expected_fen=expected_refund_fen)
    if plan.refund_fen != expected_refund_fen or expected_points_deficit not in (None, plan.points_deficit):
        raise changed
    _may_go_on(plan, shift_id, approver_id)
    order = session.execute(_LOCK, {"store": store_id, "order": order_id}).one()
    if plan.borne.written_off and not points.write_off(session, plan.borne.written_off, now=now):
        raise changed
    document = {"store": store_id, "order": order_id, "at_store": at_store_id, "shift": shift_id, "staff": staff_id}
    document["approver"] = approver_id
    return_id = _write(session, document, plan, now)
    _settle_goods_and_money(session, at_store_id, return_id, shift_id, plan, actor=actor, now=now)
    settled = _settle_what_is_held(session, value.Stake.of(order), return_id, plan, actor=actor, now=now)
    if settled != (plan.borne.owed, len(plan.coupons.void)):
        raise changed  # the member spent or earned between the preview and the lock
    told = {"return_id": return_id, "store_id": store_id, "at_store_id": at_store_id, "refund_fen": plan.refund_fen}
    moves.note(session, order_id, "order.returned", actor=actor, now=now, **told, **({"fault": True} if fault else {}))
    return return_id, plan


def _may_go_on(plan: Preview, shift_id: int | None, approver_id: int | None) -> None:
    """Cash needs a drawer, and a debt that the terms ask a manager about needs one."""
    if plan.borne.asks_manager and approver_id is None:
        raise ApprovalNeeded(points_deficit=plan.points_deficit)
    if shift_id is None and any(tender.kind == "cash" for tender, _ in plan.refunds):
        raise ShiftNotOpen()


def _write(session: Session, document: dict[str, Any], plan: Preview, now: datetime) -> int:
    figures = {
        "refund": plan.refund_fen,
        "principal": plan.wallet_back.principal_fen,
        "bonus": plan.wallet_back.bonus_fen,
        "back": plan.points_back,
        "clawed": plan.points_clawed,
        "paid": plan.borne.paid,
        "forgotten": plan.borne.written_off,
        "deducted": plan.borne.deducted_fen,
        "withheld": plan.coupons.withheld_fen,
        "rounding": plan.rounding_fen,
        "promotions": plan.anew.promotions_fen,
        "gifts": plan.anew.gifts_fen,
        "kept_principal": plan.anew.wallet.principal_fen,
        "kept_bonus": plan.anew.wallet.bonus_fen,
        "fault": plan.anew.fault,
        "now": now,
    }
    return_id = int(session.execute(_WRITE, document | figures).scalar_one())
    of = {"store": document["store"], "order": document["order"], "return_id": return_id}
    session.execute(_WRITE_LINE, [of | line for line in plan.lines])
    if plan.coupons.withheld_fen:
        coupons_due.write_withheld(session, of, plan.coupons.spent)
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
) -> tuple[int, int]:
    """Give back and take back what the member holds; returns the points they owe for it and the coupons made void."""
    promotions_due.returned(session, stake.store_id, stake.order_id)
    return value.returned(
        session,
        stake,
        return_id,
        wallet_back=plan.wallet_back,
        points_back=plan.points_back,
        points_clawed=plan.points_clawed,
        coupons_back=[coupon["id"] for coupon in plan.coupons.back],
        coupons_void=[coupon["id"] for coupon in plan.coupons.void],
        fault=plan.anew.fault,
        actor=actor,
        now=now,
    )
