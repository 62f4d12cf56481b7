"""A campaign gives a coupon of one offer to a segment: in batches, once a member, without the holdout.

    the segment          found anew when the campaign starts
    held out             a stable share that no campaign touches; what they buy is what would have been bought anyway
    silent               members who have not said yes to marketing and to being chosen by what they did
    left out             members who have as many as one may have, or for whom none was left
    issued               the rest; each has a row, so that lift can be told from the holdout later

A run is named by a key of whoever starts it: the same key is the same run.  Its cursor moves with the coupons, under
the run's lock, so a worker that dies gives nothing twice and leaves nobody out.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused
from member import segments
from member.coupons import issue
from member.coupons.claim import CouponNotOnOffer

ASKS = ("marketing", "personalisation")
"""What a member must have said yes to before they are chosen for something that sells."""


class CampaignKeyReused(Refused):
    """The key names a run of another offer or segment (`campaign_id`); nothing was started."""

    code = "campaign_key_reused"


_START = text("""
    INSERT INTO coupon_campaign (key, template_id, segment_id, size, held_out, actor, at)
    VALUES (:key, :template, :segment, :size, :held_out, :actor, :now) ON CONFLICT (key) DO NOTHING RETURNING id""")
_KEYED = text("SELECT id, template_id, segment_id FROM coupon_campaign WHERE key = :key")
_LIVE = text("SELECT 1 AS yes FROM coupon_template WHERE id = :template AND state = 'live'")
_OPEN = text("SELECT id FROM coupon_campaign WHERE ended_at IS NULL ORDER BY id LIMIT :most")
_TAKE = text(
    "SELECT id, template_id, segment_id, after_member_id FROM coupon_campaign"
    " WHERE id = :id AND ended_at IS NULL FOR NO KEY UPDATE SKIP LOCKED"
)
_GIFTS = text("""
    INSERT INTO coupon_campaign_gift (campaign_id, member_id, coupon_id)
    SELECT :id, g.member_id, g.coupon_id
    FROM unnest(CAST(:members AS bigint[]), CAST(:coupons AS bigint[])) AS g(member_id, coupon_id)""")
_ALONG = text("""
    UPDATE coupon_campaign SET after_member_id = :after, silent = silent + :silent, issued = issued + :issued,
        left_out = left_out + :left_out WHERE id = :id""")
_END = text(
    "UPDATE coupon_campaign SET ended_at = :now, ended_because = :why WHERE id = :id AND ended_at IS NULL RETURNING id"
)
_ONE = text("SELECT * FROM coupon_campaign WHERE id = :id")


def start(session: Session, key: str, template_id: int, segment_id: int, *, actor: str, now: datetime) -> int:
    """Start a run on the segment as it is now; returns its id.  The same key again is the same run.

    :raises CampaignKeyReused, CouponNotOnOffer, NotFound: nothing was started.
    """
    found = first(session, _KEYED, {"key": key})
    if found is None:
        if first(session, _LIVE, {"template": template_id}) is None:
            raise CouponNotOnOffer(template_id=template_id)
        snapshot = segments.refresh(session, segment_id, now=now)
        row = {"key": key, "template": template_id, "segment": segment_id, "actor": actor, "now": now}
        made = first(session, _START, {**row, "size": snapshot.size, "held_out": snapshot.held_out})
        if made is not None:
            _tell(session, "started", made.id, actor, now, template_id=template_id, segment_id=segment_id)
            return int(made.id)
        found = fetch(session, _KEYED, {"key": key})[0]
    if (found.template_id, found.segment_id) != (template_id, segment_id):
        raise CampaignKeyReused(campaign_id=found.id)
    return int(found.id)


def under_way(session: Session, *, most: int) -> list[int]:
    """Runs that are not over, the oldest first."""
    return [row.id for row in fetch(session, _OPEN, {"most": most})]


def step(session: Session, campaign_id: int, *, actor: str, now: datetime, most: int) -> int:
    """Give to the next `most` members; returns how many were looked at, 0 when the run is over or another has it.

    Call it in a transaction of its own.  The run's row is locked, then the offer's, then the members' counts.
    """
    run = first(session, _TAKE, {"id": campaign_id})
    if run is None:
        return 0
    page = segments.reachable(session, run.segment_id, ASKS, after=run.after_member_id, most=most)
    if not page:
        _finish(session, run.id, "done", actor, now)
        return 0
    agreed = [member_id for member_id, yes in page if yes]
    made = issue.issue(session, run.template_id, agreed, actor=actor, now=now)
    if made is None:
        _finish(session, run.id, "offer_over", actor, now)
        return 0
    members = sorted(made)
    fetch(session, _GIFTS, {"id": run.id, "members": members, "coupons": [made[one] for one in members]})
    counts = {"silent": len(page) - len(agreed), "issued": len(made), "left_out": len(agreed) - len(made)}
    fetch(session, _ALONG, {"id": run.id, "after": page[-1][0], **counts})
    return len(page)


def stop(session: Session, campaign_id: int, *, actor: str, now: datetime) -> bool:
    """Give to nobody more; what was given stays.  False when it was over already."""
    return _finish(session, campaign_id, "stopped", actor, now)


def _finish(session: Session, campaign_id: int, why: str, actor: str, now: datetime) -> bool:
    if first(session, _END, {"id": campaign_id, "why": why, "now": now}) is None:
        return False
    _tell(session, "ended", campaign_id, actor, now, why=why)
    return True


def _tell(session: Session, what: str, campaign_id: int, actor: str, now: datetime, **data: Any) -> None:
    journal.record(session, f"campaign.{what}", f"coupon_campaign:{campaign_id}", actor=actor, now=now, **data)


def progress(session: Session, campaign_id: int) -> dict[str, Any]:
    """How far a run is: `size` = `held_out` + `silent` + `issued` + `left_out` + `to_do` while nobody comes or goes."""
    row = first(session, _ONE, {"id": campaign_id})
    if row is None:
        raise NotFound(campaign_id=campaign_id)
    looked = row.held_out + row.silent + row.issued + row.left_out
    return {
        "id": row.id,
        "key": row.key,
        "template_id": row.template_id,
        "segment_id": row.segment_id,
        "size": row.size,
        "held_out": row.held_out,
        "silent": row.silent,
        "issued": row.issued,
        "left_out": row.left_out,
        "to_do": 0 if row.ended_at else max(row.size - looked, 0),
        "started_at": row.at.isoformat(),
        "ended_at": row.ended_at.isoformat() if row.ended_at else None,
        "ended_because": row.ended_because,
    }
