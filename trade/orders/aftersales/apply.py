"""A customer, or the store for them, asks for something after an order was paid: what it would mean, and the case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import Malformed, NotFound, Refused, WrongState
from trade.fulfilment import parcels
from trade.orders import refund_plan, returns
from trade.orders.aftersales import moves, price_protection
from trade.orders.aftersales.states import FAULTS, Cause, Kind
from trade.orders.aftersales.terms import Terms, terms_at
from trade.orders.refund_plan import Ask, Preview


class AftersaleTooLate(Refused):
    """The time to ask for this is over since `until_at`; the store may still do it for the customer."""

    code = "aftersale_too_late"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked: units by line number, or fen by line number (`refund_only`), or nothing (`price_protection`)."""

    kind: Kind
    cause: Cause
    units: Mapping[int, int] = field(default_factory=dict)
    fens: Mapping[int, int] = field(default_factory=dict)
    words: str = ""
    said_fault: bool | None = None

    def __post_init__(self) -> None:
        by_money = self.kind is Kind.REFUND_ONLY
        if self.kind is Kind.PRICE_PROTECTION:
            return
        if (self.fens if by_money else self.units) == {} or (self.units if by_money else self.fens) != {}:
            raise Malformed(fields={"lines": "amounts for refund_only, units for anything else"})

    @property
    def fault(self) -> bool:
        """Whether it is the merchant's: what the store says, else by the cause; a lower price always is."""
        if self.said_fault is not None:
            return self.said_fault
        return self.cause in FAULTS or self.kind is Kind.PRICE_PROTECTION


def as_ask(wish: Wish, *, case_id: int = 0) -> Ask:
    """The refund that a wish comes to; for an exchange or a resend, the return that its units must be able to be."""
    more: dict[str, Any] = {"fault": wish.fault, "case_id": case_id}
    if wish.kind is Kind.UNSHIPPED_REFUND:
        return Ask(refund_plan.Kind.UNSHIPPED, units=wish.units, **more)
    if wish.kind in (Kind.REFUND_ONLY, Kind.PRICE_PROTECTION):
        return Ask(refund_plan.Kind.AMOUNT, fens=wish.fens, **more)
    return Ask(refund_plan.Kind.GOODS, units=wish.units, **more)


def look(
    session: Session, store_id: int, order_id: int, wish: Wish, *, member_id: int | None = None, now: datetime
) -> tuple[Wish, Preview]:
    """What a wish would give back and take if it were granted; changes nothing, and locks the order.

    Returns the wish with what price protection owes.  `keep_fen` and `re_evaluate_fen` of the preview are both
    policies' figures.

    :param member_id: who asks; None is the store, for whom no time is over.
    :raises NotFound: it is somebody else's order.
    :raises AftersaleTooLate, NoPriceDrop, TooMuchReturned, TooMuchRefunded, AftersaleOpen, WrongState: it cannot be.
    """
    order = returns.lock(session, store_id, order_id)
    if member_id is not None:
        _check_theirs(order, member_id, wish, terms_at(session, now), now)
    if wish.kind is Kind.PRICE_PROTECTION:
        if order.state != "done":
            raise WrongState(order_id=order_id, state=order.state, event="price_protection")
        wish = replace(wish, units={}, fens=price_protection.owed(session, order, now=now))
    done = refund_plan.plan(session, store_id, order_id, as_ask(wish), now=now)
    if wish.kind is Kind.RESEND:
        _check_resent(session, store_id, order_id, wish)
    return wish, done


def _check_theirs(order: Any, member_id: int, wish: Wish, terms: Terms, now: datetime) -> None:
    if order.member_id != member_id:
        raise NotFound(order_id=order.id)
    days, since = (terms.price_days, order.paid_at), order.closed_at
    if wish.kind is not Kind.PRICE_PROTECTION:
        days = (terms.apply_days, since)
    until_at = days[1] + timedelta(days=days[0]) if days[1] else None
    if until_at is not None and until_at <= now:
        raise AftersaleTooLate(until_at=until_at.isoformat())


_SENT = text("""
    SELECT l.line_no, sum(l.qty)::bigint AS qty FROM aftersale_line l
    JOIN aftersale_case c ON c.store_id = l.store_id AND c.id = l.case_id
    WHERE l.store_id = :store AND l.order_id = :order AND c.kind = 'resend' AND (c.state = 'done' OR c.locks)
    GROUP BY 1""")
_BOUGHT = text("SELECT line_no, qty FROM order_line WHERE store_id = :store AND order_id = :order")


def _check_resent(session: Session, store_id: int, order_id: int, wish: Wish) -> None:
    """No more units are ever sent again than were bought."""
    key = {"store": store_id, "order": order_id}
    bought = {row.line_no: row.qty for row in fetch(session, _BOUGHT, key)}
    sent = {row.line_no: row.qty for row in fetch(session, _SENT, key)}
    left = {number: bought[number] - sent.get(number, 0) for number in wish.units}
    if any(units > left[number] for number, units in wish.units.items()):
        raise returns.TooMuchReturned(left=[{"line_no": number, "qty": qty} for number, qty in sorted(left.items())])


def untouched(session: Session, store_id: int, order_id: int) -> bool:
    """Whether nobody has begun to pick the order (members-mall-orders.md 3.7), so that units may go without asking."""
    state = returns.lock(session, store_id, order_id).state
    stand = {parcel.state for parcel in parcels.of_order(session, store_id, order_id)}
    return state == "paid" or (state == "confirmed" and stand <= {"routing", "asking", "assigned", "cancelled"})


def ask(
    session: Session,
    store_id: int,
    order_id: int,
    wish: Wish,
    *,
    member_id: int | None = None,
    at_store_id: int | None = None,
    actor: str,
    now: datetime,
) -> int:
    """Open a case; returns its id.  Its units and amounts are locked until it is settled or ends.

    The order's row is locked, so that of two that ask for the same unit one is refused.  Raises what `look` raises.

    :param at_store_id: where goods are inspected; the order's store when left out.
    """
    wish, plan = look(session, store_id, order_id, wish, member_id=member_id, now=now)
    refunded = wish.kind not in (Kind.EXCHANGE, Kind.RESEND)
    head = {
        "store_id": store_id,
        "order_id": order_id,
        "kind": wish.kind,
        "cause": wish.cause,
        "words": wish.words,
        "fault": wish.fault,
        "at_store_id": at_store_id or store_id,
        "asked_fen": plan.refund_fen if refunded else 0,
        "answer_by": now + timedelta(hours=terms_at(session, now).answer_hours),
    }
    return moves.open_case(session, head, wish.units, wish.fens, actor=actor, now=now)
