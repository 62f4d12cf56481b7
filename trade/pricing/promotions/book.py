"""The book of rules of a store, from memory: what a basket is priced by.

A process asks at most every `FRESH_S` seconds whether the book's version has changed, and reads it anew only then.  So
what is announced with a beginning in the future is in force everywhere at once; a pause or an end within that time.
Of a promotion's versions the highest that has begun is in force; before the first begins, the one that begins first.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import epoch_ms
from config.db import fetch, first
from config.errors import NotFound
from trade.pricing.promotions.states import Scope
from trade.pricing.rules import STACKING, Here, Kind, Rule, RuleBook, rule_from_json

FRESH_S = 5
REMEMBERED = timedelta(days=1)
"""So long a rule that is over stays in the book, to say so."""
FAR = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Limits:
    """The quotas of a rule in force; `counted` are those that it or another version of its promotion limits."""

    name: str
    units: Mapping[Scope, int | None]
    budget_fen: int | None
    per_order: int
    counted: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class InForce:
    """What promotions are in one store: the book for the engine, and what the server counts for it.

    `segment_ids` are those that some rule names: ask `member.segments.treated_among` only when there are any.
    `cash_rounding` is how the store rounds cash: kept with the book, so that pricing asks nothing more.
    `groups` are the offers of 拼团, beside the rules because a basket has their price only where it names one; so are
    `group_limits`.
    """

    store_id: int
    zone: ZoneInfo
    rules: RuleBook
    limits: Mapping[int, Limits] = field(default_factory=dict)
    segment_ids: tuple[int, ...] = ()
    cash_rounding: str = "none"
    groups: tuple[Rule, ...] = ()
    group_limits: Mapping[int, Limits] = field(default_factory=dict)

    def of_group(self, offer_id: int) -> InForce | None:
        """The book for a basket that buys in a group: its price and free shipping alone; None without such an offer."""
        offer = next((rule for rule in self.groups if rule.id == offer_id), None)
        if offer is None:
            return None
        free = (rule for rule in self.rules.rules if rule.kind is Kind.FREE_SHIPPING)
        limits = {**self.limits, **self.group_limits}
        return replace(self, rules=replace(self.rules, rules=(offer, *free)), limits=limits)

    def day(self, now: datetime) -> int:
        """The store's calendar day of a moment, as 20261124."""
        local = now.astimezone(self.zone)
        return local.year * 10_000 + local.month * 100 + local.day

    def here(self, channel: str, now: datetime, *, tier: str | None = None, segment_ids: Sequence[int] = ()) -> Here:
        """Where, when and for whom a basket is priced, in the store's zone.  `tier` None is no member."""
        local = now.astimezone(self.zone)
        return Here(
            self.store_id,
            channel,
            epoch_ms(now),
            local.isoweekday(),
            local.day,
            local.hour * 60 + local.minute,
            tier,
            tuple(segment_ids),
        )


