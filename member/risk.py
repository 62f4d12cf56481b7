"""What a person's risk does to rewards, and that what is for newcomers is given to one person once (wechat.md 5).

rank   joining                              claiming a coupon
0      as it is                             as it is
1, 2   as it is: WeChat vouched for the     only with a phone that is known (`phone_needed`)
       phone that was just given
3      joined, without the gift             one a store day (`risk_limit`)
4      refused (`risk_blocked`)             refused (`risk_blocked`)

The rank is WeChat's, asked by the face before its transaction; whom nobody knows anything about counts as 0.  Shopping
itself is never refused.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.clock import day_began
from config.db import changed, fetch, first
from config.errors import Refused
from member.secrets import fingerprint

REMEMBERED = timedelta(days=396)
"""Thirteen months: so long nobody is new twice."""
CHECK, WEAKEN, BLOCK = 1, 3, 4


class RiskBlocked(Refused):
    """WeChat holds the account for fraudulent; nothing was given, and shopping goes on."""

    code, status = "risk_blocked", 403


class PhoneNeeded(Refused):
    """A coupon for this account needs a phone that WeChat vouches for; nothing was claimed."""

    code = "phone_needed"


class RiskLimit(Refused):
    """This account claims one coupon a day; nothing was claimed."""

    code = "risk_limit"


_PHONE = text("SELECT 1 AS yes FROM identity WHERE member_id = :member AND kind = 'phone'")
_CLAIMED = text("SELECT count(*) AS times FROM coupon WHERE member_id = :member AND claimed_at >= :since")
_KNOWN = text(
    "SELECT kind, fingerprint FROM identity WHERE member_id = :member AND kind IN ('phone', 'openid') ORDER BY kind"
)
_MARK = text("""
    INSERT INTO reward_mark (reward, kind, print, at)
    SELECT :reward, m.kind, m.print, :now
    FROM unnest(CAST(:kinds AS text[]), CAST(:prints AS bytea[])) AS m(kind, print)
    ORDER BY m.kind, m.print ON CONFLICT DO NOTHING RETURNING kind""")
_FORGET = text("DELETE FROM reward_mark WHERE at < :before")


def check_joining(session: Session, member_id: int, rank: int, *, actor: str, now: datetime) -> bool:
    """Whether joining brings its gift.  Raises RiskBlocked."""
    _note(session, member_id, rank, "joining", actor=actor, now=now)
    if rank >= BLOCK:
        raise RiskBlocked()
    return rank < WEAKEN


def check_claim(session: Session, member_id: int, rank: int, *, actor: str, now: datetime) -> None:
    """Let a claim go on.  Raises RiskBlocked, RiskLimit, PhoneNeeded."""
    _note(session, member_id, rank, "claim", actor=actor, now=now)
    if rank >= BLOCK:
        raise RiskBlocked()
    if rank >= WEAKEN and fetch(session, _CLAIMED, {"member": member_id, "since": day_began(now)})[0].times:
        raise RiskLimit()
    if rank >= CHECK and first(session, _PHONE, {"member": member_id}) is None:
        raise PhoneNeeded()


def _note(session: Session, member_id: int, rank: int, at: str, *, actor: str, now: datetime) -> None:
    if rank >= CHECK:
        journal.record(session, "member.risky", f"member:{member_id}", actor=actor, now=now, rank=rank, doing=at)


def first_time(session: Session, member_id: int, reward: str, *, device: str | None, now: datetime) -> bool:
    """Mark the member's phone, WeChat account and device for a newcomer's reward; False when any had it before.

    What is kept are keyed hashes under a key of their own, which no other table has: they outlive the member, so that
    who deletes the account and comes back is not new.  Of two at once on one device the second waits for the first and
    finds it marked.

    :param device: the number that the phone made for itself, where it told one.
    """
    mine = [(row.kind, bytes(row.fingerprint).hex()) for row in fetch(session, _KNOWN, {"member": member_id})]
    mine += [("device", device)] if device else []
    given = {"kinds": [kind for kind, _ in mine], "prints": [fingerprint("newcomer", value) for _, value in mine]}
    return len(fetch(session, _MARK, {"reward": reward, "now": now, **given})) == len(mine)


def forget(session: Session, *, now: datetime) -> int:
    """Drop marks of more than thirteen months ago; returns how many."""
    return changed(session, _FORGET, {"before": now - REMEMBERED})
