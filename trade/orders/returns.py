"""Money goes back, exactly, from what was stored and never from list prices; and goods, where goods came back.

A document of return is one of three: `take_back` (units over a counter: stock enters), `give_up` (units that were never
handed over: no stock moves here, who held them releases them) and `refund_amount` (money alone: no unit is consumed).
What each gives back and takes is in `refund_plan.py`, what a line gives back in `line_refunds.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.errors import NotFound, Refused
from member import points
from trade.orders import coupons_due, moves, promotions_due, value
from trade.orders.invoices import moves as invoices
from trade.orders.line_refunds import TooMuchRefunded
from trade.orders.refund_plan import (
    LOCK,
    AftersaleOpen,
    Ask,
    ExchangeWaiting,
    Kind,
    Preview,
    TooMuchReturned,
    claw_target,
    plan,
)
from trade.payments import moves as payments
from trade.stock import moves as stock
from trade.stock import quarantine

__all__ = [
    "AftersaleOpen",
    "ApprovalNeeded",
    "ExchangeWaiting",
    "Preview",
    "RefundChanged",
    "ShiftNotOpen",
    "TooMuchRefunded",
    "TooMuchReturned",
    "claw_target",
    "give_up",
    "lock",
    "preview",
    "refund_amount",
    "take_back",
]


class RefundChanged(Refused):
    """The refund is no longer what was shown; look at the new preview."""

    code = "refund_changed"


class ApprovalNeeded(Refused):
    """Points of this order were spent already; a manager must agree that the member owes `points_deficit`."""

    code = "approval_needed"


class ShiftNotOpen(Refused):
    """Cash needs a drawer, and a drawer needs an open shift."""

    code = "shift_not_open"


_WRITE = text("""
    INSERT INTO sale_return (store_id, order_id, at_store_id, shift_id, staff_id, kind, reason, refund_fen, freight_fen,
                             principal_back_fen, bonus_back_fen, points_back, points_clawed, points_paid,
                             points_written_off, deducted_fen, coupons_withheld_fen, promotions_withheld_fen,
                             gifts_withheld_fen, withheld_principal_fen, withheld_bonus_fen, rounding_fen, fault,
                             approver_id, at)
    VALUES (:store, :order, :at_store, :shift, :staff, :kind, :reason, :refund, :freight, :principal, :bonus, :back,
            :clawed, :paid, :forgotten, :deducted, :withheld, :promotions, :gifts, :kept_principal, :kept_bonus,
            :rounding, :fault, :approver, :now)
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
    wants: Mapping[int, int],
    *,
    now: datetime | None = None,
    fault: bool = False,
    exchange_id: int = 0,
) -> Preview:
    """What returning `wants` (line number -> units) over a counter would give back and take; changes nothing.

    :raises TooMuchReturned, WrongState, NotFound: it cannot be returned so.
    """
    ask = Ask(Kind.GOODS, units=wants, fault=fault, exchange_id=exchange_id)
    return plan(session, store_id, order_id, ask, now=now)


def lock(session: Session, store_id: int, order_id: int) -> Any:
    """The order's row, locked; who frees stock and then gives units up locks it first, as everywhere else.

    :raises NotFound: this store has no such order.
    """
    order = session.execute(LOCK, {"store": store_id, "order": order_id}).first()
    if order is None:
        raise NotFound(order_id=order_id)
    return order


def take_back(
    session: Session,
    store_id: int,
    order_id: int,
    wants: dict[int, int],
    *,
    expected_refund_fen: int | None,
    at_store_id: int,
    shift_id: int | None,
    staff_id: int | None,
    actor: str,
    now: datetime,
    expected_points_deficit: int | None = None,
    approver_id: int | None = None,
    fault: bool = False,
    case_id: int = 0,
    freight_fen: int = 0,
    reason: str = "",
    aside: Mapping[int, int] | None = None,
    brought_fen: int = 0,
    exchange_id: int = 0,
) -> tuple[int, Preview]:
    """Return units over the counter of `at_store_id`; returns the document's id and what it did.

    The order's row is locked, so two tills cannot take back the same unit.  Stock enters the receiving
    store; money goes back on the tenders it came from.

    :raises RefundChanged: another return, or a spending of the member, came between preview and confirmation.
    :raises ApprovalNeeded: the member would owe points, and these terms ask a manager first.
    :param expected_refund_fen: what was shown; None where nobody was shown anything.
    :param aside: units by line number that are not for sale: they go into quarantine.
    :param brought_fen: of the refund, what pays for new goods (`exchange/`): the end of the waterfall stays here.
    """
    assert all(qty <= wants.get(number, 0) for number, qty in (aside or {}).items()), (wants, aside)
    of: dict[str, Any] = {"fault": fault, "case_id": case_id, "exchange_id": exchange_id}
    ask = Ask(Kind.GOODS, units=wants, freight_fen=freight_fen, **of)
    done = plan(session, store_id, order_id, ask, now=now)
    if expected_refund_fen not in (None, done.refund_fen) or expected_points_deficit not in (None, done.points_deficit):
        raise RefundChanged(refund_fen=done.refund_fen, expected_fen=expected_refund_fen)
    document: dict[str, Any] = {"at_store": at_store_id, "shift": shift_id, "staff": staff_id, "approver": approver_id}
    document |= {"reason": reason, "aside": aside or {}, "brought_fen": brought_fen}
    return _carry_out(session, store_id, order_id, done, document, actor=actor, now=now), done


