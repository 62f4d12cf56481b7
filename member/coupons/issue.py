"""Coupons given to members nobody asked: a tier's gift, a campaign on a segment.  Set-based, and short by rule.

Who has as many of an offer as one may have is left out; an offer that is used up or over gives to nobody more.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from member.coupons.claim import ON_OFFER, UNTIL

_QUEUE = text(f"SELECT t.id FROM coupon_template t WHERE {ON_OFFER} FOR NO KEY UPDATE")
_ISSUE = text(f"""
    WITH t AS (SELECT * FROM coupon_template WHERE id = :template),
    asked AS (SELECT a.member_id FROM unnest(CAST(:members AS bigint[])) AS a(member_id)
        JOIN member ON member.id = a.member_id AND member.merged_into_id IS NULL AND member.erased_at IS NULL
        LEFT JOIN coupon_claim own ON own.template_id = :template AND own.member_id = a.member_id
        WHERE coalesce(own.claimed, 0) < (SELECT claims_per_member FROM t)
        ORDER BY a.member_id LIMIT (SELECT remaining FROM t)),
    mine AS (INSERT INTO coupon_claim AS own (template_id, member_id, claimed, last_seq)
        SELECT :template, member_id, 1, 1 FROM asked ON CONFLICT (template_id, member_id)
        DO UPDATE SET claimed = own.claimed + 1, last_seq = own.last_seq + 1
        WHERE own.claimed < (SELECT claims_per_member FROM t)
        RETURNING member_id, last_seq),
    made AS (INSERT INTO coupon (member_id, template_id, seq, state, valid_from_at, valid_until_at, origin_member_id,
            claimed_at)
        SELECT mine.member_id, t.id, mine.last_seq, 'issued', coalesce(t.valid_from_at, :now), {UNTIL},
            mine.member_id, :now FROM t, mine
        RETURNING member_id, id),
    less AS (UPDATE coupon_template SET remaining = remaining - (SELECT count(*) FROM made)
        WHERE id = :template AND remaining IS NOT NULL),
    noted AS (INSERT INTO coupon_event (member_id, coupon_id, event, key, actor, at)
        SELECT member_id, id, 'give', 'give', :actor, :now FROM made),
    told AS (INSERT INTO journal (kind, subject, actor, at, data, tries, done_at)
        SELECT 'coupon.claimed', 'member:' || member_id, :actor, :now,
            jsonb_build_object('coupon_id', id, 'template_id', CAST(:template AS bigint)), 0, :now FROM made)
    SELECT member_id, id FROM made""")


def issue(
    session: Session, template_id: int, members: Collection[int], *, actor: str, now: datetime
) -> dict[int, int] | None:
    """Give one coupon of an offer to each member, in two statements; coupon ids by member, or None.

    Members who have as many as one may have, who were merged or who left are missing, and so is everybody for whom
    none is left (members with the lowest ids are served first).  None when the offer is not live, has not begun or
    is over.  The offer's row is locked first: whoever claims meanwhile waits, and neither passes a limit.
    """
    given = {"template": template_id, "now": now, "channel": None}
    if first(session, _QUEUE, given) is None:
        return None
    rows = fetch(session, _ISSUE, {**given, "members": sorted(set(members)), "actor": actor})
    return {row.member_id: row.id for row in rows}
