"""Sales channels, what each lists, and how far each has followed our stock."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base

PLATFORMS = ("tmall", "jd", "third_party", "call_centre")
"""What an order's `channel` may be beside the till and the mall."""

_PLATFORMS = ", ".join(f"'{one}'" for one in PLATFORMS)


class SalesChannel(Base):
    """One shop of one platform, or one ERP or WMS: how it is reached, what it sells from, and how it stands.

    `endpoint` is the base address of a webhook, or the folder of a file exchange below CHANNELS_DIR.  The secret that
    signs both ways lies sealed.  `version` numbers the changes of its stock and `order_version` those of its orders:
    both are raised under this row's lock, so that a reader of a cursor never misses one that becomes visible late.
    `file_seq` is the last number of a file written to it, `told_version` how far the status files have come.
    `sending_until` is the lease of whoever sends to it; `fails` counts calls in a row that did not come through.
    """

    __tablename__ = "sales_channel"
    __table_args__ = (
        CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]{1,39}$'", name="code"),
        CheckConstraint("kind IN ('webhook', 'files')", name="kind"),
        CheckConstraint(f"platform IN ({_PLATFORMS})", name="platform"),
        CheckConstraint("encoding IN ('utf-8-sig', 'gb18030')", name="encoding"),
        CheckConstraint("per_minute BETWEEN 1 AND 6000", name="per_minute"),
        CheckConstraint(
            "version >= 0 AND order_version >= 0 AND file_seq >= 0 AND told_version >= 0 AND fails >= 0", name="counts"
        ),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    platform: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    endpoint: Mapped[str] = mapped_column(Text)
    secret_sealed: Mapped[bytes]
    encoding: Mapped[str] = mapped_column(Text, server_default=text("'utf-8-sig'"))
    default_store_id: Mapped[int] = mapped_column(ForeignKey("store.id"))
    paused: Mapped[bool] = mapped_column(server_default=text("false"))
    per_minute: Mapped[int]
    version: Mapped[int] = mapped_column(server_default=text("0"))
    order_version: Mapped[int] = mapped_column(server_default=text("0"))
    file_seq: Mapped[int] = mapped_column(server_default=text("0"))
    told_version: Mapped[int] = mapped_column(server_default=text("0"))
    window_at: Mapped[datetime | None]
    window_calls: Mapped[int] = mapped_column(server_default=text("0"))
    sending_until: Mapped[datetime | None]
    fails: Mapped[int] = mapped_column(server_default=text("0"))
    next_try_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(Text, server_default=text("''"))
    last_error_at: Mapped[datetime | None]
    last_ok_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class ChannelStore(Base):
    """A store whose stock a channel sells; the lower `position` is asked first for an order."""

    __tablename__ = "channel_store"
    __table_args__ = (Index("ix_channel_store_store_id", "store_id"),)
    channel_id: Mapped[int] = mapped_column(ForeignKey("sales_channel.id"), primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"), primary_key=True)
    position: Mapped[int]


class ChannelListing(Base):
    """A sku as one channel calls it, and what part of our stock it is shown.

    Of what is free online in the channel's stores `safety_units` are kept back, and `share_bp` of the rest is told,
    rounded down.  A listing that is not `active` is told as 0 and its orders are still understood.
    """

    __tablename__ = "channel_listing"
    __table_args__ = (
        UniqueConstraint("channel_id", "external_sku"),
        CheckConstraint("share_bp BETWEEN 0 AND 10000 AND safety_units >= 0", name="figures"),
        CheckConstraint("external_sku <> '' AND length(external_sku) <= 64", name="external_sku"),
        Index("ix_channel_listing_sku_id", "sku_id"),
    )
    channel_id: Mapped[int] = mapped_column(ForeignKey("sales_channel.id"), primary_key=True)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"), primary_key=True)
    external_sku: Mapped[str] = mapped_column(Text)
    share_bp: Mapped[int]
    safety_units: Mapped[int]
    active: Mapped[bool]


class ChannelStock(Base):
    """What a channel should show of a sku, what it was sent, and what it has acknowledged: absolute figures.

    `wanted_at` is when the oldest change that is not acknowledged happened.  While `acked_version < version` the figure
    is owed to the channel; a `rejected` one waits for its next change or for a person.  `theirs_qty` is what the
    channel said it shows, when it was last asked.
    """

    __tablename__ = "channel_stock"
    __table_args__ = (
        ForeignKeyConstraint(["channel_id", "sku_id"], ["channel_listing.channel_id", "channel_listing.sku_id"]),
        CheckConstraint("wanted_qty >= 0", name="wanted"),
        CheckConstraint("acked_version <= sent_version AND sent_version <= version AND version > 0", name="versions"),
        Index("uq_channel_stock_version", "channel_id", "version", unique=True),
        Index(
            "ix_channel_stock_owed",
            "channel_id",
            "version",
            postgresql_where=text("acked_version < version AND NOT rejected"),
        ),
    )
    channel_id: Mapped[int] = mapped_column(primary_key=True)
    sku_id: Mapped[int] = mapped_column(primary_key=True)
    wanted_qty: Mapped[int]
    version: Mapped[int]
    wanted_at: Mapped[datetime]
    sent_qty: Mapped[int | None]
    sent_version: Mapped[int] = mapped_column(server_default=text("0"))
    sent_at: Mapped[datetime | None]
    acked_qty: Mapped[int | None]
    acked_version: Mapped[int] = mapped_column(server_default=text("0"))
    acked_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    next_try_at: Mapped[datetime | None]
    rejected: Mapped[bool] = mapped_column(server_default=text("false"))
    error: Mapped[str] = mapped_column(Text, server_default=text("''"))
    theirs_qty: Mapped[int | None]
    compared_at: Mapped[datetime | None]


class ChannelFile(Base):
    """A file of an exchange.  Outwards its number and content are kept with what it tells, then it is written.

    Inwards the row is written with the file's effect, so that a file read twice has it once.
    """

    __tablename__ = "channel_file"
    __table_args__ = (
        CheckConstraint("direction IN ('out', 'in')", name="direction"),
        CheckConstraint("(direction = 'out') = (seq IS NOT NULL)", name="seq"),
        Index("uq_channel_file_seq", "channel_id", "seq", unique=True, postgresql_where=text("direction = 'out'")),
        Index("ix_channel_file_unwritten", "channel_id", "seq", postgresql_where=text("body IS NOT NULL")),
    )
    channel_id: Mapped[int] = mapped_column(ForeignKey("sales_channel.id"), primary_key=True)
    direction: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    seq: Mapped[int | None]
    rows: Mapped[int]
    sha256: Mapped[str] = mapped_column(Text)
    body: Mapped[bytes | None]
    at: Mapped[datetime]
    written_at: Mapped[datetime | None]


class ChannelNonce(Base):
    """A signed request that was answered: the same signature is not taken twice while its time is valid."""

    __tablename__ = "channel_nonce"
    __table_args__ = (Index("ix_channel_nonce_at", "at"),)
    channel_id: Mapped[int] = mapped_column(ForeignKey("sales_channel.id"), primary_key=True)
    nonce: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime]
