"""Shifts as the till shows them.  What a drawer should hold is in none of it until the count is final."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound, Refused
from trade.orders.shifts import cash, figures, settle
from trade.orders.shifts.states import TOLD, State
from trade.stores.approvals import read as approvals
from trade.stores.tills import TillCard


class ShiftForgotten(Refused):
    """The business day of this till's shift is over: it is counted now, or a manager lets it go on once."""

    code = "shift_forgotten"


_SELLS_IN = """
    SELECT shift.id, shift.sells_until FROM till
    JOIN shift ON shift.store_id = till.store_id AND shift.drawer_id = till.drawer_id AND shift.state = 'open'
    WHERE till.store_id = :store AND till.id = :till"""
_OPEN = text(_SELLS_IN)
_HELD_OPEN = text(_SELLS_IN + " FOR SHARE OF shift")


def open_id(session: Session, till: TillCard) -> int | None:
    """The id of the open shift of a till's drawer."""
    found = first(session, _OPEN, {"store": till.store_id, "till": till.id})
    return found.id if found else None


def held_open(session: Session, till: TillCard) -> int | None:
    """The same, which stays open until this transaction ends."""
    found = first(session, _HELD_OPEN, {"store": till.store_id, "till": till.id})
    return found.id if found else None


def sells_in(session: Session, till: TillCard, *, now: datetime) -> int | None:
    """The id of the shift that a till sells in, which stays open until this transaction ends.

    :raises ShiftForgotten: its business day is over.
    """
    found = first(session, _HELD_OPEN, {"store": till.store_id, "till": till.id})
    if found is not None and found.sells_until <= now:
        raise ShiftForgotten(shift_id=found.id, since=found.sells_until.isoformat())
    return found.id if found else None


_SHIFT = """
    SELECT shift.*, drawer.name AS drawer_name, till.name AS till_name, opener.name AS opener_name,
           at_staff.name AS at_staff_name,
           (SELECT count(*) FROM sale_order o WHERE o.store_id = shift.store_id AND o.shift_id = shift.id
            AND o.paid_at IS NOT NULL) AS sales,
           (SELECT max(no) FROM shift_count c WHERE c.store_id = shift.store_id AND c.shift_id = shift.id) AS counts,
           (SELECT z_no FROM shift_z z WHERE z.store_id = shift.store_id AND z.shift_id = shift.id AND z.amended = 0)
               AS z_no
    FROM shift JOIN staff opener ON opener.id = shift.staff_id JOIN staff at_staff ON at_staff.id = shift.at_staff_id
    JOIN drawer ON drawer.store_id = shift.store_id AND drawer.id = shift.drawer_id
    JOIN till ON till.store_id = shift.store_id AND till.id = shift.till_id
    WHERE shift.store_id = :store AND """
_MINE = "shift.drawer_id = (SELECT drawer_id FROM till WHERE store_id = :store AND id = :till) AND "
_CURRENT = text(_SHIFT + _MINE + "shift.state = 'open'")
_CLOSING = text(_SHIFT + _MINE + "shift.state IN ('counted', 'sealed') ORDER BY shift.counted_at, shift.id")
_ONE = text(_SHIFT + "shift.id = :shift")
_PROPOSED = text("""
    SELECT s.id, s.counted_fen, s.taken_fen FROM shift s JOIN till t ON t.store_id = s.store_id AND t.id = :till
    WHERE s.store_id = :store AND s.drawer_id = t.drawer_id AND s.counted_at IS NOT NULL
    ORDER BY s.counted_at DESC, s.id DESC LIMIT 1""")
_MOMENTS = ("opened_at", "sells_until", "counted_at", "settled_at")
_PLAIN = (
    "id", "uuid", "till_id", "till_name", "drawer_id", "drawer_name", "state", "float_fen", "proposed_fen", "sales",
    "counts", "counted_fen", "taken_fen", "unsent", "unsent_fen", "z_no", "reason",
)  # fmt: skip


