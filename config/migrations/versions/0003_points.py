"""The lot ledger explains every lot by its facts alone; the points programme's terms, per-line earnings, documents.

Facts written before this know their takings; what they gave back, what made a debt good and which expiry they gave is
worked out from the lots as they are.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

_MONTH_END = (
    "(date_trunc('month', at AT TIME ZONE 'Asia/Shanghai') + interval '13 months') AT TIME ZONE 'Asia/Shanghai'"
)

_LEDGER = (
    "ALTER TABLE lot_entry ADD COLUMN lots bigint[] NOT NULL DEFAULT '{}',"
    " ADD COLUMN deltas bigint[] NOT NULL DEFAULT '{}', ADD COLUMN settled bigint NOT NULL DEFAULT 0,"
    " ADD COLUMN expires_at timestamptz",
    "ALTER TABLE lot_entry DROP CONSTRAINT ck_lot_entry_event",
    "ALTER TABLE lot_entry ADD CONSTRAINT ck_lot_entry_event CHECK (event IN ('earn', 'confirm', 'void', 'hold',"
    " 'release', 'post', 'spend', 'claw', 'reinstate', 'expire', 'adjust'))",
    "ALTER TABLE lot_entry ADD CONSTRAINT ck_lot_entry_lots"
    " CHECK (cardinality(lots) = cardinality(deltas) AND settled >= 0)",
    "ALTER TABLE lot ADD COLUMN available_at timestamptz, ADD COLUMN entry_id bigint",
    "CREATE INDEX ix_lot_arriving ON lot (account, available_at) WHERE state = 'pending' AND available_at IS NOT NULL",
    "CREATE INDEX ix_lot_expiring ON lot (account, expires_at) WHERE state = 'available' AND remaining > 0",
)

_BACKFILL = (
    # the k-th lot of a source came with its k-th earning
    """UPDATE lot SET entry_id = e.id FROM
        (SELECT id, member_id, account, source, row_number() OVER (PARTITION BY member_id, account, source ORDER BY id)
            AS k FROM lot_entry WHERE event = 'earn') e,
        (SELECT id, member_id, account, source, row_number() OVER (PARTITION BY member_id, account, source ORDER BY id)
            AS k FROM lot) l
    WHERE lot.member_id = l.member_id AND lot.id = l.id AND e.member_id = l.member_id AND e.account = l.account
        AND e.source = l.source AND e.k = l.k""",
    f"UPDATE lot_entry SET expires_at = {_MONTH_END} WHERE (event = 'earn' AND quantity > 0) OR event = 'confirm'",
    "UPDATE lot_entry SET expires_at = at + CASE event WHEN 'release' THEN interval '3 days' ELSE interval '30 days' END"
    " WHERE event IN ('release', 'reinstate')",
    """UPDATE lot_entry e SET lots = ARRAY[substr(e.source, 5)::bigint], deltas = ARRAY[e.quantity]
    WHERE e.event = 'expire'""",
    """UPDATE lot_entry e SET lots = c.lots, deltas = c.deltas FROM
        (SELECT e.member_id, e.id, array_agg(l.id ORDER BY l.id) AS lots,
                array_agg(0::bigint ORDER BY l.id) AS deltas
         FROM lot_entry e JOIN lot l ON l.member_id = e.member_id AND l.account = e.account AND l.source = e.source AND l.entry_id < e.id
         WHERE e.event = 'confirm' GROUP BY 1, 2) c
    WHERE c.member_id = e.member_id AND c.id = e.id""",
    # what came back, by the first giving back of the source that took it: so that it may have been used since
    """UPDATE lot_entry e SET lots = b.lots, deltas = b.deltas FROM
        (SELECT member_id, back_id, array_agg(lot_id ORDER BY lot_id) AS lots, array_agg(restored ORDER BY lot_id)
            AS deltas
         FROM (SELECT c.member_id, c.lot_id, sum(c.restored)::bigint AS restored,
                   (SELECT min(b.id) FROM lot_entry b WHERE b.member_id = t.member_id AND b.account = t.account
                    AND b.source = t.source AND b.event IN ('release', 'reinstate')) AS back_id
               FROM lot_consumption c JOIN lot_entry t ON t.member_id = c.member_id AND t.id = c.entry_id
               WHERE c.restored > 0 GROUP BY 1, 2, 4) r WHERE back_id IS NOT NULL GROUP BY 1, 2) b
    WHERE b.member_id = e.member_id AND b.back_id = e.id""",
    # what a lot lacks beyond that, a debt absorbed
    """UPDATE lot_entry e SET settled = s.lacks FROM
        (SELECT l.member_id, l.entry_id, l.initial - l.remaining
            - coalesce((SELECT sum(c.quantity) FROM lot_consumption c
                        WHERE c.member_id = l.member_id AND c.lot_id = l.id), 0)
            + coalesce((SELECT sum(u.delta) FROM lot_entry f, unnest(f.lots, f.deltas) AS u(lot_id, delta)
                        WHERE f.member_id = l.member_id AND f.event IN ('release', 'reinstate', 'expire')
                        AND u.lot_id = l.id), 0) AS lacks
         FROM lot l WHERE l.entry_id IS NOT NULL) s
    WHERE s.member_id = e.member_id AND s.entry_id = e.id AND s.lacks > 0""",
)

_TERMS = (
    "CREATE TABLE points_terms (version bigint NOT NULL, from_at timestamptz NOT NULL, body jsonb NOT NULL,"
    " author text NOT NULL, at timestamptz NOT NULL, CONSTRAINT pk_points_terms PRIMARY KEY (version))",
    "CREATE INDEX ix_points_terms_from_at ON points_terms (from_at)",
    """CREATE FUNCTION never_changed() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'a row of % is never changed: write a new version', TG_TABLE_NAME; END $$""",
    "CREATE TRIGGER points_terms_never_changed BEFORE UPDATE OR DELETE ON points_terms"
    " FOR EACH ROW EXECUTE FUNCTION never_changed()",
    """INSERT INTO points_terms (version, from_at, body, author, at) VALUES (1, '2000-01-01Z', '{
        "earn_bp": 100, "tier_bp": {"standard": 10000, "silver": 12000, "gold": 15000, "black": 20000},
        "redeem_fen_per_point": 1, "redeem_step": 100, "redeem_max_bp": 5000, "validity": "rolling",
        "valid_months": 12, "confirm_days": {"till": 0, "mall": 0}, "shortfall": "deficit"}', 'migration', now())""",
)

