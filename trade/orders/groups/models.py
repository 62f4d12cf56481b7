"""Groups of buyers, and the orders in them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base
from trade.orders.groups.states import Group, Seat


class GroupBuy(Base):
    """One group of an offer, in one store.  `taken` of `people` places are paid for; `fill_by` is when it fails.

    Once it is formed nothing of it changes, and once it failed `taken` says how many there were.
    """

    __tablename__ = "group_buy"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(str(one)) for one in Group)})", name="state"),
        CheckConstraint("people >= 2 AND taken BETWEEN 0 AND people", name="taken"),
        CheckConstraint("state <> 'formed' OR taken = people", name="formed"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended"),
        Index("ix_group_buy_open", "fill_by", postgresql_where=text("state = 'open'")),
        Index("ix_group_buy_of_offer", "promotion_id", "store_id", postgresql_where=text("state = 'open'")),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotion.id"))
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"))
    people: Mapped[int]
    taken: Mapped[int]
    state: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime]
    fill_by: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class GroupSeat(Base):
    """An order's place in a group, asked for when it was placed and taken when it is paid.

    Without `group_id` it opens one.  The terms are those under which it was placed.
    """

    __tablename__ = "group_seat"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"]),
        CheckConstraint(f"state IN ({', '.join(repr(str(one)) for one in Seat)})", name="state"),
        CheckConstraint("state = 'asked' OR group_id IS NOT NULL", name="grouped"),
        CheckConstraint("(state = 'asked') = (taken_at IS NULL)", name="taken_at"),
        CheckConstraint("(state = 'left') = (left_at IS NOT NULL)", name="left_at"),
        Index("ix_group_seat_group", "group_id"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotion.id"))
    version: Mapped[int]
    group_id: Mapped[int | None] = mapped_column(ForeignKey("group_buy.id"))
    state: Mapped[str] = mapped_column(Text)
    taken_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
