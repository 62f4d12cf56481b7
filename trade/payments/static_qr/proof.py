"""The proof that every payment by the printed code is a tender's, and that a bill's row proves one payment alone.

fault      what does not agree
no_row     a tender of that kind without its payment here, or of another amount
bill       a proved one whose row of a bill is not there, or says another amount
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_ROWS = text("""
    SELECT 'no_row' AS fault, t.store_id, t.order_id, t.id AS tender_id, t.amount_fen,
           greatest(abs(t.amount_fen - coalesce(s.amount_fen, 0)), 1)::bigint AS at_stake
    FROM tender t LEFT JOIN static_qr s ON s.store_id = t.store_id AND s.tender_id = t.id
    WHERE t.kind = 'static_qr' AND (s.amount_fen IS DISTINCT FROM t.amount_fen OR s.order_id <> t.order_id)
    ORDER BY 2, 4 LIMIT 1000""")
_BILL = text("""
    SELECT 'bill' AS fault, s.store_id, s.order_id, s.tender_id, s.amount_fen, s.amount_fen AS at_stake
    FROM static_qr s WHERE s.state = 'proved' AND NOT EXISTS (
        SELECT FROM bill_line b WHERE b.source = 'trade' AND b.kind = 'paid' AND b.no = s.bill_no
          AND b.amount_fen = s.amount_fen)
    ORDER BY 2, 4 LIMIT 1000""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Every payment by the printed code that does not agree; `at_stake` in fen."""
    return [dict(row) for proof in (_ROWS, _BILL) for row in session.execute(proof).mappings()]
