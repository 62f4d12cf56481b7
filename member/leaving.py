"""A member leaves (注销): a time to think better of it, then nothing personal is left (wechat.md 5).

Orders stay, because the law and the books want them, under a number that names nobody any more.  Whoever comes again
starts empty.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from member import followers, ledger, lots
from member.coupons import moves as coupons
from member.identity import card_no
from member.ledger import Step

COOLING = timedelta(days=7)

_ASK = text(
    "INSERT INTO member_leaving (member_id, asked_at, due_at) VALUES (:id, :now, :due)"
    " ON CONFLICT (member_id) DO NOTHING RETURNING due_at"
)
_CANCEL = text("DELETE FROM member_leaving WHERE member_id = :id AND done_at IS NULL RETURNING member_id")
_STATE = text("SELECT asked_at, due_at, waits_for FROM member_leaving WHERE member_id = :id AND done_at IS NULL")
_DUE = text(
    "SELECT l.member_id FROM member_leaving l JOIN member m ON m.id = l.member_id WHERE l.done_at IS NULL"
    " AND m.merged_into_id IS NULL AND l.due_at <= :now ORDER BY l.due_at LIMIT :most"
)
_HOLD = text(
    "SELECT member_id FROM member_leaving WHERE member_id = :id AND done_at IS NULL AND due_at <= :now"
    " FOR NO KEY UPDATE SKIP LOCKED"
)
_WAITS = text("UPDATE member_leaving SET waits_for = :why, due_at = :again WHERE member_id = :id AND done_at IS NULL")
_STORED = text(
    "SELECT coalesce(sum(balance + held + pending), 0)::bigint AS left_fen FROM lot_account"
    " WHERE member_id = ANY(:ids) AND account LIKE 'stored%'"
)
_SELVES = text("""
    WITH RECURSIVE self AS (
        SELECT id FROM member WHERE id = :id
        UNION SELECT m.id FROM member m JOIN self ON m.merged_into_id = self.id)
    SELECT id FROM self ORDER BY id""")


def ask(session: Session, member_id: int, *, actor: str, now: datetime) -> None:
    """Note that a member wants to be forgotten; a repeat changes nothing.  What forbids it is checked by the caller."""
    if first(session, _ASK, {"id": member_id, "now": now, "due": now + COOLING}):
        journal.record(session, "member.leaving_asked", f"member:{member_id}", actor=actor, now=now)


def cancel(session: Session, member_id: int, *, actor: str, now: datetime) -> bool:
    """The member stays after all; False when nothing was asked, or it is done."""
    if first(session, _CANCEL, {"id": member_id}) is None:
        return False
    journal.record(session, "member.leaving_cancelled", f"member:{member_id}", actor=actor, now=now)
    return True


def state(session: Session, member_id: int) -> dict[str, Any] | None:
    """When it was asked, when it will be done, and what it waits for; None for whoever stays."""
    row = first(session, _STATE, {"id": member_id})
    if row is None:
        return None
    return {"asked_at": row.asked_at.isoformat(), "due_at": row.due_at.isoformat(), "waits_for": row.waits_for}


def due(session: Session, *, now: datetime, most: int) -> list[int]:
    """Who is to be forgotten now."""
    return [row.member_id for row in fetch(session, _DUE, {"now": now, "most": most})]


def take_due(session: Session, member_id: int, *, now: datetime) -> bool:
    """Lock one who is due; False when they thought better of it, or another worker has them."""
    return first(session, _HOLD, {"id": member_id, "now": now}) is not None


def wait(session: Session, member_id: int, why: str, *, now: datetime) -> None:
    """Something forbids it still: it is tried again a day later, and the member can read why."""
    fetch(session, _WAITS, {"id": member_id, "why": why, "again": now + timedelta(days=1)})


def stored_fen(session: Session, member_id: int) -> int:
    """Stored value that a member still holds, in fen."""
    return int(fetch(session, _STORED, {"ids": selves(session, member_id)})[0].left_fen)


def selves(session: Session, member_id: int) -> list[int]:
    """The member and everybody who was merged into them."""
    return [row.id for row in fetch(session, _SELVES, {"id": member_id})]


_ACCOUNTS = text(
    "SELECT account, balance, deficit FROM lot_account WHERE member_id = :id"
    " ORDER BY account = 'growth', account = 'points', account FOR NO KEY UPDATE"
)


def write_off(session: Session, member_id: int, *, actor: str, now: datetime) -> None:
    """Close every account by entries: what is on its way never comes, what is there goes, what is owed is forgiven."""
    for row in fetch(session, _ACCOUNTS, {"id": member_id}):
        waiting = {one.source for one in ledger.lots(session, member_id, row.account) if one.state == "pending"}
        for source in sorted(waiting):
            lots.void(session, Step(member_id, row.account, "void", source, f"{source}:leaving", actor, now))
        name = f"leaving:{member_id}"
        if row.balance or row.deficit:
            step = Step(member_id, row.account, "adjust", name, f"{name}:{row.account}", actor, now)
            lots.adjust(session, step, row.deficit - row.balance, expires_at=now)


_UNUSED = text("SELECT id FROM coupon WHERE member_id = :id AND state IN ('issued', 'frozen') ORDER BY id")


def void_coupons(session: Session, member_id: int, *, actor: str, now: datetime) -> int:
    """What coupons a member has not used are worth nothing any more; returns how many."""
    unused = [row.id for row in fetch(session, _UNUSED, {"id": member_id})]
    return coupons.step(session, "void", member_id, unused, key=f"leaving:{member_id}", actor=actor, now=now)


_ERASE = (
    text(
        "DELETE FROM message_consent WHERE person IN"
        " (SELECT fingerprint FROM identity WHERE kind = 'openid' AND member_id = ANY(:ids))"
    ),
    text("DELETE FROM message WHERE member_id = ANY(:ids)"),
    text("DELETE FROM identity WHERE member_id = ANY(:ids)"),
    text("DELETE FROM member_session WHERE member_id = ANY(:ids)"),
    text("DELETE FROM member_code WHERE member_id = ANY(:ids)"),
    text("DELETE FROM member_address WHERE member_id = ANY(:ids)"),
    text("DELETE FROM member_favourite WHERE member_id = ANY(:ids)"),
    text("DELETE FROM stock_wish WHERE member_id = ANY(:ids)"),
    text("DELETE FROM member_invoice_title WHERE member_id = ANY(:ids)"),
    text("DELETE FROM member_code_use WHERE member_id = ANY(:ids)"),
    text("DELETE FROM spend_authorisation WHERE member_id = ANY(:ids)"),
    text("DELETE FROM photo WHERE member_id = ANY(:ids)"),
    text("DELETE FROM member_export WHERE member_id = ANY(:ids)"),
    text("DELETE FROM guide_binding WHERE member_id = ANY(:ids)"),
    text("DELETE FROM scene_visit WHERE member_id = ANY(:ids)"),
    text("DELETE FROM scene_code WHERE member_id = ANY(:ids)"),
    text("DELETE FROM segment_member WHERE member_id = ANY(:ids)"),
    text("DELETE FROM member_rfm WHERE member_id = ANY(:ids)"),
    text("DELETE FROM member_visit WHERE member_id = ANY(:ids)"),
    text("DELETE FROM member_purchase WHERE member_id = ANY(:ids)"),
    text("DELETE FROM points_notice WHERE member_id = ANY(:ids)"),
    text("UPDATE points_adjustment SET reason = '', decided_because = '' WHERE member_id = ANY(:ids)"),
    text("UPDATE member_merge SET moved = moved - 'sessions' WHERE source_id = ANY(:ids) OR into_id = ANY(:ids)"),
    text(
        "UPDATE journal SET data = data - 'reason' - 'tail' WHERE subject = ANY(:subjects)"
        " AND (data -> 'reason' IS NOT NULL OR data -> 'tail' IS NOT NULL)"
    ),
    text(
        "DELETE FROM request_answer WHERE who = ANY(:subjects) OR answer #>> '{member,id}' = ANY(:numbers)"
        " OR answer #>> '{receipt,member,no}' = ANY(:cards)"
    ),
    text(
        "UPDATE member SET name = '', nickname = '', birthday = NULL, gender = NULL, invite_code = NULL,"
        " phone_masked = NULL, phone_tail = NULL, home_store_id = NULL, erased_at = :now WHERE id = ANY(:ids)"
    ),
    text("UPDATE member_leaving SET done_at = :now WHERE member_id = ANY(:ids)"),
)

_LEFT = text("""
    SELECT (SELECT count(*) FROM member WHERE id = ANY(:ids)
            AND (name <> '' OR nickname <> '' OR coalesce(birthday::text, gender) IS NOT NULL
            OR phone_masked IS NOT NULL OR phone_tail IS NOT NULL OR erased_at IS NULL)) AS member,
           (SELECT count(*) FROM identity WHERE member_id = ANY(:ids)) AS identity,
           (SELECT count(*) FROM message WHERE member_id = ANY(:ids)) AS message,
           (SELECT count(*) FROM member_session WHERE member_id = ANY(:ids)) AS member_session,
           (SELECT count(*) FROM member_code WHERE member_id = ANY(:ids)) AS member_code,
           (SELECT count(*) FROM member_address WHERE member_id = ANY(:ids)) AS member_address,
           (SELECT count(*) FROM member_favourite WHERE member_id = ANY(:ids)) AS member_favourite,
           (SELECT count(*) FROM stock_wish WHERE member_id = ANY(:ids)) AS stock_wish,
           (SELECT count(*) FROM member_invoice_title WHERE member_id = ANY(:ids)) AS member_invoice_title,
           (SELECT count(*) FROM member_code_use WHERE member_id = ANY(:ids)) AS member_code_use,
           (SELECT count(*) FROM spend_authorisation WHERE member_id = ANY(:ids)) AS spend_authorisation,
           (SELECT count(*) FROM photo WHERE member_id = ANY(:ids)) AS photo,
           (SELECT count(*) FROM member_export WHERE member_id = ANY(:ids)) AS member_export,
           (SELECT count(*) FROM segment_member WHERE member_id = ANY(:ids)) AS segment_member,
           (SELECT count(*) FROM member_rfm WHERE member_id = ANY(:ids)) AS member_rfm,
           (SELECT count(*) FROM member_visit WHERE member_id = ANY(:ids)) AS member_visit,
           (SELECT count(*) FROM points_notice WHERE member_id = ANY(:ids)) AS points_notice,
           (SELECT count(*) FROM points_adjustment WHERE member_id = ANY(:ids)
            AND (reason, decided_because) <> ('', '')) AS points_adjustment,
           (SELECT count(*) FROM member_purchase WHERE member_id = ANY(:ids)) AS member_purchase,
           (SELECT count(*) FROM coupon WHERE member_id = ANY(:ids)
            AND state IN ('issued', 'locked', 'frozen')) AS coupon,
           (SELECT count(*) FROM lot_account WHERE member_id = ANY(:ids)
            AND (balance, pending, held, deficit) <> (0, 0, 0, 0)) AS lot_account,
           (SELECT count(*) FROM journal WHERE subject = ANY(:subjects)
            AND (data -> 'reason' IS NOT NULL OR data -> 'tail' IS NOT NULL)) AS journal,
           (SELECT count(*) FROM request_answer WHERE who = ANY(:subjects)
            OR answer #>> '{member,id}' = ANY(:numbers) OR answer #>> '{receipt,member,no}' = ANY(:cards))
           AS request_answer""")


def _keys(session: Session, member_id: int) -> dict[str, Any]:
    ids = selves(session, member_id)
    return {
        "ids": ids,
        "subjects": [f"member:{one}" for one in ids],
        "numbers": [str(one) for one in ids],
        "cards": [card_no(one) for one in ids],
    }


def erase(session: Session, member_id: int, *, actor: str, now: datetime) -> None:
    """Write off what is left and erase the person, with everybody merged into them; a repeat changes nothing.

    Unused coupons become void.  What stays: orders, ledger entries and consents, under a number that leads to nobody.
    """
    keys = _keys(session, member_id)
    for one in keys["ids"]:
        void_coupons(session, one, actor=actor, now=now)
        write_off(session, one, actor=actor, now=now)
    followers.erase(session, keys["ids"])
    for statement in _ERASE:
        fetch(session, statement, {**keys, "now": now})
    journal.record(session, "member.erased", f"member:{member_id}", actor=actor, now=now)


def prove_erased(session: Session, member_id: int) -> dict[str, int]:
    """Rows of the member room, the journal and the stored answers that still tell of the person, by table."""
    found = fetch(session, _LEFT, _keys(session, member_id))[0]
    return {table: count for table, count in found._asdict().items() if count}
