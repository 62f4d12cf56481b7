"""Staff: signing in, switching by PIN, and the sessions behind the cookie."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused, TooManyTries
from member.identity import normalise_phone
from member.secrets import fingerprint
from trade.stores.models import Role
from trade.stores.roles import PERMISSIONS

SESSION_FOR = timedelta(hours=14)
TRIES, WINDOW = 5, timedelta(minutes=5)
_hasher = PasswordHasher()
_NOBODY = _hasher.hash(secrets.token_hex(8))


class WrongPassword(Refused):
    """Log-in name and password do not belong together; which of the two is wrong is not said."""

    code, status = "wrong_password", 401


class WrongPin(Refused):
    """The PIN is not this colleague's; `tries_left` tries remain before the lock."""

    code, status = "wrong_pin", 401


class PinLocked(TooManyTries):
    """Five wrong PINs: locked until `retry_at`."""

    code = "pin_locked"


class LoginLocked(TooManyTries):
    """Five wrong passwords: locked until `retry_at`."""

    code = "login_locked"


@dataclass(frozen=True, slots=True)
class StaffCard:
    """Who is signed in, for which store, and what they may do."""

    id: int
    login: str
    name: str
    role: Role
    store_id: int | None
    store_name: str | None

    @property
    def permissions(self) -> frozenset[str]:
        """The permissions of the role."""
        return PERMISSIONS[self.role]

    @property
    def actor(self) -> str:
        """How the journal names this person."""
        return f"staff:{self.id}"

    def as_json(self) -> dict[str, Any]:
        """As the faces show it."""
        return {
            "id": self.id,
            "login": self.login,
            "name": self.name,
            "role": self.role.value,
            "store_id": self.store_id,
            "store_name": self.store_name,
            "permissions": sorted(self.permissions),
        }


def hash_secret(secret: str) -> str:
    """Argon2id of a password or PIN."""
    return _hasher.hash(secret)


def token_hash(token: str) -> bytes:
    """What the tables keep of a random 256-bit token."""
    return hashlib.sha256(token.encode()).digest()


_CARD = (
    "SELECT staff.id, staff.login, staff.name, staff.role, staff.store_id, store.name AS store_name,"
    " staff.password_hash, staff.pin_hash FROM staff LEFT JOIN store ON store.id = staff.store_id"
    " WHERE staff.active AND "
)
_BY_LOGIN = text(_CARD + "staff.login = :login")
_BY_ID = text(_CARD + "staff.id = :id AND staff.store_id = :store")
_LOCK_BY_ID = text(_CARD + "staff.id = :id AND staff.store_id = :store FOR NO KEY UPDATE OF staff")
_BY_SESSION = text(
    _CARD + "staff.id = (SELECT staff_id FROM staff_session WHERE token_hash = :hash AND expires_at > :now)"
)
_TRIES = text("SELECT count(*), min(at) FROM attempt WHERE subject = :subject AND at > :since")
_WRONG = text("INSERT INTO attempt (subject, at) VALUES (:subject, :now)")
_RIGHT = text("DELETE FROM attempt WHERE subject = :subject")
_OPEN = text("INSERT INTO staff_session (token_hash, staff_id, expires_at) VALUES (:hash, :staff, :until)")
_CLOSE = text("DELETE FROM staff_session WHERE token_hash = :hash")
_FORGET = text("DELETE FROM staff_session WHERE expires_at < :now")
_COLLEAGUES = text(
    "SELECT id, name, role FROM staff WHERE store_id = :store AND active AND pin_hash IS NOT NULL ORDER BY role, id"
)


def _as_card(row: Any) -> StaffCard:
    return StaffCard(row.id, row.login, row.name, Role(row.role), row.store_id, row.store_name)


def check_password(session: Session, login: str, password: str, *, now: datetime) -> StaffCard | None:
    """The person, or None after noting a wrong try (commit it).  Raises LoginLocked.

    The hash is computed for unknown names too, so that the answer's time tells nothing.
    """
    subject = f"login:{login}"
    check_tries(session, subject, LoginLocked, now=now)
    row = first(session, _BY_LOGIN, {"login": login})
    if not _verify(row.password_hash if row else _NOBODY, password) or row is None:
        note_wrong(session, subject, now=now)
        return None
    session.execute(_RIGHT, {"subject": subject})
    return _as_card(row)


