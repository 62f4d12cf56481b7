"""The lot ledger: one append-only account of value for every kind (points now; growth, stored value later)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base

EVENTS = ("earn", "confirm", "void", "hold", "release", "post", "spend", "claw", "reinstate", "expire", "adjust")


class Account(Base):
    """The sums of one member's lots: spendable, on its way, promised to an order, and owed to us."""

    __tablename__ = "lot_account"
    __table_args__ = (CheckConstraint("balance >= 0 AND pending >= 0 AND held >= 0 AND deficit >= 0", name="signs"),)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    account: Mapped[str] = mapped_column(Text, primary_key=True)
    balance: Mapped[int] = mapped_column(default=0)
    pending: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)
    deficit: Mapped[int] = mapped_column(default=0)


class LedgerEntry(Base):
    """One fact of an account: `quantity` changes balance less deficit, `pending` what is on its way.

    `key` makes a repeat impossible; `source` is the document behind it.  What it took of lots stands in
    `lot_consumption`; every other change of a lot here: `deltas` to the remainders of `lots`, what of its new lot made
    a debt good (`settled`), and the expiry it gave.  Entries and consumptions alone reproduce the lots.
    """

    __tablename__ = "lot_entry"
    __table_args__ = (
        UniqueConstraint("member_id", "account", "key"),
        Index("ix_lot_entry_source", "member_id", "source"),
        CheckConstraint(f"event IN ({', '.join(repr(e) for e in EVENTS)})", name="event"),
        CheckConstraint("cardinality(lots) = cardinality(deltas) AND settled >= 0", name="lots"),
    )
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    account: Mapped[str] = mapped_column(Text)
    event: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int]
    pending: Mapped[int] = mapped_column(default=0)
    source: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    lots: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    deltas: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    settled: Mapped[int] = mapped_column(server_default=text("0"))
    expires_at: Mapped[datetime | None]


class Lot(Base):
    """Value that came in together, by one entry, and expires together.

    `available_at` is when one on its way arrives, where that is known (a pickup order's is not before hand-over).
    """

    __tablename__ = "lot"
    __table_args__ = (
        CheckConstraint("remaining >= 0 AND remaining <= initial", name="remaining"),
        CheckConstraint("state IN ('pending', 'available', 'void')", name="state"),
        Index("ix_lot_order", "member_id", "account", "expires_at", "id"),
        Index(
            "ix_lot_arriving",
            "account",
            "available_at",
            postgresql_where=text("state = 'pending' AND available_at IS NOT NULL"),
        ),
        Index(
            "ix_lot_expiring", "account", "expires_at", postgresql_where=text("state = 'available' AND remaining > 0")
        ),
    )
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    account: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    initial: Mapped[int]
    remaining: Mapped[int]
    state: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime | None]
    available_at: Mapped[datetime | None]
    origin_member_id: Mapped[int]
    entry_id: Mapped[int | None]


class Consumption(Base):
    """How much of a lot an entry took, and how much of that came back."""

    __tablename__ = "lot_consumption"
    __table_args__ = (
        CheckConstraint("quantity > 0 AND restored BETWEEN 0 AND quantity", name="restored"),
        Index("ix_lot_consumption_lot", "member_id", "lot_id"),
    )
    member_id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(primary_key=True)
    lot_id: Mapped[int] = mapped_column(primary_key=True)
    quantity: Mapped[int]
    restored: Mapped[int] = mapped_column(default=0)
