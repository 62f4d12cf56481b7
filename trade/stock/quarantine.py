"""Goods that are in the shop and not for sale: put there, let go again, or written off.

`stock_quarantine` is the ledger of the level's `quarantine`; every function is all or nothing, and a repeat of its key
changes nothing.  For damage that must not be refused see `facts.spoilt`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import Refused
from trade.catalogue import kits
from trade.stock import told
from trade.stock.moves import ASKED, OutOfStock, asked, refuse_short
from trade.stock.rows import as_json


class NotInQuarantine(Refused):
    """Less of these skus is in quarantine than asked; `sku_ids` are the short ones.  Nothing moved."""

    code = "not_in_quarantine"


def _statement(ledgers: str, change: str, guard: str) -> TextClause:
    """Post to the ledgers and move the levels of what was new there; says of each sku whether it was new and moved."""
    return text(
        ASKED
        + f""",
    {ledgers},
    moved AS (UPDATE stock_level level SET {change} FROM noted
              WHERE level.store_id = :store AND level.sku_id = noted.sku_id AND level.{guard} >= noted.qty
              RETURNING level.sku_id)
    SELECT locked.sku_id, noted.sku_id IS NOT NULL AS fresh, moved.sku_id IS NOT NULL AS moved
    FROM locked LEFT JOIN noted USING (sku_id) LEFT JOIN moved USING (sku_id)"""
    )


def _ledger(name: str, table: str, sign: str, more: str = "", value: str = "") -> str:
    return f"""{name} AS (INSERT INTO {table} (store_id, sku_id, qty, key, {more}actor, at)
              SELECT :store, sku_id, {sign}qty, :key, {value}:actor, :now FROM locked
              ON CONFLICT (store_id, key, sku_id) DO NOTHING RETURNING sku_id, {sign}qty AS qty)"""


_REASON = ("reason, ", ":reason, ")
_IN = _statement(
    _ledger("noted", "stock_quarantine", "", *_REASON), "quarantine = level.quarantine + noted.qty", "free_till"
)
_OUT = _statement(
    _ledger("noted", "stock_quarantine", "-", *_REASON), "quarantine = level.quarantine - noted.qty", "quarantine"
)
_OFF = _statement(_ledger("noted", "stock_movement", "-"), "on_hand = level.on_hand - noted.qty", "free_till")
_OFF_THERE = _statement(
    _ledger("noted", "stock_movement", "-") + ",\n    " + _ledger("also", "stock_quarantine", "-", *_REASON),
    "on_hand = level.on_hand - noted.qty, quarantine = level.quarantine - noted.qty",
    "quarantine",
)


def _post(
    session: Session,
    statement: TextClause,
    store_id: int,
    goods: Mapping[int, int],
    short: type[Refused],
    cause: str,
    **given: Any,
) -> list[int]:
    parts = kits.expand(session, goods)
    rows = fetch(session, statement, {**asked(parts), "store": store_id, **given})
    moved_or_old = {row.sku_id for row in rows if row.moved or not row.fresh}
    refuse_short(session, store_id, goods, parts.keys() - moved_or_old, short)
    moved = sorted(row.sku_id for row in rows if row.moved)
    who = {"actor": given["actor"], "now": given["now"]}
    told.changed(session, store_id, moved, cause=cause, **who, key=given["key"], reason=given["reason"])
    return moved


def quarantine(
    session: Session, store_id: int, goods: Mapping[int, int], *, key: str, reason: str, actor: str, now: datetime
) -> list[int]:
    """Free goods are set apart and no longer for sale; returns the skus.  Raises OutOfStock."""
    given = {"key": key, "reason": reason, "actor": actor, "now": now}
    return _post(session, _IN, store_id, goods, OutOfStock, "quarantined", **given)


def unquarantine(
    session: Session, store_id: int, goods: Mapping[int, int], *, key: str, reason: str, actor: str, now: datetime
) -> list[int]:
    """Goods set apart are good after all and for sale; returns the skus.  Raises NotInQuarantine."""
    given = {"key": key, "reason": reason, "actor": actor, "now": now}
    return _post(session, _OUT, store_id, goods, NotInQuarantine, "released", **given)


def write_off(
    session: Session,
    store_id: int,
    goods: Mapping[int, int],
    *,
    key: str,
    reason: str,
    actor: str,
    now: datetime,
    quarantined: bool = True,
) -> list[int]:
    """Goods are thrown away, out of quarantine or, with `quarantined` False, from the shelf; returns the skus.

    :raises NotInQuarantine, OutOfStock: less is there than that; nothing moved.
    """
    given = {"key": key, "reason": reason, "actor": actor, "now": now}
    if quarantined:
        return _post(session, _OFF_THERE, store_id, goods, NotInQuarantine, "written_off", **given)
    return _post(session, _OFF, store_id, goods, OutOfStock, "written_off", **given)


_THERE = text("""
    SELECT level.sku_id, product.name, sku.spec, sku.unit, sku.weighed, level.quarantine AS qty, last.reason, last.at
    FROM stock_level level JOIN sku ON sku.id = level.sku_id JOIN product ON product.id = sku.product_id
    LEFT JOIN LATERAL (SELECT reason, at FROM stock_quarantine q WHERE q.store_id = level.store_id
                       AND q.sku_id = level.sku_id ORDER BY id DESC LIMIT 1) last ON true
    WHERE level.store_id = :store AND level.quarantine > 0 AND level.sku_id > :after
    ORDER BY level.sku_id LIMIT :most""")


def there(session: Session, store_id: int, *, after: int = 0, most: int = 100) -> list[dict[str, Any]]:
    """What of a store is in quarantine, by sku after `after`, with the last reason."""
    return as_json(fetch(session, _THERE, {"store": store_id, "after": after, "most": most}))
