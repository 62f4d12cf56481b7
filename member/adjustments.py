"""Points put right by hand: proposed with a reason, and above a limit approved by somebody else."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused
from member import moves, points
from member.terms import terms_at


class OwnAdjustment(Refused):
    """Who proposed an adjustment cannot approve it."""

    code = "own_adjustment"


class AdjustmentDecided(Refused):
    """The adjustment is not open any more."""

    code = "adjustment_decided"


_PROPOSE = text("""
    INSERT INTO points_adjustment (member_id, points, reason, state, author, at)
    SELECT id, :points, :reason, 'proposed', :actor, :now FROM member WHERE id = :member RETURNING id""")
_ONE = text("SELECT id, member_id, points, state, author FROM points_adjustment WHERE id = :id")


def propose(
    session: Session, member_id: int, amount: int, reason: str, *, actor: str, now: datetime
) -> tuple[int, str]:
    """Ask for `amount` points more (or fewer); returns the document's id and state.

    One within the limit of the terms is approved at once, in its author's name.

    :raises PointsShort: there is less to take away; nothing changes.
    """
    assert amount and reason.strip(), (amount, reason)
    row = first(
        session, _PROPOSE, {"member": member_id, "points": amount, "reason": reason, "actor": actor, "now": now}
    )
    if row is None:
        raise NotFound(member_id=member_id)
    subject = f"points_adjustment:{row.id}"
    journal.record(session, "points.adjustment_proposed", subject, actor=actor, now=now, points=amount)
    if abs(amount) > terms_at(now, session).adjust_alone_up_to:
        return int(row.id), "proposed"
    moves.decide_adjustment(session, row.id, "approved", "", actor=actor, now=now)
    points.adjust(session, member_id, amount, source=f"adjustment:{row.id}", actor=actor, now=now)
    return int(row.id), "approved"


def decide(session: Session, adjustment_id: int, *, approve: bool, because: str = "", actor: str, now: datetime) -> int:
    """Say yes or no to a proposal of somebody else; returns the points moved.

    :raises OwnAdjustment: the author decides nothing.
    :raises AdjustmentDecided: somebody was first; of two at once exactly one succeeds.
    """
    rows = fetch(session, _ONE, {"id": adjustment_id})
    if not rows:
        raise NotFound(adjustment_id=adjustment_id)
    row = rows[0]
    if approve and row.author == actor:
        raise OwnAdjustment(adjustment_id=adjustment_id)
    state = "approved" if approve else "rejected"
    if not moves.decide_adjustment(session, adjustment_id, state, because, actor=actor, now=now):
        raise AdjustmentDecided(adjustment_id=adjustment_id, state=row.state)
    if not approve:
        return 0
    points.adjust(session, row.member_id, row.points, source=f"adjustment:{row.id}", actor=actor, now=now)
    return int(row.points)
