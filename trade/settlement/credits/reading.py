"""Statements of credit by store and month, and why somebody is credited for an order, and why so much."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound
from trade.orders.numbers import number
from trade.settlement.credits.rules import ALL_BP

MOST = 5_000

_TOTALS = text("""
    SELECT e.kind, coalesce(s.role, 'fee') AS role, e.party_staff_id AS staff_id, staff.name AS staff_name,
           sum(e.amount_fen)::bigint AS amount_fen, count(DISTINCT e.order_id) AS orders,
           coalesce(sum(e.amount_fen) FILTER (WHERE e.adjusts IS NOT NULL), 0)::bigint AS adjusted_fen
    FROM credit_entry e LEFT JOIN credit_share s ON e.kind = 'share' AND s.store_id = e.store_id
        AND s.order_id = e.order_id AND s.generation = e.generation AND s.seq = e.seq
    LEFT JOIN staff ON staff.id = e.party_staff_id
    WHERE e.party_store_id = :party AND e.period = :period GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3""")
_LINES = text("""
    SELECT e.*, s.role, s.bp FROM credit_entry e LEFT JOIN credit_share s ON e.kind = 'share'
        AND s.store_id = e.store_id AND s.order_id = e.order_id AND s.generation = e.generation AND s.seq = e.seq
    WHERE e.party_store_id = :party AND e.period = :period
      AND (CAST(:staff AS bigint) IS NULL OR e.party_staff_id = :staff)
    ORDER BY e.at, e.store_id, e.order_id, e.document, e.kind, e.seq LIMIT :most""")
_CLOSED = text("SELECT closed_at FROM credit_month WHERE period = :period")


def statement(session: Session, store_id: int, period: date, *, staff_id: int | None = None) -> dict[str, Any]:
    """One store's month (0: the head office's): totals by role and guide, and the lines behind them.

    A closed month never changes; a line that adjusts an earlier one names it.
    """
    given = {"party": store_id, "period": period, "staff": staff_id, "most": MOST}
    totals = [row._asdict() for row in fetch(session, _TOTALS, given)]
    closed = first(session, _CLOSED, given)
    return {
        "store_id": store_id,
        "month": f"{period:%Y-%m}",
        "closed_at": closed.closed_at.isoformat() if closed else None,
        "amount_fen": sum(row["amount_fen"] for row in totals),
        "totals": totals,
        "lines": [_line(row) for row in fetch(session, _LINES, given)],
    }


def _line(row: Any) -> dict[str, Any]:
    return {
        "at": row.at.isoformat(),
        "order_no": number(row.store_id, row.order_id),
        "document": row.document,
        "kind": row.kind,
        "role": row.role,
        "staff_id": row.party_staff_id,
        "bp": row.bp,
        "base_fen": row.base_fen,
        "amount_fen": row.amount_fen,
        "adjusts": f"{row.adjusts:%Y-%m}" if row.adjusts else None,
    }


_SHARES = text("""
    SELECT s.*, r.preset, r.sources, r.scene_days, r.fee_kind, r.fee, staff.name AS staff_name, store.name AS store_name
    FROM credit_share s LEFT JOIN credit_rule r ON r.version = s.rule_version
    LEFT JOIN staff ON staff.id = s.party_staff_id LEFT JOIN store ON store.id = s.party_store_id
    WHERE s.store_id = :store AND s.order_id = :order ORDER BY s.generation, s.seq""")
_ENTRIES = text("""
    SELECT * FROM credit_entry WHERE store_id = :store AND order_id = :order
    ORDER BY at, document, kind, generation, seq""")
_ORDER = text("""
    SELECT payable_fen, freight_fen, wallet_bonus_fen FROM sale_order WHERE store_id = :store AND id = :order""")


def why(session: Session, store_id: int, order_id: int, *, party: int | None = None) -> dict[str, Any]:
    """Why whom, and why so much: the shares with how each was found, and each document's part of the base.

    :param party: a store that may only see orders that credit it, or that are its own; None sees all.
    :raises NotFound: there is no such order, it has no credit yet, or it is none of this store's.
    """
    key = {"store": store_id, "order": order_id}
    shares, entries = fetch(session, _SHARES, key), fetch(session, _ENTRIES, key)
    mine = party is None or store_id == party or any(row.party_store_id == party for row in [*shares, *entries])
    if not shares or not mine:
        raise NotFound(order_id=order_id)
    paid, rule = fetch(session, _ORDER, key)[0], shares[0]
    return {
        "order_no": number(store_id, order_id),
        "base": {
            "paid_fen": paid.payable_fen,
            "freight_fen": -paid.freight_fen,
            "wallet_bonus_fen": -paid.wallet_bonus_fen,
            "base_fen": paid.payable_fen - paid.freight_fen - paid.wallet_bonus_fen,
        },
        "rule": {
            "version": rule.rule_version,
            "preset": rule.preset or "fulfilling",
            "sources": rule.sources or [],
            "scene_days": rule.scene_days,
            "fee_kind": rule.fee_kind or "none",
            "fee": rule.fee or 0,
        },
        "shares": [_share(row) for row in shares],
        "entries": [_line_of(row, shares) for row in entries],
        "amount_fen": sum(row.amount_fen for row in entries),
    }


def _share(row: Any) -> dict[str, Any]:
    names = ["generation", "role", "party_store_id", "store_name", "party_staff_id", "staff_name", "bp", "why"]
    return {name: getattr(row, name) for name in names} | {"from_at": row.from_at.isoformat()}


def _line_of(row: Any, shares: list[Any]) -> dict[str, Any]:
    share = next((s for s in shares if (s.generation, s.seq) == (row.generation, row.seq)), None)
    bp = share.bp if share and row.kind == "share" else None
    names = ["document", "kind", "generation", "party_store_id", "party_staff_id", "base_fen", "amount_fen"]
    exact = f"{row.base_fen} x {bp} / {ALL_BP}" if bp is not None else None
    more = {"at": row.at.isoformat(), "month": f"{row.period:%Y-%m}", "bp": bp, "formula": exact}
    return {name: getattr(row, name) for name in names} | more
