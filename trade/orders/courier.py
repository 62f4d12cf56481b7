"""Parcels that are brought: packed under seals, scanned out to a courier, delivered, or brought back (rules 3.19).

Locks as in `fulfil.py`: the order's row, its parcel, stock, what the member holds.

What comes back of a delivery that failed is inspected before it is for sale again:

    found        on_hand   quarantine   free
    good              +n                  +n
    damaged           +n           +n
    missing        +n -n                       written as lost
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from config import journal
from config.errors import Malformed, Refused, WrongState
from trade.fulfilment import lost, notices, parcels
from trade.fulfilment import moves as parcel_moves
from trade.orders import fulfil
from trade.orders.fulfil import WrongMode
from trade.orders.shipping import due as shipping
from trade.stock import facts
from trade.stock import moves as stock


class SealsDiffer(Refused):
    """The seals that were scanned are not those of the parcel: `missing` and `unknown` ones."""

    code = "seals_differ"


class BagsDiffer(Refused):
    """Another number of bags than was packed: `packed`, `scanned`."""

    code = "bags_differ"


class Failed(StrEnum):
    """Why a delivery did not arrive; the last two are ours."""

    REFUSED = "refused"
    ABSENT = "absent"
    ADDRESS = "address"
    DAMAGED = "damaged"
    LATE = "late"


OURS = frozenset({Failed.DAMAGED, Failed.LATE})


@dataclass(frozen=True, slots=True)
class Found:
    """What came back of one line; the rest of what was handed over is missing."""

    good: int = 0
    damaged: int = 0


def _move(session: Session, parcel: Any, event: str, actor: str, now: datetime, **data: Any) -> Any:
    at = parcel.at_store_id
    return parcel_moves.move(session, parcel.store_id, parcel.id, event, at_store_id=at, actor=actor, now=now, **data)


def pack(session: Session, parcel: Any, *, bags: int, seals: list[str], actor: str, now: datetime) -> None:
    """All is in `bags` bags, each under one of `seals`, or none of them sealed.  Weight is settled as in `ready`.

    :raises NotAllPicked, CancelAsked, WrongMode, WrongState: nothing changed.
    """
    fulfil.lock(session, parcel)
    if parcel.mode == "pickup":
        raise WrongMode(parcel_id=parcel.id, mode=parcel.mode)
    if len(set(seals)) != len(seals) or (seals and len(seals) != bags):
        raise Malformed(fields={"seals": "a seal of its own for each bag, or none"})
    light = fulfil.fill(session, parcel, actor=actor, now=now)
    _move(session, parcel, "pack", actor, now, bags=bags, seals=seals)
    parcel_moves.note_carrying(session, parcel, bags=bags, seals=seals)
    fulfil.give_back_weight(session, parcel, light, actor=actor, now=now)


def unpack(session: Session, parcel: Any, *, reason: str, actor: str, now: datetime) -> None:
    """A manager takes the packing back before anything left: it is being picked again, its seals count no more."""
    fulfil.lock(session, parcel)
    _move(session, parcel, "unpack", actor, now, reason=reason)
    parcel_moves.note_carrying(session, parcel, bags=1, seals=[], carrier="", tracking_no="")
    if goods := parcels.goods(session, parcel.store_id, parcel.id):
        stock.unpick(session, parcel.at_store_id, goods, order_id=parcel.order_id)


def call(session: Session, parcel: Any, *, carrier: str, tracking_no: str = "", actor: str, now: datetime) -> None:
    """A courier is on the way to fetch it.  Raises WrongState."""
    fulfil.lock(session, parcel)
    _move(session, parcel, "call", actor, now, carrier=carrier, tracking_no=tracking_no)
    parcel_moves.note_carrying(session, parcel, carrier=carrier, tracking_no=tracking_no)


def _check_bags(parcel: Any, bags: int, seals: Collection[str]) -> None:
    if set(seals) != set(parcel.seals):
        missing, unknown = sorted(set(parcel.seals) - set(seals)), sorted(set(seals) - set(parcel.seals))
        raise SealsDiffer(missing=missing, unknown=unknown)
    if bags != parcel.bags:
        raise BagsDiffer(packed=parcel.bags, scanned=bags)


def hand(
    session: Session,
    parcel: Any,
    *,
    bags: int,
    seals: Collection[str],
    carrier: str | None = None,
    tracking_no: str | None = None,
    staff_id: int,
    actor: str,
    now: datetime,
) -> None:
    """Scanned out to the courier: every bag and every seal; the goods leave the store.

    :raises SealsDiffer, BagsDiffer, WrongState: nothing left.
    """
    fulfil.lock(session, parcel)
    stands = parcels.one(session, parcel.store_id, parcel.id)
    if stands.state in ("packed", "courier_called"):
        _check_bags(stands, bags, seals)
    _move(session, parcel, "hand", actor, now, carrier=carrier or stands.carrier, bags=bags)
    parcel_moves.note_carrying(session, parcel, carrier=carrier, tracking_no=tracking_no)
    fulfil.hand_out(session, parcel, None, staff_id=staff_id, actor=actor, now=now)
    notices.ask(session, parcel, "handed", actor=actor, now=now)


def renumber(session: Session, parcel: Any, *, carrier: str, tracking_no: str, actor: str, now: datetime) -> None:
    """Another carrier or number than was written when it left: WeChat, where it was told, is told anew.

    :raises WrongState: it has not left, or is over.  :raises CorrectionUsed: WeChat allows one correction a payment,
        and that was made; nothing changed.
    """
    fulfil.lock(session, parcel)
    stands = parcels.one(session, parcel.store_id, parcel.id)
    if stands.mode != "ship" or stands.state not in ("handed", "delivered"):
        raise WrongState(parcel_id=parcel.id, state=stands.state, event="renumber")
    parcel_moves.note_carrying(session, parcel, carrier=carrier, tracking_no=tracking_no)
    told = {"order_id": parcel.order_id, "parcel_id": parcel.id, "carrier": carrier, "tracking_no": tracking_no}
    journal.record(session, "parcel.renumbered", f"order:{parcel.order_id}", actor=actor, now=now, **told)
    shipping.renumbered(session, parcel.store_id, parcel.order_id, actor=actor, now=now)


def deliver(session: Session, parcel: Any, *, actor: str, now: datetime) -> None:
    """It arrived; the last parcel ends the order.  Raises WrongState."""
    fulfil.lock(session, parcel)
    _move(session, parcel, "deliver", actor, now)
    fulfil.finish(session, parcel, actor=actor, now=now)


def fail(session: Session, parcel: Any, because: Failed, *, actor: str, now: datetime) -> None:
    """It did not arrive: it is on its way back under the same seals.  Raises WrongState."""
    fulfil.lock(session, parcel)
    _move(session, parcel, "fail", actor, now, because=because)
    parcel_moves.note_carrying(session, parcel, failed_because=because)


def come_back(
    session: Session,
    parcel: Any,
    *,
    bags: int,
    seals: Collection[str],
    found: Mapping[int, Found],
    actor: str,
    now: datetime,
) -> None:
    """It is back, its seals are the same, and was inspected line by line: stock follows, and the money goes back.

    :raises SealsDiffer, BagsDiffer, WrongState, Malformed: nothing entered the store.
    """
    fulfil.lock(session, parcel)
    stands = parcels.one(session, parcel.store_id, parcel.id)
    if stands.state != "returning":  # what nobody fetched never left: `no_show.put_back`
        raise WrongState(parcel_id=parcel.id, state=stands.state, event="come_back")
    _check_bags(stands, bags, seals)
    moved = _move(session, parcel, "come_back", actor, now)
    lines = parcels.lines(session, parcel.store_id, parcel.id)
    away = {row.line_no: row.handed_qty for row in lines if row.handed_qty}
    if any(one.good + one.damaged > away.get(line_no, 0) for line_no, one in found.items()):
        raise Malformed(fields={"lines": "no more than was handed over"})
    parcel_moves.bring_back(session, parcel.store_id, parcel.id, away=True)
    _take_in(session, parcel, lines, found, actor=actor, now=now)
    fault = stands.failed_because in OURS
    reason = f"undelivered_{moved.failed_because}"
    fulfil.give_back_rest(session, parcel, away, reason, fault=fault, actor=actor, now=now)


def _take_in(
    session: Session, parcel: Any, lines: Collection[Any], found: Mapping[int, Found], *, actor: str, now: datetime
) -> None:
    """All that was out is booked in again, and what is damaged or missing of it out of sale."""
    goods, damaged, missing = Counter[int](), Counter[int](), Counter[int]()
    for row in lines:
        one = found.get(row.line_no, Found())
        goods[row.sku_id] += row.handed_qty
        damaged[row.sku_id] += one.damaged
        missing[row.sku_id] += row.handed_qty - one.good - one.damaged
    at = parcel.at_store_id
    told_by: dict[str, Any] = {"actor": actor, "now": now}
    key = f"order:{parcel.order_id}:parcel:{parcel.id}:back"
    stock.take_in(session, at, dict(+goods), key=key, **told_by)
    key = f"returned:{parcel.id}"
    broken = []
    if +damaged:
        broken += facts.spoilt(session, at, dict(+damaged), key=f"{key}:damaged", reason="undelivered", **told_by)
    if +missing:
        broken += facts.lost(session, at, dict(+missing), key=f"{key}:missing", **told_by)
    lost.tell(session, at, broken, **told_by)
