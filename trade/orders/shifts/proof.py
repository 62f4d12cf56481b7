"""The proof that every settled shift's Z says what its rows say, and that no Z was taken out or changed.

fault      what does not agree
z_figures  the last Z or amendment of a settled shift, and its sales, tenders, refunds and cash moves
z_missing  a settled shift without its Z, or a Z of a shift that is not settled
z_chain    a number left out, a text that is not what was hashed, or a link that is not the one before
counted    what the shift says was counted, and its last count piece by piece
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from trade.orders.shifts.figures import NAMES, SINCE, statement

_SAID = {name: f"last.body ? '{name}' AND " if name in SINCE else "" for name in NAMES}
_DIFFERS = " OR ".join(f"{said}last.body->'{name}' IS DISTINCT FROM to_jsonb(f.{name})" for name, said in _SAID.items())
_FIGURES = statement(
    "SELECT store_id, id FROM shift WHERE state = 'settled'",
    f"""SELECT 'z_figures' AS fault, f.store_id, f.shift_id, last.z_no,
               greatest(abs((last.body->>'expected_fen')::bigint - f.expected_fen),
                        abs((last.body->>'sold_fen')::bigint - f.sold_fen), 1) AS at_stake
        FROM figures f JOIN LATERAL (SELECT z_no, body::jsonb AS body FROM shift_z z WHERE z.store_id = f.store_id
            AND z.shift_id = f.shift_id ORDER BY amended DESC LIMIT 1) AS last ON true
        WHERE {_DIFFERS} ORDER BY 2, 3 LIMIT 1000""",
)
_MISSING = text("""
    SELECT 'z_missing' AS fault, s.store_id, s.id AS shift_id, greatest(coalesce(s.counted_fen, 0), 1) AS at_stake
    FROM shift s WHERE (s.state = 'settled') <> EXISTS (
        SELECT FROM shift_z z WHERE z.store_id = s.store_id AND z.shift_id = s.id AND z.amended = 0)
    ORDER BY 2, 3 LIMIT 1000""")
_CHAIN = text("""
    WITH z AS (
        SELECT store_id, shift_id, z_no, amended, body, hash,
               lag(hash) OVER links AS before, lag(amended) OVER links AS n_before
        FROM shift_z WINDOW links AS (PARTITION BY store_id, z_no ORDER BY amended)),
    heads AS (
        SELECT store_id, z_no, lag(hash) OVER chain AS before, lag(z_no) OVER chain AS no_before
        FROM shift_z WHERE amended = 0 WINDOW chain AS (PARTITION BY store_id ORDER BY z_no))
    SELECT 'z_chain' AS fault, z.store_id, z.shift_id, z.z_no,
           greatest((z.body::jsonb->>'counted_fen')::bigint, 1) AS at_stake
    FROM z LEFT JOIN heads ON heads.store_id = z.store_id AND heads.z_no = z.z_no AND z.amended = 0
    WHERE sha256(convert_to(z.body, 'UTF8')) <> z.hash OR (z.body::jsonb->>'z_no')::bigint <> z.z_no
       OR (z.body::jsonb->>'amended')::bigint <> z.amended OR (z.body::jsonb->>'shift_id')::bigint <> z.shift_id
       OR z.amended <> coalesce(z.n_before + 1, 0)
       OR z.body::jsonb->>'prev' <> encode(coalesce(z.before, heads.before, decode(repeat('00', 32), 'hex')), 'hex')
       OR (z.amended = 0 AND z.z_no <> coalesce(heads.no_before, 0) + 1)
    UNION ALL
    SELECT 'z_chain', c.store_id, NULL, c.last_no, 1 FROM z_chain c
    LEFT JOIN shift_z z ON z.store_id = c.store_id AND z.z_no = c.last_no AND z.amended = 0
    WHERE z.hash IS DISTINCT FROM c.last_hash OR EXISTS (
        SELECT FROM shift_z later WHERE later.store_id = c.store_id AND later.z_no > c.last_no)
    ORDER BY 2, 4 LIMIT 1000""")
_COUNTED = text("""
    SELECT 'counted' AS fault, s.store_id, s.id AS shift_id, abs(said.fen - coalesce(c.fen, 0))::bigint AS at_stake
    FROM shift s CROSS JOIN LATERAL (VALUES (0, s.float_fen), (1, s.counted_fen)) AS said(place, fen)
    LEFT JOIN LATERAL (
        SELECT CASE WHEN pieces IS NULL THEN c.fen ELSE
                    (SELECT coalesce(sum(face::bigint * n::bigint), 0) FROM jsonb_each_text(pieces) AS p(face, n)) END
               AS fen
        FROM shift_count c WHERE c.store_id = s.store_id AND c.shift_id = s.id AND (c.no = 0) = (said.place = 0)
        ORDER BY no DESC LIMIT 1) AS c ON true
    WHERE said.fen IS NOT NULL AND said.fen IS DISTINCT FROM c.fen ORDER BY 2, 3 LIMIT 1000""")


def differences(session: Session) -> list[dict[str, Any]]:
    """Every shift and Z that does not agree; `at_stake` in fen."""
    proofs = (_FIGURES, _MISSING, _CHAIN, _COUNTED)
    return [dict(row) for proof in proofs for row in session.execute(proof).mappings()]
