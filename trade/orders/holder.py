"""Whose orders are whose, after two members turned out to be one person."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch

_TAKE_OVER = text("""
    WITH mine AS (SELECT store_id, id FROM sale_order WHERE member_id = :source ORDER BY store_id, id FOR NO KEY UPDATE)
    UPDATE sale_order o SET member_id = :into FROM mine WHERE o.store_id = mine.store_id AND o.id = mine.id""")


def take_over(session: Session, source_id: int, into_id: int) -> None:
    """Give every order of one member to the one who stays; a repeat moves none.

    Belongs into the transaction of the merge, before the ledger moves: a payment locks its order first and points
    second.  The merge's own journal row tells of it.
    """
    fetch(session, _TAKE_OVER, {"source": source_id, "into": into_id})
