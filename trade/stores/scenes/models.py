"""Codes that hang in stores, that guides show and that members pass on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class SceneCode(Base):
    """One code: what stands behind it lies here and not in the code, so that it can be taken back (`revoked_at`).

    `kind`: S a store's poster, T a table or shelf of it (`label`), G a guide, P a product at a store, M a member who
    invites.  `picture` is what WeChat drew, kept because it stays the same for ever.
    """

    __tablename__ = "scene_code"
    __table_args__ = (
        CheckConstraint("kind IN ('S', 'T', 'G', 'P', 'M')", name="kind"),
        CheckConstraint("(kind = 'M') = (store_id IS NULL) AND (kind = 'M') = (member_id IS NOT NULL)", name="whose"),
        CheckConstraint("(kind = 'G') = (staff_id IS NOT NULL)", name="guide"),
        CheckConstraint("(kind = 'P') = (product_id IS NOT NULL)", name="product"),
        CheckConstraint("(kind = 'T') = (label <> '')", name="label"),
        Index(
            "uq_scene_code_in_force",
            "kind",
            text("coalesce(store_id, 0)"),
            text("coalesce(staff_id, product_id, member_id, 0)"),
            "label",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        Index("ix_scene_code_store", "store_id", "id"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    store_id: Mapped[int | None] = mapped_column(ForeignKey("store.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    label: Mapped[str] = mapped_column(Text, server_default=text("''"))
    picture: Mapped[bytes | None]
    actor: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
