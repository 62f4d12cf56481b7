"""The only writer of invoices.

The amount is what was paid and not refunded when the service is told; what was paid with stored value is left out,
because its invoice belongs to the top-up.  A return first asks an issued invoice back (红冲), in its own transaction;
what is left afterwards may be invoiced again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused, WrongState
from config.settings import settings
from member.secrets import seal
from trade.exceptions import cases
from trade.orders.invoices.states import MOVES, OWED

BACK_OFF_S = (10, 30, 60, 300, 900, 3600)
ALARM_AFTER = 3
ACTOR = "invoices"


class InvoiceLive(Refused):
    """The order has an invoice, or one is on its way."""

    code = "invoice_live"


class NothingToInvoice(Refused):
    """Nothing of the order is paid with money that has no invoice yet."""

    code = "nothing_to_invoice"


class InvoiceFirst(Refused):
    """The invoice service lets nothing come back before the red letter is here."""

    code = "invoice_first"


@dataclass(frozen=True, slots=True)
class Wish:
    """For whom, and where it goes; `tax_no` is empty for a person."""

    kind: str
    title: str
    tax_no: str
    email: str


_AMOUNT = text("""
    SELECT (coalesce(sum(t.amount_fen), 0) - coalesce(sum(back.fen), 0))::bigint AS fen
    FROM sale_order o JOIN tender t ON t.store_id = o.store_id AND t.order_id = o.id
        AND t.state = 'paid' AND t.kind <> 'wallet'
    LEFT JOIN LATERAL (SELECT sum(r.amount_fen) AS fen FROM refund r WHERE r.store_id = t.store_id
        AND r.tender_id = t.id AND r.state <> 'closed') back ON true
    WHERE o.store_id = :store AND o.id = :order AND o.state NOT IN ('placed', 'cancelled')""")


def amount_fen(session: Session, store_id: int, order_id: int) -> int:
    """What of an order may be invoiced now."""
    return max(0, int(fetch(session, _AMOUNT, {"store": store_id, "order": order_id})[0].fen or 0))


_LOCK = text("SELECT 1 FROM sale_order WHERE store_id = :store AND id = :order FOR NO KEY UPDATE")
_ASK = text("""
    INSERT INTO invoice (store_id, order_id, state, kind, title, tax_no, email_sealed, asked_at, try_at)
    VALUES (:store, :order, 'requested', :kind, :title, :tax_no, :email, :now, :now)
    ON CONFLICT DO NOTHING RETURNING id""")


def ask(session: Session, store_id: int, order_id: int, wish: Wish, *, now: datetime) -> int:
    """The customer wants an invoice; returns its id.  Of two who ask at once one succeeds.

    :raises NothingToInvoice, InvoiceLive: nothing was asked for.
    """
    if not amount_fen(session, store_id, order_id):
        raise NothingToInvoice()
    given = {"kind": wish.kind, "title": wish.title, "tax_no": wish.tax_no, "email": seal(wish.email.encode())}
    made = first(session, _ASK, {"store": store_id, "order": order_id, "now": now, **given})
    if made is None:
        raise InvoiceLive()
    about = {"store_id": store_id, "invoice_id": made.id}
    journal.record(session, "invoice.requested", f"order:{order_id}", actor="customer", now=now, **about)
    return int(made.id)


_OF_ORDER = text("""
    SELECT * FROM invoice WHERE store_id = :store AND order_id = :order ORDER BY id DESC LIMIT 1""")
_ONE = text("SELECT * FROM invoice WHERE store_id = :store AND id = :id")
_MOVE = text("""
    UPDATE invoice SET state = :target, reason = :reason,
        number = coalesce(CAST(:number AS text), number), url = coalesce(CAST(:url AS text), url),
        told_at = CASE WHEN :owed THEN NULL ELSE coalesce(told_at, :now) END,
        try_at = CASE WHEN :owed THEN CAST(:now AS timestamptz) END, tries = 0
    WHERE store_id = :store AND id = :id AND state = ANY(:sources) RETURNING *""")


def of_order(session: Session, store_id: int, order_id: int) -> Any | None:
    """The newest invoice of an order."""
    return first(session, _OF_ORDER, {"store": store_id, "order": order_id})


def move(
    session: Session, store_id: int, invoice_id: int, event: str, *, number: str | None = None, url: str | None = None,
    reason: str = "", actor: str = ACTOR, now: datetime,
) -> Any:  # fmt: skip
    """Fire one event; returns the row.  The guard is in the UPDATE.

    One that is issued while part of its money went back is asked back at once.

    :raises NotFound, WrongState: nothing moved.
    """
    sources, target, fact = MOVES[event]
    if event == "issue" and (row := first(session, _ONE, {"store": store_id, "id": invoice_id})):
        fetch(session, _LOCK, {"store": store_id, "order": row.order_id})  # before the invoice, as a return does
    given = {"store": store_id, "id": invoice_id, "target": target, "sources": sorted(sources), "now": now}
    given |= {"number": number, "url": url, "reason": reason, "owed": target in OWED}
    moved = first(session, _MOVE, given)
    if moved is None:
        found = first(session, _ONE, {"store": store_id, "id": invoice_id})
        if found is None:
            raise NotFound(invoice_id=invoice_id)
        raise WrongState(invoice_id=invoice_id, state=found.state, event=event)
    about = {"store_id": store_id, "invoice_id": invoice_id, "reason": reason}
    journal.record(session, fact, f"order:{moved.order_id}", actor=actor, now=now, **about)
    cases.clear(session, "invoice_failed", subject(store_id, invoice_id), now=now)
    if event == "issue" and amount_fen(session, store_id, moved.order_id) != moved.amount_fen:
        return move(session, store_id, invoice_id, "ask_back", actor=actor, now=now)
    return moved


def before_return(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime) -> None:
    """Money is about to go back, under the order's lock: an issued invoice is asked back first.

    :raises InvoiceFirst: the service says that nothing may come back before it is; `INVOICE_BLOCKS_RETURNS`.
    """
    found = of_order(session, store_id, order_id)
    if found is None or found.state not in ("issued", "reversing"):
        return
    if settings().invoice_blocks_returns:
        raise InvoiceFirst(number=found.number)
    if found.state == "issued":
        move(session, store_id, found.id, "ask_back", actor=actor, now=now)


_DUE = text("""
    SELECT * FROM invoice WHERE told_at IS NULL AND try_at <= :now ORDER BY try_at, store_id, id LIMIT :most""")
_SET = text("""
    UPDATE invoice SET amount_fen = coalesce(amount_fen, nullif(CAST(:fen AS bigint), 0))
    WHERE store_id = :store AND id = :id AND state = 'requested' AND told_at IS NULL RETURNING amount_fen""")
_TOLD = text("""
    UPDATE invoice SET told_at = :now, tries = 0 WHERE store_id = :store AND id = :id AND state = :state
        AND told_at IS NULL""")
_LATER = text("""
    UPDATE invoice SET tries = tries + 1, try_at = :at WHERE store_id = :store AND id = :id AND told_at IS NULL
    RETURNING tries, order_id""")


def due(session: Session, *, now: datetime, most: int = 50) -> list[Any]:
    """What the service has to be told of now."""
    return fetch(session, _DUE, {"now": now, "most": most})


def settle_amount(session: Session, row: Any, *, now: datetime) -> int:
    """Set the amount of a request that is about to be told, under the order's lock; 0 tells nothing.

    Told again it keeps its amount: the service may have taken it, and only its answer was lost.  What went back since
    is noticed when it is issued.  A new one of which nothing is left is refused.
    """
    fetch(session, _LOCK, {"store": row.store_id, "order": row.order_id})
    left_fen = amount_fen(session, row.store_id, row.order_id)
    kept = first(session, _SET, {"store": row.store_id, "id": row.id, "fen": left_fen})
    if kept is not None and kept.amount_fen is None:
        move(session, row.store_id, row.id, "refuse", reason="nothing_left", now=now)
    return int(kept.amount_fen or 0) if kept else 0


def told(session: Session, row: Any, *, now: datetime) -> None:
    """The service has taken it; its answer comes later."""
    fetch(session, _TOLD, {"store": row.store_id, "id": row.id, "state": row.state, "now": now})
    cases.clear(session, "invoice_failed", subject(row.store_id, row.id), now=now)


def later(session: Session, row: Any, why: str, *, now: datetime) -> None:
    """The service did not take it: try again, and tell the desk when that goes on."""
    wait = timedelta(seconds=BACK_OFF_S[min(row.tries, len(BACK_OFF_S) - 1)])
    found = first(session, _LATER, {"store": row.store_id, "id": row.id, "at": now + wait})
    if found is not None and found.tries >= ALARM_AFTER:
        facts = {"why": why, "invoice_id": row.id}
        cases.open(
            session, "invoice_failed", subject(row.store_id, row.id), money_fen=row.amount_fen or 0, facts=facts,
            cause=row.state, store_id=row.store_id, order_id=row.order_id, actor=ACTOR, now=now,
        )  # fmt: skip


_NOW = text("UPDATE invoice SET try_at = :now WHERE store_id = :store AND id = :id AND told_at IS NULL")


def tell_now(session: Session, store_id: int, invoice_id: int, *, now: datetime) -> None:
    """Try again at once."""
    fetch(session, _NOW, {"store": store_id, "id": invoice_id, "now": now})


def subject(store_id: int, invoice_id: int) -> str:
    """How the desk names it."""
    return f"invoice:{store_id}:{invoice_id}"
