"""Bring a friend (推荐有礼): who invited whom, and what both get once the friend's first order is safe (rules 3.1).

    accepted    the friend is new: no phone of theirs was known before, they never bought, nobody invited them yet
    paid        an order of the friend's was kept and its after-sale window is over: both get what the terms promise
    capped      the same, but the inviter has had the month's number already: nobody gets anything, and both can see it
    late        no such order within the days the terms give
    void        the friend turned out to be the inviter, a member of old or somebody else's friend; or one of them left

It pays after the window, so nothing is ever taken back.  Members merge: who a number has become is asked when it is
settled and never written over.
"""

from __future__ import annotations

import secrets as random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.clock import day_began
from config.db import changed, fetch, first
from member import credits, growth, masking, tiers
from member.credits import Credit
from member.growth import Deed
from member.points import POINTS
from member.terms import terms_at

LETTERS, LENGTH, PAGE = "23456789ABCDEFGHJKMNPQRSTVWXYZ", 8, 50
Answer = Literal["accepted", "unknown", "self", "already_member", "already_invited"]

ROOTS = """
    both_ends AS (SELECT invited_id AS id FROM asked UNION SELECT inviter_id FROM asked),
    up AS (SELECT id AS start, id FROM both_ends
           UNION SELECT up.start, m.merged_into_id FROM up JOIN member m ON m.id = up.id
           WHERE m.merged_into_id IS NOT NULL),
    root AS (SELECT up.start, m.id, m.erased_at FROM up JOIN member m ON m.id = up.id WHERE m.merged_into_id IS NULL)"""
"""Who the members of `asked` (invited_id, inviter_id) have become; goes into a WITH RECURSIVE."""

_CODE = text("SELECT invite_code FROM member WHERE id = :member")
_DRAW = text("""
    UPDATE member SET invite_code = :code WHERE id = :member AND invite_code IS NULL
    AND NOT EXISTS (SELECT FROM member other WHERE other.invite_code = :code) RETURNING invite_code""")
_INVITER = text("""
    WITH RECURSIVE up AS (SELECT id, merged_into_id, erased_at FROM member WHERE invite_code = :code
        UNION SELECT m.id, m.merged_into_id, m.erased_at FROM up JOIN member m ON m.id = up.merged_into_id)
    SELECT id FROM up WHERE merged_into_id IS NULL AND erased_at IS NULL""")
_KNOWN = text("""
    SELECT EXISTS (SELECT FROM identity WHERE member_id = :invited AND kind = 'phone' AND created_at < :now)
        OR EXISTS (SELECT FROM lot_entry WHERE member_id = :invited AND source LIKE 'order:%') AS known""")
_ACCEPT = text("""
    INSERT INTO referral (invited_id, inviter_id, at) VALUES (:invited, :inviter, :now)
    ON CONFLICT (invited_id) DO NOTHING RETURNING invited_id""")


def code_of(session: Session, member_id: int) -> str:
    """The member's own invite code, drawn when it is first asked for and then theirs for ever."""
    while True:
        found = first(session, _CODE, {"member": member_id})
        assert found is not None, member_id
        if found.invite_code:
            return str(found.invite_code)
        drawn = "".join(random.choice(LETTERS) for _ in range(LENGTH))
        first(session, _DRAW, {"member": member_id, "code": drawn})


def accept(session: Session, code: str, invited_id: int, *, actor: str, now: datetime) -> Answer:
    """Note at registration who invited a member.  Whatever it answers, the registration stands.

    Nothing is written unless `accepted`; of two invitations at once one is.
    """
    inviter = first(session, _INVITER, {"code": code.strip().upper()})
    if inviter is None:
        return "unknown"
    if inviter.id == invited_id:
        return "self"
    both = {"invited": invited_id, "inviter": inviter.id, "now": now}
    if fetch(session, _KNOWN, both)[0].known:
        return "already_member"
    if first(session, _ACCEPT, both) is None:
        return "already_invited"
    journal.record(
        session, "referral.accepted", f"member:{invited_id}", actor=actor, now=now, inviter_id=int(inviter.id)
    )
    return "accepted"


_CLOSE = text(f"""
    WITH RECURSIVE asked AS (SELECT invited_id, inviter_id, at FROM referral WHERE outcome IS NULL), {ROOTS},
    judged AS (
        SELECT a.invited_id, friend.id = inviter.id OR friend.erased_at IS NOT NULL OR inviter.erased_at IS NOT NULL
            OR EXISTS (SELECT FROM identity i
                WHERE i.member_id = friend.id AND i.kind = 'phone' AND i.created_at < a.at)
            OR EXISTS (SELECT FROM referral r WHERE r.friend_id = friend.id AND r.outcome = 'paid')
            OR row_number() OVER (PARTITION BY friend.id ORDER BY a.at, a.invited_id) > 1 AS void,
            a.at < :since AS late
        FROM asked a JOIN root friend ON friend.start = a.invited_id JOIN root inviter ON inviter.start = a.inviter_id)
    UPDATE referral r SET outcome = CASE WHEN judged.void THEN 'void' ELSE 'late' END, settled_at = :now
    FROM judged WHERE r.invited_id = judged.invited_id AND r.outcome IS NULL AND (judged.void OR judged.late)""")


def close(session: Session, *, now: datetime) -> int:
    """Settle what will never be paid, void or late, in one statement; returns how many."""
    within = timedelta(days=terms_at(now, session).referral.within_days)
    return changed(session, _CLOSE, {"now": now, "since": now - within})


