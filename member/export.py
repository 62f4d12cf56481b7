"""Everything held about a member as one document: asked for, made by a job, taken once (wechat.md 5)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import changed, fetch, first
from config.errors import NotFound
from member import address_book, followers, invoice_titles
from member.identity import card_no
from member.secrets import open_sealed, seal

KEPT = timedelta(days=7)

HELD = (
    "lot_account", "lot", "lot_entry", "lot_consumption", "consent", "coupon", "coupon_event", "top_up", "wallet_limit",
    "wallet_free_use", "tier_standing", "tier_change", "member_visit", "member_purchase", "member_rfm",
    "segment_member", "member_code_use", "message", "member_favourite",
    "stock_wish",
)  # fmt: skip
"""Tables with rows of a member that go out as they are;"""

_ASK = text(
    "INSERT INTO member_export (member_id, asked_at) VALUES (:member, :now)"
    " ON CONFLICT (member_id) WHERE ready_at IS NULL DO NOTHING RETURNING id"
)
_STATE = text(
    "SELECT asked_at, ready_at, expires_at, taken_at FROM member_export WHERE member_id = :member"
    " ORDER BY id DESC LIMIT 1"
)
_PUT = text(
    "UPDATE member_export SET sealed = :sealed, ready_at = :now, expires_at = :until"
    " WHERE member_id = :member AND ready_at IS NULL RETURNING id"
)
_TAKE = text("""
    WITH there AS (
        SELECT id, sealed FROM member_export WHERE member_id = :member AND sealed IS NOT NULL AND expires_at > :now
        ORDER BY id DESC LIMIT 1 FOR UPDATE),
    taken AS (UPDATE member_export e SET sealed = NULL, taken_at = :now FROM there WHERE e.id = there.id)
    SELECT sealed FROM there""")
_FORGET = text("UPDATE member_export SET sealed = NULL, taken_at = :now WHERE expires_at < :now AND sealed IS NOT NULL")
_SELF = text(
    "SELECT name, nickname, birthday, gender, invite_code, tier, home_store_id, created_at FROM member"
    " WHERE id = :member"
)
_KNOWN_BY = text("SELECT kind, sealed, created_at, lost_at FROM identity WHERE member_id = :member ORDER BY id")
_SESSIONS = text("SELECT expires_at FROM member_session WHERE member_id = :member ORDER BY 1")


class ExportNotReady(NotFound):
    """There is nothing to take: not asked for, still being made, or taken before."""

    code = "export_not_ready"


def ask(session: Session, member_id: int, *, actor: str, now: datetime) -> None:
    """Ask for a copy; a repeat while one is being made changes nothing."""
    if first(session, _ASK, {"member": member_id, "now": now}):
        journal.record(session, "member.export_asked", f"member:{member_id}", actor=actor, now=now)


def state(session: Session, member_id: int, *, now: datetime) -> dict[str, Any] | None:
    """The newest copy: `state` is making, ready, taken or expired; None when none was asked for."""
    row = first(session, _STATE, {"member": member_id})
    if row is None:
        return None
    late = row.expires_at is not None and row.expires_at <= now
    word = "making" if row.ready_at is None else "expired" if late else "taken" if row.taken_at else "ready"
    return {
        "state": word,
        "asked_at": row.asked_at.isoformat(),
        "expires_at": row.expires_at.isoformat() if row.expires_at else None,
    }


def gather(session: Session, member_id: int) -> dict[str, Any]:
    """Everything the member room holds about a person, opened where it is sealed."""
    who = fetch(session, _SELF, {"member": member_id})[0]
    known = fetch(session, _KNOWN_BY, {"member": member_id})
    held = {}
    for table in HELD:
        read = text(f"SELECT to_jsonb(t) AS row FROM {table} t WHERE member_id = :member")
        held[table] = [row.row for row in session.execute(read, {"member": member_id})]
    return {
        "member": {"no": card_no(member_id), **who._asdict()},
        "known_by": [
            {
                "kind": row.kind,
                "value": open_sealed(bytes(row.sealed)).decode(),
                "since": row.created_at,
                "lost": row.lost_at,
            }
            for row in known
        ],
        "addresses": address_book.of_member(session, member_id),
        "invoice_titles": invoice_titles.of_member(session, member_id),
        "follows_service_account": followers.template_openid(session, member_id) is not None,
        "signed_in_until": [row.expires_at for row in fetch(session, _SESSIONS, {"member": member_id})],
        **held,
    }


def put(session: Session, member_id: int, document: dict[str, Any], *, now: datetime) -> bool:
    """Keep the finished copy, sealed, for seven days; False when nobody waits for it."""
    plain = json.dumps(document, ensure_ascii=False, default=str).encode()
    given = {"member": member_id, "sealed": seal(plain), "now": now, "until": now + KEPT}
    return first(session, _PUT, given) is not None


def take(session: Session, member_id: int, *, now: datetime) -> dict[str, Any]:
    """The copy, once: of two that ask at once one gets it.  Raises ExportNotReady."""
    row = first(session, _TAKE, {"member": member_id, "now": now})
    if row is None:
        raise ExportNotReady()
    journal.record(session, "member.export_taken", f"member:{member_id}", actor=f"member:{member_id}", now=now)
    found: dict[str, Any] = json.loads(open_sealed(bytes(row.sealed)))
    return found


def forget(session: Session, *, now: datetime) -> int:
    """Drop copies nobody came for; returns how many."""
    return changed(session, _FORGET, {"now": now})
