"""What a return gives back of the cash rounding of its order (till-and-store-desk.md 3.5).

An order of 1.08, paid with 1.00 by 抹角: its first line (1.05) gives back 1.00, the most there is, and the last one
(0.03) nothing; of 1.08 rounded up to 1.10 they give back 1.05 and 0.05.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import first
from trade.payments import cash

_BACK = text(
    "SELECT coalesce(sum(refund_fen + deducted_fen + coupons_withheld_fen - rounding_fen"
    " - principal_back_fen - bonus_back_fen), 0)::bigint AS fen FROM sale_return"
    " WHERE store_id = :store AND order_id = :order"
)


def after_return(session: Session, order: Any, money_fen: int) -> int:
    """What rounding adds to a return of goods that cost `money_fen` beside stored value, signed; never below it.

    `money_fen` is after what promotions and gifts keep back, before what points and coupons do.

    No statement where the order was not rounded; else ask with the order locked.
    """
    if not order.rounding_fen:
        return 0
    row = first(session, _BACK, {"store": order.store_id, "order": order.id})
    before_fen = int(row.fen) if row else 0
    taken_fen = order.payable_fen - order.wallet_principal_fen - order.wallet_bonus_fen
    cost_fen = taken_fen - order.rounding_fen
    now_fen = cash.back_fen(cost_fen, taken_fen, before_fen + money_fen)
    return now_fen - cash.back_fen(cost_fen, taken_fen, before_fen) - money_fen
