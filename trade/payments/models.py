"""Money in and money back."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class TenderState(StrEnum):
    """An attempt to pay.  `late` is money that came when nothing waited for it: see `trade/orders/late/`."""

    CREATED = "created"
    PREPAID = "prepaid"
    CLOSING = "closing"
    PAID = "paid"
    CLOSED = "closed"
    LATE = "late"


class RefundState(StrEnum):
    """Money on its way back."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    DONE = "done"
    ABNORMAL = "abnormal"
    CLOSED = "closed"


def _names(states: type[StrEnum]) -> str:
    return ", ".join(f"'{state}'" for state in states)


_OPEN_CODE = "way = 'code' AND state IN ('created', 'prepaid', 'closing')"


class Tender(Base):
    """One attempt to pay (part of) an order, or a top-up.  At most one WeChat attempt of either is open.

    `exchange` is money of another order whose goods were brought back (`trade/orders/exchange/`): `root` is the tender
    it once came with, and what it gives back goes there.

    `static_qr` is a printed code that was paid without network (`trade/payments/static_qr/`).

    `way`: the customer pays in the mini-program (`jsapi`), or shows a payment code at a till (`code`), of which only a
    keyed hash is kept; `said` is what WeChat said of it last.
    """

    __tablename__ = "tender"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"]),
        CheckConstraint(f"state IN ({_names(TenderState)})", name="state"),
        ForeignKeyConstraint(["store_id", "top_up_id"], ["top_up.store_id", "top_up.id"]),
        CheckConstraint("kind IN ('cash', 'wechat', 'wallet', 'channel', 'exchange', 'static_qr')", name="kind"),
        CheckConstraint("way IN ('jsapi', 'code') AND kind = 'wechat' OR way IS NULL AND kind <> 'wechat'", name="way"),
        CheckConstraint(
            "way IS DISTINCT FROM 'code' OR (code_hash IS NOT NULL AND till_id IS NOT NULL AND shift_id IS NOT NULL"
            " AND order_id IS NOT NULL)",
            name="code",
        ),
        CheckConstraint("(order_id IS NULL) <> (top_up_id IS NULL)", name="what_for"),
        CheckConstraint(
            "kind NOT IN ('wallet', 'channel', 'exchange', 'static_qr') OR top_up_id IS NULL", name="wallet_order"
        ),
        CheckConstraint(
            "(kind = 'exchange') = (root_id IS NOT NULL) AND (root_id IS NULL) = (root_store_id IS NULL)", name="root"
        ),
        ForeignKeyConstraint(["root_store_id", "root_id"], ["tender.store_id", "tender.id"]),
        Index("ix_tender_transaction", "transaction_id", postgresql_where=text("transaction_id IS NOT NULL")),
        Index("ix_tender_root", "root_store_id", "root_id", postgresql_where=text("root_id IS NOT NULL")),
        CheckConstraint("amount_fen >= 0 AND received_fen >= 0 AND change_fen >= 0", name="amounts"),
        Index("ix_tender_order", "store_id", "order_id"),
        Index(
            "uq_tender_open",
            "store_id",
            "order_id",
            unique=True,
            postgresql_where=text("state IN ('created', 'prepaid', 'closing')"),
        ),
        Index("ix_tender_top_up", "store_id", "top_up_id", postgresql_where=text("top_up_id IS NOT NULL")),
        Index(
            "uq_tender_open_top_up",
            "store_id",
            "top_up_id",
            unique=True,
            postgresql_where=text("top_up_id IS NOT NULL AND state IN ('created', 'prepaid', 'closing')"),
        ),
        Index("uq_tender_open_till", "store_id", "till_id", unique=True, postgresql_where=text(_OPEN_CODE)),
        Index("uq_tender_open_code", "code_hash", unique=True, postgresql_where=text(_OPEN_CODE)),
        Index("ix_tender_open_ask", "ask_at", postgresql_where=text("state IN ('created', 'prepaid', 'closing')")),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    order_id: Mapped[int | None]
    top_up_id: Mapped[int | None]
    kind: Mapped[str] = mapped_column(Text)
    way: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    amount_fen: Mapped[int]
    received_fen: Mapped[int] = mapped_column(default=0)
    change_fen: Mapped[int] = mapped_column(default=0)
    trade_no: Mapped[str | None] = mapped_column(Text, unique=True)
    prepay_id: Mapped[str | None] = mapped_column(Text)
    transaction_id: Mapped[str | None] = mapped_column(Text)
    payer: Mapped[str | None] = mapped_column(Text)
    code_hash: Mapped[bytes | None]
    root_store_id: Mapped[int | None]
    root_id: Mapped[int | None]
    till_id: Mapped[int | None]
    shift_id: Mapped[int | None]
    said: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    reversing_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    ask_at: Mapped[datetime | None]
    asked: Mapped[int] = mapped_column(default=0)


class Refund(Base):
    """Money owed back on one tender.  WeChat's answer is awaited; every other kind is done at once."""

    __tablename__ = "refund"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "tender_id"], ["tender.store_id", "tender.id"]),
        CheckConstraint(f"state IN ({_names(RefundState)})", name="state"),
        CheckConstraint("amount_fen > 0", name="amount"),
        Index("ix_refund_tender", "store_id", "tender_id"),
        Index("ix_refund_shift", "shift_id", postgresql_where=text("shift_id IS NOT NULL")),
        Index("ix_refund_open", "ask_at", postgresql_where=text("state IN ('requested', 'accepted', 'abnormal')")),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    tender_id: Mapped[int]
    order_id: Mapped[int | None]
    top_up_id: Mapped[int | None]
    return_id: Mapped[int | None]
    shift_id: Mapped[int | None]
    kind: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    amount_fen: Mapped[int]
    refund_no: Mapped[str | None] = mapped_column(Text, unique=True)
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    ask_at: Mapped[datetime | None]
    asked: Mapped[int] = mapped_column(default=0)


class PayEvent(Base):
    """A WeChat notice whose effect is done; the row lives and dies with the effect."""

    __tablename__ = "pay_event"
    event_id: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class Bill(Base):
    """One of WeChat's daily bills that was fetched; `digest` is of the file, empty when nothing happened that day."""

    __tablename__ = "bill"
    __table_args__ = (CheckConstraint("source IN ('trade', 'fund')", name="source"),)
    day: Mapped[date] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    digest: Mapped[str] = mapped_column(Text)
    lines: Mapped[int]
    fetched_at: Mapped[datetime]


class BillLine(Base):
    """One row of a bill (`bills.py`); `no` is our number of the attempt or of the refund, as WeChat wrote it."""

    __tablename__ = "bill_line"
    __table_args__ = (CheckConstraint("kind IN ('paid', 'refund', 'fee')", name="kind"), Index("ix_bill_line_no", "no"))
    day: Mapped[date] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    transaction_id: Mapped[str] = mapped_column(Text)
    no: Mapped[str] = mapped_column(Text)
    amount_fen: Mapped[int]
    fee_e5: Mapped[int]
    state: Mapped[str] = mapped_column(Text)
