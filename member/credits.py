"""Value credited to many members at once: one lot each, in a number of statements that does not grow with them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from member import lots
from member.ledger import Step


@dataclass(frozen=True, slots=True)
class Credit:
    """What one source brings one member; `source` is its key too, so it comes once."""

    member_id: int
    quantity: int
    source: str


_LOCK = text(
    "SELECT member_id, deficit FROM lot_account WHERE member_id = ANY(:members) AND account = :account"
    " ORDER BY member_id FOR NO KEY UPDATE"
)
_CREDIT = text("""
    WITH asked AS (SELECT * FROM unnest(CAST(:members AS bigint[]), CAST(:quantities AS bigint[]),
            CAST(:sources AS text[])) AS a(member_id, quantity, source)),
    entry AS (INSERT INTO lot_entry (member_id, account, event, quantity, pending, source, key, actor, at, expires_at)
        SELECT member_id, :account, 'earn', quantity, 0, source, source, :actor, :now, :until FROM asked
        ORDER BY member_id, source
        ON CONFLICT (member_id, account, key) DO NOTHING RETURNING id, member_id, source, quantity),
    made AS (INSERT INTO lot (member_id, account, source, initial, remaining, state, expires_at, origin_member_id,
            entry_id)
        SELECT member_id, :account, source, quantity, quantity, 'available', :until, member_id, id FROM entry),
    summed AS (UPDATE lot_account a SET balance = a.balance + s.quantity
        FROM (SELECT member_id, sum(quantity)::bigint AS quantity FROM entry GROUP BY 1) s
        WHERE a.member_id = s.member_id AND a.account = :account),
    told AS (INSERT INTO journal (kind, subject, actor, at, data, tries, done_at)
        SELECT CAST(:account AS text) || '.earn', 'member:' || member_id, :actor, :now,
               jsonb_build_object('quantity', quantity, 'source', source), 0, :now FROM entry)
    SELECT count(*) AS made FROM entry""")


def credit(
    session: Session, account: str, due: Collection[Credit], *, expires_at: datetime | None, actor: str, now: datetime
) -> int:
    """Credit every one that was not credited before, spendable at once; returns how many.

    Accounts are locked in the order of members.  Who owes something makes it good first, by the way of a single
    credit; so the statements are two, and one more for each debtor.
    """
    if not due:
        return 0
    assert all(one.quantity > 0 for one in due), due
    members = sorted({one.member_id for one in due})
    owing = {row.member_id for row in fetch(session, _LOCK, {"members": members, "account": account}) if row.deficit}
    plain = [one for one in due if one.member_id not in owing]
    given = {
        "members": [one.member_id for one in plain],
        "quantities": [one.quantity for one in plain],
        "sources": [one.source for one in plain],
    }
    told = {"account": account, "until": expires_at, "actor": actor, "now": now}
    made = int(fetch(session, _CREDIT, {**given, **told})[0].made)
    for one in due:
        if one.member_id in owing:
            step = Step(one.member_id, account, "earn", one.source, one.source, actor, now)
            made += lots.earn(session, step, one.quantity, pending=False, expires_at=expires_at)
    return made
