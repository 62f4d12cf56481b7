"""The only writer of approvals: asked for at a till, given there by PIN or at the desk, and used once.

The guard is in the UPDATE: of two uses of one approval, at two tills or in two tabs, exactly one lets something happen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused, WrongState
from trade.stores.approvals.states import MOVES, Action

LIVES = timedelta(minutes=10)


class ApprovalMissing(Refused):
    """A manager must approve this first (`action`); the face asks them and sends the request again."""

    code = "approval_missing"


class ApprovalOver(Refused):
    """The approval is used up, too old, or was given for something else (`action`): ask again."""

    code = "approval_over"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for what, where: `what` is what would change, for the manager to read."""

    store_id: int
    till_id: int | None
    staff_id: int
    action: Action
    subject: str
    reason: str
    what: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Given:
    """An approval that was used: whose word it is, why, and what they were told would change."""

    id: int
    approver_id: int
    reason: str
    what: Mapping[str, Any]

    @property
    def actor(self) -> str:
        """How the journal names the approver."""
        return f"staff:{self.approver_id}"


_ASK = text("""
    INSERT INTO approval (store_id, till_id, action, subject, reason, what, state, alone, asked_by, approver_id,
        asked_at, until_at, decided_at, used_at)
    VALUES (:store, :till, :action, :subject, :reason, CAST(:what AS jsonb), :state, :alone, :asked_by,
        CAST(:approver AS bigint), :now, :until, CAST(:decided AS timestamptz), CAST(:used AS timestamptz))
    RETURNING id""")
_ONE = text("SELECT * FROM approval WHERE store_id = :store AND id = :id")
_DECIDE = text("""
    UPDATE approval SET state = :target, approver_id = :approver, decided_at = :now, until_at = :until
    WHERE store_id = :store AND id = :id AND state = ANY(:sources) AND until_at > :now RETURNING *""")
_WITHDRAW = text("""
    UPDATE approval SET state = 'withdrawn' WHERE store_id = :store AND id = :id AND asked_by = :staff
      AND state = ANY(:sources) RETURNING *""")
_USE = text("""
    UPDATE approval SET state = 'used', used_at = :now, done = CAST(:done AS jsonb)
    WHERE store_id = :store AND state = ANY(:sources) AND id = (
        SELECT max(id) FROM approval WHERE store_id = :store AND id = ANY(:ids) AND action = :action
          AND subject = :subject AND asked_by = :staff AND till_id IS NOT DISTINCT FROM CAST(:till AS bigint)
          AND state = ANY(:sources) AND until_at > :now)
    RETURNING *""")


def ask(session: Session, asked: Asked, *, approver_id: int | None = None, now: datetime) -> int:
    """Ask a manager, who reads it at the desk; or who stands here and gave their PIN (`approver_id`).  Its id."""
    return _write(session, asked, "approved" if approver_id else "asked", approver_id=approver_id, now=now)


def given_alone(
    session: Session, asked: Asked, approver_id: int, *, done: Mapping[str, Any], now: datetime,
    until: datetime | None = None,
) -> int:  # fmt: skip
    """Write down what a manager approved at a till without network; it happened already.  Its id.

    :param until: how long the word was good, where it was for more than one action.
    """
    used = _write(session, asked, "used", approver_id=approver_id, alone=True, now=now, until=until)
    _tell(session, "approval.used", asked.store_id, used, asked, f"staff:{approver_id}", now, alone=True, **done)
    return used


def _write(
    session: Session, asked: Asked, state: str, *, approver_id: int | None, alone: bool = False, now: datetime,
    until: datetime | None = None,
) -> int:  # fmt: skip
    row = {
        "store": asked.store_id, "till": asked.till_id, "action": asked.action, "subject": asked.subject,
        "reason": asked.reason, "what": json.dumps(asked.what, ensure_ascii=False), "state": state, "alone": alone,
        "asked_by": asked.staff_id, "approver": approver_id, "now": now, "until": until or now + LIVES,
        "decided": now if approver_id else None, "used": now if state == "used" else None,
    }  # fmt: skip
    made = int(fetch(session, _ASK, row)[0].id)
    _tell(session, "approval.asked", asked.store_id, made, asked, f"staff:{asked.staff_id}", now)
    if state == "approved":
        _tell(session, MOVES["approve"][2], asked.store_id, made, asked, f"staff:{approver_id}", now)
    return made


def decide(
    session: Session, store_id: int, approval_id: int, *, approve: bool, approver_id: int, now: datetime
) -> None:
    """A manager's yes or no to what was asked.

    :raises NotFound, WrongState: it is not asked any more; nothing changed.
    """
    event = "approve" if approve else "refuse"
    sources, target, fact = MOVES[event]
    given = {"target": target, "approver": approver_id, "until": now + LIVES, "sources": sorted(sources)}
    row = first(session, _DECIDE, given | {"store": store_id, "id": approval_id, "now": now})
    if row is None:
        raise _not(session, store_id, approval_id, event)
    _tell(session, fact, store_id, approval_id, row, f"staff:{approver_id}", now)


def withdraw(session: Session, store_id: int, approval_id: int, *, staff_id: int, now: datetime) -> None:
    """Who asked does not need it any more.

    :raises NotFound, WrongState: it was decided or used meanwhile, or is somebody else's.
    """
    sources, _, fact = MOVES["withdraw"]
    given = {"store": store_id, "id": approval_id, "staff": staff_id, "sources": sorted(sources)}
    row = first(session, _WITHDRAW, given)
    if row is None:
        raise _not(session, store_id, approval_id, "withdraw")
    _tell(session, fact, store_id, approval_id, row, f"staff:{staff_id}", now)


def use(
    session: Session,
    store_id: int,
    approval_ids: Sequence[int],
    action: Action,
    *,
    subject: str,
    till_id: int | None,
    staff_id: int,
    now: datetime,
    **done: Any,
) -> Given:
    """Let one action happen by the manager's word among `approval_ids`; in the transaction of the action itself.

    :param done: what it changes, before and after.
    :raises ApprovalMissing: none was brought.
    :raises ApprovalOver: what was brought is not for this, or used up.
    """
    if not approval_ids:
        raise ApprovalMissing(action=action.value)
    sources, _, fact = MOVES["use"]
    row = first(session, _USE, {
        "store": store_id, "ids": list(approval_ids), "action": action, "subject": subject, "till": till_id,
        "staff": staff_id, "sources": sorted(sources), "done": json.dumps(done, ensure_ascii=False), "now": now,
    })  # fmt: skip
    if row is None:
        raise ApprovalOver(action=action.value)
    _tell(session, fact, store_id, row.id, row, f"staff:{row.approver_id}", now, **done)
    return Given(row.id, row.approver_id, row.reason, row.what)


def _not(session: Session, store_id: int, approval_id: int, event: str) -> Refused:
    found = first(session, _ONE, {"store": store_id, "id": approval_id})
    if found is None:
        return NotFound(approval_id=approval_id)
    return WrongState(approval_id=approval_id, state=found.state, event=event)


def _tell(
    session: Session, fact: str, store_id: int, approval_id: int, of: Any, actor: str, now: datetime, **done: Any
) -> None:
    asked_by = of.staff_id if isinstance(of, Asked) else of.asked_by
    data = {"store_id": store_id, "till_id": of.till_id, "action": of.action, "subject_of": of.subject}
    data |= {"reason": of.reason, "asked_by": f"staff:{asked_by}", "what": dict(of.what), **done}
    journal.record(session, fact, f"approval:{approval_id}", actor=actor, now=now, **data)
