"""Drawers, their shifts, what was counted, cash that moved without a sale, and the Z of each shift."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base
from trade.orders.shifts.states import CashKind, State

_STATES = ", ".join(sorted(f"'{state}'" for state in State))
_KINDS = ", ".join(sorted(f"'{kind}'" for kind in CashKind))


class Shift(Base):
    """One drawer's takings from float to Z.  `uuid` is the till's own name for it, given also without network.

    `staff_id` opened it and `at_staff_id` has it now; `proposed_fen` is what the shift before left in the drawer.  It
    sells until `sells_until`, the cut-over of its business day, once prolonged by `extender_id`.  The count took
    `taken_fen` out of the drawer and left the rest.  `device_id` wrote its last document at `seal_seq`, when it still
    had `unsent` sales of `unsent_fen`.
    """

    __tablename__ = "shift"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "till_id"], ["till.store_id", "till.id"]),
        ForeignKeyConstraint(["store_id", "drawer_id"], ["drawer.store_id", "drawer.id"]),
        UniqueConstraint("store_id", "uuid"),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("(state = 'open') = (counted_at IS NULL)", name="counted_at"),
        CheckConstraint("(counted_at IS NULL) = (counted_fen IS NULL)", name="counted_fen"),
        CheckConstraint("(state = 'settled') = (settled_at IS NOT NULL)", name="settled_at"),
        CheckConstraint("taken_fen BETWEEN 0 AND coalesce(counted_fen, 0)", name="taken"),
        Index("uq_shift_open", "store_id", "drawer_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_shift_drawer", "store_id", "drawer_id", text("counted_at DESC")),
        Index("ix_shift_unsettled", "store_id", postgresql_where=text("state <> 'settled'")),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    uuid: Mapped[str] = mapped_column(Text)
    till_id: Mapped[int]
    drawer_id: Mapped[int]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at_staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    state: Mapped[str] = mapped_column(Text, default="open")
    opened_at: Mapped[datetime]
    sells_until: Mapped[datetime]
    extender_id: Mapped[int | None]
    float_fen: Mapped[int]
    proposed_fen: Mapped[int | None]
    counted_at: Mapped[datetime | None]
    counted_fen: Mapped[int | None]
    taken_fen: Mapped[int] = mapped_column(server_default=text("0"))
    device_id: Mapped[str | None] = mapped_column(Text)
    seal_seq: Mapped[int | None]
    unsent: Mapped[int] = mapped_column(server_default=text("0"))
    unsent_fen: Mapped[int] = mapped_column(server_default=text("0"))
    settled_at: Mapped[datetime | None]
    approver_id: Mapped[int | None]
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))


class ShiftCount(Base):
    """What somebody counted: `no` 0 is the float, 1 the count, 2 the recount; pieces by face value in fen.

    Counts of before pieces were asked for have none.
    """

    __tablename__ = "shift_count"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "shift_id"], ["shift.store_id", "shift.id"]),
        CheckConstraint("no BETWEEN 0 AND 2 AND fen >= 0", name="no"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    shift_id: Mapped[int] = mapped_column(primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int]
    at: Mapped[datetime]
    fen: Mapped[int]
    pieces: Mapped[dict[str, int] | None] = mapped_column(JSONB)


class CashMove(Base):
    """Cash that went into a drawer or out of it without a sale, and why; a drop says what it `goes_to`."""

    __tablename__ = "cash_move"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "shift_id"], ["shift.store_id", "shift.id"]),
        UniqueConstraint("store_id", "request_id"),
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        CheckConstraint("fen > 0", name="fen"),
        CheckConstraint(
            "kind = 'drop' AND goes_to IN ('safe', 'bank') OR kind <> 'drop' AND goes_to IS NULL", name="goes_to"
        ),
        Index("ix_cash_move_shift", "store_id", "shift_id"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    shift_id: Mapped[int]
    kind: Mapped[str] = mapped_column(Text)
    fen: Mapped[int]
    goes_to: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    staff_id: Mapped[int]
    request_id: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class ShiftZ(Base):
    """A shift's Z, never changed: `body` is the text that was hashed.  `amended` n restates it for what came after.

    The Z of a store are numbered without gaps, each with the hash of the one before in it; amendment n names n - 1.
    """

    __tablename__ = "shift_z"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "shift_id"], ["shift.store_id", "shift.id"]),
        UniqueConstraint("store_id", "shift_id", "amended"),
        CheckConstraint("z_no > 0 AND amended >= 0", name="no"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    z_no: Mapped[int] = mapped_column(primary_key=True)
    amended: Mapped[int] = mapped_column(primary_key=True)
    shift_id: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    hash: Mapped[bytes]
    at: Mapped[datetime]


class ZChain(Base):
    """The end of a store's chain of Z; its row is locked while the next one is written."""

    __tablename__ = "z_chain"
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"), primary_key=True)
    last_no: Mapped[int]
    last_hash: Mapped[bytes]
