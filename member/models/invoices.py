"""For whom members have their invoices made."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base


class MemberInvoiceTitle(Base):
    """The title, tax number and e-mail of a member's last invoice of a kind, `sealed` (`member/invoice_titles.py`)."""

    __tablename__ = "member_invoice_title"
    __table_args__ = (CheckConstraint("kind IN ('person', 'company')", name="kind"),)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    sealed: Mapped[bytes]
    at: Mapped[datetime]
