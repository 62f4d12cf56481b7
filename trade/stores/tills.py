"""Tills: which device sells."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import first
from config.errors import NotFound
from trade.stores.staff import token_hash


@dataclass(frozen=True, slots=True)
class TillCard:
    """A registered till."""

    id: int
    name: str
    store_id: int
    store_name: str

    def as_json(self) -> dict[str, Any]:
        """As the faces show it."""
        return {"id": self.id, "name": self.name, "store_id": self.store_id, "store_name": self.store_name}


_TILL = (
    "SELECT till.id, till.name, till.store_id, store.name AS store_name"
    " FROM till JOIN store ON store.id = till.store_id "
)
_BY_TOKEN = text(_TILL + "WHERE till.token_hash = :hash")
_BY_ID = text(_TILL + "WHERE till.id = :id AND (CAST(:store AS bigint) IS NULL OR till.store_id = :store)")
_LIST = text(
    "SELECT till.id, till.name, till.token_hash IS NOT NULL AS registered, store.name AS store_name"
    " FROM till JOIN store ON store.id = till.store_id"
    " WHERE CAST(:store AS bigint) IS NULL OR till.store_id = :store ORDER BY till.store_id, till.id"
)
_REGISTER = text("UPDATE till SET token_hash = :hash, registered_at = :now WHERE id = :id")


def of_token(session: Session, token: str) -> TillCard | None:
    """The till that holds this device token."""
    row = first(session, _BY_TOKEN, {"hash": token_hash(token)})
    return TillCard(*row) if row else None


def listed(session: Session, store_id: int | None) -> list[dict[str, Any]]:
    """The tills of a store (None: of every store)."""
    return [dict(row) for row in session.execute(_LIST, {"store": store_id}).mappings()]


def one(session: Session, till_id: int, store_id: int | None) -> TillCard:
    """A till of a store (None: of any).  Raises NotFound."""
    row = first(session, _BY_ID, {"id": till_id, "store": store_id})
    if row is None:
        raise NotFound(till_id=till_id)
    return TillCard(*row)


def register(
    session: Session, till_id: int, store_id: int | None, *, actor: str, now: datetime
) -> tuple[TillCard, str]:
    """Bind a device to a till: a new token, which ends the former device's; returns both."""
    till = one(session, till_id, store_id)
    token = secrets.token_urlsafe(32)
    session.execute(_REGISTER, {"hash": token_hash(token), "now": now, "id": till_id})
    journal.record(session, "till.registered", f"till:{till_id}", actor=actor, now=now)
    return till, token
