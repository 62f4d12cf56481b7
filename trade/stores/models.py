"""Shops, tills, drawers and the people who work there."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class Role(StrEnum):
    """What a member of staff is employed as; `roles.py` says what each may do."""

    CASHIER = "cashier"
    STORE_STAFF = "store_staff"
    STORE_MANAGER = "store_manager"
    HEAD_OFFICE = "head_office"


class CashRounding(StrEnum):
    """How a store rounds what is left to pay in cash; `trade/pricing/DECISIONS.md` has the table."""

    NONE = "none"
    DROP_FEN = "drop_fen"
    DROP_JIAO = "drop_jiao"
    HALF_UP = "half_up"
    HALF_DOWN = "half_down"


COLD = '{"pickup": ["chilled", "frozen"], "delivery": ["chilled", "frozen"]}'
"""What a new store keeps cold, by mode; the post keeps nothing cold unless the store says so."""


class Store(Base):
    """A selling place, a stock place and a settlement party in one.

    Opening hours are minutes after local midnight; `area` is the same-city delivery polygon as
    `[[lat_e6, lng_e6], ...]` in whole millionths of a degree; `slot_capacity` is how many pickup orders fit in one
    slot; `cash_rounding` is a CashRounding.

    What it does for orders (`intake.py`): the modes it offers, until when its intake is paused, when it shuts early,
    `capacity_minutes` of work in an hour it is open.  By mode, where the chain's figure is not its own: `work`
    (`{"ship": {"order": 6, "line": 1}}` minutes), `accept_minutes`, and `cold`: the temperatures it keeps.
    `reject_permille` is counted from its last answers (`trade/fulfilment/rejects.py`).
    """

    __tablename__ = "store"
    __table_args__ = (
        CheckConstraint(
            "opens_minute BETWEEN 0 AND 1439 AND closes_minute BETWEEN 1 AND 1440 AND opens_minute < closes_minute",
            name="hours",
        ),
        CheckConstraint(
            "cash_rounding IN ('none', 'drop_fen', 'drop_jiao', 'half_up', 'half_down')", name="cash_rounding"
        ),
        CheckConstraint("capacity_minutes BETWEEN 0 AND 6000", name="capacity"),
        CheckConstraint("variance_fen >= 0", name="variance"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    lat_e6: Mapped[int]
    lng_e6: Mapped[int]
    zone: Mapped[str] = mapped_column(Text, default="Asia/Shanghai")
    opens_minute: Mapped[int]
    closes_minute: Mapped[int]
    slot_capacity: Mapped[int] = mapped_column(default=30)
    area: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    cash_rounding: Mapped[str] = mapped_column(Text, server_default=text("'none'"))
    offers_pickup: Mapped[bool] = mapped_column(server_default=text("true"))
    offers_delivery: Mapped[bool] = mapped_column(server_default=text("true"))
    offers_ship: Mapped[bool] = mapped_column(server_default=text("true"))
    paused_until: Mapped[datetime | None]
    closes_early_at: Mapped[datetime | None]
    capacity_minutes: Mapped[int] = mapped_column(server_default=text("120"))
    work: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    accept_minutes: Mapped[dict[str, int]] = mapped_column(JSONB, server_default=text("'{}'"))
    reject_permille: Mapped[int] = mapped_column(server_default=text("0"))
    cold: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text(f"'{COLD}'"))
    variance_fen: Mapped[int] = mapped_column(server_default=text("2000"))


class AloneRule(Base):
    """What a till of a store may do without network; a store without a row sells freely (`alone.py`).

    `by_manager`: a manager's PIN first, which is good for so many `minutes`.  `qr`: customers may pay the printed code,
    by a manager's PIN too, up to `qr_sale_fen` a sale and `qr_outage_fen` from that PIN on.  What a till sold before
    `changed_at` is not held against it.
    """

    __tablename__ = "alone_rule"
    __table_args__ = (
        CheckConstraint("minutes BETWEEN 15 AND 1440", name="minutes"),
        CheckConstraint("qr_sale_fen > 0 AND qr_outage_fen >= qr_sale_fen", name="caps"),
    )
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"), primary_key=True)
    by_manager: Mapped[bool]
    minutes: Mapped[int]
    qr: Mapped[bool]
    qr_sale_fen: Mapped[int]
    qr_outage_fen: Mapped[int]
    changed_at: Mapped[datetime]


class Drawer(Base):
    """What cash lies in: a till's own, or shared by several tills of the store."""

    __tablename__ = "drawer"
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)


class Till(Base):
    """A registered device at the counter.  Only the hash of its token is kept; its drawer is made when first opened."""

    __tablename__ = "till"
    __table_args__ = (
        UniqueConstraint("store_id", "name"),
        ForeignKeyConstraint(["store_id", "drawer_id"], ["drawer.store_id", "drawer.id"]),
    )
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[bytes | None] = mapped_column(unique=True)
    registered_at: Mapped[datetime | None]
    drawer_id: Mapped[int | None]


class Staff(Base):
    """A person with a log-in.  `store_id` is empty for the head office only.

    `phone_print` is the keyed hash of their own phone, as `identity` has it: what they buy is no customer's they won.
    """

    __tablename__ = "staff"
    __table_args__ = (
        CheckConstraint("role IN ('cashier', 'store_staff', 'store_manager', 'head_office')", name="role"),
        CheckConstraint("(store_id IS NULL) = (role = 'head_office')", name="own_store"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    store_id: Mapped[int | None] = mapped_column(ForeignKey("store.id"))
    password_hash: Mapped[str] = mapped_column(Text)
    pin_hash: Mapped[str | None] = mapped_column(Text)
    phone_print: Mapped[bytes | None]
    active: Mapped[bool] = mapped_column(default=True)


class StaffSession(Base):
    """A signed-in member of staff; the cookie carries the secret, the table its hash."""

    __tablename__ = "staff_session"
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    expires_at: Mapped[datetime]


class Attempt(Base):
    """One failed try at a secret (password, PIN, pickup code); counted here so that a lock survives Redis."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_subject_at", "subject", "at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
