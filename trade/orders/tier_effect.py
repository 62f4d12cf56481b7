"""What a return would do to its member's tier, said before anybody confirms it (members-mall-orders.md 3.3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from member import growth, tier_card
from trade.orders import facts
from trade.orders.returns import Preview


def after(session: Session, store_id: int, order_id: int, plan: Preview, *, now: datetime) -> dict[str, Any] | None:
    """`{code, name_zh, name_en, at, at_once, missing}` where the return lowers the tier, else None; changes nothing.

    `at` is the day of the fall: now for a provisional tier, the end of the next evaluation for a confirmed one, if
    nothing more were bought.
    """
    found = facts.paid(session, [(store_id, order_id)])
    if not found:
        return None
    order = found[0]
    earns = growth.earned(order.basis_fen)
    wants = {line["line_no"]: (line["qty"], line["refund_fen"]) for line in plan.lines}
    back_fen = facts.basis_back_with(session, store_id, order_id, wants)
    before = growth.taken(earns, order.basis_fen, order.basis_back_fen)
    less = growth.taken(earns, order.basis_fen, back_fen) - before
    fall = tier_card.after_return(session, order.member_id, f"order:{order_id}", less, now=now)
    return fall.as_json() if fall else None
