"""The paper of a stored return."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import first
from config.errors import NotFound
from member.identity import MemberCard, card_no
from trade.orders.numbers import number

_RETURN = text("""
    SELECT r.*, store.name AS store_name, till.name AS till_name, staff.name AS cashier, o.member_id,
        m.name AS member_name, m.phone_masked, m.tier,
        r.deducted_fen + r.coupons_withheld_fen + r.promotions_withheld_fen + r.gifts_withheld_fen AS kept_fen,
        (SELECT json_agg(json_build_object('name', line.name, 'spec', line.spec, 'weighed', line.weighed,
             'qty', back.qty, 'refund_fen', back.refund_fen) ORDER BY line.line_no)
         FROM return_line back JOIN order_line line USING (store_id, order_id, line_no)
         WHERE back.store_id = r.store_id AND back.return_id = r.id) AS lines,
        (SELECT json_agg(json_build_object('kind', given.kind, 'amount_fen', given.amount_fen) ORDER BY given.id)
         FROM refund given WHERE given.store_id = r.store_id AND given.return_id = r.id) AS refunds
    FROM sale_return r JOIN sale_order o ON o.store_id = r.store_id AND o.id = r.order_id
    JOIN store ON store.id = r.at_store_id LEFT JOIN member m ON m.id = o.member_id
    LEFT JOIN shift ON shift.store_id = r.at_store_id AND shift.id = r.shift_id
    LEFT JOIN till ON till.store_id = shift.store_id AND till.id = shift.till_id
    LEFT JOIN staff ON staff.id = r.staff_id
    WHERE r.at_store_id = :store AND r.id = :id""")
_PAPER = "store_name till_name cashier refund_fen freight_fen rounding_fen kept_fen points_back points_clawed"


def paper(session: Session, at_store_id: int, no: str) -> dict[str, Any]:
    """A return by its printed number (`R` and digits), taken back in this store; one statement.

    :raises NotFound: there is no such return here.
    """
    digits = no.strip().upper().removeprefix("R")
    known = digits.isascii() and digits.isdigit() and len(digits) < 16
    row = first(session, _RETURN, {"store": at_store_id, "id": int(digits)}) if known else None
    if row is None:
        raise NotFound(no=no[:20])
    return {
        "no": f"R{row.id}",
        "order_no": number(row.store_id, row.order_id),
        "at": row.at.isoformat(),
        **{name: getattr(row, name) for name in _PAPER.split()},
        "lines": row.lines or [],
        "refunds": row.refunds or [],
        "member": _member(row) if row.member_id else None,
    }


def _member(row: Any) -> dict[str, str | None]:
    card = MemberCard(row.member_id, card_no(row.member_id), row.member_name, row.phone_masked, row.tier, 0, 0)
    return {"no": card.no, "name": card.masked_name, "phone": card.masked_phone}