def _as_json(session: Session, row: Any) -> dict[str, Any]:
    said = {name: getattr(row, name) for name in _PLAIN}
    for name in _MOMENTS:
        at = getattr(row, name)
        said[name] = at and at.isoformat()
    said |= {"staff_name": row.at_staff_name, "opened_by": row.opener_name, "prolonged": row.extender_id is not None}
    said |= {
        "missing": 0,
        "differs": None,
        "expected_fen": None,
        "difference_fen": None,
        "limit_fen": None,
        "voided": [],
    }
    if row.state == State.OPEN:
        return said
    found = settle.stand(session, row)
    said["missing"] = found.missing
    if row.state in TOLD:
        said |= {"expected_fen": found.figures["expected_fen"], "difference_fen": found.difference_fen}
        said |= {"limit_fen": settle.limit_fen(session, row.store_id)}
        said["voided"] = figures.voided_by(session, found.figures)
    elif not found.missing:
        said["differs"] = found.difference_fen != 0
    return said


def current(session: Session, till: TillCard) -> dict[str, Any] | None:
    """The open shift of the till's drawer."""
    row = first(session, _CURRENT, {"store": till.store_id, "till": till.id})
    return _as_json(session, row) if row else None


def closing(session: Session, till: TillCard) -> list[dict[str, Any]]:
    """The shifts of the till's drawer that are counted and have no Z yet, the oldest first."""
    return [_as_json(session, row) for row in fetch(session, _CLOSING, {"store": till.store_id, "till": till.id})]


def one(session: Session, store_id: int, shift_id: int) -> dict[str, Any]:
    """A shift of a store.  Raises NotFound."""
    row = first(session, _ONE, {"store": store_id, "shift": shift_id})
    if row is None:
        raise NotFound(shift_id=shift_id)
    return _as_json(session, row)


def proposed_fen(session: Session, till: TillCard) -> int | None:
    """What the last count left in the till's drawer: the float that should be there, to be counted all the same."""
    row = first(session, _PROPOSED, {"store": till.store_id, "till": till.id})
    return row.counted_fen - row.taken_fen if row else None


_LAST = text("""
    SELECT z.shift_id AS id, z.z_no FROM shift_z z JOIN shift s ON s.store_id = z.store_id AND s.id = z.shift_id
    JOIN till t ON t.store_id = s.store_id AND t.drawer_id = s.drawer_id
    WHERE z.store_id = :store AND t.id = :till AND z.amended = 0 ORDER BY z.z_no DESC LIMIT 1""")


def last_z(session: Session, till: TillCard) -> dict[str, int] | None:
    """The last Z of the till's drawer: shift `id` and `z_no`."""
    row = first(session, _LAST, {"store": till.store_id, "till": till.id})
    return {"id": row.id, "z_no": row.z_no} if row else None


_SECRET = ("sold_fen", "topped_fen", "rounding_fen", "expected_fen", "unbooked_fen", "sales_hash")


def x(session: Session, till: TillCard, *, cash_too: bool) -> dict[str, Any] | None:
    """The X of the open shift: what it took until now, any number of times, changing nothing.

    :param cash_too: with what is cash, or tells it; who is to count the drawer blind is not told.
    """
    shift = current(session, till)
    if shift is None:
        return None
    found = figures.of(session, till.store_id, shift["id"])
    if not cash_too:
        found = {name: value for name, value in found.items() if name not in _SECRET}
        for name in ("tenders", "refunds"):
            found[name] = {kind: fen for kind, fen in found[name].items() if kind != "cash"}
    found.pop("sales_hash", None)
    found["voided"] = figures.voided_by(session, found)
    words = approvals.given_alone(session, till.store_id, shift["id"])
    moves = cash.listed(session, till.store_id, shift["id"])
    return {"shift": shift, "figures": found, "moves": moves, "words": words}
