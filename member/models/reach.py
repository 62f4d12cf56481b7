"""What people agreed to be told, and what they were told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base

ENDS = ("refused", "switched_off", "unheard", "used")
MESSAGE_STATES = ("expired", "failed", "given_up", "not_authorised", "queued", "sent")


def _one_of(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


class MessageConsent(Base):
    """One yes of one WeChat person to one kind of message: it is worth one message, and never two.

    `person` is the fingerprint of the openid (`Identity`), because WeChat counts by person and not by member.  A yes is
    heard twice, from the client and from WeChat's event: `client_at` and `event_at`.  `message_id` is who has it:
    reserved while `ended_at` is empty; spent, or void, when it is not.
    """

    __tablename__ = "message_consent"
    __table_args__ = (
        CheckConstraint(f"ended IN ({_one_of(ENDS)})", name="ended"),
        CheckConstraint("(ended IS NULL) = (ended_at IS NULL)", name="ended_at"),
        CheckConstraint("coalesce(client_at, event_at) IS NOT NULL", name="heard"),
        CheckConstraint("ended <> 'used' OR message_id IS NOT NULL", name="used"),
        Index("ix_message_consent_free", "person", "kind", postgresql_where=text("ended_at IS NULL")),
        Index("uq_message_consent_message", "message_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_message_consent_person", "person", "kind", "granted_at"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    person: Mapped[bytes]
    kind: Mapped[str] = mapped_column(Text)
    granted_at: Mapped[datetime]
    client_at: Mapped[datetime | None]
    event_at: Mapped[datetime | None]
    language: Mapped[str] = mapped_column(Text, server_default=text("'zh-CN'"))
    message_id: Mapped[int | None]
    ended: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[datetime | None]


class Message(Base):
    """One message to one member and what became of it; one (subject, event, version) is said once.

    `event` is what happened (`ready`, `remind_1`), `kind` which template says it, `data` what cannot be read again when
    it is sent.  `sends` counts the first one and those sent again by hand.  `next_at` is when it is tried, or tried
    again; `until_at` when it is too late to say it.  `called_at` is set while WeChat is being asked: a worker that dies
    then leaves it, and nobody knows whether the message arrived (`unheard`).  `number` is WeChat's number of it.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("subject", "event", "version"),
        CheckConstraint(f"state IN ({_one_of(MESSAGE_STATES)})", name="state"),
        CheckConstraint("way IN ('', 'subscribe', 'service')", name="way"),
        CheckConstraint("sends BETWEEN 1 AND 4", name="sends"),
        CheckConstraint("(state = 'queued') = (settled_at IS NULL)", name="settled"),
        Index("ix_message_due", "next_at", "id", postgresql_where=text("state = 'queued'")),
        Index("ix_message_member", "member_id", "id"),
        Index("ix_message_settled", "settled_at", postgresql_where=text("state <> 'queued'")),
        Index("ix_message_number", "number", postgresql_where=text("number <> ''")),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    kind: Mapped[str] = mapped_column(Text)
    event: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(server_default=text("1"))
    store_id: Mapped[int | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    state: Mapped[str] = mapped_column(Text, server_default=text("'queued'"))
    way: Mapped[str] = mapped_column(Text, server_default=text("''"))
    code: Mapped[str] = mapped_column(Text, server_default=text("''"))
    number: Mapped[str] = mapped_column(Text, server_default=text("''"))
    sends: Mapped[int] = mapped_column(server_default=text("1"))
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    unheard: Mapped[bool] = mapped_column(server_default=text("false"))
    asked_at: Mapped[datetime]
    next_at: Mapped[datetime]
    until_at: Mapped[datetime]
    called_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
