"""Orders and till sales as events: from our own journal, of members who agreed, once each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import business_day
from config.db import fetch
from member import consent
from recommend import partitions
from recommend.definitions import PURPOSE
from trade.orders import facts

FACTS = {
    "order.placed": "order_placed",
    "order.paid": "order_paid",
    "order.revived": "order_paid",
    "order.sold": "till_sale",
    "order.returned": "order_returned",
}
"""Fact of the journal -> kind of event."""

_SPACE = UUID("6a1f6a52-7b0c-5c1e-9a55-30e0a5a0c9d1")
"""Makes the same event id for the same order each time; a namespace of ours, as any would be."""


@dataclass(frozen=True, slots=True)
class Told:
    """One fact of the journal: of which order, when, and by which row."""

    row_id: int
    fact: str
    store_id: int
    order_id: int
    at: datetime

    @property
    def event_id(self) -> UUID:
        """An order is placed, paid and sold once, whatever the journal repeats; it may be returned often."""
        kind = FACTS[self.fact]
        once = self.row_id if kind == "order_returned" else f"{self.store_id}:{self.order_id}"
        return uuid5(_SPACE, f"{kind}:{once}")


_PUT = text("""
    WITH put AS (
        INSERT INTO behaviour_event (day, id, kind, at, received_at, member_id, store_id, data)
        SELECT day, id, kind, at, :now, member_id, store_id, data FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS one(
            day date, id uuid, kind text, at timestamptz, member_id bigint, store_id bigint, data jsonb)
        ORDER BY day, id ON CONFLICT (day, id) DO NOTHING RETURNING day, id)
    INSERT INTO behaviour_owed (day, events, visits) SELECT day, array_agg(id), '{}' FROM put GROUP BY day""")


def note(session: Session, told: Sequence[Told], *, now: datetime) -> int:
    """Write these facts as events, of members who agreed only; returns how many.  In a transaction; safe to repeat."""
    orders = {(o.store_id, o.id): o for o in facts.goods(session, [(one.store_id, one.order_id) for one in told])}
    agreed = {
        member: consent.allows(session, member, PURPOSE) for member in {order.member_id for order in orders.values()}
    }
    rows: dict[UUID, dict[str, Any]] = {}
    for one in told:
        order = orders.get((one.store_id, one.order_id))
        if order is None or not agreed[order.member_id]:
            continue
        rows[one.event_id] = {
            "day": business_day(one.at).isoformat(),
            "id": str(one.event_id),
            "kind": FACTS[one.fact],
            "at": one.at.isoformat(),
            "member_id": order.member_id,
            "store_id": one.store_id,
            "data": {"order_id": one.order_id, "channel": order.channel, "lines": order.goods},
        }
    if rows:
        partitions.ensure(session, {business_day(one.at) for one in told})
        fetch(session, _PUT, {"rows": json.dumps(list(rows.values())), "now": now})
    return len(rows)
