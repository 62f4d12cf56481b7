"""The only writer of reviews."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from trade.orders.review.states import MOVES, REASONS, WAITS

_TOLD = """INSERT INTO journal (kind, subject, actor, at, data, tries)
        SELECT :fact, 'order:' || order_id, :actor, :now, jsonb_build_object('store_id', store_id, 'order_id',
            order_id, 'reasons', reasons, 'note', note), 0 FROM moved"""
_JUDGE = text(f"""
    WITH moved AS (
        INSERT INTO order_review AS r (store_id, order_id, state, reasons, judged_at, owner, due_at, decided_at,
            decided_by, note)
        VALUES (:store, :order, :target, CAST(:reasons AS jsonb), :now, :owner, :due,
            CASE WHEN :target = 'auto_passed' THEN CAST(:now AS timestamptz) END,
            CASE WHEN :target = 'auto_passed' THEN CAST(:actor AS text) END, '')
        ON CONFLICT (store_id, order_id) DO UPDATE SET state = excluded.state, reasons = excluded.reasons,
            judged_at = excluded.judged_at, owner = excluded.owner, due_at = excluded.due_at,
            decided_at = excluded.decided_at, decided_by = excluded.decided_by
        WHERE r.state = ANY(:sources)
        RETURNING store_id, order_id, reasons, note),
    told AS ({_TOLD})
    SELECT order_id FROM moved""")
_FLAG = text("""
    INSERT INTO order_review AS r (store_id, order_id, state, reasons, note)
    VALUES (:store, :order, 'none', CAST(:reason AS jsonb), '')
    ON CONFLICT (store_id, order_id) DO UPDATE SET reasons = r.reasons || excluded.reasons
    WHERE r.state = 'none' AND NOT r.reasons @> excluded.reasons RETURNING order_id""")
_UNFLAG = text("""
    UPDATE order_review SET reasons = (SELECT coalesce(jsonb_agg(one ORDER BY at), '[]')
        FROM jsonb_array_elements(reasons) WITH ORDINALITY AS of(one, at) WHERE one ->> 'reason' <> :reason)
    WHERE store_id = :store AND order_id = :order AND state = 'none' RETURNING order_id""")
_DECIDE = text(f"""
    WITH moved AS (
        UPDATE order_review SET state = :target, decided_at = :now, decided_by = :actor, note = :note
        WHERE (store_id, order_id) IN (
            SELECT r.store_id, r.order_id FROM order_review r
            JOIN unnest(CAST(:stores AS bigint[]), CAST(:orders AS bigint[])) AS asked(store_id, order_id)
              ON r.store_id = asked.store_id AND r.order_id = asked.order_id
            WHERE r.state = ANY(:sources) ORDER BY r.store_id, r.order_id FOR UPDATE OF r)
        RETURNING store_id, order_id, reasons, note),
    told AS ({_TOLD})
    SELECT store_id, order_id FROM moved ORDER BY 1, 2""")
_TAKE = text("""
    UPDATE order_review SET owner = :actor, taken_at = :now
    WHERE store_id = :store AND order_id = :order AND state = 'hold'
      AND (taken_at IS NULL OR owner = :actor OR :over) RETURNING order_id""")


def judged(
    session: Session, store_id: int, order_id: int, reasons: list[dict[str, Any]], *, actor: str, now: datetime
) -> bool:
    """Write what the rules said; False when the order was judged already, and then nothing was written."""
    sources, target, fact = MOVES["hold" if reasons else "pass"]
    known = [REASONS[one["reason"]] for one in reasons]
    given = {
        "store": store_id,
        "order": order_id,
        "target": target,
        "sources": sorted(sources),
        "fact": fact,
        "reasons": json.dumps(reasons, ensure_ascii=False),
        "owner": known[0][0] if known else None,
        "due": now + min(due for _, due in known) if known else None,
        "actor": actor,
        "now": now,
    }
    return first(session, _JUDGE, given) is not None


def flag(session: Session, store_id: int, order_id: int, reason: dict[str, Any]) -> bool:
    """Note a reason before the order is judged; False when it was judged already or carries this one."""
    assert reason["reason"] in REASONS or reason["reason"] in WAITS, reason
    given = {"store": store_id, "order": order_id, "reason": json.dumps([reason], ensure_ascii=False)}
    return first(session, _FLAG, given) is not None


def unflag(session: Session, store_id: int, order_id: int, reason: str) -> None:
    """What an order waited for has come: it may be judged now."""
    first(session, _UNFLAG, {"store": store_id, "order": order_id, "reason": reason})


def decide(
    session: Session, keys: Collection[tuple[int, int]], event: str, note: str, *, actor: str, now: datetime
) -> list[tuple[int, int]]:
    """Fire one event for held orders, (store, order); returns those that moved: of two people at once one moves one."""
    sources, target, fact = MOVES[event]
    asked = sorted(set(keys))
    given: dict[str, Any] = {
        "stores": [store for store, _ in asked],
        "orders": [order for _, order in asked],
        "sources": sorted(sources),
        "target": target,
        "fact": fact,
        "note": note,
        "actor": actor,
        "now": now,
    }
    return [(row.store_id, row.order_id) for row in fetch(session, _DECIDE, given)]


def take(session: Session, store_id: int, order_id: int, *, over: bool, actor: str, now: datetime) -> bool:
    """Somebody answers for a hold; False when it is none any more, or a colleague's and not taken `over`."""
    given = {"store": store_id, "order": order_id, "over": over, "actor": actor, "now": now}
    return first(session, _TAKE, given) is not None
