"""The only writer of a document's state.  A document is locked before the levels it moves, here as everywhere."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import first
from config.errors import NotFound, WrongState
from trade.stock.papers.states import MOVES

_MOVE = {
    table: text(f"""
        UPDATE {table} SET state = :target, moved_at = :now, moved_by = :actor
        WHERE store_id = :store AND id = :id AND state = ANY(:sources) RETURNING *""")
    for table in MOVES
}
_STATE = {table: text(f"SELECT state FROM {table} WHERE store_id = :store AND id = :id") for table in MOVES}


def move(
    session: Session, table: str, store_id: int, paper_id: int, event: str, *, actor: str, now: datetime, **data: Any
) -> Any:
    """Fire one event at a document; returns its row.  The guard is in the UPDATE: of two at once one succeeds.

    :raises WrongState: it is not where MOVES says it must be.  :raises NotFound: there is none.
    """
    sources, target, fact = MOVES[table][event]
    key = {"store": store_id, "id": paper_id}
    given = {**key, "target": target, "sources": sorted(sources), "actor": actor, "now": now}
    moved = first(session, _MOVE[table], given)
    if moved is None:
        found = first(session, _STATE[table], key)
        if found is None:
            raise NotFound(id=paper_id)
        raise WrongState(id=paper_id, state=found.state, event=event)
    subject = f"{fact.split('.')[0]}:{store_id}:{paper_id}"
    journal.record(session, fact, subject, actor=actor, now=now, paper_id=paper_id, store_id=store_id, **data)
    return moved
