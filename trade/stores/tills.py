"""Tills and their shifts: which device sells, and whose drawer is counted."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused, WrongState
from trade.stores.staff import token_hash


class CodePaymentsOpen(Refused):
    """Code payments of the shift have no end yet (`tender_ids`): they are ended before its drawer is counted."""

    code = "code_payments_open"


class ShiftOpen(Refused):
    """This till already has an open shift; `shift_id` is its."""

    code = "shift_open"


@dataclass(frozen=True, slots=True)
class TillCard:
    """A registered till."""

    id: int
    name: str
    store_id: int
    store_name: str

    def as_json(self) -> dict[str, Any]:
        """As the faces show it."""
        return {"id": self.id, "name": self.name, "store_id": self.store_id, "store_name": self.store_name}


_TILL = (
    "SELECT till.id, till.name, till.store_id, store.name AS store_name"
    " FROM till JOIN store ON store.id = till.store_id "
)
_BY_TOKEN = text(_TILL + "WHERE till.token_hash = :hash")
_BY_ID = text(_TILL + "WHERE till.id = :id AND (CAST(:store AS bigint) IS NULL OR till.store_id = :store)")
_LIST = text(
    "SELECT till.id, till.name, till.token_hash IS NOT NULL AS registered, store.name AS store_name"
    " FROM till JOIN store ON store.id = till.store_id"
    " WHERE CAST(:store AS bigint) IS NULL OR till.store_id = :store ORDER BY till.store_id, till.id"
)
_REGISTER = text("UPDATE till SET token_hash = :hash, registered_at = :now WHERE id = :id")


def of_token(session: Session, token: str) -> TillCard | None:
    """The till that holds this device token."""
    row = first(session, _BY_TOKEN, {"hash": token_hash(token)})
    return TillCard(*row) if row else None


def listed(session: Session, store_id: int | None) -> list[dict[str, Any]]:
    """The tills of a store (None: of every store)."""
    return [dict(row) for row in session.execute(_LIST, {"store": store_id}).mappings()]


def register(
    session: Session, till_id: int, store_id: int | None, *, actor: str, now: datetime
) -> tuple[TillCard, str]:
    """Bind a device to a till: a new token, which ends the former device's; returns both."""
    row = first(session, _BY_ID, {"id": till_id, "store": store_id})
    if row is None:
        raise NotFound(till_id=till_id)
    token = secrets.token_urlsafe(32)
    session.execute(_REGISTER, {"hash": token_hash(token), "now": now, "id": till_id})
    journal.record(session, "till.registered", f"till:{till_id}", actor=actor, now=now)
    return TillCard(*row), token


_SHIFT = """
    SELECT shift.id, shift.till_id, shift.store_id, shift.state, staff.name AS staff_name, opened_at, float_fen,
           closed_at, counted_fen, expected_fen,
           (SELECT count(*) FROM sale_order o WHERE o.store_id = shift.store_id AND o.shift_id = shift.id
            AND o.state = 'done') AS sales,
           coalesce((SELECT sum(o.rounding_fen) FROM sale_order o
                     WHERE o.store_id = shift.store_id AND o.shift_id = shift.id), 0)::bigint
           - coalesce((SELECT sum(r.rounding_fen) FROM sale_return r WHERE r.shift_id = shift.id), 0)::bigint
               AS rounding_fen
    FROM shift JOIN staff ON staff.id = shift.staff_id WHERE shift.store_id = :store AND """
_CURRENT = text(_SHIFT + "shift.till_id = :till AND shift.state = 'open'")
_BY_SHIFT = text(_SHIFT + "shift.id = :shift")
_CURRENT_ID = text("SELECT id FROM shift WHERE store_id = :store AND till_id = :till AND state = 'open'")
_OPEN = text(
    "INSERT INTO shift (store_id, till_id, staff_id, state, opened_at, float_fen)"
    " VALUES (:store, :till, :staff, 'open', :now, :float_fen) ON CONFLICT DO NOTHING RETURNING id"
)
_TO_CLOSE = text(
    "SELECT id FROM shift WHERE store_id = :store AND till_id = :till AND state = 'open' FOR NO KEY UPDATE"
)
_SELLS_IN = text("SELECT id FROM shift WHERE store_id = :store AND till_id = :till AND state = 'open' FOR SHARE")
_UNENDED = text("""
    SELECT id FROM tender WHERE store_id = :store AND shift_id = :shift AND way = 'code'
      AND state IN ('created', 'prepaid', 'closing') ORDER BY id""")
