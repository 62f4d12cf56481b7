"""What a member agreed to: an append-only ledger of answers to versioned texts (members-mall-orders.md 3.13).

Silence is no.  A text that changed asks again, and only for its own purpose; an answer to an older version counts as
silence where the purpose is required, and as it was given where it is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import Refused


class ConsentOutdated(Refused):
    """The text changed since it was shown; `version` is the present one."""

    code = "consent_outdated"


class ConsentRequired(Refused):
    """The shop cannot keep an account without this; to withdraw it means to delete the account."""

    code = "consent_required"


@dataclass(frozen=True, slots=True)
class Purpose:
    """One thing people are asked: the version of its text in force, and whether an account can do without."""

    version: str
    required: bool


PURPOSES = {
    "terms": Purpose("2026-11", required=True),
    "privacy": Purpose("2026-11", required=True),
    "personalisation": Purpose("2026-11", required=False),
    "marketing": Purpose("2026-11", required=False),
}
"""`personalisation`: recommendations from what one did.  `marketing`: messages that sell; each message template asks
WeChat's own leave on top."""

_ANSWER = text(
    "INSERT INTO consent (member_id, purpose, version, given, channel, actor, at)"
    " VALUES (:member, :purpose, :version, :given, :channel, :actor, :now)"
)
_NEWEST = text(
    "SELECT DISTINCT ON (purpose) purpose, version, given, at FROM consent WHERE member_id = :member"
    " ORDER BY purpose, id DESC"
)
_ONE = text(
    "SELECT version, given FROM consent WHERE member_id = :member AND purpose = :purpose ORDER BY id DESC LIMIT 1"
)
_AGREED = text("""
    SELECT member_id FROM (SELECT DISTINCT ON (member_id) member_id, given, version FROM consent
                           WHERE purpose = :purpose ORDER BY member_id, id DESC) newest
    WHERE given AND (version = :version OR NOT :required)""")
_HISTORY = text(
    "SELECT purpose, version, given, channel, at FROM consent WHERE member_id = :member ORDER BY id DESC LIMIT :most"
)


def answer(
    session: Session,
    member_id: int,
    purpose: str,
    *,
    given: bool,
    version: str,
    channel: str,
    actor: str,
    now: datetime,
) -> bool:
    """Write one answer; False when the newest says the same of the same text.

    :raises ConsentOutdated: yes to a text that is no longer in force.
    :raises ConsentRequired: no to what an account cannot do without.
    """
    asked = PURPOSES[purpose]
    if given and version != asked.version:
        raise ConsentOutdated(purpose=purpose, version=asked.version)
    if not given and asked.required:
        raise ConsentRequired(purpose=purpose)
    newest = first(session, _ONE, {"member": member_id, "purpose": purpose})
    if newest is not None and (newest.version, newest.given) == (version, given):
        return False
    row = {"member": member_id, "purpose": purpose, "version": version, "given": given, "channel": channel}
    fetch(session, _ANSWER, {**row, "actor": actor, "now": now})
    fact = "member.consent_given" if given else "member.consent_withdrawn"
    journal.record(session, fact, f"member:{member_id}", actor=actor, now=now, purpose=purpose, version=version)
    return True


def withdraw_optional(session: Session, member_id: int, *, channel: str, actor: str, now: datetime) -> list[str]:
    """No to everything an account can do without and that the member had said yes to; which purposes those were."""
    given = [one["purpose"] for one in state(session, member_id) if one["given"] and not one["required"]]
    by: dict[str, Any] = {"channel": channel, "actor": actor, "now": now}
    for purpose in given:
        answer(session, member_id, purpose, given=False, version=PURPOSES[purpose].version, **by)
    return given


def allows(session: Session, member_id: int, purpose: str) -> bool:
    """Whether the member said yes: asked at every use, at serving and at training alike."""
    newest = first(session, _ONE, {"member": member_id, "purpose": purpose})
    if newest is None or not newest.given:
        return False
    asked = PURPOSES[purpose]
    return not asked.required or newest.version == asked.version


def agreed(session: Session, purpose: str) -> set[int]:
    """Every member whom `allows` lets this purpose be used for."""
    asked = PURPOSES[purpose]
    given = {"purpose": purpose, "version": asked.version, "required": asked.required}
    return {row.member_id for row in fetch(session, _AGREED, given)}


def state(session: Session, member_id: int) -> list[dict[str, Any]]:
    """Each purpose with its version in force, the newest answer, and whether it must be asked (again)."""
    newest = {row.purpose: row for row in fetch(session, _NEWEST, {"member": member_id})}
    found = []
    for name, asked in PURPOSES.items():
        row = newest.get(name)
        said = bool(row and row.given)
        of_now = bool(row and row.version == asked.version)
        found.append(
            {
                "purpose": name,
                "required": asked.required,
                "version": asked.version,
                "given": said and (not asked.required or of_now),
                "answered_version": row.version if row else None,
                "at": row.at.isoformat() if row else None,
                "ask": row is None or (said and not of_now),
            }
        )
    return found


def history(session: Session, member_id: int, *, most: int = 100) -> list[dict[str, Any]]:
    """Every answer, newest first."""
    return [
        {**row._asdict(), "at": row.at.isoformat()}
        for row in fetch(session, _HISTORY, {"member": member_id, "most": most})
    ]
