"""What stores have to do for an order: parcels, what is in them, and which store was asked when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base
from trade.fulfilment.states import CLOSED, ON_THE_DESK, Mode, Outcome, State


def _names(words: Any) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


class Parcel(Base):
    """What one store puts together for one order; the order's headline is derived from its parcels.

    `store_id` is the order's, `at_store_id` the store that does the work now (none while it is looked for).  `hop`
    counts the stores asked.  `accept_by` is when the store's clock runs out, `ask_by` the customer's, and `cancel_by`
    until when the store may say no to a customer who wants to cancel.  `alarm` is how loud the clock has been (1
    nudged, 2 loud), `reminded` how often the customer was told to fetch it.  `seals` are on its bags.

    One with a `case_id` is for an after-sales case: it replaces goods or sends them again, beside what the order's
    lines say.

    The pickup code is kept sealed for the customer's screen and as a keyed hash for the look-up; `pickup_anywhere` is
    the same without the store, to tell who came to the wrong one.
    """

    __tablename__ = "parcel"
    __table_args__ = (
        CheckConstraint(f"state IN ({_names(State)})", name="state"),
        CheckConstraint(f"mode IN ({_names(Mode)})", name="mode"),
        CheckConstraint("hop >= 0 AND bags >= 0", name="counts"),
        CheckConstraint(
            f"at_store_id IS NOT NULL OR state IN ({_names({*CLOSED, State.ROUTING, State.ASKING})})", name="store"
        ),
        CheckConstraint(f"(state IN ({_names(CLOSED)})) = (closed_at IS NOT NULL)", name="closed"),
        Index("ix_parcel_order", "store_id", "order_id"),
        Index(
            "ix_parcel_desk", "at_store_id", "promise_at", postgresql_where=text(f"state IN ({_names(ON_THE_DESK)})")
        ),
        Index("ix_parcel_clock", "accept_by", postgresql_where=text("state = 'assigned'")),
        Index("ix_parcel_routing", "id", postgresql_where=text("state IN ('routing', 'asking')")),
        Index("ix_parcel_anywhere", "pickup_anywhere", postgresql_where=text("pickup_anywhere IS NOT NULL")),
        Index("ix_parcel_cancel", "cancel_by", postgresql_where=text("cancel_by IS NOT NULL")),
        Index("ix_parcel_waiting", "ready_at", postgresql_where=text("state = 'ready'")),
        Index("ix_parcel_closed", "at_store_id", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
        Index(
            "uq_parcel_pickup",
            "at_store_id",
            "pickup_hash",
            unique=True,
            postgresql_where=text("pickup_hash IS NOT NULL"),
        ),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    order_id: Mapped[int]
    at_store_id: Mapped[int | None]
    mode: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    hop: Mapped[int] = mapped_column(server_default=text("0"))
    promise_at: Mapped[datetime | None]
    accept_by: Mapped[datetime | None]
    ask_by: Mapped[datetime | None]
    cancel_by: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    assigned_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    picked_at: Mapped[datetime | None]
    ready_at: Mapped[datetime | None]
    handed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    shelf: Mapped[str] = mapped_column(Text, server_default=text("''"))
    bags: Mapped[int] = mapped_column(server_default=text("1"))
    carrier: Mapped[str] = mapped_column(Text, server_default=text("''"))
    tracking_no: Mapped[str] = mapped_column(Text, server_default=text("''"))
    pickup_hash: Mapped[bytes | None]
    pickup_sealed: Mapped[bytes | None]
    handed_by: Mapped[int | None]
    alarm: Mapped[int] = mapped_column(server_default=text("0"))
    reminded: Mapped[int] = mapped_column(server_default=text("0"))
    seals: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    delegated: Mapped[bool] = mapped_column(server_default=text("false"))
    pickup_anywhere: Mapped[bytes | None]
    handed_to: Mapped[str] = mapped_column(Text, server_default=text("''"))
    failed_because: Mapped[str] = mapped_column(Text, server_default=text("''"))
    case_id: Mapped[int | None]


class ParcelLine(Base):
    """Units of one order line in one parcel: to be picked, picked, given up as missing, and handed over.

    `over_qty` are grams of weighed goods above what was paid: they go with it, and are not charged.
    """

    __tablename__ = "parcel_line"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "parcel_id"], ["parcel.store_id", "parcel.id"]),
        CheckConstraint(
            "qty > 0 AND picked_qty >= 0 AND short_qty >= 0 AND handed_qty >= 0 AND over_qty >= 0", name="counts"
        ),
        CheckConstraint("picked_qty + short_qty <= qty AND handed_qty <= picked_qty", name="within"),
        Index("ix_parcel_line_order", "store_id", "order_id", "line_no"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    parcel_id: Mapped[int] = mapped_column(primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int]
    sku_id: Mapped[int]
    qty: Mapped[int]
    picked_qty: Mapped[int] = mapped_column(server_default=text("0"))
    short_qty: Mapped[int] = mapped_column(server_default=text("0"))
    handed_qty: Mapped[int] = mapped_column(server_default=text("0"))
    over_qty: Mapped[int] = mapped_column(server_default=text("0"))


class Assignment(Base):
    """One store was asked to do one parcel, and what it said: the memory that keeps a parcel from coming back."""

    __tablename__ = "assignment"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "parcel_id"], ["parcel.store_id", "parcel.id"]),
        CheckConstraint(f"outcome IN ({_names(Outcome)})", name="outcome"),
        CheckConstraint("outcome IS NOT NULL OR answered_at IS NULL", name="answered"),
        Index("ix_assignment_order", "store_id", "order_id"),
        Index("ix_assignment_at_store", "at_store_id", "assigned_at"),
        Index("uq_assignment_open", "store_id", "parcel_id", unique=True, postgresql_where=text("outcome IS NULL")),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    parcel_id: Mapped[int]
    order_id: Mapped[int]
    at_store_id: Mapped[int]
    hop: Mapped[int]
    assigned_at: Mapped[datetime]
    accept_by: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    answered_at: Mapped[datetime | None]
    actor: Mapped[str] = mapped_column(Text, server_default=text("''"))


class RoutingDecision(Base):
    """Why this store: the stores that were looked at, what removed each or how it scored, and what was chosen.

    `candidates` and `chosen` are `routing.Decision.why` and `Chosen.as_json`.
    """

    __tablename__ = "routing_decision"
    __table_args__ = (Index("ix_routing_decision_order", "store_id", "order_id"), Index("ix_routing_decision_at", "at"))
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    order_id: Mapped[int]
    parcel_id: Mapped[int | None]
    hop: Mapped[int]
    at: Mapped[datetime]
    candidates: Mapped[dict[str, Any]] = mapped_column(JSONB)
    chosen: Mapped[dict[str, Any]] = mapped_column(JSONB)


class PickupEnd(Base):
    """A pickup code that opens nothing any more, so that whoever shows it hears why."""

    __tablename__ = "pickup_end"
    __table_args__ = (
        CheckConstraint("why IN ('cancelled', 'expired', 'replaced', 'used')", name="why"),
        Index("ix_pickup_end_code", "at_store_id", "hash"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    parcel_id: Mapped[int]
    at_store_id: Mapped[int]
    hash: Mapped[bytes]
    anywhere: Mapped[bytes | None]
    why: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class PickupSms(Base):
    """The code that was sent to an order's own phone because the customer has no other phone with them."""

    __tablename__ = "pickup_sms"
    store_id: Mapped[int] = mapped_column(primary_key=True)
    parcel_id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[bytes]
    sealed: Mapped[bytes]
    sent_at: Mapped[datetime]
    sends: Mapped[int] = mapped_column(server_default=text("1"))
    used_at: Mapped[datetime | None]