_CLOSE = text("""
    UPDATE shift SET state = 'closed', closed_at = :now, counted_fen = :counted, expected_fen = float_fen
        + coalesce((SELECT sum(t.amount_fen) FROM tender t JOIN sale_order o
            ON o.store_id = t.store_id AND o.id = t.order_id
            WHERE o.store_id = :store AND o.shift_id = shift.id AND t.kind = 'cash' AND t.state = 'paid'), 0)
        + coalesce((SELECT sum(t.amount_fen) FROM tender t JOIN top_up u
            ON u.store_id = t.store_id AND u.id = t.top_up_id
            WHERE u.store_id = :store AND u.shift_id = shift.id AND t.kind = 'cash' AND t.state = 'paid'), 0)
        - coalesce((SELECT sum(r.amount_fen) FROM refund r
            WHERE r.shift_id = shift.id AND r.kind = 'cash'), 0)
    WHERE store_id = :store AND till_id = :till AND state = 'open' RETURNING id""")


def _as_shift(row: Any) -> dict[str, Any]:
    shift = {
        key: row[key]
        for key in ("id", "till_id", "staff_name", "float_fen", "sales", "rounding_fen", "counted_fen", "expected_fen")
    }
    shift["opened_at"] = row["opened_at"].isoformat()
    shift["closed_at"] = row["closed_at"].isoformat() if row["closed_at"] else None
    shift["difference_fen"] = None if row["counted_fen"] is None else row["counted_fen"] - row["expected_fen"]
    return shift


def current_shift_id(session: Session, till: TillCard) -> int | None:
    """The id of the till's open shift."""
    found = first(session, _CURRENT_ID, {"store": till.store_id, "till": till.id})
    return found.id if found else None


def shift_to_sell_in(session: Session, till: TillCard) -> int | None:
    """The id of the till's open shift, which stays open until this transaction ends."""
    found = first(session, _SELLS_IN, {"store": till.store_id, "till": till.id})
    return found.id if found else None


def current_shift(session: Session, till: TillCard) -> dict[str, Any] | None:
    """The till's open shift.  What the drawer should hold is not in it: the count is blind."""
    row = session.execute(_CURRENT, {"store": till.store_id, "till": till.id}).mappings().first()
    return _as_shift(row) if row else None


def open_shift(
    session: Session, till: TillCard, staff_id: int, float_fen: int, *, actor: str, now: datetime
) -> dict[str, Any]:
    """Open a shift with a counted float.  Raises ShiftOpen; of two at once one opens."""
    made = first(
        session, _OPEN, {"store": till.store_id, "till": till.id, "staff": staff_id, "now": now, "float_fen": float_fen}
    )
    if made is None:
        raise ShiftOpen(shift_id=current_shift_id(session, till))
    journal.record(session, "shift.opened", f"shift:{made.id}", actor=actor, now=now, float_fen=float_fen)
    shift = current_shift(session, till)
    assert shift is not None
    return shift


def close_shift(session: Session, till: TillCard, counted_fen: int, *, actor: str, now: datetime) -> dict[str, Any]:
    """Close the open shift against a blind count; only now is the expected cash told.

    :raises CodePaymentsOpen: nothing was closed.  Safe against a code sale that begins: both lock the shift.
    """
    mine = first(session, _TO_CLOSE, {"store": till.store_id, "till": till.id})
    unended = fetch(session, _UNENDED, {"store": till.store_id, "shift": mine.id}) if mine else []
    if unended:
        raise CodePaymentsOpen(tender_ids=[row.id for row in unended])
    closed = first(session, _CLOSE, {"store": till.store_id, "till": till.id, "now": now, "counted": counted_fen})
    if closed is None:
        raise WrongState(till_id=till.id, state="closed", event="close")
    row = session.execute(_BY_SHIFT, {"store": till.store_id, "shift": closed.id}).mappings().one()
    shift = _as_shift(row)
    journal.record(
        session,
        "shift.closed",
        f"shift:{closed.id}",
        actor=actor,
        now=now,
        counted_fen=counted_fen,
        expected_fen=shift["expected_fen"],
    )
    return shift