@dataclass(frozen=True, slots=True)
class Due:
    """A friend's order that is safe: whose invitation it settles, and who both are now."""

    invited_id: int
    inviter_id: int
    friend_id: int
    store_id: int
    order_id: int


_SETTLE = text("""
    WITH asked AS (SELECT * FROM unnest(CAST(:invited AS bigint[]), CAST(:inviters AS bigint[]),
            CAST(:friends AS bigint[]), CAST(:stores AS bigint[]), CAST(:orders AS bigint[]))
            AS a(invited_id, inviter_id, friend_id, store_id, order_id)),
    had AS (SELECT paid_to, count(*) AS n FROM referral WHERE outcome = 'paid' AND settled_at >= :month
            AND paid_to = ANY(:inviters) GROUP BY 1),
    turn AS (SELECT asked.*, coalesce(had.n, 0)
                + row_number() OVER (PARTITION BY asked.inviter_id ORDER BY r.at, r.invited_id) <= :most AS pays
        FROM asked JOIN referral r ON r.invited_id = asked.invited_id AND r.outcome IS NULL
        LEFT JOIN had ON had.paid_to = asked.inviter_id)
    UPDATE referral r SET outcome = CASE WHEN turn.pays THEN 'paid' ELSE 'capped' END, settled_at = :now,
        paid_to = turn.inviter_id, friend_id = turn.friend_id, store_id = turn.store_id, order_id = turn.order_id,
        points = CASE WHEN turn.pays THEN CAST(:points AS bigint) ELSE 0 END,
        friend_points = CASE WHEN turn.pays THEN CAST(:friend_points AS bigint) ELSE 0 END
    FROM turn WHERE r.invited_id = turn.invited_id AND r.outcome IS NULL
    RETURNING r.invited_id, r.paid_to, r.friend_id, r.outcome""")


def pay(session: Session, due: Sequence[Due], *, actor: str, now: datetime) -> int:
    """Settle invitations whose order is safe, paid or capped; returns how many.  A repeat settles none.

    Set-based: members are locked in order, so of two workers the second finds nothing open and the month's number
    holds in any race; then one statement settles, two credit the points, and growth follows where the terms give any.
    """
    if not due:
        return 0
    promised = terms_at(now, session).referral
    tiers.lock(session, {one for each in due for one in (each.inviter_id, each.friend_id)})
    given = {
        "invited": [one.invited_id for one in due],
        "inviters": [one.inviter_id for one in due],
        "friends": [one.friend_id for one in due],
        "stores": [one.store_id for one in due],
        "orders": [one.order_id for one in due],
    }
    terms = {"month": day_began(now, of_month=True), "most": promised.max_per_month, "now": now}
    worth = {"points": promised.points, "friend_points": promised.friend_points}
    done = fetch(session, _SETTLE, {**given, **terms, **worth})
    paid = [row for row in done if row.outcome == "paid"]
    due_points = [
        one
        for row in paid
        for one in (
            Credit(row.paid_to, promised.points, f"gift:referral:{row.invited_id}"),
            Credit(row.friend_id, promised.friend_points, f"gift:referred:{row.invited_id}"),
        )
        if one.quantity
    ]
    expires_at = terms_at(now, session).expiry(now, months=promised.valid_months)
    credits.credit(session, POINTS, due_points, expires_at=expires_at, actor=actor, now=now)
    if promised.growth and paid:
        deeds = [Deed(row.paid_to, f"gift:referral:{row.invited_id}", now, promised.growth, 0, now) for row in paid]
        growth.settle(session, deeds, actor=actor, now=now)
        tiers.judge(session, sorted({row.paid_to for row in paid}), actor=actor, now=now)
    return len(done)


_FRIENDS = text("""
    WITH RECURSIVE self AS (SELECT CAST(:member AS bigint) AS id
        UNION SELECT m.id FROM member m JOIN self ON m.merged_into_id = self.id)
    SELECT m.nickname, m.name, m.phone_masked, r.at, r.outcome, r.points, EXISTS (SELECT FROM lot_entry e
               WHERE e.member_id = m.id AND e.source LIKE 'order:%') AS bought
    FROM referral r JOIN member m ON m.id = r.invited_id WHERE r.inviter_id IN (SELECT id FROM self)
    ORDER BY r.at DESC, r.invited_id DESC LIMIT :most""")
_PAID = text("SELECT count(*) AS n FROM referral WHERE paid_to = :member AND outcome = 'paid' AND settled_at >= :month")


def page(session: Session, member_id: int, *, now: datetime) -> dict[str, Any]:
    """What the inviter sees: their code, what it brings, how many were paid this month, and the newest friends, masked.

    `state` of a friend: joined, bought (waits for the after-sale window), or the outcome.
    """
    promised = terms_at(now, session).referral
    paid = fetch(session, _PAID, {"member": member_id, "month": day_began(now, of_month=True)})[0].n
    return {
        "code": code_of(session, member_id),
        "points": promised.points,
        "friend_points": promised.friend_points,
        "max_per_month": promised.max_per_month,
        "paid_this_month": paid,
        "friends": [
            {
                "name": masking.masked_name(row.nickname or row.name),
                "phone": row.phone_masked,
                "at": row.at.isoformat(),
                "state": row.outcome or ("bought" if row.bought else "joined"),
                "points": row.points,
            }
            for row in fetch(session, _FRIENDS, {"member": member_id, "most": PAGE})
        ],
    }
