"""What orders use of promotions, and what quotas and budgets still hold: the only writer of both tables.

A quota counts in the units of the rule's kind: pieces or grams (phase 1), sets (phase 2), orders (all others).  Only
what some version limits is counted; every use is recorded.  Rows are locked in the order promotion, scope, key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import Refused
from trade.pricing.promotions.book import InForce, Limits
from trade.pricing.promotions.states import Scope
from trade.pricing.rules import Left


class QuotaUsed(Refused):
    """A promotion has not so much left: `promotions` say id, name, `limit` (total, budget, member, day, store, order)
    and what is `left` of it, in units or fen.  Nothing may stay of the transaction."""

    code = "promotion_quota_used"


@dataclass(frozen=True, slots=True)
class Use:
    """What an order uses of one promotion: units, sets or 1 for an order; and what it takes off goods and freight."""

    promotion_id: int
    version: int
    units: int
    off_fen: int


_COUNTS = """asked AS (SELECT * FROM jsonb_to_recordset(CAST(:asked AS jsonb)) AS a(promotion_id bigint, scope text,
        key bigint, units bigint, fen bigint, most_units bigint, most_fen bigint))"""
_CLAIM = text(f"""
    WITH {_COUNTS},
    counted AS (INSERT INTO promotion_count AS c (promotion_id, scope, key, units, fen, most_units, most_fen)
        SELECT * FROM asked WHERE units <= coalesce(most_units, units) AND fen <= coalesce(most_fen, fen)
        ORDER BY promotion_id, scope, key
        ON CONFLICT (promotion_id, scope, key) DO UPDATE SET units = c.units + excluded.units,
            fen = c.fen + excluded.fen, most_units = excluded.most_units, most_fen = excluded.most_fen
        WHERE c.units + excluded.units <= coalesce(excluded.most_units, c.units + excluded.units)
          AND c.fen + excluded.fen <= coalesce(excluded.most_fen, c.fen + excluded.fen)
        RETURNING promotion_id, scope),
    noted AS (INSERT INTO promotion_use (store_id, order_id, promotion_id, version, member_id, day, units, off_fen,
            scopes, at)
        SELECT :store, :order, u.promotion_id, u.version, :member, :day, u.units, u.fen, u.scopes, :now
        FROM jsonb_to_recordset(CAST(:uses AS jsonb)) AS u(promotion_id bigint, version bigint, units bigint,
            fen bigint, scopes text[]))
    SELECT promotion_id, scope FROM counted""")


def claim(
    session: Session,
    known: InForce,
    uses: Sequence[Use],
    *,
    store_id: int,
    order_id: int,
    member_id: int | None,
    now: datetime,
    counted: bool = True,
) -> None:
    """Use promotions for an order, all or none, and record it; one statement, in the order's transaction.

    The guard is in the upsert, so of many orders at the last unit exactly one gets it.  Call it once an order, after
    its stock is locked and before anything its member holds.

    :param known: the rules the order was priced with.
    :param counted: False only records it: for what happened already, above a quota.
    :raises QuotaUsed: naming every promotion that has not enough left, and which limit of it.
    """
    if not uses:
        return
    day = known.day(now)
    asked, noted, over = [], [], []
    for use in uses:
        limits = known.limits.get(use.promotion_id) if counted else None
        scopes = []
        for scope, key, units, fen in keys(limits, member_id, day, store_id):
            scopes.append(scope)
            row = {"promotion_id": use.promotion_id, "scope": scope, "key": key, "units": use.units}
            asked.append(row | {"fen": use.off_fen, "most_units": units, "most_fen": fen})
        if limits and limits.per_order and use.units > limits.per_order:
            over.append(_refusal(limits, use.promotion_id, "order", limits.per_order))
        plain = {"promotion_id": use.promotion_id, "version": use.version, "units": use.units, "fen": use.off_fen}
        noted.append(plain | {"scopes": scopes})
    if over:
        raise QuotaUsed(promotions=over)
    given = {"store": store_id, "order": order_id, "member": member_id, "day": day, "now": now}
    rows = fetch(session, _CLAIM, {**given, "asked": json.dumps(asked), "uses": json.dumps(noted)})
    if len(rows) < len(asked):
        done = {(row.promotion_id, row.scope) for row in rows}
        short = [row for row in asked if (row["promotion_id"], row["scope"]) not in done]
        raise QuotaUsed(promotions=_short(session, known, short))


def keys(
    limits: Limits | None, member_id: int | None, day: int, store_id: int
) -> Iterator[tuple[str, int, int | None, int | None]]:
    """Scope, key, limit in units and in fen of everything a use is counted in."""
    keys = {Scope.TOTAL: 0, Scope.MEMBER: member_id, Scope.DAY: day, Scope.STORE: store_id}
    for scope, key in keys.items():
        if limits is not None and scope in limits.counted and key is not None:
            yield str(scope), key, limits.units[scope], limits.budget_fen if scope is Scope.TOTAL else None


def _refusal(limits: Limits, promotion_id: int, limit: str, left: int) -> dict[str, Any]:
    return {"id": promotion_id, "name": limits.name, "limit": limit, "left": left}


_NOW = text(f"""
    WITH {_COUNTS}
    SELECT asked.promotion_id, asked.scope, coalesce(c.units, 0) AS units, coalesce(c.fen, 0) AS fen
    FROM asked LEFT JOIN promotion_count c USING (promotion_id, scope, key)""")


def _short(session: Session, known: InForce, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    used = {(row.promotion_id, row.scope): row for row in fetch(session, _NOW, {"asked": json.dumps(rows)})}
    found = []
    for row in rows:
        have = used[row["promotion_id"], row["scope"]]
        left = None if row["most_units"] is None else max(row["most_units"] - have.units, 0)
        limit = row["scope"]
        if left is None or left >= row["units"]:
            limit, left = "budget", max((row["most_fen"] or 0) - have.fen, 0)
        found.append(_refusal(known.limits[row["promotion_id"]], row["promotion_id"], limit, left))
    return found


_WHY = {Scope.TOTAL: "quota_used", Scope.MEMBER: "member_limit", Scope.DAY: "quota_used", Scope.STORE: "quota_used"}


def left(session: Session, known: InForce, member_id: int | None, now: datetime) -> dict[int, Left]:
    """What every limited rule may still give here and to this member, by rule id; one statement, or none.

    What is left may be gone when the order is placed: `claim` decides.
    """
    asked = asked_of(known, member_id, now)
    if not asked:
        return {}
    rows = fetch(session, _NOW, {"asked": json.dumps(asked)})
    return left_of(asked, {(row.promotion_id, row.scope): (row.units, row.fen) for row in rows})


def asked_of(known: InForce, member_id: int | None, now: datetime) -> list[dict[str, Any]]:
    """Every quota and budget that a basket here and of this member may meet: promotion_id, scope, key, most_units,
    most_fen.  Pure.
    """
    return [
        {"promotion_id": rule_id, "scope": scope, "key": key, "most_units": units, "most_fen": fen}
        for rule_id, limits in known.limits.items()
        for scope, key, units, fen in keys(limits, member_id, known.day(now), known.store_id)
        if units is not None or fen is not None
    ]


def left_of(asked: Sequence[dict[str, Any]], used: Mapping[tuple[int, str], tuple[int, int]]) -> dict[int, Left]:
    """What is left of `asked` when so many units and fen are `used`, by promotion; the narrowest counts.  Pure."""
    found: dict[int, Left] = {}
    for row in asked:
        have_units, have_fen = used[row["promotion_id"], row["scope"]]
        before = found.get(row["promotion_id"], Left())
        if row["most_fen"] is not None:
            fen = max(row["most_fen"] - have_fen, 0)
            before = Left(before.units if fen else 0, before.why if fen else "budget_used", fen)
        units = before.units
        if row["most_units"] is not None:
            units = max(row["most_units"] - have_units, 0)
        if units is not None and (before.units is None or units < before.units):
            before = Left(units, _WHY[Scope(row["scope"])], before.fen)
        found[row["promotion_id"]] = before
    return found


_MINE = text(
    "SELECT promotion_id FROM promotion_use WHERE store_id = :store AND order_id = :order ORDER BY 1 FOR NO KEY UPDATE"
)
_GIVE_BACK = text("""
    WITH asked AS (SELECT * FROM jsonb_to_recordset(CAST(:back AS jsonb)) AS a(promotion_id bigint, units bigint,
        fen bigint)),
    mine AS (SELECT u.promotion_id, u.back_units, u.back_fen,
            greatest(u.back_units, CASE WHEN :whole THEN u.units ELSE least(a.units, u.units) END) AS to_units,
            greatest(u.back_fen, CASE WHEN :whole THEN u.off_fen ELSE least(a.fen, u.off_fen) END) AS to_fen
        FROM promotion_use u LEFT JOIN asked a USING (promotion_id)
        WHERE u.store_id = :store AND u.order_id = :order AND (:whole OR a.promotion_id IS NOT NULL)),
    back AS (UPDATE promotion_use u SET back_units = mine.to_units, back_fen = mine.to_fen FROM mine
        WHERE u.store_id = :store AND u.order_id = :order AND u.promotion_id = mine.promotion_id
          AND (mine.to_units > mine.back_units OR mine.to_fen > mine.back_fen)
        RETURNING u.*, mine.to_units - mine.back_units AS more_units, mine.to_fen - mine.back_fen AS more_fen),
    less AS (SELECT c.promotion_id, c.scope, c.key, back.more_units, back.more_fen
        FROM back CROSS JOIN LATERAL unnest(back.scopes) AS s(scope)
        JOIN promotion_count c ON c.promotion_id = back.promotion_id AND c.scope = s.scope AND c.key =
            CASE s.scope WHEN 'member' THEN back.member_id WHEN 'day' THEN back.day WHEN 'store' THEN back.store_id
            ELSE 0 END
        ORDER BY 1, 2, 3 FOR NO KEY UPDATE OF c),
    counted AS (UPDATE promotion_count c SET units = c.units - less.more_units, fen = c.fen - less.more_fen FROM less
        WHERE (c.promotion_id, c.scope, c.key) = (less.promotion_id, less.scope, less.key))
    SELECT promotion_id, more_units AS units, more_fen AS fen FROM back ORDER BY 1""")


def give_back(
    session: Session, store_id: int, order_id: int, back: Mapping[int, tuple[int, int]] | None = None
) -> dict[int, tuple[int, int]]:
    """What an order used comes back into its quotas and budgets; returns units and fen by promotion.

    Two statements: a quota that a publish added while we waited for the uses is seen by the second only.

    :param back: by promotion, the units and fen come back in all by now (a return); None is everything (the order
        ended).  A repeat gives back nothing more.
    """
    if not fetch(session, _MINE, {"store": store_id, "order": order_id}):
        return {}
    asked = [{"promotion_id": one, "units": units, "fen": fen} for one, (units, fen) in (back or {}).items()]
    given = {"store": store_id, "order": order_id, "whole": back is None, "back": json.dumps(asked)}
    return {row.promotion_id: (row.units, row.fen) for row in fetch(session, _GIVE_BACK, given)}
