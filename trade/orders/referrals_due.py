"""Which invitations an order has made good: the friend kept it, and its after-sale window is over (rules 3.1)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from member.referral import ROOTS, Due

_DUE = text(f"""
    WITH RECURSIVE asked AS (SELECT invited_id, inviter_id, at FROM referral WHERE outcome IS NULL), {ROOTS}
    SELECT a.invited_id, inviter.id AS inviter_id, friend.id AS friend_id, safe.store_id, safe.id AS order_id
    FROM asked a JOIN root friend ON friend.start = a.invited_id JOIN root inviter ON inviter.start = a.inviter_id
    CROSS JOIN LATERAL (
        SELECT o.store_id, o.id FROM sale_order o
        WHERE o.member_id = friend.id AND o.state = 'done' AND o.closed_at <= :closed_by AND o.paid_at >= a.at
          AND o.payable_fen - coalesce((SELECT sum(r.refund_fen) FROM sale_return r
              WHERE r.store_id = o.store_id AND r.order_id = o.id), 0) >= :least_fen
        ORDER BY o.paid_at, o.store_id, o.id LIMIT 1) safe
    WHERE friend.erased_at IS NULL AND inviter.erased_at IS NULL
    ORDER BY a.at, a.invited_id LIMIT :most""")


def due(session: Session, *, closed_by: datetime, least_fen: int, most: int) -> list[Due]:
    """The oldest invitations whose friend has kept at least `least_fen` of an order closed by a moment."""
    given = {"closed_by": closed_by, "least_fen": max(least_fen, 1), "most": most}
    return [Due(*row) for row in fetch(session, _DUE, given)]
