"""Tickets of customers, and what was said in them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base
from trade.orders.service.states import Kind, State


class ServiceTicket(Base):
    """One matter of a member, about `order_id` or none.  `state` changes only in `moves.py`.

    `office`: the head office answers, not the store.  `due_at` while we are to answer; `close_at` while the customer
    is; `alarmed_at` when the desk was told that it is late.  `closed_by` is member, staff or clock.
    """

    __tablename__ = "service_ticket"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"]),
        CheckConstraint(f"state IN ({', '.join(repr(str(one)) for one in State)})", name="state"),
        CheckConstraint(f"kind IN ({', '.join(repr(str(one)) for one in Kind)})", name="kind"),
        CheckConstraint("(state = 'waiting') = (due_at IS NOT NULL)", name="due"),
        CheckConstraint("(state = 'answered') = (close_at IS NOT NULL)", name="close_at"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed"),
        CheckConstraint("office OR store_id IS NOT NULL", name="somebodys"),
        Index("ix_service_ticket_member", "member_id", "id"),
        Index("ix_service_ticket_open", "due_at", postgresql_where=text("state <> 'closed'")),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    store_id: Mapped[int | None] = mapped_column(ForeignKey("store.id"))
    order_id: Mapped[int | None]
    kind: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    office: Mapped[bool]
    asked_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    close_at: Mapped[datetime | None]
    alarmed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str] = mapped_column(Text, server_default=text("''"))


class TicketMessage(Base):
    """What the member (`staff_id` null) or staff said; photos belong to `ticket_message:<id>`."""

    __tablename__ = "ticket_message"
    __table_args__ = (Index("ix_ticket_message_ticket", "ticket_id", "id"),)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("service_ticket.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    words: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
