"""What is printed on a colleague's badge: it says who wants the till, and no more; who they are their PIN proves.

`TB.<store>.<staff>.<tag>`, the tag 80 bits of a keyed hash, so that nobody draws a badge of their own.
"""

from __future__ import annotations

import hmac
from base64 import b32encode

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound
from member.secrets import signing_key


class BadgeUnknown(NotFound):
    """The badge is of nobody who works in this store now, or no badge of ours."""

    code = "badge_unknown"


def badge(store_id: int, staff_id: int) -> str:
    """The text of a colleague's badge."""
    said = f"TB.{store_id}.{staff_id}"
    tag = hmac.digest(signing_key("badge"), said.encode(), "sha256")[:10]
    return f"{said}.{b32encode(tag).decode()}"


_STAFF = text("SELECT 1 FROM staff WHERE id = :staff AND store_id = :store AND active AND pin_hash IS NOT NULL")
_NAMES = text(
    "SELECT id, name, role FROM staff WHERE store_id = :store AND active AND pin_hash IS NOT NULL ORDER BY id"
)


def read(session: Session, store_id: int, code: str) -> int:
    """Whose badge it is.

    :raises BadgeUnknown: nobody's here.
    """
    parts = code.split(".")
    if len(parts) != 4 or not (parts[1].isdecimal() and parts[2].isdecimal() and code.isascii()):
        raise BadgeUnknown()
    staff_id = int(parts[2][:9])
    mine = int(parts[1][:9]) == store_id and hmac.compare_digest(badge(store_id, staff_id), code)
    if not mine or first(session, _STAFF, {"staff": staff_id, "store": store_id}) is None:
        raise BadgeUnknown()
    return staff_id


def of_store(session: Session, store_id: int) -> list[dict[str, str]]:
    """The badges of everybody who may switch in at a till of the store."""
    found = fetch(session, _NAMES, {"store": store_id})
    return [{"name": row.name, "role": row.role, "badge": badge(store_id, row.id)} for row in found]
