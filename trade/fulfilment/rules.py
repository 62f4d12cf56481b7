"""The routing rules in force: versions of `Weights`, published by the head office."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from config import journal
from config.db import Base, fetch, first
from trade.fulfilment.weights import Weights


class RoutingRules(Base):
    """One version of the weights; of those that have begun, the latest to begin counts.  Never changed."""

    __tablename__ = "routing_rules"
    __table_args__ = (Index("ix_routing_rules_from_at", "from_at", "version"),)
    version: Mapped[int] = mapped_column(Identity(), primary_key=True)
    from_at: Mapped[datetime]
    weights: Mapped[dict[str, Any]] = mapped_column(JSONB)
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


_IN_FORCE = text(
    "SELECT version, weights FROM routing_rules WHERE from_at <= :now ORDER BY from_at DESC, version DESC LIMIT 1"
)
_PUBLISH = text(
    "INSERT INTO routing_rules (from_at, weights, actor, at)"
    " VALUES (:from_at, CAST(:weights AS jsonb), :actor, :now) RETURNING version"
)


def in_force(session: Session, now: datetime) -> tuple[int, Weights]:
    """The version and its weights; version 0 are the ones built in."""
    found = first(session, _IN_FORCE, {"now": now})
    return (found.version, Weights.model_validate(found.weights)) if found else (0, Weights())


def publish(session: Session, weights: Weights, *, from_at: datetime, actor: str, now: datetime) -> int:
    """Weights that count from a moment on; returns their version.  What was routed before stays as it was."""
    given = {"from_at": from_at, "weights": weights.model_dump_json(), "actor": actor, "now": now}
    version = int(fetch(session, _PUBLISH, given)[0].version)
    journal.record(
        session,
        "routing.rules_published",
        f"routing_rules:{version}",
        actor=actor,
        now=now,
        from_at=from_at.isoformat(),
    )
    return version
