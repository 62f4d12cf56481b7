"""Why a store gives an order's goods back, and what that says about its stock (till-and-store-desk.md 3.16)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.catalogue import kits
from trade.stock import count_due, facts, told
from trade.stock.facts import Broken
from trade.stock.moves import asked


class Reason(StrEnum):
    """What a store says when it cannot give the goods."""

    NOT_FOUND = "not_found"
    MISMATCH = "mismatch"
    DAMAGED = "damaged"
    DISPLAY_WORN = "display_worn"
    OVERLOAD = "overload"
    CLOSING = "closing"


_KEEP = text("""
    WITH asked AS (SELECT * FROM unnest(CAST(:skus AS bigint[]), CAST(:qtys AS bigint[])) AS a(sku_id, qty)),
    locked AS (SELECT level.sku_id, asked.qty FROM stock_level level JOIN asked USING (sku_id)
               WHERE level.store_id = :store ORDER BY level.sku_id FOR NO KEY UPDATE OF level)
    UPDATE stock_level level SET till_buffer = level.till_buffer + locked.qty FROM locked
    WHERE level.store_id = :store AND level.sku_id = locked.sku_id RETURNING level.sku_id""")


def effect_of_reject(
    session: Session,
    store_id: int,
    reason: Reason,
    goods: Mapping[int, int],
    *,
    key: str,
    actor: str,
    now: datetime,
    accepted: Collection[int] = (),
) -> list[Broken]:
    """Make the figures of a store say what its reject says; returns what of other orders broke by it.

        reason           free online   on_hand   quarantine   count due
        not_found        0                                    yes
        mismatch         -n            -n                     if something broke
        damaged          -n                      +n           if something broke
        display_worn     -n (kept for the till)
        overload         as it was
        closing          as it was

    Call it once per reject, after what the order held here was moved or released, in the same transaction; `key` names
    the reject.  Nothing is refused: where less is left than others were promised, theirs breaks as in `facts`.

    :param accepted: orders that a store has accepted; they lose theirs last.
    """
    goods = kits.expand(session, goods)
    told_by: dict[str, Any] = {"key": key, "actor": actor, "now": now}
    if reason is Reason.MISMATCH:
        return facts.lost(session, store_id, goods, accepted=accepted, **told_by)
    if reason is Reason.DAMAGED:
        return facts.spoilt(session, store_id, goods, reason=reason, accepted=accepted, **told_by)
    if reason is Reason.NOT_FOUND:
        count_due.raise_due(session, store_id, goods, reason=reason, actor=actor, now=now)
    elif reason is Reason.DISPLAY_WORN:
        fetch(session, _KEEP, {**asked(goods), "store": store_id})
    else:
        return []
    told.changed(session, store_id, goods, cause=reason, actor=actor, now=now, key=key)
    return []