def give_up(
    session: Session,
    store_id: int,
    order_id: int,
    wants: Mapping[int, int],
    *,
    reason: str,
    fault: bool,
    actor: str,
    now: datetime,
    staff_id: int | None = None,
    approver_id: int | None = None,
    at_store_id: int | None = None,
    case_id: int = 0,
) -> tuple[int, Preview]:
    """Refund units (line number -> units) of a paid order that are never handed over; the document and what it did.

    No stock moves: the caller holds them and frees them first (`lock`, `stock.release`, `give_up`: the order's row,
    then stock, then what the member holds).  Points still on their way are taken back there; the rest of them arrives
    with the goods.  A threshold for free shipping is not tested again; with the last unit freight goes back too, and
    what is then left is what a cancelled order leaves.

    :param reason: a word for the books, such as `short_pick` or `customer`.
    :param fault: it is the merchant's: every promotion is kept.
    :raises TooMuchReturned, WrongState, NotFound, RefundChanged, ApprovalNeeded: nothing was refunded.
    """
    done = plan(session, store_id, order_id, Ask(Kind.UNSHIPPED, units=wants, fault=fault, case_id=case_id), now=now)
    document = {"at_store": at_store_id or store_id, "shift": None, "staff": staff_id, "approver": approver_id}
    return _carry_out(session, store_id, order_id, done, document | {"reason": reason}, actor=actor, now=now), done


def refund_amount(
    session: Session,
    store_id: int,
    order_id: int,
    fens: Mapping[int, int],
    *,
    reason: str,
    actor: str,
    now: datetime,
    freight_fen: int = 0,
    fault: bool = True,
    staff_id: int | None = None,
    approver_id: int | None = None,
    shift_id: int | None = None,
    at_store_id: int | None = None,
    case_id: int = 0,
) -> tuple[int, Preview]:
    """Refund money of lines (line number -> fen), and of freight, and nothing else; the document and what it did.

    No unit is consumed and no stock moves: units that come back later give back what is left of their line.

    :raises TooMuchRefunded: of a line, or of the freight, less is left.
    :raises WrongState, NotFound, RefundChanged, ApprovalNeeded, ShiftNotOpen: nothing was refunded.
    """
    ask = Ask(Kind.AMOUNT, fens=fens, freight_fen=freight_fen, fault=fault, case_id=case_id)
    done = plan(session, store_id, order_id, ask, now=now)
    document = {"at_store": at_store_id or store_id, "shift": shift_id, "staff": staff_id, "approver": approver_id}
    return _carry_out(session, store_id, order_id, done, document | {"reason": reason}, actor=actor, now=now), done


def _carry_out(
    session: Session,
    store_id: int,
    order_id: int,
    done: Preview,
    document: dict[str, Any],
    *,
    actor: str,
    now: datetime,
) -> int:
    """Do what was planned under the order's lock; returns the document's id."""
    changed = RefundChanged(refund_fen=done.refund_fen, expected_fen=done.refund_fen)
    _may_go_on(done, document["shift"], document["approver"])
    order = lock(session, store_id, order_id)
    invoices.before_return(session, store_id, order_id, actor=actor, now=now)
    if done.borne.written_off and not points.write_off(session, done.borne.written_off, now=now):
        raise changed
    return_id = _write(session, {"store": store_id, "order": order_id, **document}, done, now)
    reason = document["reason"] or "returned"
    _settle_goods_and_money(session, document, return_id, done, reason=reason, actor=actor, now=now)
    settled = _settle_what_is_held(session, value.Stake.of(order), return_id, done, actor=actor, now=now)
    if settled != (done.borne.owed, len(done.coupons.void)):
        raise changed  # the member spent or earned between the preview and the lock
    told = {"return_id": return_id, "store_id": store_id, "at_store_id": document["at_store"]}
    told |= {"refund_fen": done.refund_fen, "return_kind": done.kind, "reason": reason}
    more = {"fault": True} if done.anew.fault else {}
    moves.note(session, order_id, "order.returned", actor=actor, now=now, **told, **more)
    return return_id


