"""A paid order that passed its review goes to the stores: parcels are made out of the stock that it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.catalogue import kits
from trade.fulfilment import assign
from trade.fulfilment import moves as parcels
from trade.fulfilment import parcels as parcels_read
from trade.orders import moves
from trade.orders.review.judging import judge

_ORDER = text("SELECT * FROM sale_order WHERE store_id = :store AND id = :order FOR NO KEY UPDATE")
_LINES = text("SELECT line_no, sku_id, qty FROM order_line WHERE store_id = :store AND order_id = :order")
_HOLDS = text("""
    SELECT store_id, sku_id, sum(qty)::bigint AS qty FROM stock_hold WHERE order_id = :order
    GROUP BY 1, 2 ORDER BY 1, 2""")


def confirm(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime) -> bool:
    """Ask the stores of a paid order to take their parcels on, if its review lets it go on; False when it is held.

    :raises WrongState: it is not paid, or confirmed already.
    """
    if not judge(session, store_id, order_id, now).passed:
        return False
    moves.move(session, store_id, order_id, "confirm", actor=actor, now=now)
    key = {"store": store_id, "order": order_id}
    order = fetch(session, _ORDER, key)[0]
    lines, holds = fetch(session, _LINES, key), fetch(session, _HOLDS, key)
    for at_store_id, part in share_out(lines, holds, kits.known(session)).items():
        where = {"at_store_id": at_store_id, "mode": order.mode, "promise_at": order.promise_at, "now": now}
        parcel_id = parcels.open_parcel(session, store_id, order_id, part, **where)
        assign.find_store(session, parcels_read.one(session, store_id, parcel_id), actor=actor, now=now)
    return True


def share_out(
    lines: Iterable[Any], holds: Iterable[Any], known: Mapping[int, kits.Parts]
) -> Mapping[int, Mapping[int, tuple[int, int]]]:
    """Which units of which line each store puts together: store -> line -> (sku, units).  Pure.

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
        assert not any(units.values()), f"store {store_id} holds {+units} more than the order asks"
    assert not any(left.values()), f"nobody holds lines {[no for no, qty in left.items() if qty]}"
    return parts
