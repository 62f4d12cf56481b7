"""Talking with people by WeChat: pushes taken in, followers, what we may still send, what we answer, and the menu.

Openids are sealed; `person` is the keyed fingerprint of one, as `identity` has it for the mini-program's.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base

APPS = "app IN ('mini', 'service')"


class Push(Base):
    """One push of WeChat's, once however often it comes; `sealed` is what it says, until its effect is done."""

    __tablename__ = "wechat_push"
    __table_args__ = (
        UniqueConstraint("key"),
        CheckConstraint(APPS, name="app"),
        CheckConstraint("(sealed IS NULL) = (done_at IS NOT NULL)", name="sealed"),
        Index("ix_wechat_push_received_at", "received_at"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    app: Mapped[str] = mapped_column(Text)
    key: Mapped[bytes]
    kind: Mapped[str] = mapped_column(Text)
    sealed: Mapped[bytes | None]
    received_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class Follower(Base):
    """Somebody who follows the service account, or did.

    Whose member it is follows from `unionid_print`, which `identity` has of whoever signed in, or from an identity of
    kind `follower`.  `said_at` is WeChat's moment of the newest follow or unfollow, so an older one that comes late
    changes nothing.  `scene` is the code they scanned while we knew no member of theirs.
    """

    __tablename__ = "follower"
    __table_args__ = (UniqueConstraint("person"), Index("ix_follower_unionid_print", "unionid_print"))
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    person: Mapped[bytes]
    openid_sealed: Mapped[bytes]
    unionid_print: Mapped[bytes | None]
    follows: Mapped[bool]
    said_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    scene: Mapped[str | None] = mapped_column(Text)
    scene_at: Mapped[datetime | None]


class TalkWindow(Base):
    """How many customer-service messages one thing that a person did still allows, and until when."""

    __tablename__ = "talk_window"
    __table_args__ = (CheckConstraint(APPS, name="app"), CheckConstraint("messages_left >= 0", name="messages_left"))
    app: Mapped[str] = mapped_column(Text, primary_key=True)
    person: Mapped[bytes] = mapped_column(primary_key=True)
    why: Mapped[str] = mapped_column(Text, primary_key=True)
    messages_left: Mapped[int]
    open_until: Mapped[datetime]


class TalkMessage(Base):
    """One customer-service message we owe or sent; `sealed` is to whom and what, until that is settled.

    `unknown`: WeChat may have delivered it.  It is not sent again, for two answers are worse than asking once more.
    """

    __tablename__ = "talk_message"
    __table_args__ = (
        UniqueConstraint("push_id", "no"),
        CheckConstraint(APPS, name="app"),
        CheckConstraint("state IN ('due', 'sending', 'sent', 'dropped', 'unknown')", name="state"),
        CheckConstraint("(sealed IS NOT NULL) = (state IN ('due', 'sending'))", name="sealed"),
        Index("ix_talk_message_person", "app", "person"),
        Index("ix_talk_message_at", "at"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    push_id: Mapped[int]
    no: Mapped[int]
    app: Mapped[str] = mapped_column(Text)
    person: Mapped[bytes]
    sealed: Mapped[bytes | None]
    state: Mapped[str] = mapped_column(Text)
    tries: Mapped[int] = mapped_column(default=0)
    code: Mapped[str] = mapped_column(Text, server_default=text("''"))
    at: Mapped[datetime]


class TalkReply(Base):
    """What we answer to something: the first by kind (exact, contains, default), then priority, then age.

    `occasion`: text_exact and text_contains (`words`, any of them), default, follow, click (`words` are menu keys),
    location.  `messages`: at most three of `{"kind": "text", "text"}`, `{"kind": "link", "title", "text", "url",
    "picture"}`, `{"kind": "built_in", "name"}`.
    """

    __tablename__ = "talk_reply"
    __table_args__ = (
        CheckConstraint(APPS, name="app"),
        CheckConstraint(
            "occasion IN ('text_exact', 'text_contains', 'default', 'follow', 'click', 'location')", name="occasion"
        ),
        CheckConstraint(
            "(jsonb_array_length(words) > 0) = (occasion IN ('text_exact', 'text_contains', 'click'))", name="words"
        ),
        Index("ix_talk_reply_app", "app", "occasion"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    app: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    occasion: Mapped[str] = mapped_column(Text)
    words: Mapped[list[Any]] = mapped_column(JSONB)
    priority: Mapped[int] = mapped_column(default=0)
    messages: Mapped[list[Any]] = mapped_column(JSONB)
    active: Mapped[bool] = mapped_column(default=True)
    changed_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(Text)


class TalkMenu(Base):
    """One version of the service account's menu: drafted, approved by somebody, then published by a job, or refused."""

    __tablename__ = "talk_menu"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'approved', 'published', 'failed')", name="state"),
        CheckConstraint("(state = 'draft') = (approver IS NULL)", name="approver"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    buttons: Mapped[list[Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    approver: Mapped[str | None] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text, server_default=text("''"))
    tries: Mapped[int] = mapped_column(default=0)
    drafted_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
