"""A paid order that passed its review goes to the stores: parcels are made out of the stock that it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.catalogue import kits
from trade.fulfilment import assign
from trade.fulfilment import moves as parcels
from trade.fulfilment import parcels as parcels_read
from trade.fulfilment.states import State
from trade.orders import moves
from trade.orders.line_refunds import GIVEN_UP
from trade.orders.review.judging import judge
from trade.stock import moves as stock
from trade.stock import told

_ORDER = text("SELECT * FROM sale_order WHERE store_id = :store AND id = :order FOR NO KEY UPDATE")
_LINES = text(f"""
    SELECT line_no, sku_id, qty - {GIVEN_UP} AS qty FROM order_line line
    WHERE store_id = :store AND order_id = :order""")
"""What was given up while somebody looked at the order is not put together any more."""
_HOLDS = text("""
    SELECT store_id, sku_id, sum(qty)::bigint AS qty FROM stock_hold WHERE order_id = :order
    GROUP BY 1, 2 ORDER BY 1, 2""")


def confirm(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime) -> bool:
    """Ask the stores of a paid order to take their parcels on, if its review lets it go on; False when it is held.

    What a fact took from it since it was placed (`trade/stock/facts.py`) is a parcel of its own, which looks for a
    store or asks the customer: the rest need not wait for it.

    :raises WrongState: it is not paid, or confirmed already.
    """
    if not judge(session, store_id, order_id, now).passed:
        return False
    moves.move(session, store_id, order_id, "confirm", actor=actor, now=now)
    key = {"store": store_id, "order": order_id}
    order = fetch(session, _ORDER, key)[0]
    shared = share_out(fetch(session, _LINES, key), fetch(session, _HOLDS, key), kits.known(session))
    for at_store_id, goods in shared.spare.items():
        stock.release(session, at_store_id, order_id=order_id, goods=goods)
        told.changed(session, at_store_id, goods, cause="kit_broken", actor=actor, now=now)
    parts = [*shared.parts.items(), *([(store_id, shared.lacking)] if shared.lacking else [])]
    for at_store_id, part in parts:
        where = {"at_store_id": at_store_id, "mode": order.mode, "promise_at": order.promise_at, "now": now}
        parcel_id = parcels.open_parcel(session, store_id, order_id, part, **where)
        stands = assign.find_store(session, parcels_read.one(session, store_id, parcel_id), actor=actor, now=now)
        if part is shared.lacking and stands == State.ASKING:
            parcels.place(session, store_id, parcel_id, None)
    return True


def confirm_elsewhere(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime) -> bool:
    """Have other stores do a paid order for which nothing is held, of those that may; False when none does at once.

    For what is brought or sent: a pickup goes only where the customer wants it.  After False nothing may stay of it.

    :raises WrongState: it is not paid, or confirmed already.
    """
    if not judge(session, store_id, order_id, now).passed:
        return False
    moves.move(session, store_id, order_id, "confirm", actor=actor, now=now)
    key = {"store": store_id, "order": order_id}
    order = fetch(session, _ORDER, key)[0]
    lines = {line.line_no: (line.sku_id, line.qty) for line in fetch(session, _LINES, key)}
    where = {"at_store_id": None, "mode": order.mode, "promise_at": order.promise_at, "now": now}
    parcel_id = parcels.open_parcel(session, store_id, order_id, lines, **where)
    parcel = parcels_read.one(session, store_id, parcel_id)
    return assign.find_store(session, parcel, actor=actor, now=now) == "assigned"


Part = Mapping[int, tuple[int, int]]
"""Line -> (sku, units)."""


@dataclass(frozen=True, slots=True)
class Shared:
    """`parts` by store are held there.  `lacking` nobody holds any more: a promise broke before the order was paid for.

    `spare`, by store and sku, is held for nothing: the rest of a kit that lost another part.
    """

    parts: Mapping[int, Part]
    lacking: Part
    spare: Mapping[int, Mapping[int, int]]


def share_out(lines: Iterable[Any], holds: Iterable[Any], known: Mapping[int, kits.Parts]) -> Shared:
    """Which units of which line each store puts together.  Pure.

    Every store's held units go to kits first, whole ones only, and then to the other lines, in line order; two lines of
    one sku may meet in one store, and a line may be shared by two.
    """
    ordered = sorted(lines, key=lambda line: (line.sku_id not in known, line.line_no))
    left = {line.line_no: int(line.qty) for line in ordered}
    there: dict[int, Counter[int]] = {}
    for hold in holds:
        there.setdefault(hold.store_id, Counter())[hold.sku_id] += hold.qty
    parts: dict[int, dict[int, tuple[int, int]]] = {}
    for store_id, units in sorted(there.items()):
        for line in ordered:
            made_of = known.get(line.sku_id, {line.sku_id: 1})
            taken = min(left[line.line_no], *(units[sku] // each for sku, each in made_of.items()))
            if taken:
                parts.setdefault(store_id, {})[line.line_no] = (line.sku_id, taken)
                left[line.line_no] -= taken
                units.subtract({sku: taken * each for sku, each in made_of.items()})
    lacking = {line.line_no: (line.sku_id, left[line.line_no]) for line in ordered if left[line.line_no]}
    spare = {store_id: dict(+units) for store_id, units in sorted(there.items()) if +units}
    assert lacking or not spare, f"the order asks for less than is held: {spare}"
    return Shared(parts, lacking, spare)
