"""How credit is shared: versions of a rule, each published once and never changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import Malformed

ALL_BP = 10_000


class Source(StrEnum):
    """What may make somebody the owner of a customer, and the roles that a share may have."""

    SCENE = "scene"
    GUIDE = "guide"
    HOME = "home"
    FULFILLING = "fulfilling"
    HQ = "hq"


OWNER = "owner"
ORDER = tuple(Source)
"""A code scanned lately, the bound guide, the home store, the fulfilling store, the head office."""

#            preset         shares                                     fee allowed
PRESETS: Mapping[str, tuple[Sequence[tuple[str, int]], bool]] = {
    "fulfilling": (((Source.FULFILLING, 10_000),), False),
    "owner": (((OWNER, 10_000),), False),
    "owner_70": (((OWNER, 7_000), (Source.FULFILLING, 3_000)), False),
    "hq_fee": (((Source.HQ, 10_000),), True),
}
"""履约店 100 % · 归属店 100 % · 归属店 70 / 履约店 30 · 总部 100 % + 履约服务费."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One version; `fee` is fen an order or an item, or basis points of the base, by `fee_kind`."""

    version: int
    preset: str
    sources: Sequence[str]
    scene_days: int
    shares: Sequence[tuple[str, int]]
    fee_kind: str = "none"
    fee: int = 0


FIRST = Rule(0, "fulfilling", ORDER, 7, PRESETS["fulfilling"][0])
"""While nothing is published, the store that fulfils is credited."""

_AT = text("SELECT * FROM credit_rule WHERE from_at <= :at ORDER BY from_at DESC, version DESC LIMIT 1")
_LIST = text("SELECT * FROM credit_rule ORDER BY from_at DESC, version DESC LIMIT :most")
_PUBLISH = text("""
    INSERT INTO credit_rule (preset, sources, scene_days, shares, fee_kind, fee, from_at, created_by, created_at)
    VALUES (:preset, CAST(:sources AS text[]), :scene_days, CAST(:shares AS jsonb), :fee_kind, :fee, :from_at, :actor,
        :now)
    RETURNING version""")


def at(session: Session, moment: datetime) -> Rule:
    """The rule that counts for a payment of that moment."""
    row = first(session, _AT, {"at": moment})
    return FIRST if row is None else _rule(row)


def _rule(row: Any) -> Rule:
    shares = [(role, bp) for role, bp in row.shares]
    return Rule(row.version, row.preset, row.sources, row.scene_days, shares, row.fee_kind, row.fee)


def publish(
    session: Session,
    preset: str,
    *,
    sources: Sequence[str] = ORDER,
    scene_days: int = 7,
    fee_kind: str = "none",
    fee: int = 0,
    from_at: datetime,
    actor: str,
    now: datetime,
) -> int:
    """Publish a version that counts for payments from `from_at` on; returns its number.

    :raises Malformed: it would begin in the past, names no such source or preset, or has a fee that its preset has not.
    """
    faults = {
        "preset": preset not in PRESETS,
        "from_at": from_at < now,
        "sources": not sources or len(set(sources)) < len(sources) or not set(sources) <= set(Source),
        "fee_kind": fee_kind not in ("none", "order", "item", "bp")
        or (fee_kind != "none") != (preset in PRESETS and PRESETS[preset][1]),
        "fee": fee < 0 or (fee_kind == "bp" and fee > ALL_BP) or (fee_kind == "none" and fee > 0),
    }
    if found := {field: "value" for field, wrong in faults.items() if wrong}:
        raise Malformed(fields=found)
    shares = PRESETS[preset][0]
    assert sum(bp for _, bp in shares) == ALL_BP, preset
    given = {"preset": preset, "sources": [str(one) for one in sources], "scene_days": scene_days, "fee": fee}
    more = {"shares": json.dumps(shares), "fee_kind": fee_kind, "from_at": from_at, "actor": actor, "now": now}
    version = int(fetch(session, _PUBLISH, given | more)[0].version)
    journal.record(session, "credit_rule.published", f"credit_rule:{version}", actor=actor, now=now, preset=preset)
    return version


def listed(session: Session, *, most: int = 50) -> list[dict[str, Any]]:
    """Every version, the newest first."""
    names = ["version", "preset", "sources", "scene_days", "shares", "fee_kind", "fee", "created_by"]
    return [
        {name: getattr(row, name) for name in names} | {"from_at": row.from_at.isoformat()}
        for row in fetch(session, _LIST, {"most": most})
    ]
