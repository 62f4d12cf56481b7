"""The invoice service is told of what customers asked for, and of what has to be taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import let_go, open_session, transaction
from config.settings import settings
from member.secrets import open_sealed
from trade.orders import read
from trade.orders.invoices import moves
from workers.adapters import invoicing
from workers.adapters.shape import PartnerAway


def run(ids: Sequence[int] = (), new_session: Callable[[], Session] = open_session) -> int:
    """Tell the service what is due; returns how many documents it took.

    Woken by the facts and by the clock; what to tell is read from the table.  Safe to run twice, or in two workers at
    once: a document has one number for ever, which the service knows it by.  Without `INVOICE_URL` nothing is told.
    """
    taken = 0
    with new_session() as session:
        rows = moves.due(session, now=clock.now()) if settings().invoice_url else []
        for row in rows:
            taken += _tell(session, row)
        if ids:
            with transaction(session):
                journal.finish(session, [row.id for row in journal.take(session, ids)], now=clock.now())
    return taken


def _tell(session: Session, row: Any) -> bool:
    fen = row.amount_fen
    if row.state == "requested":
        with transaction(session):
            fen = moves.settle_amount(session, row, now=clock.now())
        if not fen:
            return False
    document = _document(session, row, fen)
    let_go(session)
    try:
        refused = invoicing.tell(document, clock.now())
    except PartnerAway as away:
        with transaction(session):
            moves.later(session, row, str(away), now=clock.now())
        return False
    with transaction(session):
        if refused is None:
            moves.told(session, row, now=clock.now())
        elif row.state == "requested":
            moves.move(session, row.store_id, row.id, "refuse", reason=refused, now=clock.now())
        else:
            moves.later(session, row, refused, now=clock.now())
    return refused is None


def _document(session: Session, row: Any, fen: int) -> dict[str, Any]:
    receipt = read.receipt(session, row.store_id, row.order_id, codes=False)
    names = ("name", "spec", "qty", "weighed", "net_fen")
    return {
        "no": f"I{row.store_id}-{row.id}",
        "kind": "blue" if row.state == "requested" else "red",
        "order_no": receipt["no"],
        "amount_fen": fen,
        "title": row.title,
        "tax_no": row.tax_no,
        # Who left the shop is written to no more: the red letter of what comes back later goes to nobody's mailbox.
        "email": open_sealed(bytes(row.email_sealed)).decode() if row.email_sealed else "",
        "number": row.number,
        "lines": [{name: line[name] for name in names} for line in receipt["lines"] if not line["gift"]],
        "callback": f"{settings().base_url}/api/invoices/{row.store_id}/{row.id}",
    }
