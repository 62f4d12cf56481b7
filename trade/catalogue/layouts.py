"""Which layouts of scale labels hold in a store: its own, else the chain's, else the simplest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused
from trade.catalogue.labels import DEFAULT, faults

CHAIN = 0


class LayoutNotSound(Refused):
    """The layouts cannot be used, or not together; `fields` name what is wrong, each with the key of its sentence."""

    code, status = "layout_not_sound", 422


_OF = text("SELECT layouts FROM label_layout WHERE store_id IN (0, :store) ORDER BY store_id DESC LIMIT 1")
_ALL = text("SELECT store_id, layouts FROM label_layout ORDER BY store_id")
_STORE = text("SELECT 1 FROM store WHERE id = :store")
_SET = text("""
    INSERT INTO label_layout (store_id, layouts) VALUES (:store, :layouts)
    ON CONFLICT (store_id) DO UPDATE SET layouts = excluded.layouts""")
_UNSET = text("DELETE FROM label_layout WHERE store_id = :store")


def of_store(session: Session | None, store_id: int) -> tuple[str, ...]:
    """The layouts that hold in a store."""
    row = first(session, _OF, {"store": store_id})
    return tuple(row.layouts) if row else DEFAULT


def listed(session: Session) -> list[dict[str, Any]]:
    """What was set: `store_id` 0 is the chain."""
    return [row._asdict() for row in fetch(session, _ALL, {})]


def put(session: Session, store_id: int, layouts: Sequence[str], *, actor: str, now: datetime) -> None:
    """Set the layouts of the chain (0) or a store; none at all is "as the chain", or as at first.

    :raises NotFound: there is no such store.
    :raises LayoutNotSound: nothing was set.
    """
    if store_id != CHAIN and first(session, _STORE, {"store": store_id}) is None:
        raise NotFound(store_id=store_id)
    if wrong := faults(layouts):
        raise LayoutNotSound(fields={layout: f"label_{fault}" for layout, fault in wrong.items()})
    given = {"store": store_id, "layouts": list(layouts)}
    session.execute(_SET if layouts else _UNSET, given)
    journal.record(session, "label_layout.set", f"store:{store_id}", actor=actor, now=now, layouts=list(layouts))