_ORDERS = (
    "ALTER TABLE sale_order ADD COLUMN tier text, ADD COLUMN earn_multiplier_bp bigint,"
    " ADD COLUMN earn_basis_fen bigint NOT NULL DEFAULT 0, ADD COLUMN terms_version bigint",
    "ALTER TABLE order_line ADD COLUMN earns_points bigint NOT NULL DEFAULT 0",
    """UPDATE sale_order o SET tier = m.tier, terms_version = 1, earn_basis_fen = o.payable_fen, earn_multiplier_bp =
        CASE m.tier WHEN 'gold' THEN 15000 WHEN 'silver' THEN 12000 ELSE 10000 END
    FROM member m WHERE m.id = o.member_id""",
    # an order's points over its lines by largest remainder of their net, earlier lines first
    """UPDATE order_line t SET earns_points = s.share + CASE WHEN s.rank <= s.left_over THEN 1 ELSE 0 END
    FROM (SELECT *, earns_points - sum(share) OVER (PARTITION BY store_id, order_id) AS left_over,
              row_number() OVER (PARTITION BY store_id, order_id ORDER BY rest DESC, line_no) AS rank
          FROM (SELECT l.store_id, l.order_id, l.line_no, o.earns_points,
                    o.earns_points * l.net_fen / o.payable_fen AS share,
                    o.earns_points * l.net_fen % o.payable_fen AS rest
                FROM order_line l JOIN sale_order o ON o.store_id = l.store_id AND o.id = l.order_id
                WHERE o.earns_points > 0 AND o.payable_fen > 0) parts) s
    WHERE t.store_id = s.store_id AND t.order_id = s.order_id AND t.line_no = s.line_no""",
)


def upgrade() -> None:
    for statement in (*_LEDGER, *_BACKFILL, *_TERMS, *_ORDERS):
        op.execute(statement)
