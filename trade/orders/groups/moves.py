"""The only writer of groups and of the places in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from trade.orders.groups.states import MOVES, SEAT_MOVES

_ASK = text("""
    INSERT INTO group_seat (store_id, order_id, promotion_id, version, group_id, state)
    VALUES (:store, :order, :promotion, :version, :group, 'asked')""")
_OPEN = text("""
    INSERT INTO group_buy (promotion_id, store_id, people, taken, state, opened_at, fill_by)
    VALUES (:promotion, :store, :people, 1, 'open', :now, :fill_by) RETURNING id""")
_JOIN = text("""
    UPDATE group_buy SET taken = taken + 1
    WHERE id = :group AND state = 'open' AND taken < people AND fill_by > :now RETURNING people - taken AS missing""")
_GIVE_UP = text("UPDATE group_buy SET taken = taken - 1 WHERE id = :group AND state = 'open' RETURNING taken")
_MOVE = text("""
    UPDATE group_buy SET state = :target, ended_at = :now WHERE id = :group AND state = ANY(:sources)
    RETURNING promotion_id, store_id, taken, people""")
_SEAT = text("""
    UPDATE group_seat SET state = :target, group_id = coalesce(CAST(:group AS bigint), group_id),
        taken_at = coalesce(taken_at, :now), left_at = CASE WHEN :target = 'left' THEN CAST(:now AS timestamptz) END
    WHERE store_id = :store AND order_id = :order AND state = ANY(:sources) RETURNING group_id""")


def ask(
    session: Session, store_id: int, order_id: int, *, promotion_id: int, version: int, group_id: int | None
) -> None:
    """Note what an order that is placed now is for: a place in a group, or a group of its own (None)."""
    given = {"store": store_id, "order": order_id, "promotion": promotion_id, "version": version, "group": group_id}
    fetch(session, _ASK, given)


def open_group(session: Session, seat: Any, *, people: int, fill_by: datetime, actor: str, now: datetime) -> int:
    """A group begins with its first order; returns its id."""
    given = {"promotion": seat.promotion_id, "store": seat.store_id, "people": people, "fill_by": fill_by, "now": now}
    group_id = int(fetch(session, _OPEN, given)[0].id)
    _tell(session, "group.opened", group_id, actor, now, store_id=seat.store_id, order_id=seat.order_id)
    return group_id


def join(session: Session, group_id: int, *, now: datetime) -> int | None:
    """Take one of its places; how many are missing then, None when there is none to be had.  The guard decides."""
    joined = first(session, _JOIN, {"group": group_id, "now": now})
    return None if joined is None else int(joined.missing)


def give_up(session: Session, group_id: int) -> int | None:
    """A place is free again; how many are taken then, None when the group waits no more and is as it was."""
    left = first(session, _GIVE_UP, {"group": group_id})
    return None if left is None else int(left.taken)


def move(session: Session, group_id: int, event: str, *, actor: str, now: datetime, **data: Any) -> bool:
    """Form or fail an open group; False when it is open no more, and then nothing was written."""
    sources, target, fact = MOVES[event]
    given = {"group": group_id, "target": target, "sources": sorted(sources), "now": now}
    moved = first(session, _MOVE, given)
    if moved is not None:
        _tell(session, fact, group_id, actor, now, **moved._asdict(), **data)
    return moved is not None


def seat(
    session: Session, store_id: int, order_id: int, event: str, *, group_id: int | None = None, now: datetime
) -> int | None:
    """An order takes or leaves its place; the group's id, None when it had none to take or leave."""
    sources, target = SEAT_MOVES[event]
    given = {"store": store_id, "order": order_id, "target": target, "sources": sorted(sources), "group": group_id}
    moved = first(session, _SEAT, given | {"now": now})
    return None if moved is None else int(moved.group_id)


def _tell(session: Session, fact: str, group_id: int, actor: str, now: datetime, **data: Any) -> None:
    journal.record(session, fact, f"group:{group_id}", actor=actor, now=now, group_id=group_id, **data)
