"""Codes are made, drawn, resolved and taken back; the only writer of their table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound
from trade.stores.scenes import codes

PAGES = {"P": "pages/product/product"}
HOME = "pages/home/home"


@dataclass(frozen=True, slots=True)
class Behind:
    """What a code stands for; ids, as its `kind` has them."""

    id: int
    kind: str
    store_id: int | None
    staff_id: int | None
    product_id: int | None
    member_id: int | None


_MADE = text("""
    INSERT INTO scene_code (kind, store_id, staff_id, product_id, member_id, label, actor, made_at)
    SELECT :kind, :store, :staff, :product, :member, :label, :actor, :now
    WHERE (CAST(:staff AS bigint) IS NULL OR EXISTS (
            SELECT FROM staff WHERE id = :staff AND store_id = :store AND active))
      AND (CAST(:product AS bigint) IS NULL OR EXISTS (SELECT FROM product WHERE id = :product))
    ON CONFLICT (kind, coalesce(store_id, 0), coalesce(staff_id, product_id, member_id, 0), label)
        WHERE revoked_at IS NULL DO NOTHING RETURNING id""")
_SAME = text("""
    SELECT id FROM scene_code WHERE kind = :kind AND coalesce(store_id, 0) = coalesce(CAST(:store AS bigint), 0)
      AND coalesce(staff_id, product_id, member_id, 0)
        = coalesce(CAST(:staff AS bigint), CAST(:product AS bigint), CAST(:member AS bigint), 0)
      AND label = :label AND revoked_at IS NULL""")
_BEHIND = text("""
    SELECT c.id, c.kind, c.store_id, c.staff_id, c.product_id, c.member_id FROM scene_code c
    LEFT JOIN staff s ON s.id = c.staff_id
    WHERE c.id = :id AND c.kind = :kind AND c.revoked_at IS NULL
      AND (c.staff_id IS NULL OR (s.active AND s.store_id = c.store_id))""")
_LISTED = text("""
    SELECT c.id, c.kind, c.label, c.made_at, c.picture IS NOT NULL AS drawn, s.name AS staff_name,
        p.name AS product_name
    FROM scene_code c LEFT JOIN staff s ON s.id = c.staff_id LEFT JOIN product p ON p.id = c.product_id
    WHERE c.store_id = :store AND c.revoked_at IS NULL ORDER BY c.kind, c.id""")
_PICTURE = text("SELECT kind, picture FROM scene_code WHERE id = :id AND store_id = :store AND revoked_at IS NULL")
_DRAWN = text("UPDATE scene_code SET picture = :picture WHERE id = :id AND picture IS NULL RETURNING id")
_REVOKE = text("""
    UPDATE scene_code SET revoked_at = :now WHERE id = :id AND store_id = :store AND revoked_at IS NULL
    RETURNING kind""")


def make(
    session: Session,
    kind: str,
    *,
    store_id: int | None = None,
    staff_id: int | None = None,
    product_id: int | None = None,
    member_id: int | None = None,
    label: str = "",
    actor: str,
    now: datetime,
) -> str:
    """The code in force for this, made when there is none; two at once get the same.

    :raises NotFound: the guide is not (or no longer) of the store, or there is no such product.
    """
    ids = {"store": store_id, "staff": staff_id, "product": product_id, "member": member_id}
    given = {"kind": kind, **ids, "label": label, "actor": actor, "now": now}
    made = first(session, _MADE, given)
    if made is not None:
        journal.record(session, "scene.made", f"scene:{made.id}", actor=actor, now=now, of=kind, store_id=store_id)
    found = made or first(session, _SAME, given)
    if found is None:
        raise NotFound(**{name: value for name, value in ids.items() if value is not None})
    return codes.write(kind, found.id)


def resolve(session: Session, code: str) -> Behind:
    """What stands behind a code; NotFound when it is none of ours, was taken back, or its guide has left the store."""
    kind, row_id = codes.read(code)
    found = first(session, _BEHIND, {"id": row_id, "kind": kind})
    if found is None:
        raise NotFound(code=code[:40])
    return Behind(*found)


def listed(session: Session, store_id: int) -> list[dict[str, Any]]:
    """A store's codes in force: `{id, kind, code, label, name, drawn, made_at}`."""
    return [
        {
            "id": row.id,
            "kind": row.kind,
            "code": codes.write(row.kind, row.id),
            "label": row.label,
            "name": row.staff_name or row.product_name or "",
            "drawn": row.drawn,
            "made_at": row.made_at.isoformat(),
        }
        for row in fetch(session, _LISTED, {"store": store_id})
    ]


def picture(session: Session, store_id: int, row_id: int) -> tuple[str, str, bytes | None]:
    """A store's code: scene, the page it opens, and its picture if it was drawn; NotFound when it was taken back."""
    found = first(session, _PICTURE, {"id": row_id, "store": store_id})
    if found is None:
        raise NotFound(scene_id=row_id)
    drawn = bytes(found.picture) if found.picture else None
    return codes.write(found.kind, row_id), PAGES.get(found.kind, HOME), drawn


def drawn(session: Session, row_id: int, picture: bytes) -> None:
    """Keep what WeChat drew; the first one stays."""
    first(session, _DRAWN, {"id": row_id, "picture": picture})


def revoke(session: Session, store_id: int, row_id: int, *, actor: str, now: datetime) -> None:
    """Take a code back: whoever scans it from now on finds nothing behind it.  Raises NotFound."""
    if first(session, _REVOKE, {"id": row_id, "store": store_id, "now": now}) is None:
        raise NotFound(scene_id=row_id)
    journal.record(session, "scene.revoked", f"scene:{row_id}", actor=actor, now=now, store_id=store_id)
