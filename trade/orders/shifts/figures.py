"""What a shift took, from the rows of its sales, refunds and cash moves: the one arithmetic of X, Z and proof.

    expected_fen = float + cash of sales and top-ups - cash refunds + paid in - paid out - drops

Beside the money it says who threw how many tickets away (`voided`: staff_id, n, fen, and how many a manager approved).

Only cash tenders count.  A document that could not become a sale, or a return, moved its cash all the same: that is
`unbooked_fen`, beside what is expected until it becomes one.  By shift, never by the clock, so that midnight and
time zones are nothing here.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from config.db import fetch

_FIGURES = """
    WITH asked AS ({asked}),
    sold AS (SELECT o.store_id, o.shift_id, count(*) AS sales, sum(o.payable_fen + o.rounding_fen)::bigint AS fen,
                    sum(o.rounding_fen)::bigint AS rounding_fen,
                    encode(sha256(convert_to(string_agg(o.id || ':' || o.payable_fen || ':' || o.rounding_fen, ','
                        ORDER BY o.id), 'UTF8')), 'hex') AS hash
             FROM asked JOIN sale_order o ON o.store_id = asked.store_id AND o.shift_id = asked.id
             WHERE o.paid_at IS NOT NULL GROUP BY 1, 2),
    topped AS (SELECT u.store_id, u.shift_id, count(*) AS top_ups, sum(u.principal_fen)::bigint AS fen
               FROM asked JOIN top_up u ON u.store_id = asked.store_id AND u.shift_id = asked.id
               WHERE u.state = 'paid' GROUP BY 1, 2),
    paid AS (SELECT store_id, shift_id, jsonb_object_agg(kind, fen) AS tenders FROM (
                SELECT asked.store_id, asked.id AS shift_id, t.kind, sum(t.amount_fen)::bigint AS fen FROM asked
                CROSS JOIN LATERAL (
                    SELECT t.kind, t.amount_fen FROM sale_order o
                    JOIN tender t ON t.store_id = o.store_id AND t.order_id = o.id AND t.state = 'paid'
                    WHERE o.store_id = asked.store_id AND o.shift_id = asked.id
                    UNION ALL
                    SELECT t.kind, t.amount_fen FROM top_up u
                    JOIN tender t ON t.store_id = u.store_id AND t.top_up_id = u.id AND t.state = 'paid'
                    WHERE u.store_id = asked.store_id AND u.shift_id = asked.id) AS t
                WHERE t.amount_fen > 0 GROUP BY 1, 2, 3) AS by_kind GROUP BY 1, 2),
    back AS (SELECT store_id, shift_id, jsonb_object_agg(kind, fen) AS refunds FROM (
                SELECT asked.store_id, asked.id AS shift_id, r.kind, sum(r.amount_fen)::bigint AS fen
                FROM asked JOIN refund r ON r.shift_id = asked.id
                WHERE r.state <> 'closed' AND (r.kind <> 'cash' OR r.state = 'done')
                GROUP BY 1, 2, 3) AS by_kind GROUP BY 1, 2),
    returned AS (SELECT asked.store_id, asked.id AS shift_id, count(*) AS returns,
                        sum(r.rounding_fen)::bigint AS rounding_fen
                 FROM asked JOIN sale_return r ON r.shift_id = asked.id GROUP BY 1, 2),
    moved AS (SELECT m.store_id, m.shift_id, sum(m.fen) FILTER (WHERE m.kind = 'paid_in')::bigint AS paid_in_fen,
                     sum(m.fen) FILTER (WHERE m.kind = 'paid_out')::bigint AS paid_out_fen,
                     sum(m.fen) FILTER (WHERE m.kind = 'drop')::bigint AS drops_fen
              FROM asked JOIN cash_move m ON m.store_id = asked.store_id AND m.shift_id = asked.id GROUP BY 1, 2),
    voided AS (SELECT store_id, shift_id, jsonb_agg(jsonb_build_object('staff_id', staff_id, 'n', n, 'fen', fen,
                      'approved', approved) ORDER BY staff_id) AS by_staff
               FROM (SELECT v.store_id, v.shift_id, v.staff_id, count(*) AS n, sum(v.payable_fen)::bigint AS fen,
                            count(v.approver_id) AS approved
                     FROM asked JOIN voided_ticket v ON v.store_id = asked.store_id AND v.shift_id = asked.id
                     GROUP BY 1, 2, 3) AS one GROUP BY 1, 2),
    unbooked AS (SELECT d.store_id, d.shift_uuid, count(*) AS n,
                        sum(CASE d.kind WHEN 'back' THEN -d.payable_fen ELSE d.payable_fen - d.not_cash_fen END)::bigint
                            AS fen
                 FROM till_document d
                 WHERE d.kind IN ('sale', 'back') AND d.state IN ('excepted', 'settled') AND d.shift_uuid IS NOT NULL
                 GROUP BY 1, 2),
    figures AS (
        SELECT s.store_id, s.id AS shift_id, coalesce(sold.sales, 0) AS sales, coalesce(sold.fen, 0) AS sold_fen,
               coalesce(sold.rounding_fen, 0) - coalesce(returned.rounding_fen, 0) AS rounding_fen,
               coalesce(sold.hash, '') AS sales_hash, coalesce(topped.top_ups, 0) AS top_ups,
               coalesce(topped.fen, 0) AS topped_fen, coalesce(paid.tenders, '{{}}') AS tenders,
               coalesce(returned.returns, 0) AS returns, coalesce(back.refunds, '{{}}') AS refunds,
               coalesce(moved.paid_in_fen, 0) AS paid_in_fen, coalesce(moved.paid_out_fen, 0) AS paid_out_fen,
               coalesce(moved.drops_fen, 0) AS drops_fen, coalesce(unbooked.n, 0) AS unbooked,
               coalesce(voided.by_staff, '[]') AS voided,
               coalesce(unbooked.fen, 0) AS unbooked_fen,
               s.float_fen + coalesce((paid.tenders->>'cash')::bigint, 0)
               - coalesce((back.refunds->>'cash')::bigint, 0) + coalesce(moved.paid_in_fen, 0)
               - coalesce(moved.paid_out_fen, 0) - coalesce(moved.drops_fen, 0) AS expected_fen
        FROM asked JOIN shift s ON s.store_id = asked.store_id AND s.id = asked.id
        LEFT JOIN sold ON sold.store_id = s.store_id AND sold.shift_id = s.id
        LEFT JOIN topped ON topped.store_id = s.store_id AND topped.shift_id = s.id
        LEFT JOIN paid ON paid.store_id = s.store_id AND paid.shift_id = s.id
        LEFT JOIN back ON back.store_id = s.store_id AND back.shift_id = s.id
        LEFT JOIN returned ON returned.store_id = s.store_id AND returned.shift_id = s.id
        LEFT JOIN moved ON moved.store_id = s.store_id AND moved.shift_id = s.id
        LEFT JOIN voided ON voided.store_id = s.store_id AND voided.shift_id = s.id
        LEFT JOIN unbooked ON unbooked.store_id = s.store_id AND unbooked.shift_uuid = s.uuid)
    """

NAMES = (
    "sales", "sold_fen", "rounding_fen", "sales_hash", "top_ups", "topped_fen", "tenders", "returns", "refunds",
    "paid_in_fen", "paid_out_fen", "drops_fen", "unbooked", "unbooked_fen", "voided",
    "expected_fen",
)  # fmt: skip
"""What a Z says of its shift's rows, as the proof compares it."""
SINCE: dict[str, Any] = {"voided": []}
"""What the first Z did not say yet, and what is taken as said by them."""


