"""What the chain owes its members in points, and who is told that points will expire."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, rows
from member.reach import reminders
from member.terms import ONE_BP, terms_at

STAGES = (30, 7, 1)
"""Days before the expiry at which a member is told."""

_BY_MONTH = text("""
    SELECT to_char(date_trunc('month', e.at AT TIME ZONE 'Asia/Shanghai'), 'YYYY-MM') AS issued,
           sum(l.initial)::bigint AS issued_points, sum(l.remaining)::bigint AS remaining,
           coalesce(sum(l.remaining) FILTER (WHERE l.state = 'pending'), 0)::bigint AS pending
    FROM lot l JOIN lot_entry e ON e.member_id = l.member_id AND e.id = l.entry_id
    WHERE l.account = 'points' AND l.state <> 'void' AND l.remaining > 0
    GROUP BY 1 ORDER BY 1""")


def by_issue_month(session: Session, *, now: datetime) -> list[dict[str, Any]]:
    """Per month of issue what remains, and its fair value: remaining x worth x (1 - expected breakage), in fen."""
    terms = terms_at(now, session)
    months = rows(session.execute(_BY_MONTH))
    for month in months:
        worth_fen = terms.worth_fen(month["remaining"])
        month["breakage_bp"] = terms.breakage_bp
        month["fair_value_fen"] = worth_fen * (ONE_BP - terms.breakage_bp) // ONE_BP
    return months


_TELL = text("""
    WITH due AS (
        SELECT member_id, sum(remaining)::bigint AS points, min(expires_at) AS expires_at FROM lot
        WHERE account = 'points' AND state = 'available' AND remaining > 0 AND expires_at > :now
          AND expires_at <= :until AND expires_at > :beyond
        GROUP BY member_id),
    told AS (
        INSERT INTO points_notice (member_id, expires_at, stage, points, at)
        SELECT member_id, expires_at, :stage, points, :now FROM due
        ON CONFLICT DO NOTHING RETURNING member_id, expires_at, points),
    noted AS (
        INSERT INTO journal (kind, subject, actor, at, data, tries)
        SELECT 'points.expiring', 'member:' || member_id, 'clock', :now, jsonb_build_object('member_id', member_id,
               'points', points, 'expires_at', expires_at, 'days', CAST(:stage AS bigint)), 0 FROM told)
    SELECT * FROM told""")


def tell_expiring(session: Session, *, now: datetime) -> int:
    """Write one fact per member for what expires within 30, 7 and 1 days, summed over lots; returns how many.

    Each member is told once for each date and stage, however often this runs; by a message, where they asked for it.
    """
    told = 0
    for stage, nearer in zip(STAGES, (*STAGES[1:], 0), strict=True):
        given = {"now": now, "until": now + timedelta(days=stage), "beyond": now + timedelta(days=nearer)}
        due = fetch(session, _TELL, {**given, "stage": stage})
        told += len(due)
        if due:
            reminders.expiring(session, due, stage, now=now)
    return told
