"""What a till without network took off by hand: checked against the limits when it arrives, and told in the journal.

The sale happened, so nothing is refused (till-and-store-desk 3.9): what was above the limits is a difference, and the
journal has each discount with its reason, who approved it by PIN on the device (3.7), and that it was without network.

what was taken off                            difference
within the cashier's limits                   -
above them, by a manager of this store        -
above them, approved by nobody                `hand_above_limit`, of the cashier
above the manager's limits, too               `hand_above_limit`, of the manager
approved by who may not approve here          `hand_not_an_approver`
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.orders import moves
from trade.orders.offline.sale_said import SaleSaid
from trade.orders.offline.word import may_approve
from trade.pricing import by_hand, limits
from trade.pricing.quoted import Quote
from trade.stores.models import Role

_ROLES = text("""
    SELECT id, role FROM staff WHERE id = ANY(:ids)""")


def trace(said: SaleSaid) -> list[dict[str, Any]]:
    """The rows that pricing would have written of the same discounts."""
    rows = []
    for seq, one in enumerate(said.by_hand, start=1):
        row = {"seq": seq, "phase": 7, "source": "manual", "delta_fen": -one.off_fen}
        if one.line_no is not None:
            row |= {"line_no": one.line_no, "reason": one.reason, "base_fen": one.before_fen}
        rows.append(row)
    return rows


def differences(session: Session, store_id: int, said: SaleSaid, priced: Quote) -> list[dict[str, Any]]:
    """What of it nobody was allowed to give."""
    if not said.by_hand:
        return []
    ids = [one for one in (said.staff_id, said.approved_by) if one is not None]
    people = {row.id: row for row in fetch(session, _ROLES, {"ids": ids})}
    skus = [line.item.sku_id for line in priced.lines]
    above = by_hand.above(priced, limits.of(session, Role(people[said.staff_id].role), skus))
    if above is None:
        return []
    if said.approved_by is None:
        return [{"code": "hand_above_limit", "staff_id": said.staff_id, **above}]
    manager = people.get(said.approved_by)
    if manager is None or not may_approve(session, store_id, said.approved_by):
        return [{"code": "hand_not_an_approver", "staff_id": said.approved_by, **above}]
    more = by_hand.above(priced, limits.of(session, Role(manager.role), skus), floors=False)
    return [{"code": "hand_above_limit", "staff_id": said.approved_by, **more}] if more else []


def note(
    session: Session, order_id: int, store_id: int, till_id: int, said: SaleSaid, priced: Quote, *, now: datetime
) -> None:
    """Write down with the order what was cheaper by hand, as a sale with network does."""
    if not said.by_hand:
        return
    moves.note(
        session, order_id, "order.discounted_by_hand", actor=f"staff:{said.staff_id}", now=now, alone=True,
        approved_by=None if said.approved_by is None else f"staff:{said.approved_by}", till_id=till_id,
        approved_why=said.approved_why, store_id=store_id, discounts=by_hand.told(priced),
    )  # fmt: skip