def statement(asked: str, select: str) -> TextClause:
    """The figures of the shifts that `asked` names by (store_id, id), as `select` reads them from `figures`."""
    return text(_FIGURES.format(asked=asked) + select)


_OF_ONE = statement("SELECT CAST(:store AS bigint) AS store_id, CAST(:shift AS bigint) AS id", "SELECT * FROM figures")


def of(session: Session, store_id: int, shift_id: int) -> dict[str, Any]:
    """The figures of one shift as its rows are now, by NAMES."""
    row = fetch(session, _OF_ONE, {"store": store_id, "shift": shift_id})[0]
    return {name: getattr(row, name) for name in NAMES}


_NAMES = text("SELECT id, name FROM staff WHERE id = ANY(:ids)")


def voiders(session: Session, found: dict[str, Any]) -> dict[str, str]:
    """The names of who voided tickets, by id as text: a name may change, and is no figure."""
    ids = [one["staff_id"] for one in found["voided"]]
    return {str(row.id): row.name for row in fetch(session, _NAMES, {"ids": ids})} if ids else {}


def voided_by(session: Session, found: dict[str, Any]) -> list[dict[str, Any]]:
    """Voided tickets by who voided them, for a screen: `{name, n, fen, approved}`."""
    names = voiders(session, found)
    said = ("n", "fen", "approved")
    return [{"name": names[str(one["staff_id"])]} | {name: one[name] for name in said} for one in found["voided"]]
