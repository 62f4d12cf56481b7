"""Drawers: each till has its own until it is told to share another's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused
from trade.stores.tills import TillCard


class DrawerInUse(Refused):
    """The till has an open shift: its drawer is changed after the count."""

    code = "drawer_in_use"


_TILL = text("SELECT drawer_id FROM till WHERE store_id = :store AND id = :till FOR NO KEY UPDATE")
_MAKE = text("""
    WITH made AS (INSERT INTO drawer (store_id, name) SELECT store_id, name FROM till
                  WHERE store_id = :store AND id = :till RETURNING store_id, id)
    UPDATE till SET drawer_id = made.id FROM made WHERE till.store_id = :store AND till.id = :till
    RETURNING till.drawer_id""")
_SHARE = text("""
    UPDATE till SET drawer_id = drawer.id FROM drawer
    WHERE till.store_id = :store AND till.id = :till AND drawer.store_id = :store AND drawer.id = :drawer
    RETURNING till.id""")
_IN_USE = text("""
    SELECT id FROM shift WHERE store_id = :store AND drawer_id = CAST(:drawer AS bigint) AND state = 'open'""")
_LIST = text("""
    SELECT d.id, d.name, array_agg(t.name ORDER BY t.id) FILTER (WHERE t.id IS NOT NULL) AS tills,
           coalesce(bool_or(t.id = :till), false) AS mine
    FROM drawer d LEFT JOIN till t ON t.store_id = d.store_id AND t.drawer_id = d.id
    WHERE d.store_id = :store GROUP BY d.id, d.name ORDER BY d.id""")


def of(session: Session, till: TillCard) -> int:
    """The drawer of a till; the first time it gets one of its own.  Locks the till."""
    given = {"store": till.store_id, "till": till.id}
    row = first(session, _TILL, given)
    if row is None:
        raise NotFound(till_id=till.id)
    return int(row.drawer_id or fetch(session, _MAKE, given)[0].drawer_id)


def share(session: Session, till: TillCard, drawer_id: int, *, actor: str, now: datetime) -> None:
    """From now on the till's cash goes into that drawer of its store.

    :raises NotFound: the store has no such drawer.
    :raises DrawerInUse: nothing changed.
    """
    former, given = of(session, till), {"store": till.store_id, "till": till.id}
    if first(session, _IN_USE, given | {"drawer": former}) and former != drawer_id:
        raise DrawerInUse(drawer_id=former)
    if first(session, _SHARE, given | {"drawer": drawer_id}) is None:
        raise NotFound(drawer_id=drawer_id)
    journal.record(session, "till.drawer_changed", f"till:{till.id}", actor=actor, now=now, drawer_id=drawer_id)


def listed(session: Session, till: TillCard) -> list[dict[str, Any]]:
    """The drawers of a store with the tills that use them."""
    given = {"store": till.store_id, "till": till.id}
    return [
        {"id": row.id, "name": row.name, "tills": row.tills or [], "mine": row.mine}
        for row in fetch(session, _LIST, given)
    ]
