"""Printed member cards: 16 digits, `96`, 13 of the printer's, and a GS1 check digit.  A card identifies, never spends.

A lost card keeps its row for ever: whoever brings it is told, and nobody can bind it again.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import first
from config.errors import Malformed, NotFound, Refused
from config.gs1 import check_digit
from member.secrets import fingerprint, seal


class BadCardNumber(Malformed):
    """Not a card of this chain, or one digit was misread."""

    code = "bad_card_number"


class CardTaken(Refused):
    """The card belongs to another member."""

    code = "card_taken"


class CardLost(Refused):
    """The card was reported lost and is worth nothing."""

    code = "card_lost"


def looks_like(words: str) -> bool:
    """Whether words are meant as a card number; its check digit may still be wrong."""
    return len(words) == 16 and words.isascii() and words.isdigit() and words[:2] == "96"


def check(no: str) -> str:
    """The number without spaces; raises BadCardNumber."""
    plain = no.replace(" ", "")
    if not looks_like(plain) or check_digit(plain[:-1]) != plain[-1]:
        raise BadCardNumber()
    return plain


_OWNER = text("SELECT member_id, lost_at FROM identity WHERE kind = 'card' AND fingerprint = :print")
_BIND = text(
    "INSERT INTO identity (member_id, kind, fingerprint, sealed, created_at)"
    " VALUES (:member, 'card', :print, :sealed, :now) ON CONFLICT (kind, fingerprint) DO NOTHING RETURNING id"
)
_LOSE = text(
    "UPDATE identity SET lost_at = :now WHERE kind = 'card' AND fingerprint = :print AND member_id = :member"
    " AND lost_at IS NULL RETURNING id"
)


def holder(session: Session, no: str) -> int | None:
    """The member of a card; raises CardLost for one that was reported."""
    found = first(session, _OWNER, {"print": fingerprint("card", check(no))})
    if found is not None and found.lost_at is not None:
        raise CardLost(at=found.lost_at.isoformat())
    return int(found.member_id) if found else None


def bind(session: Session, member_id: int, no: str, *, actor: str, now: datetime) -> None:
    """Give a card to a member; a repeat changes nothing.  Of two members at once one gets it.

    :raises CardTaken, CardLost: it is another's, or was lost; nothing changes.
    """
    plain = check(no)
    given = {"member": member_id, "print": fingerprint("card", plain), "sealed": seal(plain.encode()), "now": now}
    if first(session, _BIND, given):
        journal.record(session, "member.card_bound", f"member:{member_id}", actor=actor, now=now, tail=plain[-4:])
    elif holder(session, plain) != member_id:
        raise CardTaken()


def lose(session: Session, member_id: int, no: str, *, actor: str, now: datetime) -> None:
    """The member's card is lost: from now on it names nobody.  A repeat changes nothing.

    :raises NotFound: this member has no such card.
    """
    plain = check(no)
    given = {"member": member_id, "print": fingerprint("card", plain), "now": now}
    if first(session, _LOSE, given):
        journal.record(session, "member.card_lost", f"member:{member_id}", actor=actor, now=now, tail=plain[-4:])
        return
    found = first(session, _OWNER, given)
    if found is None or found.member_id != member_id:
        raise NotFound(member_id=member_id)


def replace(session: Session, member_id: int, old: str, new: str, *, actor: str, now: datetime) -> None:
    """A new card for a lost one, in one step."""
    lose(session, member_id, old, actor=actor, now=now)
    bind(session, member_id, new, actor=actor, now=now)
