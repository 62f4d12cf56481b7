"""What a member keeps for later (收藏): products, by their numbers; whether a store has them is asked elsewhere.

Whoever became one with another finds the favourites of both; no row moves.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import Refused
from member import leaving

MOST = 200


class FavouritesFull(Refused):
    """A member keeps at most `most` favourites."""

    code = "favourites_full"


_OF_MEMBER = text("""
    SELECT product_id, max(at) AS at FROM member_favourite WHERE member_id = ANY(:ids)
    GROUP BY product_id ORDER BY 2 DESC, 1""")
_LOCK = text("SELECT id FROM member WHERE id = :member FOR NO KEY UPDATE")
_ADD = text("""
    INSERT INTO member_favourite (member_id, product_id, at) VALUES (:member, :product, :now)
    ON CONFLICT (member_id, product_id) DO NOTHING""")
_REMOVE = text("DELETE FROM member_favourite WHERE member_id = ANY(:ids) AND product_id = :product")


def of_member(session: Session, member_id: int) -> list[int]:
    """The products, the newest first; at most MOST of each member that became this one."""
    return [row.product_id for row in fetch(session, _OF_MEMBER, {"ids": leaving.selves(session, member_id)})]


def put(session: Session, member_id: int, product_id: int, *, now: datetime) -> None:
    """Keep a product; a repeat changes nothing.  In a transaction.

    :raises FavouritesFull: there are MOST already.
    """
    fetch(session, _LOCK, {"member": member_id})
    known = of_member(session, member_id)
    if product_id not in known and len(known) >= MOST:
        raise FavouritesFull(most=MOST)
    fetch(session, _ADD, {"member": member_id, "product": product_id, "now": now})


def drop(session: Session, member_id: int, product_id: int) -> None:
    """Keep it no longer; a repeat changes nothing.  In a transaction."""
    fetch(session, _REMOVE, {"ids": leaving.selves(session, member_id), "product": product_id})
