"""Held baskets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base
from trade.orders.held.states import State

_NAMES = ", ".join(sorted(f"'{state}'" for state in State))


class HeldBasket(Base):
    """One basket that was put aside; its `id` is made by the till, so that one held without network is shared once.

    `version` is 1 when it is first held and grows whenever it changes hands: whoever brings an older one changes
    nothing.  `basket` is what lies in it, `lines` what each cost when it was held (`[{line_no, sku_id, qty, net_fen,
    name}]`), `payable_fen` all of it; nothing of it is promised in stock.
    """

    __tablename__ = "held_basket"
    __table_args__ = (
        CheckConstraint(f"state IN ({_NAMES})", name="state"),
        CheckConstraint("(state = 'editing') = (lease_until IS NOT NULL)", name="lease"),
        CheckConstraint("(lease_until IS NULL) = (lease_till_id IS NULL)", name="leased_to"),
        CheckConstraint("(state = 'sold') = (order_id IS NOT NULL)", name="ordered"),
        CheckConstraint("version > 0", name="version"),
        ForeignKeyConstraint(["store_id", "till_id"], ["till.store_id", "till.id"]),
        ForeignKeyConstraint(["store_id", "lease_till_id"], ["till.store_id", "till.id"]),
        ForeignKeyConstraint(["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"]),
        Index("ix_held_basket_open", "store_id", "held_at", postgresql_where=text("state IN ('held', 'editing')")),
        Index("ix_held_basket_expires_at", "expires_at", postgresql_where=text("state IN ('held', 'editing')")),
        Index("ix_held_basket_order", "store_id", "order_id"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int]
    state: Mapped[str] = mapped_column(Text)
    till_id: Mapped[int]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    note: Mapped[str] = mapped_column(Text)
    basket: Mapped[dict[str, Any]] = mapped_column(JSONB)
    lines: Mapped[list[Any]] = mapped_column(JSONB)
    payable_fen: Mapped[int]
    rules_version: Mapped[int]
    held_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    lease_till_id: Mapped[int | None]
    lease_until: Mapped[datetime | None]
    order_id: Mapped[int | None]
