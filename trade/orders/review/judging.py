"""Judge an order by the rules in force: it passes by itself, or it is held with reasons, an owner and a due time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound
from trade.orders.numbers import number
from trade.orders.review import moves, rules
from trade.orders.review.states import WAITS, Review

ACTOR = "review"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What review says of an order now; `passed` lets it go on."""

    state: Review
    reasons: rules.Reasons

    @property
    def passed(self) -> bool:
        """May the stores work on it?"""
        return self.state in (Review.AUTO_PASSED, Review.PASSED)


_TERMS = text("SELECT version, body::text AS body FROM review_terms ORDER BY version DESC LIMIT 1")
_FACTS = text("""
    SELECT o.remark, o.payable_fen, o.placed_at, m.created_at AS joined_at, coalesce(a.region, '') AS region,
        r.state AS review, coalesce(r.reasons, '[]') AS flags,
        EXISTS (SELECT FROM sale_order d WHERE d.member_id = o.member_id AND d.state = 'done') AS bought,
        (SELECT jsonb_agg(jsonb_build_array(l.line_no, l.net_fen, l.list_fen) ORDER BY l.line_no)
         FROM order_line l WHERE l.store_id = o.store_id AND l.order_id = o.id AND NOT l.gift
           AND (l.net_fen + (SELECT coalesce(sum(p.amount_fen), 0) FROM allocation p WHERE p.store_id = l.store_id
                AND p.order_id = l.order_id AND p.line_no = l.line_no AND p.source IN ('coupon', 'points'))) * 10000
               < l.list_fen * CAST(:floor_bp AS bigint)) AS cheap,
        (SELECT jsonb_agg(jsonb_build_array(s.store_id, s.id) ORDER BY s.id) FROM sale_order s
         WHERE s.member_id = o.member_id AND s.channel = o.channel AND s.paid_at IS NOT NULL AND s.state <> 'cancelled'
           AND s.placed_at >= o.placed_at - make_interval(mins => CAST(:minutes AS int)) AND s.placed_at <= o.placed_at
           AND (s.store_id, s.id) <> (o.store_id, o.id) AND s.id < o.id AND CAST(:minutes AS int) > 0
           AND (SELECT jsonb_object_agg(sku_id, qty) FROM (SELECT sku_id, sum(qty) AS qty FROM order_line
                WHERE store_id = s.store_id AND order_id = s.id GROUP BY 1) goods)
             = (SELECT jsonb_object_agg(sku_id, qty) FROM (SELECT sku_id, sum(qty) AS qty FROM order_line
                WHERE store_id = o.store_id AND order_id = o.id GROUP BY 1) goods)) AS same_as
    FROM sale_order o LEFT JOIN member m ON m.id = o.member_id
    LEFT JOIN order_address a ON a.store_id = o.store_id AND a.order_id = o.id
    LEFT JOIN order_review r ON r.store_id = o.store_id AND r.order_id = o.id
    WHERE o.store_id = :store AND o.id = :order""")
_STANDS = text("SELECT state, reasons FROM order_review WHERE store_id = :store AND order_id = :order")


def terms(session: Session) -> rules.Terms:
    """The rules in force."""
    kept = first(session, _TERMS, {})
    return rules.parsed(kept.body) if kept else rules.Terms()


_WRITE = text("""
    INSERT INTO review_terms (version, body, at, actor)
    SELECT coalesce(max(version), 0) + 1, CAST(:body AS jsonb), :now, :actor FROM review_terms RETURNING version""")


def settle(session: Session, new: rules.Terms, *, actor: str, now: datetime) -> int:
    """Put new rules in force for what is judged from now on; returns their version."""
    new.check()
    body = rules.vars_of(new)
    given = {"body": json.dumps(body, ensure_ascii=False), "now": now, "actor": actor}
    version = int(fetch(session, _WRITE, given)[0].version)
    journal.record(session, "review.rules_changed", f"review_terms:{version}", actor=actor, now=now, body=body)
    return version


def judge(session: Session, store_id: int, order_id: int, now: datetime) -> Verdict:
    """Pass an order or hold it, once: asked again, it says how the order stands, and what a person decided counts.

    What waits for something else than a person is not judged yet.

    In the caller's transaction, which holds the order's row.  An order judged before keeps its verdict although the
    rules may have changed.

    :raises NotFound: there is no such order.
    """
    key = {"store": store_id, "order": order_id}
    known = terms(session)
    row = first(session, _FACTS, {**key, "floor_bp": known.floor_bp, "minutes": known.duplicate_minutes})
    if row is None:
        raise NotFound(order_id=order_id)
    if row.review not in (None, Review.NONE):
        return Verdict(Review(row.review), row.flags)
    if any(flag["reason"] in WAITS for flag in row.flags):
        return Verdict(Review.NONE, row.flags)
    found = rules.reasons(_facts(row), known)
    if not moves.judged(session, store_id, order_id, found, actor=ACTOR, now=now):
        stands = fetch(session, _STANDS, key)[0]  # somebody judged it at the same moment
        return Verdict(Review(stands.state), stands.reasons)
    return Verdict(Review.HOLD if found else Review.AUTO_PASSED, found)


def _facts(row: Any) -> rules.Facts:
    return rules.Facts(
        remark=row.remark,
        payable_fen=row.payable_fen,
        placed_at=row.placed_at,
        cheap=[(line_no, net_fen, list_fen) for line_no, net_fen, list_fen in row.cheap or ()],
        same_as=[number(store_id, order_id) for store_id, order_id in row.same_as or ()],
        joined_at=row.joined_at,
        bought=row.bought,
        region=row.region,
        flags=row.flags,
    )


def flag(session: Session, store_id: int, order_id: int, reason: str, **facts: Any) -> bool:
    """Give a reason to hold an order that is not judged yet: for a part that knows what the rules cannot see.

    A channel's intake flags `unmapped_sku`, credit `credit`, a risk service `risk`.  The same flag twice is one.

    :return: False when the order was judged already: then it is too late, and nothing is written.
    """
    return moves.flag(session, store_id, order_id, {"reason": reason, **facts})
