"""What is free changed: the fact that makes the mall's figures, and those of other channels, follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from config import journal


def changed(
    session: Session, store_id: int, sku_ids: Iterable[int], *, cause: str, actor: str, now: datetime, **data: Any
) -> None:
    """Record that a store's figures of these skus moved, because of `cause`; nothing when there are none.

    Orders, receipts and returns tell of themselves; this is for what moves stock without one of them.
    """
    if skus := sorted(set(sku_ids)):
        told = {"store_id": store_id, "sku_ids": skus, "cause": cause, **data}
        journal.record(session, "stock.changed", f"store:{store_id}", actor=actor, now=now, **told)


def freed(session: Session, stores: Mapping[int, Iterable[int]], *, cause: str, actor: str, now: datetime) -> None:
    """The same for several stores: skus by store, as `moves.release` returns them."""
    for store_id, sku_ids in sorted(stores.items()):
        changed(session, store_id, sku_ids, cause=cause, actor=actor, now=now)
