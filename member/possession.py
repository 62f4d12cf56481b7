"""Leave to spend what a member holds at a till: given for a shown code or by a manager, for one sale."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import changed, fetch, first
from config.errors import Refused

LIVES = timedelta(minutes=10)


class PossessionNeeded(Refused):
    """A phone number or a card only says who it is; spending needs the member's code or a manager's approval."""

    code = "possession_needed"


_GIVE = text(
    "INSERT INTO spend_authorisation (token, member_id, till_id, way, actor, reason, expires_at)"
    " VALUES (:token, :member, :till, :way, :actor, :reason, :until)"
)
_HOLDS = text(
    "SELECT 1 FROM spend_authorisation WHERE token = :token AND member_id = :member AND till_id = :till"
    " AND used_at IS NULL AND expires_at > :now"
)
_USE = text(
    "UPDATE spend_authorisation SET used_at = :now WHERE token = :token AND member_id = :member AND till_id = :till"
    " AND used_at IS NULL AND expires_at > :now RETURNING way"
)
_FORGET = text(
    "DELETE FROM spend_authorisation WHERE ctid IN"
    " (SELECT ctid FROM spend_authorisation WHERE expires_at < :before LIMIT :most)"
)


def by_code(session: Session, member_id: int, till_id: int, *, actor: str, now: datetime) -> str:
    """Leave for a member whose code was just accepted at this till; returns the token the sale brings."""
    return _give(session, member_id, till_id, "code", actor, None, now)


def by_manager(
    session: Session, member_id: int, till_id: int, *, asked_by: str, manager: str, reason: str, now: datetime
) -> str:
    """Leave that a manager gives in the code's place; who asked, who approved and why stand in the journal."""
    token = _give(session, member_id, till_id, "manager", manager, reason, now)
    subject = f"member:{member_id}"
    journal.record(
        session,
        "member.spending_approved",
        subject,
        actor=manager,
        now=now,
        asked_by=asked_by,
        reason=reason,
        till_id=till_id,
    )
    return token


def _give(
    session: Session, member_id: int, till_id: int, way: str, actor: str, reason: str | None, now: datetime
) -> str:
    token = secrets.token_urlsafe(18)
    given = {
        "token": token, "member": member_id, "till": till_id, "way": way, "actor": actor, "reason": reason,
        "until": now + LIVES,
    }  # fmt: skip
    fetch(session, _GIVE, given)
    return token


def holds(session: Session, token: str, member_id: int, till_id: int, *, now: datetime) -> bool:
    """Whether the token would let this member spend at this till now; uses nothing up."""
    return first(session, _HOLDS, {"token": token, "member": member_id, "till": till_id, "now": now}) is not None


def use(session: Session, token: str, member_id: int, till_id: int, *, now: datetime) -> bool:
    """Use the token up for one sale; False when it is used, late, or another till's or member's.

    The guard is in the UPDATE: of two sales that bring one token at once, one may spend.
    """
    return first(session, _USE, {"token": token, "member": member_id, "till": till_id, "now": now}) is not None


def forget(session: Session, *, now: datetime, most: int = 5000) -> int:
    """Drop what ran out a day ago; the journal keeps what matters; returns how many."""
    return changed(session, _FORGET, {"before": now - timedelta(days=1), "most": most})
