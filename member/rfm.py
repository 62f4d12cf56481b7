"""Recency, frequency and money of buyers, scored in fifths (RFM), so that a segment can say "my best customers".

Of everybody who kept something bought within a year: `r` by when they last bought, `f` by how many orders, `m` by what
they kept, each 1 to 5 and 5 best.  The edges of a measure are the values at 20, 40, 60 and 80 % of the buyers, taken
from among them; a score is 1 plus the number of edges below the value.  Buyers with equal values therefore score
equally, and where many are equal a score may be missing.  Worked table, money of ten buyers, edges 20 40 60 80:

    kept     10  20 | 30  40 | 50  60 | 70  80 | 90  100
    m         1   1    2   2    3   3    4   4    5    5
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import months_later
from config.db import first

_SCORE = text("""
    WITH buyer AS (
        SELECT p.member_id, max(p.at) AS bought_at, count(*) AS orders, sum(p.kept_fen)::bigint AS kept_fen
        FROM member_purchase p JOIN member ON member.id = p.member_id AND member.merged_into_id IS NULL
        WHERE p.kept_fen > 0 AND p.at > :since AND p.at <= :now GROUP BY 1),
    edge AS (
        SELECT count(*) AS buyers,
               percentile_disc('{0.2,0.4,0.6,0.8}'::float8[]) WITHIN GROUP (ORDER BY bought_at) AS r,
               percentile_disc('{0.2,0.4,0.6,0.8}'::float8[]) WITHIN GROUP (ORDER BY orders) AS f,
               percentile_disc('{0.2,0.4,0.6,0.8}'::float8[]) WITHIN GROUP (ORDER BY kept_fen) AS m
        FROM buyer),
    gone AS (DELETE FROM member_rfm WHERE member_id NOT IN (SELECT member_id FROM buyer)),
    scored AS (
        INSERT INTO member_rfm (member_id, bought_at, orders, kept_fen, r, f, m)
        SELECT member_id, bought_at, orders, kept_fen,
               1 + (SELECT count(*) FROM unnest(edge.r) x WHERE x < bought_at),
               1 + (SELECT count(*) FROM unnest(edge.f) x WHERE x < orders),
               1 + (SELECT count(*) FROM unnest(edge.m) x WHERE x < kept_fen)
        FROM buyer, edge ORDER BY member_id
        ON CONFLICT (member_id) DO UPDATE SET bought_at = excluded.bought_at, orders = excluded.orders,
            kept_fen = excluded.kept_fen, r = excluded.r, f = excluded.f, m = excluded.m)
    INSERT INTO rfm_run (at, buyers, edges)
    SELECT :now, buyers, jsonb_build_object('r', to_jsonb(r), 'f', to_jsonb(f), 'm', to_jsonb(m)) FROM edge
    RETURNING buyers, edges""")
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('member_rfm'))")


def score(session: Session, *, now: datetime) -> dict[str, Any]:
    """Score every buyer of the last twelve months anew; returns `buyers` and the `edges` of r, f and m.

    One statement; a second run at the same time waits for the first.
    """
    session.execute(_ONE_AT_A_TIME)
    run = first(session, _SCORE, {"since": months_later(now, -12), "now": now})
    assert run is not None
    return {"buyers": run.buyers, "edges": run.edges}