def check_pin(
    session: Session, staff_id: int, store_id: int, pin: str, *, now: datetime
) -> tuple[StaffCard | None, int]:
    """The colleague, or None after noting a wrong try (commit it), and the tries left.  Raises PinLocked.

    Tries are counted by colleague, wherever they are typed, and one by one: the row stays locked until it is noted.
    """
    row = first(session, _LOCK_BY_ID, {"id": staff_id, "store": store_id})
    if row is None:
        raise NotFound(staff_id=staff_id)
    subject = f"pin:{staff_id}"
    left = check_tries(session, subject, PinLocked, now=now)
    if not _verify(row.pin_hash or _NOBODY, pin):
        note_wrong(session, subject, now=now)
        return None, left - 1
    session.execute(_RIGHT, {"subject": subject})
    return _as_card(row), TRIES


def card(session: Session, staff_id: int, store_id: int) -> StaffCard:
    """A colleague of a store.

    :raises NotFound: nobody who works there.
    """
    row = first(session, _BY_ID, {"id": staff_id, "store": store_id})
    if row is None:
        raise NotFound(staff_id=staff_id)
    return _as_card(row)


def check_tries(session: Session, subject: str, locked: type[TooManyTries], *, now: datetime) -> int:
    """How many wrong tries a subject has left in this window; raises `locked` when none."""
    used, since = fetch(session, _TRIES, {"subject": subject, "since": now - WINDOW})[0]
    if used >= TRIES:
        raise locked(retry_at=(since + WINDOW).isoformat())
    return TRIES - int(used)


def note_wrong(session: Session, subject: str, *, now: datetime) -> None:
    """Count a wrong try.  Commit it even though the request is refused."""
    session.execute(_WRONG, {"subject": subject, "now": now})


def _verify(hashed: str, secret: str) -> bool:
    try:
        return _hasher.verify(hashed, secret)
    except VerifyMismatchError:
        return False


def sign_in(session: Session, staff: StaffCard, *, now: datetime) -> str:
    """Open a session and return its token, which nobody stores but the cookie."""
    token = secrets.token_urlsafe(32)
    session.execute(_FORGET, {"now": now})
    session.execute(_OPEN, {"hash": token_hash(token), "staff": staff.id, "until": now + SESSION_FOR})
    journal.record(session, "staff.signed_in", f"staff:{staff.id}", actor=staff.actor, now=now)
    return token


def sign_out(session: Session, token: str) -> None:
    """End a session; a repeat changes nothing."""
    session.execute(_CLOSE, {"hash": token_hash(token)})


def of_session(session: Session, token: str, *, now: datetime) -> StaffCard | None:
    """Who holds this token, while it lives."""
    row = first(session, _BY_SESSION, {"hash": token_hash(token), "now": now})
    return _as_card(row) if row else None


def colleagues(session: Session, store_id: int) -> list[dict[str, Any]]:
    """Who may switch in by PIN at a till of the store."""
    return [dict(row) for row in session.execute(_COLLEAGUES, {"store": store_id}).mappings()]


_GUIDES = text("SELECT id, name, role FROM staff WHERE store_id = :store AND active ORDER BY role, id")
_OWN_PHONE = text("""
    UPDATE staff SET phone_print = :print WHERE id = :staff AND store_id = :store AND active RETURNING id""")


def of_store(session: Session, store_id: int) -> list[dict[str, Any]]:
    """Everybody who works in a store, `{id, name, role}`: each may be a guide."""
    return [row._asdict() for row in fetch(session, _GUIDES, {"store": store_id})]


def own_phone(session: Session, store_id: int, staff_id: int, phone: str, *, actor: str, now: datetime) -> None:
    """Note which phone is a colleague's own, so that they win nobody by their own purchases.

    :raises BadPhone: no mobile number.  :raises NotFound: nobody of this store.
    """
    given = {"print": fingerprint("phone", normalise_phone(phone)), "staff": staff_id, "store": store_id}
    if first(session, _OWN_PHONE, given) is None:
        raise NotFound(staff_id=staff_id)
    journal.record(session, "staff.phone_noted", f"staff:{staff_id}", actor=actor, now=now)
