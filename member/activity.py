"""What members bought and when they were here: the member room's own copy, for segments (members-mall-orders.md #30).

Orders are not known here; `workers/jobs/count_growth.py` tells what they mean.  Every row says where its order
stands, so telling it twice or late changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.clock import business_day
from config.db import fetch


@dataclass(frozen=True, slots=True)
class Bought:
    """One paid order as it stands: `kept_fen` after refunds, and the goods of which something was kept."""

    member_id: int
    order_id: int
    store_id: int
    channel: str
    at: datetime
    kept_fen: int
    sku_ids: Sequence[int]
    category_ids: Sequence[int]


_NOTE = text("""
    INSERT INTO member_purchase (member_id, order_id, store_id, channel, at, kept_fen, sku_ids, category_ids)
    SELECT b.member_id, b.order_id, b.store_id, b.channel, b.at, b.kept_fen,
           ARRAY(SELECT jsonb_array_elements_text(b.sku_ids)::bigint),
           ARRAY(SELECT jsonb_array_elements_text(b.category_ids)::bigint)
    FROM jsonb_to_recordset(CAST(:bought AS jsonb)) AS b(member_id bigint, order_id bigint, store_id bigint,
        channel text, at timestamptz, kept_fen bigint, sku_ids jsonb, category_ids jsonb)
    ON CONFLICT (member_id, order_id) DO UPDATE SET kept_fen = excluded.kept_fen, sku_ids = excluded.sku_ids,
        category_ids = excluded.category_ids""")
_FORGET = text("DELETE FROM member_purchase WHERE member_id = ANY(:members)")
_VISIT = text(
    "INSERT INTO member_visit (member_id, day, channel) VALUES (:member, :day, :channel) ON CONFLICT DO NOTHING"
    " RETURNING member_id"
)


def note(session: Session, bought: Collection[Bought]) -> None:
    """Write where orders stand; one statement."""
    if bought:
        rows = [{**asdict(one), "at": one.at.isoformat()} for one in bought]
        fetch(session, _NOTE, {"bought": json.dumps(rows)})


def forget(session: Session, members: Collection[int]) -> None:
    """Drop the copy of these members, before it is made anew from the orders (a merge, or its undoing)."""
    fetch(session, _FORGET, {"members": list(members)})


_MOVE_VISITS = text("""
    WITH gone AS (DELETE FROM member_visit WHERE member_id = :source RETURNING day, channel)
    INSERT INTO member_visit (member_id, day, channel) SELECT :into, day, channel FROM gone ON CONFLICT DO NOTHING""")


def move_visits(session: Session, source_id: int, into_id: int) -> None:
    """Give the visits of a merged member to the one who stays; a day both came counts once."""
    fetch(session, _MOVE_VISITS, {"source": source_id, "into": into_id})


def visited(session: Session, member_id: int, channel: str, *, actor: str, now: datetime) -> bool:
    """Note that a member was here; True the first time on a business day, which is a fact that brings growth."""
    day = business_day(now)
    if not fetch(session, _VISIT, {"member": member_id, "day": day, "channel": channel}):
        return False
    journal.record(
        session,
        "member.visited",
        f"member:{member_id}",
        actor=actor,
        now=now,
        member_id=member_id,
        day=day.isoformat(),
        channel=channel,
    )
    return True
