"""Attempts whose end is not known, found on their own plan of questions: none stays open for ever.

closing                    we began to close it and did not hear the end: asked again until WeChat agrees
created or prepaid, over   its order (or top-up) waits no more, so no other job closes it
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch

GRACE = timedelta(seconds=60)

_OPEN = text("""
    SELECT t.* FROM tender t
    LEFT JOIN sale_order o ON o.store_id = t.store_id AND o.id = t.order_id
    LEFT JOIN top_up u ON u.store_id = t.store_id AND u.id = t.top_up_id
    WHERE t.way = 'jsapi' AND t.state IN ('created', 'prepaid', 'closing')
      AND CASE WHEN t.state = 'closing' THEN t.ask_at <= :now
        ELSE t.expires_at < :before AND coalesce(o.state, u.state) <> 'placed' END
    ORDER BY t.ask_at LIMIT :most""")
OWED = """
    SELECT refund.*, paid.trade_no, paid.amount_fen AS paid_fen FROM refund
    JOIN tender ON tender.store_id = refund.store_id AND tender.id = refund.tender_id
    JOIN tender paid ON paid.store_id = coalesce(tender.root_store_id, tender.store_id)
        AND paid.id = coalesce(tender.root_id, tender.id)"""
"""Refunds with the attempt that WeChat knows: of money that an exchange brought, the one it once came with."""
_REFUNDS = text(f"""{OWED}
    WHERE refund.state IN ('requested', 'accepted', 'abnormal')
      AND refund.ask_at <= CASE WHEN refund.state = 'requested' AND refund.asked = 0 THEN :before ELSE :now END
    ORDER BY refund.ask_at LIMIT :most""")


def attempts(session: Session, *, now: datetime, most: int) -> list[Any]:
    """Attempts to settle now, the longest due first."""
    return fetch(session, _OPEN, {"now": now, "before": now - GRACE, "most": most})


def refunds(session: Session, *, now: datetime, most: int) -> list[Any]:
    """Refunds to ask about now, with `trade_no` and `paid_fen` of their attempt.

    One that was never asked for is left to the job of its own fact for a minute.
    """
    return fetch(session, _REFUNDS, {"now": now, "before": now - GRACE, "most": most})
