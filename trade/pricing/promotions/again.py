"""What an order used of promotions and gave back is used once more: its money came after it had ended."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.pricing.promotions.counts import QuotaUsed

_MINE = text(
    "SELECT promotion_id FROM promotion_use WHERE store_id = :store AND order_id = :order ORDER BY 1 FOR NO KEY UPDATE"
)
_AGAIN = text("""
    WITH mine AS (SELECT * FROM promotion_use WHERE store_id = :store AND order_id = :order AND back_units = units
            AND back_fen = off_fen),
    counted_in AS (SELECT c.promotion_id, c.scope, c.key, mine.units AS more_units, mine.off_fen AS more_fen
        FROM mine CROSS JOIN LATERAL unnest(mine.scopes) AS s(scope)
        JOIN promotion_count c ON c.promotion_id = mine.promotion_id AND c.scope = s.scope AND c.key =
            CASE s.scope WHEN 'member' THEN mine.member_id WHEN 'day' THEN mine.day WHEN 'store' THEN mine.store_id
            ELSE 0 END
        ORDER BY 1, 2, 3 FOR NO KEY UPDATE OF c),
    counted AS (UPDATE promotion_count c SET units = c.units + more_units, fen = c.fen + more_fen FROM counted_in i
        WHERE (c.promotion_id, c.scope, c.key) = (i.promotion_id, i.scope, i.key)
          AND c.units + more_units <= coalesce(c.most_units, c.units + more_units)
          AND c.fen + more_fen <= coalesce(c.most_fen, c.fen + more_fen)
        RETURNING c.promotion_id, c.scope),
    taken AS (UPDATE promotion_use u SET back_units = 0, back_fen = 0 FROM mine
        WHERE u.store_id = :store AND u.order_id = :order AND u.promotion_id = mine.promotion_id
        RETURNING u.promotion_id)
    SELECT mine.promotion_id, p.name, asked.scope AS short FROM mine JOIN promotion p ON p.id = mine.promotion_id
    LEFT JOIN LATERAL (SELECT s.scope FROM unnest(mine.scopes) AS s(scope) WHERE NOT EXISTS (
        SELECT FROM counted WHERE counted.promotion_id = mine.promotion_id AND counted.scope = s.scope)
        ORDER BY 1 LIMIT 1) asked ON true
    ORDER BY 1""")


def take_again(session: Session, store_id: int, order_id: int) -> None:
    """Count everything an order gave back once more, within the limits of the last claim; a repeat counts nothing.

    What is over meanwhile counts all the same: the order was priced while it ran.  Two statements, so that a quota that
    a publish added while we waited for the uses is seen; locks as in `counts.py`.

    :raises QuotaUsed: a quota or budget has not so much left; nothing may stay of the (inner) transaction.
    """
    key = {"store": store_id, "order": order_id}
    if not fetch(session, _MINE, key):
        return
    short = [row for row in fetch(session, _AGAIN, key) if row.short is not None]
    if short:
        raise QuotaUsed(
            promotions=[{"id": row.promotion_id, "name": row.name, "limit": row.short, "left": 0} for row in short]
        )