class Substitution(Base):
    """Something else instead of a line's goods: what was paid, what it is worth, and what the customer said.

    Charged is the lesser of both, so `refund_fen` goes back.  `answer_by` is the customer's clock; none where they had
    agreed when they ordered.
    """

    __tablename__ = "substitution"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "parcel_id"], ["parcel.store_id", "parcel.id"]),
        CheckConstraint("outcome IN ('agreed', 'declined', 'dropped', 'lapsed')", name="outcome"),
        CheckConstraint("qty > 0 AND worth_fen >= 0 AND refund_fen = greatest(paid_fen - worth_fen, 0)", name="money"),
        Index(
            "uq_substitution_open",
            "store_id",
            "parcel_id",
            "line_no",
            unique=True,
            postgresql_where=text("outcome IS NULL"),
        ),
        Index("ix_substitution_clock", "answer_by", postgresql_where=text("outcome IS NULL")),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    order_id: Mapped[int]
    parcel_id: Mapped[int]
    line_no: Mapped[int]
    sku_id: Mapped[int]
    by_sku_id: Mapped[int]
    qty: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    paid_fen: Mapped[int]
    worth_fen: Mapped[int]
    refund_fen: Mapped[int]
    asked_at: Mapped[datetime]
    answer_by: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None]
    return_id: Mapped[int | None]
    actor: Mapped[str] = mapped_column(Text)


class Wave(Base):
    """Parcels of a store that are picked in one walk, of one temperature; `picker_id` walks it."""

    __tablename__ = "wave"
    __table_args__ = (
        CheckConstraint("temperature IN ('ambient', 'chilled', 'frozen')", name="temperature"),
        Index("ix_wave_open", "store_id", "id", postgresql_where=text("closed_at IS NULL")),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    temperature: Mapped[str] = mapped_column(Text)
    promise_at: Mapped[datetime | None]
    zone: Mapped[str] = mapped_column(Text, server_default=text("''"))
    picker_id: Mapped[int | None]
    actor: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class WaveParcel(Base):
    """A parcel's goods of the wave's temperature, in one tote."""

    __tablename__ = "wave_parcel"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "wave_id"], ["wave.store_id", "wave.id"]),
        CheckConstraint("tote BETWEEN 1 AND 12", name="tote"),
        Index("uq_wave_parcel", "store_id", "order_store_id", "parcel_id", "temperature", unique=True),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(primary_key=True)
    tote: Mapped[int] = mapped_column(primary_key=True)
    temperature: Mapped[str] = mapped_column(Text)
    order_store_id: Mapped[int]
    parcel_id: Mapped[int]