def _may_go_on(done: Preview, shift_id: int | None, approver_id: int | None) -> None:
    """Cash needs a drawer, and a debt that the terms ask a manager about needs one.

    Cash for units that another store never handed over waits for its customer (`payments.refund`).
    """
    if done.borne.asks_manager and approver_id is None:
        raise ApprovalNeeded(points_deficit=done.points_deficit)
    if (
        done.kind is not Kind.UNSHIPPED
        and shift_id is None
        and any(tender.back_kind == "cash" for tender, _ in done.refunds)
    ):
        raise ShiftNotOpen()


def _write(session: Session, document: dict[str, Any], done: Preview, now: datetime) -> int:
    figures = {
        "kind": done.kind,
        "refund": done.refund_fen,
        "freight": done.freight_fen,
        "principal": done.wallet_back.principal_fen,
        "bonus": done.wallet_back.bonus_fen,
        "back": done.points_back,
        "clawed": done.points_clawed,
        "paid": done.borne.paid,
        "forgotten": done.borne.written_off,
        "deducted": done.borne.deducted_fen,
        "withheld": done.coupons.withheld_fen,
        "rounding": done.rounding_fen,
        "promotions": done.anew.promotions_fen,
        "gifts": done.anew.gifts_fen,
        "kept_principal": done.anew.wallet.principal_fen,
        "kept_bonus": done.anew.wallet.bonus_fen,
        "fault": done.anew.fault,
        "now": now,
    }
    return_id = int(session.execute(_WRITE, document | figures).scalar_one())
    of = {"store": document["store"], "order": document["order"], "return_id": return_id}
    session.execute(_WRITE_LINE, [of | line for line in done.lines])
    if done.coupons.withheld_fen:
        coupons_due.write_withheld(session, of, done.coupons.spent)
    return return_id


def _settle_goods_and_money(
    session: Session, document: dict[str, Any], return_id: int, done: Preview, *, reason: str, actor: str, now: datetime
) -> None:
    if done.kind is Kind.GOODS:
        _take_in(session, document, return_id, done, actor=actor, now=now)
    on: dict[str, Any] = {"return_id": return_id, "shift_id": document["shift"], "actor": actor, "now": now}
    for tender, part_fen, brought_fen in split_brought(done.refunds, document.get("brought_fen", 0)):
        if part_fen:
            payments.refund(session, tender, part_fen, reason=reason, kind=tender.back_kind, **on)
        if brought_fen:
            payments.refund(session, tender, brought_fen, reason="exchange", kind="exchange", **on)


def split_brought(refunds: Sequence[tuple[Any, int]], brought_fen: int) -> list[tuple[Any, int, int]]:
    """Of each tender's refund what goes back and what pays for new goods: the end of the waterfall does.  Pure.

    Stored value always goes back.
    """
    parts = []
    for tender, fen in reversed(refunds):
        stays_fen = 0 if tender.kind == "wallet" else min(fen, brought_fen)
        parts.append((tender, fen - stays_fen, stays_fen))
        brought_fen -= stays_fen
    assert brought_fen == 0, f"{brought_fen} fen more brought than goods give back"
    return parts[::-1]


def _take_in(
    session: Session, document: dict[str, Any], return_id: int, done: Preview, *, actor: str, now: datetime
) -> None:
    """The goods enter the receiving store; what is not for sale is set apart at once."""
    goods: Counter[int] = Counter()
    aside: Counter[int] = Counter()
    for line in done.lines:
        goods[line["sku_id"]] += line["qty"]
        aside[line["sku_id"]] += document.get("aside", {}).get(line["line_no"], 0)
    by: dict[str, Any] = {"key": f"return:{return_id}", "actor": actor, "now": now}
    stock.take_in(session, document["at_store"], goods, **by)
    if +aside:
        quarantine.quarantine(session, document["at_store"], +aside, reason="returned", **by)


def _settle_what_is_held(
    session: Session, stake: value.Stake, return_id: int, done: Preview, *, actor: str, now: datetime
) -> tuple[int, int]:
    """Give back and take back what the member holds; returns the points they owe for it and the coupons made void."""
    promotions_due.returned(session, stake.store_id, stake.order_id)
    return value.returned(
        session,
        stake,
        return_id,
        wallet_back=done.wallet_back,
        points_back=done.points_back,
        points_clawed=done.points_clawed,
        coupons_back=[coupon["id"] for coupon in done.coupons.back],
        coupons_void=[coupon["id"] for coupon in done.coupons.void],
        fault=done.anew.fault,
        actor=actor,
        now=now,
    )
