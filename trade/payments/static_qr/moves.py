"""The only writer of payments by the printed code: taken with a sale, proved by a bill, or missed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, WrongState
from trade.payments.static_qr.states import MOVES

_TAKE = text("""
    WITH paid AS (
        INSERT INTO tender (store_id, order_id, kind, state, amount_fen, received_fen, change_fen, created_at, paid_at,
            asked)
        VALUES (:store, :order, 'static_qr', 'paid', :fen, 0, 0, :at, :at, 0) RETURNING store_id, id)
    INSERT INTO static_qr (store_id, tender_id, order_id, till_id, state, amount_fen, at)
    SELECT store_id, id, :order, :till, 'unproved', :fen, :at FROM paid RETURNING tender_id""")
_SO_FAR = text("""
    SELECT coalesce(sum(amount_fen), 0)::bigint AS fen FROM static_qr
    WHERE store_id = :store AND till_id = :till AND at >= :since AND at <= :until""")
_MOVE = text("""
    UPDATE static_qr SET state = :target, bill_no = CAST(:no AS text), transaction_id = CAST(:transaction AS text),
        settled_at = CAST(:settled AS timestamptz)
    WHERE store_id = :store AND tender_id = :tender AND state = ANY(:sources) RETURNING *""")
_STATE = text("SELECT state FROM static_qr WHERE store_id = :store AND tender_id = :tender")


def take(session: Session, store_id: int, order_id: int, amount_fen: int, *, till_id: int, at: datetime) -> int:
    """Note that the customer paid the printed code for an order, as the cashier saw it; the tender's id."""
    given = {"store": store_id, "order": order_id, "fen": amount_fen, "till": till_id, "at": at}
    return int(fetch(session, _TAKE, given)[0].tender_id)


def so_far_fen(session: Session, store_id: int, till_id: int, since: datetime, until: datetime) -> int:
    """What a till took so between two moments, both of them included."""
    given = {"store": store_id, "till": till_id, "since": since, "until": until}
    return int(fetch(session, _SO_FAR, given)[0].fen)


def move(
    session: Session, store_id: int, tender_id: int, event: str, *, no: str | None = None,
    transaction_id: str | None = None, note: str = "", actor: str, now: datetime,
) -> Any:  # fmt: skip
    """One step of such a payment's life; returns its row.  The guard is in the UPDATE: of two at once one succeeds.

    :raises NotFound, WrongState: nothing changed.
    """
    sources, target, fact = MOVES[event]
    key = {"store": store_id, "tender": tender_id}
    given = key | {"target": target, "sources": sorted(sources), "no": no, "transaction": transaction_id}
    row = first(session, _MOVE, given | {"settled": None if event == "miss" else now})
    if row is None:
        found = first(session, _STATE, key)
        if found is None:
            raise NotFound(tender_id=tender_id)
        raise WrongState(tender_id=tender_id, state=found.state, event=event)
    data = {"store_id": store_id, "order_id": row.order_id, "amount_fen": row.amount_fen, "no": no, "note": note}
    journal.record(session, fact, f"static_qr:{store_id}:{tender_id}", actor=actor, now=now, **data)
    return row
