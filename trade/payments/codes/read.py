"""A code payment as the till shows it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import first
from config.errors import NotFound
from trade.payments.codes import plan


class Stands(StrEnum):
    """Where it stands for the cashier."""

    SENT = "sent"
    PAYING = "paying"
    UNKNOWN = "unknown"
    REVERSING = "reversing"
    PAID = "paid"
    REVERSED = "reversed"


_ONE = text("SELECT * FROM tender WHERE store_id = :store AND id = :id AND way = 'code'")


def one(session: Session, store_id: int, tender_id: int) -> Any:
    """The attempt's row; NotFound when this store has no such code payment."""
    found = first(session, _ONE, {"store": store_id, "id": tender_id})
    if found is None:
        raise NotFound(tender_id=tender_id)
    return found


def stands(tender: Any) -> Stands:
    """Where it stands.  Money that came after the reversal (`late`) goes back: for the cashier it is reversed."""
    if tender.state == "paid":
        return Stands.PAID
    if tender.state in ("closed", "late"):
        return Stands.REVERSED
    if tender.state == "closing":
        return Stands.REVERSING
    if tender.said is None:
        return Stands.SENT
    return Stands.PAYING if tender.said == plan.PAYING else Stands.UNKNOWN


_WHY = {
    "code_expired": ("AUTH_CODE_EXPIRED", "AUTHCODEEXPIRE", "AUTH_CODE_EXPIRE"),
    "code_invalid": ("AUTH_CODE_INVALID", "AUTH_CODE_ERROR", "PARAM_ERROR"),
    "no_money": ("NOT_ENOUGH", "NOTENOUGH"),
    "not_taken": ("PAYERROR", "TRADE_ERROR", "RULE_LIMIT", "BANK_ERROR"),
}


def words(tender: Any) -> str:
    """The code of the sentence that says so: the state's own, or of one that was reversed, why."""
    where = stands(tender)
    if where is Stands.UNKNOWN and tender.said == plan.FAILED:
        return "failed"
    if where is not Stands.REVERSED:
        return str(where)
    if tender.state == "late":
        return "refunded"
    why = next((why for why, codes in _WHY.items() if tender.said in codes), None)
    return why or ("refused" if plan.refused(tender.said) else "reversed")


def as_json(tender: Any) -> dict[str, Any]:
    """What the till shows; moments are ISO 8601, amounts in fen."""
    began_at = tender.sent_at or tender.created_at
    return {
        "order_id": tender.order_id,
        "tender_id": tender.id,
        "state": stands(tender),
        "amount_fen": tender.amount_fen,
        "sent_at": tender.sent_at.isoformat() if tender.sent_at else None,
        "may_cancel_at": plan.may_reverse_at(began_at).isoformat(),
        "ends_at": plan.ends_at(began_at).isoformat(),
        "words": words(tender),
    }
