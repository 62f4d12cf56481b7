"""What is sold: products, the units one can put in a basket, and what a scanner reads."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ARRAY, CheckConstraint, Computed, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class Category(Base):
    """A shelf in the mall and a group in the reports."""

    __tablename__ = "category"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    picture: Mapped[str] = mapped_column(Text)
    position: Mapped[int]


SAID = "lower(name || ' ' || brand || ' ' || pinyin || ' ' || pinyin_full)"
"""All that a product is searched by."""


class Product(Base):
    """What a customer calls one thing; its SKUs differ by specification.

    `pinyin` holds the initials of the name (`cnn` for 纯牛奶), `pinyin_full` all of it (`chunniunai`), both by
    `words.spelled`; the table itself makes `said` and its pairs of letters of them (`trade/catalogue/words.py`).
    `temperature` is ambient, chilled or frozen: what it must be kept at on its way.
    """

    __tablename__ = "product"
    __table_args__ = (
        Index("ix_product_category_id", "category_id", "id"),
        Index("ix_product_grams", "grams", postgresql_using="gin", postgresql_with={"fastupdate": False}),
        CheckConstraint("temperature IN ('ambient', 'chilled', 'frozen')", name="temperature"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    name: Mapped[str] = mapped_column(Text)
    pinyin: Mapped[str] = mapped_column(Text)
    pinyin_full: Mapped[str] = mapped_column(Text, server_default=text("''"))
    brand: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    picture: Mapped[str] = mapped_column(Text)
    temperature: Mapped[str] = mapped_column(Text, server_default=text("'ambient'"))
    said: Mapped[str] = mapped_column(Text, Computed(SAID, persisted=True), deferred=True)
    grams: Mapped[list[str]] = mapped_column(
        ARRAY(Text), Computed(f"search_grams({SAID})", persisted=True), deferred=True
    )


class Sku(Base):
    """What a price and a stock belong to.  A weighed SKU is counted in grams and priced per kilogram.

    `weight_g` is what one piece weighs packed, for freight; of a weighed SKU its own grams count.
    """

    __tablename__ = "sku"
    __table_args__ = (
        Index("ix_sku_product_id", "product_id", "id"),
        CheckConstraint("weight_g BETWEEN 1 AND 1000000", name="weight"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    spec: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    weighed: Mapped[bool] = mapped_column(default=False)
    weight_g: Mapped[int] = mapped_column(server_default=text("500"))


class Kit(Base):
    """How many units of a component one kit has; the kit is a sku without stock of its own, and never changes."""

    __tablename__ = "kit"
    __table_args__ = (CheckConstraint("qty > 0", name="positive"), Index("ix_kit_component_sku_id", "component_sku_id"))
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"), primary_key=True)
    component_sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"), primary_key=True)
    qty: Mapped[int]


class Barcode(Base):
    """A code that a scanner reads: GTIN, or the 5-digit PLU of a weighed SKU.  A SKU may have several.

    `units` are in what bears it: 12 of a case, whose price is the one from 12 on (`Price.steps`).
    """

    __tablename__ = "barcode"
    __table_args__ = (
        Index("ix_barcode_sku_id", "sku_id"),
        CheckConstraint("code ~ '^[0-9A-Za-z-]{4,20}$'", name="code"),
        CheckConstraint("units BETWEEN 1 AND 10000", name="units"),
    )
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"))
    units: Mapped[int] = mapped_column(server_default=text("1"))


class LabelLayout(Base):
    """How the scale labels of a store read, of the chain where `store_id` is 0 (`trade/catalogue/labels.py`)."""

    __tablename__ = "label_layout"
    store_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    layouts: Mapped[list[str]] = mapped_column(ARRAY(Text))


class UnknownCode(Base):
    """A code that was scanned in a store and that nobody sells: how often it was reported, until it is settled."""

    __tablename__ = "unknown_code"
    __table_args__ = (Index("ix_unknown_code_waiting", "last_at", postgresql_where=text("settled_at IS NULL")),)
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"), primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    note: Mapped[str] = mapped_column(Text)
    times: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_note: Mapped[str] = mapped_column(Text, server_default=text("''"))


class StoreSku(Base):
    """Whether one store sells a SKU, on which shelf it stands, and how much it should be sold down (0 to 9)."""

    __tablename__ = "store_sku"
    __table_args__ = (
        CheckConstraint("sell_down BETWEEN 0 AND 9", name="sell_down"),
        Index("ix_store_sku_sku", "sku_id", "store_id", postgresql_include=["sellable", "sell_down"]),
    )
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"), primary_key=True)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"), primary_key=True)
    sellable: Mapped[bool] = mapped_column(default=True)
    shelf: Mapped[str] = mapped_column(Text, default="")
    sell_down: Mapped[int] = mapped_column(server_default=text("0"))
