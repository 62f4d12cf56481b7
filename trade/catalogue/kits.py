"""Kits: skus that are whole multiples of other skus and have no stock of their own.

A process asks for all kits at most every `FRESH_S` seconds.  It can, because a kit never changes: another composition
is another sku, and what has ever been stocked cannot become one.  A process that does not know a new kit yet finds none
of it free, and refuses; nothing else can happen.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch
from config.errors import NotFound, Refused

FRESH_S = 5
Parts = Mapping[int, int]
"""Units of each component in one kit, by sku."""


class KitNotPossible(Refused):
    """These skus cannot make this kit; `why` is `stocked`, `known`, `part_is_kit`, `is_part` or `weighed`."""

    code = "kit_not_possible"


class _Known:
    """The kits that this process knows, and since when."""

    read_at_s: int | None = None
    of: dict[int, Parts] = {}


def forget() -> None:
    """Read the kits again at the next question."""
    _Known.read_at_s, _Known.of = None, {}


_READ = text("SELECT sku_id, component_sku_id, qty FROM kit ORDER BY 1, 2")


def known(session: Session | None) -> Mapping[int, Parts]:
    """All kits with their parts; no statement while what this process knows is fresh."""
    seconds = time.monotonic_ns() // 10**9
    if _Known.read_at_s is None or seconds - _Known.read_at_s >= FRESH_S:
        found: dict[int, dict[int, int]] = {}
        for row in fetch(session, _READ, {}):
            found.setdefault(row.sku_id, {})[row.component_sku_id] = row.qty
        _Known.of, _Known.read_at_s = dict(found), seconds
    return _Known.of


def expand(session: Session | None, goods: Mapping[int, int]) -> Mapping[int, int]:
    """The same goods with every kit replaced by its components: what stock has, and moves."""
    kits = known(session)
    if not kits or kits.keys().isdisjoint(goods):
        return goods
    units: Counter[int] = Counter()
    for sku_id, qty in goods.items():
        for part, each in kits.get(sku_id, {sku_id: 1}).items():
            units[part] += qty * each
    return units


def short_of(session: Session | None, goods: Mapping[int, int], parts: Iterable[int]) -> list[int]:
    """Which of `goods` are short when these skus of their expansion are: themselves, or kits they are part of."""
    kits, lacking = known(session), set(parts)
    return sorted(sku_id for sku_id in goods if lacking & kits.get(sku_id, {sku_id: 1}).keys())


def touched(session: Session | None, sku_ids: Iterable[int]) -> set[int]:
    """The skus whose figures change with these: they themselves, their parts, and every kit that shares one."""
    kits, found = known(session), set(sku_ids)
    for sku_id in found & kits.keys():
        found |= kits[sku_id].keys()
    return found | {kit for kit, parts in kits.items() if not found.isdisjoint(parts)}


def free(figure: str, store: str, sku: str) -> str:
    """SQL of how many whole kits a store's level `figure` makes of a sku; NULL when it is no kit."""
    return f"""(SELECT min(greatest(coalesce(part.{figure}, 0), 0) / kit.qty) FROM kit
        LEFT JOIN stock_level part ON part.store_id = {store} AND part.sku_id = kit.component_sku_id
        WHERE kit.sku_id = {sku})"""


_LOOK = text("""
    SELECT sku.id, sku.weighed, EXISTS (SELECT FROM stock_level l WHERE l.sku_id = sku.id) AS stocked,
           EXISTS (SELECT FROM kit WHERE kit.sku_id = sku.id) AS is_kit,
           EXISTS (SELECT FROM kit WHERE kit.component_sku_id = sku.id) AS is_part
    FROM sku WHERE sku.id = ANY(CAST(:skus AS bigint[])) ORDER BY sku.id FOR UPDATE""")
_WRITE = text("""
    INSERT INTO kit (sku_id, component_sku_id, qty)
    SELECT :sku, part_id, qty FROM unnest(CAST(:parts AS bigint[]), CAST(:qtys AS bigint[])) AS p(part_id, qty)""")


def define(session: Session, sku_id: int, parts: Parts, *, actor: str, now: datetime) -> None:
    """Make a sku that was never stocked a kit of `parts`, for ever.  Its price and who sells it are its own.

    :raises KitNotPossible: nothing was written.  :raises NotFound: there is no such sku.
    """
    assert parts and all(qty > 0 for qty in parts.values()) and sku_id not in parts, parts
    rows = {row.id: row for row in fetch(session, _LOOK, {"skus": [sku_id, *parts]})}
    if missing := {sku_id, *parts} - rows.keys():
        raise NotFound(sku_ids=sorted(missing))
    itself = rows[sku_id]
    for why, wrong in (
        ("known", itself.is_kit),
        ("stocked", itself.stocked),
        ("is_part", itself.is_part),
        ("weighed", itself.weighed),
        ("part_is_kit", any(rows[part].is_kit for part in parts)),
    ):
        if wrong:
            raise KitNotPossible(sku_id=sku_id, why=why)
    ordered = sorted(parts.items())
    given = {"sku": sku_id, "parts": [part for part, _ in ordered], "qtys": [qty for _, qty in ordered]}
    fetch(session, _WRITE, given)
    data = {"sku_id": sku_id, "parts": [list(one) for one in ordered]}
    journal.record(session, "kit.defined", f"sku:{sku_id}", actor=actor, now=now, **data)
    forget()


_LISTED = text("""
    SELECT kit.sku_id, product.name, sku.spec, sku.unit, jsonb_agg(jsonb_build_object('sku_id', kit.component_sku_id,
               'name', part_of.name, 'spec', part.spec, 'unit', part.unit, 'qty', kit.qty)
               ORDER BY kit.component_sku_id) AS parts
    FROM kit JOIN sku ON sku.id = kit.sku_id JOIN product ON product.id = sku.product_id
    JOIN sku part ON part.id = kit.component_sku_id JOIN product part_of ON part_of.id = part.product_id
    WHERE kit.sku_id > :after GROUP BY 1, 2, 3, 4 ORDER BY 1 LIMIT :most""")


def listed(session: Session, *, after: int = 0, most: int = 100) -> list[dict[str, Any]]:
    """Kits with what is in them, by sku after `after`."""
    return [row._asdict() for row in fetch(session, _LISTED, {"after": after, "most": most})]
