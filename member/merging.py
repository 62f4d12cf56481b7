"""Two members become one, and for 30 days two again (members-mall-orders.md 3.2; the rule is in DECISIONS.md).

Lock order: orders (by the caller), member rows, coupons, stored value, points, growth.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused
from member import ledger
from member.coupons import holder as coupons
from member.ledger import Change, Step
from member.merge_history import History, Merged, MergeSpentAcross, Order

KEPT = timedelta(days=30)


class MergeTooLate(Refused):
    """A merge can be undone for 30 days; `until` says until when it could."""

    code = "merge_too_late"


class MergeSuperseded(Refused):
    """One of the two was merged again or has left since: the later merge is undone first, if it can be."""

    code = "merge_superseded"


class MergeInDebt(Refused):
    """A debt was, or is, made good by what came together, so that nobody can tell whose it was."""

    code = "merge_in_debt"


_MERGED = text("UPDATE member SET merged_into_id = :into WHERE id = :source AND merged_into_id IS NULL RETURNING id")
_IDS = text("UPDATE identity SET member_id = :into WHERE member_id = :source RETURNING id")
_SESSIONS = text(
    "UPDATE member_session SET member_id = :into WHERE member_id = :source RETURNING encode(token_hash, 'hex') AS hash"
)
_TOP_UPS = text("SELECT store_id, id FROM top_up WHERE member_id = :source")
_CODE = text("DELETE FROM member_code WHERE member_id = :source")
_FREE = text("""
    INSERT INTO wallet_free_use (member_id, day, used_fen)
    SELECT :into, day, used_fen FROM wallet_free_use WHERE member_id = :source
    ON CONFLICT (member_id, day) DO UPDATE SET used_fen = wallet_free_use.used_fen + EXCLUDED.used_fen""")
_CONSENTS = text("""
    INSERT INTO consent (member_id, purpose, version, given, channel, actor, at)
    SELECT :into, s.purpose, s.version, s.given, s.channel, s.actor, s.at FROM (
        SELECT DISTINCT ON (purpose) * FROM consent WHERE member_id = :source ORDER BY purpose, id DESC) s
    WHERE NOT EXISTS (SELECT FROM consent i WHERE i.member_id = :into AND i.purpose = s.purpose AND i.at >= s.at)""")
_BLANKS = text("""
    SELECT array_remove(ARRAY[CASE WHEN i.nickname = '' AND s.nickname <> '' THEN 'nickname' END,
        CASE WHEN i.birthday IS NULL AND s.birthday IS NOT NULL THEN 'birthday' END,
        CASE WHEN i.gender IS NULL AND s.gender IS NOT NULL THEN 'gender' END], NULL) AS names
    FROM member i, member s WHERE i.id = :into AND s.id = :source""")
_FILL = text("""
    UPDATE member i SET nickname = CASE WHEN 'nickname' = ANY(:names) THEN s.nickname ELSE i.nickname END,
        birthday = CASE WHEN 'birthday' = ANY(:names) THEN s.birthday ELSE i.birthday END,
        gender = CASE WHEN 'gender' = ANY(:names) THEN s.gender ELSE i.gender END
    FROM member s WHERE i.id = :into AND s.id = :source""")
_BLANK = text("""
    UPDATE member i SET nickname = CASE WHEN 'nickname' = ANY(:names) AND i.nickname = s.nickname THEN ''
            ELSE i.nickname END,
        birthday = CASE WHEN 'birthday' = ANY(:names) AND i.birthday = s.birthday THEN NULL ELSE i.birthday END,
        gender = CASE WHEN 'gender' = ANY(:names) AND i.gender = s.gender THEN NULL ELSE i.gender END
    FROM member s WHERE i.id = :into AND s.id = :source""")
_LOTS = text("SELECT id FROM lot WHERE member_id = :source")
_ENTRIES = text("SELECT id FROM lot_entry WHERE member_id = :source")
_OWES = text("SELECT 1 FROM lot_account WHERE member_id IN (:source, :into) AND deficit > 0")
_REKEY = text("""
    UPDATE lot_entry e SET key = e.key || ':of:' || CAST(:source AS bigint) WHERE e.member_id = :source AND EXISTS (
        SELECT FROM lot_entry i WHERE i.member_id = :into AND i.account = e.account AND i.key = e.key)
    RETURNING e.id""")
_LOG = text(
    "INSERT INTO member_merge (source_id, into_id, actor, at, unmerge_until, moved)"
    " VALUES (:source, :into, :actor, :now, :until, CAST(:moved AS jsonb)) RETURNING id"
)


def _column(session: Session, statement: Any, given: dict[str, Any]) -> list[Any]:
    return [row[0] for row in fetch(session, statement, given)]


def merge(
    session: Session, source_id: int, into_id: int, *, orders: Sequence[Order] = (), actor: str, now: datetime
) -> int | None:
    """Make one member of two: whatever the source is known by and holds moves; returns the merge's id.

    `orders` are the keys of those the caller moved already.  None on a repeat, which changes nothing.
    """
    both = {"source": source_id, "into": into_id}
    if first(session, _MERGED, both) is None:
        return None
    coupon_ids = coupons.hand_over(session, source_id, into_id)
    ledger.lock_both(session, source_id, into_id)
    moved = {
        "coupons": coupon_ids,
        "orders": [list(key) for key in orders],
        "identities": _column(session, _IDS, both),
        "sessions": _column(session, _SESSIONS, both),
        "top_ups": [list(row) for row in fetch(session, _TOP_UPS, both)],
        "lots": _column(session, _LOTS, both),
        "entries": _column(session, _ENTRIES, both),
        "in_debt": first(session, _OWES, both) is not None,
        "rekeyed": _column(session, _REKEY, both),
        "profile": fetch(session, _BLANKS, both)[0].names,
    }
    fetch(session, _FILL, {**both, "names": moved["profile"]})
    for statement in (_CODE, _FREE, _CONSENTS):
        fetch(session, statement, both)
    ledger.move(session, source_id, into_id, actor=actor, now=now)
    log = {**both, "actor": actor, "now": now, "until": now + KEPT, "moved": json.dumps(moved)}
    merge_id = int(fetch(session, _LOG, log)[0].id)
    journal.record(
        session, "member.merged", f"member:{into_id}", actor=actor, now=now, source_id=source_id, merge_id=merge_id
    )
    return merge_id


_MERGE = text("SELECT * FROM member_merge WHERE id = :id FOR NO KEY UPDATE")
_LATER = text(
    "SELECT 1 FROM member WHERE id IN (:source, :into) AND (erased_at IS NOT NULL"
    " OR merged_into_id IS DISTINCT FROM CASE WHEN id = :source THEN CAST(:into AS bigint) END)"
)
_LISTED = text(
    "SELECT id, source_id, into_id, at, unmerge_until, unmerged_at FROM member_merge"
    " WHERE into_id = :member OR source_id = :member ORDER BY id DESC LIMIT 50"
)


def merges_of(session: Session, member_id: int) -> list[dict[str, Any]]:
    """The merges a member took part in, newest first."""
    return [
        {
            **row._asdict(),
            "at": row.at.isoformat(),
            "unmerge_until": row.unmerge_until.isoformat(),
            "unmerged_at": row.unmerged_at.isoformat() if row.unmerged_at else None,
        }
        for row in fetch(session, _LISTED, {"member": member_id})
    ]


def to_undo(session: Session, merge_id: int, *, now: datetime) -> Merged | None:
    """The merge, locked, when it may still be undone; None when it was undone before.

    :raises NotFound, MergeTooLate, MergeSuperseded: and why not.
    """
    row = first(session, _MERGE, {"id": merge_id})
    if row is None:
        raise NotFound(merge_id=merge_id)
    if row.unmerged_at is not None:
        return None
    if now > row.unmerge_until:
        raise MergeTooLate(until=row.unmerge_until.isoformat())
    if first(session, _LATER, {"source": row.source_id, "into": row.into_id}):
        raise MergeSuperseded(member_id=row.into_id)
    return Merged(row.id, row.source_id, row.into_id, row.moved)


_ENTRIES_OF = text(
    "SELECT id, account, event, source, lots, quantity FROM lot_entry WHERE member_id = :into ORDER BY id"
)
_LOTS_OF = text(
    "SELECT id, account, entry_id, source, remaining, state, expires_at FROM lot WHERE member_id = :into ORDER BY id"
)
_TAKEN = text(
    "SELECT entry_id, lot_id, quantity - restored AS net FROM lot_consumption WHERE member_id = :into"
    " ORDER BY entry_id, lot_id"
)


def undo(session: Session, merged: Merged, *, actor: str, now: datetime) -> None:
    """Give the source back whatever it is known by and holds; the caller gave the orders back before.

    :raises MergeInDebt, MergeSpentAcross: it cannot be told apart; nothing changes.
    """
    both = {"source": merged.source_id, "into": merged.into_id}
    theirs = coupons.brought(session, merged.into_id, merged.moved["coupons"], merged.orders)
    coupons.hand_over(session, merged.into_id, merged.source_id, ids=theirs)
    ledger.lock_both(session, merged.source_id, merged.into_id)
    if merged.moved["in_debt"] or first(session, _OWES, both):
        raise MergeInDebt(member_id=merged.into_id)
    fetch(session, _BLANK, {**both, "names": merged.moved.get("profile", [])})
    history = History.of(merged, *(fetch(session, read, both) for read in (_ENTRIES_OF, _LOTS_OF, _TAKEN)))
    owed = history.owed(now)
    given = {**both, "lots": history.lots_back, "entries": history.entries_back, "id": merged.id}
    given |= {name: merged.moved[name] for name in ("identities", "sessions", "rekeyed")}
    given |= {"stores": [key[0] for key in merged.moved["top_ups"]], "ids": [key[1] for key in merged.moved["top_ups"]]}
    for statement in _BACK:
        fetch(session, statement, {**given, "actor": actor, "now": now, "ending": ":settle"})
    for lot, quantity in owed:
        _make_good(session, merged, lot, quantity, actor, now)
    if tangled := fetch(session, _TANGLED, both):
        raise MergeSpentAcross(account=tangled[0].account, short=0, sources=[])
    subject = f"member:{merged.into_id}"
    journal.record(
        session, "member.unmerged", subject, actor=actor, now=now, source_id=merged.source_id, merge_id=merged.id
    )


def _make_good(session: Session, merged: Merged, lot: Any, quantity: int, actor: str, now: datetime) -> None:
    """What was in a lot that has to stay is taken from the one who keeps it and given to the one it belonged to."""
    key, source = f"unmerge:{merged.id}:{lot.id}", f"unmerge:{merged.id}"
    usable = [
        one
        for one in ledger.lots(session, merged.into_id, lot.account)
        if one.state == "available" and (one.expires_at is None or one.expires_at > now)
    ]
    parts = ledger.take(usable, quantity)
    short = quantity - sum(part for _, part in parts)
    if short:
        raise MergeSpentAcross(account=lot.account, short=short, sources=[lot.source])
    step = Step(merged.into_id, lot.account, "adjust", source, key, actor, now)
    changes = [Change(lot_id, -part) for lot_id, part in parts]
    ledger.apply(session, step, quantity=-quantity, balance=-quantity, changes=changes, used=parts)
    until = max(lot.expires_at, now + KEPT) if lot.expires_at else None
    step = Step(merged.source_id, lot.account, "adjust", source, key, actor, now)
    new = ledger.New(quantity, "available", until)
    ledger.apply(session, step, quantity=quantity, balance=quantity, new=new, until=until)


_BACK = (
    text("UPDATE lot SET member_id = :source WHERE member_id = :into AND id = ANY(:lots)"),
    text("UPDATE lot_consumption SET member_id = :source WHERE member_id = :into AND entry_id = ANY(:entries)"),
    text("UPDATE lot_entry SET member_id = :source WHERE member_id = :into AND id = ANY(:entries)"),
    text(
        "UPDATE lot_entry SET key = replace(key, ':of:' || CAST(:source AS bigint), '')"
        " WHERE member_id = :source AND id = ANY(:rekeyed)"
    ),
    text("UPDATE wallet_due SET member_id = :source WHERE member_id = :into AND entry_id = ANY(:entries)"),
    text("""
        UPDATE lot_account a SET
            balance = (SELECT coalesce(sum(remaining), 0) FROM lot l WHERE l.member_id = a.member_id
                       AND l.account = a.account AND l.state = 'available'),
            pending = (SELECT coalesce(sum(remaining), 0) FROM lot l WHERE l.member_id = a.member_id
                       AND l.account = a.account AND l.state = 'pending'),
            held = (SELECT coalesce(-sum(h.quantity), 0) FROM lot_entry h WHERE h.member_id = a.member_id
                    AND h.account = a.account AND h.event = 'hold' AND NOT EXISTS (
                        SELECT FROM lot_entry s WHERE s.member_id = h.member_id AND s.account = h.account
                        AND s.key = h.source || CAST(:ending AS text)))
        WHERE a.member_id IN (:source, :into)"""),
    text("UPDATE identity SET member_id = :source WHERE member_id = :into AND id = ANY(:identities)"),
    text(
        "UPDATE member_session SET member_id = :source WHERE member_id = :into"
        " AND encode(token_hash, 'hex') = ANY(:sessions)"
    ),
    text("""
        UPDATE top_up t SET member_id = :source
        FROM unnest(CAST(:stores AS bigint[]), CAST(:ids AS bigint[])) k(store, no)
        WHERE t.member_id = :into AND t.store_id = k.store AND t.id = k.no"""),
    text("UPDATE member SET merged_into_id = NULL WHERE id = :source AND merged_into_id = :into"),
    text("UPDATE member_merge SET unmerged_at = :now, unmerged_actor = :actor WHERE id = :id AND unmerged_at IS NULL"),
)
_TANGLED = text("""
    SELECT a.account FROM lot_account a
    WHERE a.member_id IN (:source, :into) AND (a.balance - a.deficit, a.pending) <> (
        SELECT coalesce(sum(e.quantity), 0)::bigint, coalesce(sum(e.pending), 0)::bigint
        FROM lot_entry e WHERE e.member_id = a.member_id AND e.account = a.account)""")
