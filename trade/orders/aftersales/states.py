"""Where an after-sales case may stand, of which kinds there are, and every step between (members-mall-orders.md 3.10).

applied -> approved -> refunding -> done                                     money alone
applied -> approved -> wait_return -> in_transit -> received -> inspected -> refunding -> done     goods come back
... inspected -> done (exchange), approved -> done (resend)                  what must go out has a parcel
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What the customer asks for."""

    UNSHIPPED_REFUND = "unshipped_refund"
    REFUND_ONLY = "refund_only"
    RETURN_REFUND = "return_refund"
    EXCHANGE = "exchange"
    RESEND = "resend"
    PRICE_PROTECTION = "price_protection"
    IN_STORE = "in_store"


class State(StrEnum):
    """Where a case stands."""

    APPLIED = "applied"
    APPROVED = "approved"
    REJECTED = "rejected"
    ARBITRATION = "arbitration"
    WAIT_RETURN = "wait_return"
    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    INSPECTED = "inspected"
    REFUNDING = "refunding"
    REFUND_FAILED = "refund_failed"
    DONE = "done"
    CANCELLED = "cancelled"
    CLOSED_TIMEOUT = "closed_timeout"


class Cause(StrEnum):
    """Why, in the customer's words."""

    UNWANTED = "unwanted"
    WRONG_ITEM = "wrong_item"
    DAMAGED = "damaged"
    QUALITY = "quality"
    MISSING = "missing"
    LATE = "late"
    PRICE = "price"
    OTHER = "other"


FAULTS = frozenset({Cause.WRONG_ITEM, Cause.DAMAGED, Cause.QUALITY, Cause.MISSING, Cause.LATE})
"""Causes that are the merchant's unless the store says otherwise; then every promotion is kept."""

K, S = Kind, State
EVERY = frozenset(Kind)
MONEY = frozenset({K.UNSHIPPED_REFUND, K.REFUND_ONLY, K.PRICE_PROTECTION})
GOODS = frozenset({K.RETURN_REFUND, K.EXCHANGE, K.IN_STORE})
"""Goods come back; for all but an exchange money goes back then."""
REFUNDS = EVERY - {K.EXCHANGE, K.RESEND}

LOCKING = frozenset({S.APPLIED, S.APPROVED, S.ARBITRATION, S.WAIT_RETURN, S.IN_TRANSIT, S.RECEIVED, S.INSPECTED})
"""While a case stands there its units and amounts are its own; from `refunding` on the document of return has them."""
CLOSED = frozenset({S.REJECTED, S.DONE, S.CANCELLED, S.CLOSED_TIMEOUT})


@dataclass(frozen=True, slots=True)
class Step:
    """One event: for which kinds, from where, to where, and its fact for the journal."""

    kinds: frozenset[Kind]
    sources: frozenset[State]
    target: State
    fact: str


def _step(kinds: frozenset[Kind], sources: set[State], target: State, fact: str) -> Step:
    return Step(kinds, frozenset(sources), target, f"aftersale.{fact}")


#   event                  kinds    from                                              to                  past tense
MOVES = {
    "approve": _step(EVERY, {S.APPLIED, S.ARBITRATION}, S.APPROVED, "approved"),
    "reject": _step(EVERY, {S.APPLIED}, S.REJECTED, "rejected"),
    "escalate": _step(EVERY, {S.APPLIED}, S.ARBITRATION, "escalated"),
    "appeal": _step(EVERY, {S.REJECTED}, S.ARBITRATION, "appealed"),
    "dismiss": _step(EVERY, {S.ARBITRATION}, S.REJECTED, "dismissed"),
    "await": _step(GOODS, {S.APPROVED}, S.WAIT_RETURN, "awaited"),
    "ship": _step(GOODS, {S.WAIT_RETURN}, S.IN_TRANSIT, "shipped"),
    "receive": _step(GOODS, {S.WAIT_RETURN, S.IN_TRANSIT}, S.RECEIVED, "received"),
    "inspect": _step(GOODS, {S.RECEIVED}, S.INSPECTED, "inspected"),
    "turn_away": _step(GOODS, {S.RECEIVED}, S.REJECTED, "turned_away"),
    "pay_back": _step(MONEY, {S.APPROVED}, S.REFUNDING, "refunding"),
    "pay_for_goods": _step(REFUNDS & GOODS, {S.INSPECTED}, S.REFUNDING, "refunding"),
    "fail": _step(REFUNDS, {S.REFUNDING}, S.REFUND_FAILED, "refund_failed"),
    "retry": _step(REFUNDS, {S.REFUND_FAILED}, S.REFUNDING, "refund_retried"),
    "finish": _step(REFUNDS, {S.REFUNDING, S.REFUND_FAILED}, S.DONE, "done"),
    "replace": _step(frozenset({K.EXCHANGE}), {S.INSPECTED}, S.DONE, "replaced"),
    "resend": _step(frozenset({K.RESEND}), {S.APPROVED}, S.DONE, "resent"),
    "recall_replaced": _step(frozenset({K.EXCHANGE}), {S.DONE}, S.INSPECTED, "recalled"),
    "recall_resent": _step(frozenset({K.RESEND}), {S.DONE}, S.APPROVED, "recalled"),
    "cancel": _step(EVERY, {S.APPLIED, S.APPROVED, S.ARBITRATION, S.WAIT_RETURN}, S.CANCELLED, "cancelled"),
    "time_out": _step(GOODS, {S.WAIT_RETURN}, S.CLOSED_TIMEOUT, "timed_out"),
}
