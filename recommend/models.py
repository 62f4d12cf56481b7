"""What people did in the mall: single events by day, which are forgotten, and counts, which stay."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base
from recommend.definitions import CLIENT, SERVER

_KINDS = ", ".join(f"'{kind}'" for kind in (*CLIENT, *SERVER))


class BehaviourEvent(Base):
    """One thing that was done or shown, by the id its client made; partitioned by business day (schema `behaviour`).

    `slot`, `position`, `model` and `shown_id` say where a product was shown, by which list of which model.  `member_id`
    is null for a guest.  `data` of a server event: order_id, channel, lines [[product, sku, qty], ...].
    """

    __tablename__ = "behaviour_event"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        Index("ix_behaviour_event_visit", "visit_id", postgresql_where=text("visit_id IS NOT NULL")),
        Index("ix_behaviour_event_member", "member_id", "at", postgresql_where=text("member_id IS NOT NULL")),
        Index("ix_behaviour_event_guest", "anon_id", postgresql_where=text("member_id IS NULL")),
        {"postgresql_partition_by": "RANGE (day)"},
    )
    day: Mapped[date] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    received_at: Mapped[datetime]
    visit_id: Mapped[UUID | None] = mapped_column(PgUuid)
    anon_id: Mapped[UUID | None] = mapped_column(PgUuid)
    member_id: Mapped[int | None]
    store_id: Mapped[int | None]
    page: Mapped[str | None] = mapped_column(Text)
    from_page: Mapped[str | None] = mapped_column(Text)
    product_id: Mapped[int | None]
    sku_id: Mapped[int | None]
    slot: Mapped[str | None] = mapped_column(Text)
    position: Mapped[int | None]
    model: Mapped[str | None] = mapped_column(Text)
    shown_id: Mapped[UUID | None] = mapped_column(PgUuid)
    keyword: Mapped[str | None] = mapped_column(Text)
    results: Mapped[int | None]
    rank: Mapped[int | None]
    active_ms: Mapped[int | None]
    qty: Mapped[int | None]
    step: Mapped[str | None] = mapped_column(Text)
    scene: Mapped[str | None] = mapped_column(Text)
    campaign: Mapped[str | None] = mapped_column(Text)
    app_version: Mapped[str | None] = mapped_column(Text)
    consent_version: Mapped[str | None] = mapped_column(Text)
    data: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class BehaviourOwed(Base):
    """Events and visits of one day that are stored and not counted yet; written with them, deleted with their count."""

    __tablename__ = "behaviour_owed"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    day: Mapped[date]
    events: Mapped[list[UUID]] = mapped_column(ARRAY(PgUuid))
    visits: Mapped[list[UUID]] = mapped_column(ARRAY(PgUuid))


class BehaviourDevice(Base):
    """A device whose guest's history became a member's, with their consent."""

    __tablename__ = "behaviour_device"
    __table_args__ = (Index("ix_behaviour_device_member", "member_id"),)
    anon_id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    member_id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class BehaviourVisit(Base):
    """What one visit came to.  Kept as long as its events, so that what was counted of it can be taken back."""

    __tablename__ = "behaviour_visit"
    __table_args__ = (
        Index("ix_behaviour_visit_member", "member_id", "ended_at", postgresql_where=text("member_id IS NOT NULL")),
    )
    day: Mapped[date] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    member_id: Mapped[int | None]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    store_id: Mapped[int]
    source: Mapped[str] = mapped_column(Text)
    scene: Mapped[str] = mapped_column(Text)
    campaign: Mapped[str] = mapped_column(Text)
    staff_id: Mapped[int]
    pages: Mapped[int]
    active_ms: Mapped[int]
    viewed: Mapped[int]
    carted: Mapped[int]
    checked_out: Mapped[int]
    ordered: Mapped[int]
    converted: Mapped[int]
    in_store: Mapped[int]
    found: Mapped[list[str]] = mapped_column(ARRAY(Text))


class BehaviourScene(Base):
    """What stands behind a scanned code, as it was when its first visit was counted."""

    __tablename__ = "behaviour_scene"
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    staff_id: Mapped[int | None]


class PageCount(Base):
    """Views of a page, and how long it was looked at."""

    __tablename__ = "behaviour_page"
    day: Mapped[date] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    page: Mapped[str] = mapped_column(Text, primary_key=True)
    views: Mapped[int]
    leaves: Mapped[int]
    active_ms: Mapped[int]


class PathCount(Base):
    """Steps from page to page."""

    __tablename__ = "behaviour_path"
    day: Mapped[date] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    from_page: Mapped[str] = mapped_column(Text, primary_key=True)
    page: Mapped[str] = mapped_column(Text, primary_key=True)
    steps: Mapped[int]


class SpotCount(Base):
    """How often a product was shown, opened and put into the cart at one place of a page."""

    __tablename__ = "behaviour_spot"
    day: Mapped[date] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    slot: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    product_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    model: Mapped[str] = mapped_column(Text, primary_key=True)
    shown: Mapped[int]
    opened: Mapped[int]
    carted: Mapped[int]


class KeywordCount(Base):
    """Searches for a keyword, and what came of them."""

    __tablename__ = "behaviour_keyword"
    day: Mapped[date] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    keyword: Mapped[str] = mapped_column(Text, primary_key=True)
    searches: Mapped[int]
    empty: Mapped[int]
    clicks: Mapped[int]
    rank_sum: Mapped[int]
    succeeded: Mapped[int]


class SourceCount(Base):
    """Visits by where they came from, and how far they went."""

    __tablename__ = "behaviour_source"
    day: Mapped[date] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    scene: Mapped[str] = mapped_column(Text, primary_key=True)
    campaign: Mapped[str] = mapped_column(Text, primary_key=True)
    staff_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    visits: Mapped[int]
    pages: Mapped[int]
    active_ms: Mapped[int]
    viewed: Mapped[int]
    carted: Mapped[int]
    checked_out: Mapped[int]
    ordered: Mapped[int]
    converted: Mapped[int]
    in_store: Mapped[int]


class RecommendRun(Base):
    """One night's learning: what was made, and how the trees stood against counting on the last full week.

    `ndcg`, `counting` (NDCG@10 in parts per million) and `low` (the lower end of their paired interval) are null
    where too few bought to tell.
    """

    __tablename__ = "recommend_run"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    version: Mapped[str] = mapped_column(Text, unique=True)
    at: Mapped[datetime]
    took_ms: Mapped[int]
    lines: Mapped[int]
    members: Mapped[int]
    products: Mapped[int]
    stores: Mapped[int]
    asked: Mapped[int]
    ndcg: Mapped[int | None]
    counting: Mapped[int | None]
    low: Mapped[int | None]
    shown: Mapped[int]
