"""The dynamic member code: what proves that the member stands at the till (till-and-store-desk.md 3.3).

A code is 20 digits, so that it fits a short Code 128 and a small QR and passes a keyboard wedge under a Chinese
input method: `98`, a reference of 9 digits, a proof of 8, and a GS1 check digit over the 19.  No barcode of goods has
20 digits, and no payment code of 20 begins with 98.  The client computes it, online or not:

    step  = floor((unix seconds + clock correction) / 30)
    mac   = HMAC-SHA256(secret, step as 8 bytes, big endian)
    at    = last byte of mac & 15                            (RFC 4226 truncation)
    proof = (mac[at..at+3], big endian, & 0x7FFFFFFF) mod 10^8, written with 8 digits

The secret is 32 bytes, base64url without padding where it travels.  A code of the step before or after is taken too.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import changed, fetch, first
from config.errors import Malformed, Refused, TooManyTries
from config.gs1 import check_digit
from member.secrets import open_sealed, seal

STEP_S, TOLERANCE, PREFIX = 30, 1, "98"
_REF, _PROOF = 9, 8


class MemberCodeMisread(Malformed):
    """Not a member code, or one digit was misread: scan again.  Does not count as a guess."""

    code = "member_code_misread"


class MemberCodeWrong(Refused):
    """The code is not this member's now: too old, too new, or invented.  Counts as a guess."""

    code, status = "member_code_wrong", 422


class MemberCodeUsed(Refused):
    """The code, or a later one, was accepted before: `at` and `place` say when and where."""

    code = "member_code_used"


class MemberCodeLocked(TooManyTries):
    """Five wrong member codes at this till: locked until `retry_at`."""

    code = "member_code_locked"


@dataclass(frozen=True, slots=True)
class At:
    """Where a code was shown.  `place` is said to whoever shows it again."""

    store_id: int
    till_id: int
    place: str


def step_of(now: datetime) -> int:
    """The number of the step a moment lies in."""
    return int(now.timestamp()) // STEP_S


def proof(secret: bytes, step: int) -> str:
    """The eight digits of one step."""
    mac = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha256).digest()
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at : at + 4], 'big') & 0x7FFFFFFF) % 10**_PROOF:0{_PROOF}d}"


def write(ref: str, secret: bytes, step: int) -> str:
    """The code of one step as it is shown."""
    plain = f"{PREFIX}{ref}{proof(secret, step)}"
    return plain + check_digit(plain)


def looks_like(code: str) -> bool:
    """Whether a scan is meant as a member code; its check digit may still be wrong."""
    return len(code) == len(PREFIX) + _REF + _PROOF + 1 and code.isascii() and code.isdigit() and code[:2] == PREFIX


def ref_of(code: str) -> str:
    """The reference a code carries."""
    return code[len(PREFIX) : len(PREFIX) + _REF]


_MAKE = text(
    "INSERT INTO member_code (member_id, ref, secret_sealed, made_at) VALUES (:member, :ref, :secret, :now)"
    " ON CONFLICT (member_id) DO UPDATE SET ref = EXCLUDED.ref, secret_sealed = EXCLUDED.secret_sealed,"
    " made_at = EXCLUDED.made_at RETURNING ref"
)
_FREE = text("SELECT 1 FROM member_code WHERE ref = :ref")
_MINE = text("SELECT ref, secret_sealed FROM member_code WHERE member_id = :member")
_WHOSE = text(
    "SELECT c.member_id, c.secret_sealed FROM member_code c JOIN member m ON m.id = c.member_id"
    " WHERE c.ref = :ref AND m.merged_into_id IS NULL AND m.erased_at IS NULL"
)
_USE = text(
    "INSERT INTO member_code_use (member_id, step, store_id, till_id, place, at)"
    " SELECT :member, :step, :store, :till, :place, :now WHERE NOT EXISTS ("
    " SELECT FROM member_code_use WHERE member_id = :member AND step > :step)"
    " ON CONFLICT (member_id, step) DO NOTHING RETURNING step"
)
_USED = text(
    "SELECT at, place FROM member_code_use WHERE member_id = :member AND step >= :step ORDER BY step DESC LIMIT 1"
)
_FORGET = text(
    "DELETE FROM member_code_use WHERE ctid IN (SELECT ctid FROM member_code_use WHERE at < :before LIMIT :most)"
)


def issue(session: Session, member_id: int, *, actor: str, now: datetime) -> tuple[str, str]:
    """A new reference and secret for the phone that asks, told this once; codes of the former phone end at once."""
    ref, secret = _draw(session), secrets.token_bytes(32)
    session.execute(_MAKE, {"member": member_id, "ref": ref, "secret": seal(secret), "now": now})
    journal.record(session, "member.code_issued", f"member:{member_id}", actor=actor, now=now)
    return ref, urlsafe_b64encode(secret).decode().rstrip("=")


def _draw(session: Session) -> str:
    """A reference nobody has; the UNIQUE behind it makes of two equal draws at once one fault and a retry."""
    while True:
        ref = f"{secrets.randbelow(10**_REF):0{_REF}d}"
        if first(session, _FREE, {"ref": ref}) is None:
            return ref


def upcoming(session: Session, member_id: int, *, steps: int, now: datetime) -> list[tuple[int, str]]:
    """(step, code) from this step on, for a client that keeps no secret; empty when none was issued."""
    mine = first(session, _MINE, {"member": member_id})
    if mine is None:
        return []
    secret = open_sealed(bytes(mine.secret_sealed))
    this = step_of(now)
    return [(step, write(mine.ref, secret, step)) for step in range(this, this + steps)]


def accept(session: Session, code: str, at: At, *, now: datetime) -> int:
    """The member whose code this is; the code is spent in the caller's transaction.

    Of two tills that scan it at once one wins: the key (member, step) makes the other wait, and then refuses it.
    A code older than one already accepted is refused too, so that a picture of it is worth nothing.

    :raises MemberCodeMisread, MemberCodeWrong, MemberCodeUsed: nothing was accepted.
    """
    if not looks_like(code) or check_digit(code[:-1]) != code[-1]:
        raise MemberCodeMisread()
    ref, shown = ref_of(code), code[len(PREFIX) + _REF : -1]
    owner = first(session, _WHOSE, {"ref": ref})
    secret = open_sealed(bytes(owner.secret_sealed)) if owner else bytes(32)
    this = step_of(now)
    right = [
        step
        for step in range(this - TOLERANCE, this + TOLERANCE + 1)
        if hmac.compare_digest(proof(secret, step), shown)
    ]
    if owner is None or not right:
        raise MemberCodeWrong()
    member_id, step = int(owner.member_id), right[-1]
    use = {"member": member_id, "step": step, "store": at.store_id, "till": at.till_id, "place": at.place, "now": now}
    if first(session, _USE, use) is None:
        used = fetch(session, _USED, {"member": member_id, "step": step})[0]
        raise MemberCodeUsed(at=used.at.isoformat(), place=used.place)
    journal.record(session, "member.code_shown", f"member:{member_id}", actor="member", now=now, place=at.place)
    return member_id


def forget(session: Session, *, now: datetime, most: int = 5000) -> int:
    """Drop uses that no code can repeat any more; they are kept 30 days for "when and where"; returns how many."""
    return changed(session, _FORGET, {"before": now - timedelta(days=30), "most": most})