def from_ms(ms: int) -> datetime:
    """A moment of epoch milliseconds: `config.clock.epoch_ms` the other way round."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


_VERSION = text("SELECT coalesce((SELECT version FROM promotion_book WHERE store_id = 0), 0)::bigint AS version")
_READ = text("""
    SELECT store.zone, store.cash_rounding, coalesce(chain.version, 0)::bigint AS version,
           coalesce(own.mode, chain.mode, 'best') AS mode,
           coalesce(chain.member_and_flash, 'best') AS member_and_flash, chain.stacking,
           (SELECT jsonb_agg(jsonb_build_object('id', v.promotion_id, 'version', v.version, 'body', v.body,
                'total', v.total_units, 'member', v.member_units, 'day', v.day_units, 'store', v.store_units,
                'budget_fen', v.budget_fen) ORDER BY v.promotion_id, v.version)
            FROM promotion p JOIN promotion_version v ON v.promotion_id = p.id
            WHERE p.state = 'live' AND EXISTS (SELECT FROM promotion_version w
                WHERE w.promotion_id = p.id AND w.until_at > CAST(:now AS timestamptz) - CAST(:remembered AS interval)
           )) AS versions
    FROM store LEFT JOIN promotion_book chain ON chain.store_id = 0
    LEFT JOIN promotion_book own ON own.store_id = store.id
    WHERE store.id = :store""")


class _Known:
    """What this process knows of the book, and since when; by store with the time it is good for."""

    read_at_s: int | None = None
    version: int = -1
    of: dict[int, tuple[datetime, datetime, InForce]] = {}


def forget() -> None:
    """Read the book again at the next question."""
    _Known.read_at_s, _Known.version, _Known.of = None, -1, {}


def at(session: Session, store_id: int, now: datetime) -> InForce:
    """The promotions of a store at a moment; no statement while the book that this process knows is fresh.

    :raises NotFound: there is no such store.
    """
    return window(session, store_id, now)[2]


def window(session: Session, store_id: int, now: datetime) -> tuple[datetime, datetime, InForce]:
    """The same, and from when until when (exclusive) it is so, as far as is known now."""
    seconds = time.monotonic_ns() // 10**9
    if _Known.read_at_s is None or seconds - _Known.read_at_s >= FRESH_S:
        version = int(fetch(session, _VERSION, {})[0].version)
        if version != _Known.version:
            _Known.version, _Known.of = version, {}
        _Known.read_at_s = seconds
    known = _Known.of.get(store_id)
    if known is None or not known[0] <= now < known[1]:
        known = _Known.of[store_id] = read(session, store_id, now)
    return known


def read(session: Session, store_id: int, now: datetime) -> tuple[datetime, datetime, InForce]:
    """The promotions of a store from the database, and from when until when they are these; `at` remembers them.

    :raises NotFound: there is no such store.
    """
    row = first(session, _READ, {"store": store_id, "now": now, "remembered": REMEMBERED})
    if row is None:
        raise NotFound(store_id=store_id)
    of: dict[int, list[dict[str, Any]]] = {}
    for version in row.versions or ():
        of.setdefault(version["id"], []).append(version)
    now_ms, turns = epoch_ms(now), [now - REMEMBERED, FAR]
    rules: list[Rule] = []
    limits: dict[int, Limits] = {}
    for versions in of.values():
        chosen = _in_force(versions, now_ms)
        body = chosen["body"]
        turns += [from_ms(version["body"]["from_ms"]) for version in versions]
        turns.append(from_ms(body["until_ms"]) + REMEMBERED)
        if from_ms(body["until_ms"]) + REMEMBERED > now and store_id in (body.get("store_ids") or [store_id]):
            rule = rule_from_json(body | {"id": chosen["id"], "version": chosen["version"]})
            rules.append(rule)
            if found := _limits(rule, chosen, versions):
                limits[rule.id] = found
    stacking = STACKING if row.stacking is None else tuple((pair[0], pair[1]) for pair in row.stacking)
    plain = tuple(rule for rule in rules if rule.kind is not Kind.GROUP)
    book = RuleBook(row.version, plain, row.mode, row.member_and_flash, stacking)
    segments = tuple(sorted({segment for rule in rules for segment in rule.segment_ids}))
    groups = tuple(rule for rule in rules if rule.kind is Kind.GROUP)
    of_groups = {rule.id: limits.pop(rule.id) for rule in groups if rule.id in limits}
    zone = ZoneInfo(row.zone)
    known = InForce(store_id, zone, book, limits, segments, row.cash_rounding, groups, of_groups)
    return max(turn for turn in turns if turn <= now), min(turn for turn in turns if turn > now), known


def _in_force(versions: list[dict[str, Any]], now_ms: int) -> dict[str, Any]:
    """Of one promotion's versions, ascending: the highest begun; when none is, or it is over, the next to begin."""
    begun = [version for version in versions if version["body"]["from_ms"] <= now_ms]
    later = [version for version in versions if version["body"]["from_ms"] > now_ms]
    if begun and (begun[-1]["body"]["until_ms"] > now_ms or not later):
        return begun[-1]
    return min(later, key=lambda version: (version["body"]["from_ms"], -version["version"]))


def _limits(rule: Rule, chosen: dict[str, Any], versions: list[dict[str, Any]]) -> Limits | None:
    counted = {scope for version in versions for scope in Scope if version[scope] is not None}
    if any(version["budget_fen"] is not None for version in versions):
        counted.add(Scope.TOTAL)
    if not counted:
        return None
    units = {scope: chosen[scope] for scope in Scope}
    return Limits(rule.name, units, chosen["budget_fen"], rule.most_per_order, frozenset(counted))
