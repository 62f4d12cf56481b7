"""A parcel that a till handed over without network, and a till that was locked after wrong codes.

The goods are with somebody: it is never refused.  The first to tell us wins; everything else is a fraud alert on the
desk (`hand_over_disputed`) with what the goods are worth, of the parcel, and moves nothing twice.

the parcel, when we hear of it          becomes      alert
lies ready, and the code is its own     collected    -
lies ready, under another code by now   collected    `code_replaced`: a friend has the new one, perhaps
lies ready with other units             collected    `other_units`: a part was fetched meanwhile
was fetched before                      as it is     `collected_before`: when and by whom, each time
was cancelled or refunded               as it is     `cancelled`
went back to the shelf                  as it is     `not_fetched`
anything else                           as it is     `not_ready`
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import attempt, fetch, first
from config.errors import WrongState
from trade.exceptions import cases
from trade.orders import fulfil, moves
from trade.orders.numbers import number
from trade.orders.offline import pickups
from trade.orders.offline.document import Said
from trade.orders.offline.taking import CannotTake, Taken
from trade.pricing.promotions.book import from_ms

KIND = "hand_over_disputed"


class HandedSaid(Said):
    """Which parcel, by which proof, and how many units lay in it as the till knew it."""

    kind: Literal["hand_over"]
    parcel_store_id: int
    parcel_id: int
    proof: str = Field(pattern=r"^[0-9a-f]{32}$")
    units: int = Field(gt=0, le=10**9)


class LockedSaid(Said):
    """So many wrong codes were tried there, that nobody may try another until `until_ms`."""

    kind: Literal["locked"]
    tries: int = Field(gt=0, le=1000)
    until_ms: int = Field(ge=0, le=10**14)


def fault(said: Said) -> str:
    """No money moved."""
    return "sum" if said.payable_fen or said.rounding_fen else ""


_STAFF = text("SELECT name FROM staff WHERE id = :staff AND store_id = :store")
_PARCEL = text("""
    SELECT p.*, staff.name AS handed_by_name,
           (SELECT coalesce(sum(line.net_fen * (part.qty - part.short_qty) / line.qty), 0)::bigint
            FROM parcel_line part JOIN order_line line ON line.store_id = part.store_id
                AND line.order_id = part.order_id AND line.line_no = part.line_no
            WHERE part.store_id = p.store_id AND part.parcel_id = p.id) AS worth_fen,
           (SELECT coalesce(sum(picked_qty - handed_qty), 0)::bigint FROM parcel_line part
            WHERE part.store_id = p.store_id AND part.parcel_id = p.id) AS units
    FROM parcel p LEFT JOIN staff ON staff.id = p.handed_by
    WHERE p.store_id = :store AND p.id = :parcel AND p.at_store_id = :at""")
_ENDS = {"delivered": "collected_before", "cancelled": "cancelled", "no_show": "not_fetched", "returned": "not_fetched"}


def take(session: Session, store_id: int, till_id: int, said: HandedSaid, *, sold_at: datetime, now: datetime) -> Taken:
    """Collect the parcel, or put on the desk why it was not to be handed over.

    :raises CannotTake: `unknown_staff`, or `unknown_parcel`: none that this store ever had.
    """
    who = first(session, _STAFF, {"staff": said.staff_id, "store": store_id})
    if who is None:
        raise CannotTake("unknown_staff")
    parcel, actor = _read(session, store_id, said), f"staff:{said.staff_id}"
    if parcel is None:
        raise CannotTake("unknown_parcel")
    why = _collected(session, parcel, said, store_id, actor=actor, now=now)
    if why in ("", "code_replaced", "other_units"):
        told = {"parcel_id": parcel.id, "till_id": till_id, "store_id": store_id, "handed_at": sold_at.isoformat()}
        moves.note(session, parcel.order_id, "order.handed_over_alone", actor=actor, now=now, **told)
    if not why:
        return Taken()
    stands = _read(session, store_id, said) or parcel
    _alert(session, stands, why, who.name, till_id, store_id, sold_at, actor=actor, now=now)
    return Taken(differences=[{"code": why}])


def _read(session: Session, store_id: int, said: HandedSaid) -> Any | None:
    return first(session, _PARCEL, {"store": said.parcel_store_id, "parcel": said.parcel_id, "at": store_id})


def _collected(session: Session, parcel: Any, said: HandedSaid, store_id: int, *, actor: str, now: datetime) -> str:
    """Collect it where it lies ready; what is wrong with that, in one word, or nothing."""
    try:
        if parcel.state == "ready":
            with attempt(session):
                fulfil.collect(session, parcel, staff_id=said.staff_id, actor=actor, now=now)
            if pickups.of_parcel(parcel, store_id) != said.proof:
                return "code_replaced"
            return "" if parcel.units == said.units else "other_units"
    except WrongState:
        parcel = _read(session, store_id, said) or parcel
    return _ENDS.get(parcel.state, "not_ready")


def _alert(
    session: Session, parcel: Any, why: str, by: str, till_id: int, store_id: int, sold_at: datetime,
    *, actor: str, now: datetime,
) -> None:  # fmt: skip
    facts = {"no": number(parcel.store_id, parcel.order_id), "by": by, "at": sold_at.isoformat(), "till_id": till_id}
    if why == "collected_before":
        facts |= {"first_by": parcel.handed_by_name or "", "first_at": parcel.closed_at.isoformat()}
    cases.open(
        session, KIND, f"parcel:{parcel.store_id}:{parcel.id}", money_fen=parcel.worth_fen, cause=why, facts=facts,
        store_id=parcel.store_id, order_id=parcel.order_id, at_store_id=store_id, actor=actor, now=now,
    )  # fmt: skip


def locked(
    session: Session, store_id: int, till_id: int, said: LockedSaid, *, sold_at: datetime, now: datetime
) -> Taken:
    """Tell it as a lock at the desk is told."""
    if not fetch(session, _STAFF, {"staff": said.staff_id, "store": store_id}):
        raise CannotTake("unknown_staff")
    until = sold_at + (from_ms(said.until_ms) - from_ms(said.at_ms))
    data = {"store_id": store_id, "until": until.isoformat(), "till_id": till_id, "tries": said.tries, "alone": True}
    actor = f"staff:{said.staff_id}"
    journal.record(session, "pickup.locked", f"store:{store_id}", actor=actor, now=now, **data)
    return Taken()
