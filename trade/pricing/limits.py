"""How far a price may be changed by hand: limits by role and category of goods, lowest prices by sku; all data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound
from trade.stores.models import Role
from trade.stores.roles import DISCOUNT_LIMIT_BP


@dataclass(frozen=True, slots=True)
class Limits:
    """What a role may take off: basis points of the list price by category, and floors by sku, in fen a piece or kg."""

    otherwise_bp: int
    by_category: Mapping[int, int] = field(default_factory=dict)
    floors: Mapping[int, int] = field(default_factory=dict)

    def bp(self, category_id: int) -> int:
        """The limit for goods of a category."""
        return self.by_category.get(category_id, self.otherwise_bp)


_OF = text("""
    SELECT category_id, limit_bp FROM discount_limit WHERE role = :role""")
_FLOORS = text("SELECT sku_id, floor_fen FROM price_floor WHERE sku_id = ANY(:skus)")
_SET = text("""
    INSERT INTO discount_limit (role, category_id, limit_bp) SELECT :role, :category, :bp
    WHERE :category = 0 OR EXISTS (SELECT FROM category WHERE id = :category)
    ON CONFLICT (role, category_id) DO UPDATE SET limit_bp = excluded.limit_bp RETURNING role""")
_UNSET = text("DELETE FROM discount_limit WHERE role = :role AND category_id = :category RETURNING role")
_FLOOR = text("""
    INSERT INTO price_floor (sku_id, floor_fen) SELECT id, :fen FROM sku WHERE id = :sku
    ON CONFLICT (sku_id) DO UPDATE SET floor_fen = excluded.floor_fen RETURNING sku_id""")
_NO_FLOOR = text("DELETE FROM price_floor WHERE sku_id = :sku RETURNING sku_id")
_LIMITS = text("""
    SELECT l.role, l.category_id, category.name, l.limit_bp FROM discount_limit l
    LEFT JOIN category ON category.id = l.category_id ORDER BY l.role, l.category_id""")
_ALL_FLOORS = text("""
    SELECT f.sku_id, product.name, sku.spec, f.floor_fen FROM price_floor f JOIN sku ON sku.id = f.sku_id
    JOIN product ON product.id = sku.product_id ORDER BY f.sku_id LIMIT 2000""")


def of(session: Session, role: Role, sku_ids: Collection[int]) -> Limits:
    """What a role may take off, and the floors of these skus."""
    rows = {row.category_id: row.limit_bp for row in fetch(session, _OF, {"role": role.value})}
    otherwise = rows.pop(0, DISCOUNT_LIMIT_BP.get(role, 0))
    floors = fetch(session, _FLOORS, {"skus": sorted(sku_ids)})
    return Limits(otherwise, rows, {row.sku_id: row.floor_fen for row in floors})


def set_limit(
    session: Session, role: Role, category_id: int, limit_bp: int | None, *, actor: str, now: datetime
) -> None:
    """Set what a role may take off of a category (0: of all goods without a row); None takes the row away.

    :raises NotFound: there is no such category.
    """
    given = {"role": role.value, "category": category_id, "bp": limit_bp}
    row = first(session, _SET if limit_bp is not None else _UNSET, given)
    if row is None:
        raise NotFound(category_id=category_id)
    subject = f"discount_limit:{role.value}:{category_id}"
    journal.record(session, "discount_limit.set", subject, actor=actor, now=now, limit_bp=limit_bp)


def set_floor(session: Session, sku_id: int, floor_fen: int | None, *, actor: str, now: datetime) -> None:
    """Set the lowest price of a sku; None takes it away.

    :raises NotFound: there is no such sku, or it had none.
    """
    row = first(session, _FLOOR if floor_fen is not None else _NO_FLOOR, {"sku": sku_id, "fen": floor_fen})
    if row is None:
        raise NotFound(sku_id=sku_id)
    journal.record(session, "price_floor.set", f"sku:{sku_id}", actor=actor, now=now, floor_fen=floor_fen)


def listed(session: Session) -> dict[str, list[dict[str, Any]]]:
    """Every limit and floor there is."""
    return {
        "limits": [row._asdict() for row in fetch(session, _LIMITS, {})],
        "floors": [row._asdict() for row in fetch(session, _ALL_FLOORS, {})],
        "otherwise": [{"role": role.value, "limit_bp": bp} for role, bp in DISCOUNT_LIMIT_BP.items()],
    }
