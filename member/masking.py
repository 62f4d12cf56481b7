"""How much of a person each role sees, and the one way to see more (till-and-store-desk.md 3.3).

| who | phone | name | search by the last four digits | the full phone |
|---|---|---|---|---|
| cashier | 138****1234 | 王** | whom the store knows | no |
| the member's own mini-program | 138****1234 | 王** | no | no |
| store manager (`member.tail`) | 138****1234 | 王** | yes | no |
| head office (`member.tail`, `member.reveal`) | 138****1234 | 王** | yes | yes, each look is a journal row |
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import first
from config.errors import NotFound, NotPermitted
from member.secrets import open_sealed


class TailNotPermitted(NotPermitted):
    """Four digits fit many people: this role asks for the whole phone, or scans the member's code."""

    code = "tail_not_permitted"


def masked_phone(digits: str) -> str:
    """`138****1234`."""
    return f"{digits[:3]}****{digits[-4:]}"


def masked_name(name: str) -> str:
    """The family name and stars."""
    return name[:1] + "*" * max(len(name) - 1, 0) if name else "微信用户"


def is_tail(words: str) -> bool:
    """Whether these are the last four digits of a phone."""
    plain = words.strip()
    return len(plain) == 4 and plain.isdecimal()


def check_search(words: str, permissions: frozenset[str]) -> None:
    """Whether a role may search for these words; raises TailNotPermitted."""
    if is_tail(words) and "member.tail" not in permissions:
        raise TailNotPermitted(permission="member.tail")


_PHONE = text("SELECT sealed FROM identity WHERE member_id = :id AND kind = 'phone' ORDER BY id DESC LIMIT 1")


def reveal(session: Session, member_id: int, *, reason: str, actor: str, now: datetime) -> str:
    """The full phone of a member, for the permission `member.reveal` only; who looked and why stays in the journal.

    :raises NotFound: there is no phone; then nothing is written.
    """
    kept = first(session, _PHONE, {"id": member_id})
    if kept is None:
        raise NotFound(member_id=member_id)
    journal.record(session, "member.revealed", f"member:{member_id}", actor=actor, now=now, reason=reason)
    return open_sealed(bytes(kept.sealed)).decode()
