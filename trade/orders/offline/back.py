"""A return that a till made alone is checked again here: what was given back too much waits on the desk."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.orders import returns
from trade.orders.offline import in_shift
from trade.orders.offline.back_said import BackSaid
from trade.orders.offline.taking import CannotTake, Taken

_AT = text("""
    SELECT (SELECT order_id FROM till_document WHERE store_id = :store AND uuid = :sale AND till_id = :till
               AND kind = 'sale') AS order_id,
           EXISTS (SELECT FROM staff WHERE id = :staff) AS staff""")


def take(session: Session, store_id: int, till_id: int, said: BackSaid, *, sold_at: datetime, now: datetime) -> Taken:
    """Write the return, in the caller's transaction; the drawer is that of its own shift.

    :raises CannotTake: `unknown_shift`, `unknown_staff`, or `unknown_sale`: none of this till, or not booked yet.
    :raises Refused: more than was sold, or another sum than these units come to.
    """
    shift = in_shift.of(session, store_id, till_id, said)
    given = {"store": store_id, "till": till_id, "sale": said.sale, "staff": said.staff_id}
    known = fetch(session, _AT, given)[0]
    for name, there in (("staff", known.staff), ("sale", known.order_id)):
        if not there:
            raise CannotTake(f"unknown_{name}")
    returns.take_back(
        session, store_id, known.order_id, {line.line_no: line.qty for line in said.lines},
        expected_refund_fen=said.payable_fen, at_store_id=store_id, shift_id=shift.id, staff_id=said.staff_id,
        actor=f"staff:{said.staff_id}", now=now, reason=said.reason,
    )  # fmt: skip
    del sold_at  # the books of a day that was counted are not opened again: it comes back when it is known
    return Taken(known.order_id)
