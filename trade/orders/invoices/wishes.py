"""What a customer writes to have an invoice, checked whole; and what of an order they may be shown."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from config.errors import Refused
from config.settings import settings
from trade.orders.invoices import moves
from trade.orders.invoices.tax_no import is_sound


class BadTaxNo(Refused):
    """The tax number has a wrong sign or length: its last sign proves the others."""

    code, status = "bad_tax_no", 422


def understood(kind: str, title: str, tax_no: str, email: str) -> moves.Wish:
    """A wish as it is asked for; a person has no tax number.

    :raises BadTaxNo: a company's is none.
    """
    number = tax_no.replace(" ", "").upper() if kind == "company" else ""
    if kind == "company" and not is_sound(number):
        raise BadTaxNo()
    return moves.Wish(kind, title.strip(), number, email.strip())


def offered() -> bool:
    """Whether there is a service that makes invoices."""
    return bool(settings().invoice_url)


def shown(session: Session, store_id: int, order_id: int) -> dict[str, Any]:
    """An order's newest invoice for whoever bought, and `amount_fen` that may be invoiced.

    `may` is whether one may be asked for now: there is a service, something is left, and none is out or on its way.
    """
    found, left_fen = moves.of_order(session, store_id, order_id), moves.amount_fen(session, store_id, order_id)
    free = found is None or found.state in ("refused", "reversed")
    return {"invoice": _plain(found), "amount_fen": left_fen, "may": offered() and free and left_fen > 0}


def _plain(row: Any | None) -> dict[str, Any] | None:
    """Where it was sent is not said again."""
    if row is None:
        return None
    plain = {name: getattr(row, name) for name in ("state", "kind", "title", "tax_no", "amount_fen", "number", "url")}
    return {**plain, "reason": row.reason if row.state == "refused" else "", "asked_at": row.asked_at.isoformat()}
