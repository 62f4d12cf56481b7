"""What routing must know of one parcel: its lines, its customer, who refused the order, what is held for it where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.catalogue import kits
from trade.fulfilment import clocks, together
from trade.fulfilment.clocks import Hours
from trade.fulfilment.places import Line, Need
from trade.fulfilment.states import REFUSALS
from trade.stores.shops import PREPARE

_HEAD = text("""
    SELECT o.may_split, o.member_id, coalesce(m.home_store_id, o.store_id) AS home_store_id, a.lat_e6, a.lng_e6,
        ARRAY(SELECT DISTINCT at_store_id FROM assignment said
              WHERE said.store_id = o.store_id AND said.order_id = o.id AND said.outcome = ANY(:refusals)
              ORDER BY 1) AS refused
    FROM sale_order o LEFT JOIN member m ON m.id = o.member_id
    LEFT JOIN order_address a ON a.store_id = o.store_id AND a.order_id = o.id
    WHERE o.store_id = :store AND o.id = :order""")
_LINES = text("""
    SELECT part.line_no, part.sku_id, part.qty - part.short_qty AS qty, sku.weighed, product.temperature,
        line.net_fen * (part.qty - part.short_qty) / line.qty AS net_fen
    FROM parcel_line part
    JOIN order_line line ON line.store_id = part.store_id AND line.order_id = part.order_id
        AND line.line_no = part.line_no
    JOIN sku ON sku.id = part.sku_id JOIN product ON product.id = sku.product_id
    WHERE part.store_id = :store AND part.parcel_id = :parcel AND part.qty > part.short_qty ORDER BY part.line_no""")
_HELD = text("""
    SELECT sku_id, sum(qty)::bigint AS qty FROM stock_hold WHERE order_id = :order AND store_id = :at GROUP BY 1""")
_OTHERS = text("""
    SELECT line.sku_id, sum(line.qty - line.short_qty)::bigint AS qty
    FROM parcel p JOIN parcel_line line ON line.store_id = p.store_id AND line.parcel_id = p.id
    WHERE p.store_id = :store AND p.order_id = :order AND p.at_store_id = :at AND p.id <> :parcel
      AND p.handed_at IS NULL AND p.closed_at IS NULL GROUP BY 1""")
_STORE = text("""
    SELECT opens_minute, closes_minute, zone, closes_early_at, CAST(accept_minutes ->> :mode AS bigint) AS minutes
    FROM store WHERE id = :at""")


@dataclass(frozen=True, slots=True)
class Asked:
    """A parcel as routing needs it.  `own` is what its order holds for it in `own_store_id`; `may_split` is the
    customer's word, also where a pickup goes whole; `knows_whom`: the customer is a member, who can be asked.

    Goods are sale units by sku of what has stock: a kit is its parts.
    """

    need: Need
    own_store_id: int | None
    own: Mapping[int, int]
    net_fen: int
    has_address: bool
    may_split: bool
    knows_whom: bool = True

    @property
    def goods(self) -> dict[int, int]:
        """What is needed."""
        return units(self.need, {line.line_no: line.qty for line in self.need.lines})


def units(need: Need, lines: Mapping[int, int]) -> dict[int, int]:
    """Units by line as goods."""
    found: Counter[int] = Counter()
    for line in need.lines:
        if qty := lines.get(line.line_no, 0):
            found.update(line.made_of(qty))
    return dict(found)


def _own(session: Session, key: Mapping[str, Any], goods: Mapping[int, int]) -> dict[int, int]:
    """What of `goods` the order holds there, after what its other parcels there need."""
    held = {row.sku_id: row.qty for row in fetch(session, _HELD, key)}
    others = kits.expand(session, {row.sku_id: row.qty for row in fetch(session, _OTHERS, key) if row.qty})
    left = {sku: min(qty, held.get(sku, 0) - others.get(sku, 0)) for sku, qty in sorted(goods.items())}
    return {sku: qty for sku, qty in left.items() if qty > 0}


def read(session: Session, parcel: Any) -> Asked:
    """Read one parcel.  Whoever calls holds its order's row, so that what it holds stays as it is read."""
    key = {"store": parcel.store_id, "order": parcel.order_id, "parcel": parcel.id, "at": parcel.at_store_id}
    head = fetch(session, _HEAD, key | {"refusals": sorted(REFUSALS)})[0]
    rows = fetch(session, _LINES, key)
    made = kits.known(session)
    plain = [
        Line(
            row.line_no,
            row.sku_id,
            row.qty,
            row.temperature,
            multiple=row.qty if row.weighed else 1,
            parts=tuple(sorted(made.get(row.sku_id, {}).items())),
        )
        for row in rows
    ]
    lines = together.kept(plain, together.bundles(session, parcel)) if len(plain) > 1 else tuple(plain)
    need = Need(
        parcel.mode,
        lines,
        position=None if head.lat_e6 is None else (head.lat_e6, head.lng_e6),
        home_store_id=parcel.store_id if head.lat_e6 is None else head.home_store_id,
        may_split=head.may_split and parcel.mode != "pickup",
        promise_at=parcel.promise_at,
        refused=frozenset(head.refused),
    )
    goods = units(need, {line.line_no: line.qty for line in lines})
    own = _own(session, key, goods) if parcel.at_store_id is not None else {}
    net_fen = sum(row.net_fen for row in rows)
    knows_whom = head.member_id is not None
    return Asked(need, parcel.at_store_id, own, net_fen, head.lat_e6 is not None, head.may_split, knows_whom)


def clocks_of(
    session: Session, at_store_id: int, mode: str, now: datetime, *, prepare: timedelta = PREPARE
) -> tuple[datetime, datetime]:
    """Until when this store must take on what it is asked now, and when it can be done then: both in its open hours."""
    row = fetch(session, _STORE, {"at": at_store_id, "mode": mode})[0]
    hours = Hours(row.opens_minute, row.closes_minute, row.zone, row.closes_early_at)
    due = clocks.accept_by(hours, mode, now, row.minutes)
    return due, clocks.after(hours, due, prepare)
