"""A member's points as they see them: every entry with the order and the lines behind it, and what is on its way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from member.terms import terms_at
from trade.orders.numbers import number

_ORDER = "CASE WHEN e.source ~ '^order:[0-9]+$' THEN substr(e.source, 7)::bigint END"
_RETURN = "CASE WHEN e.key ~ '^return:[0-9]+:' THEN split_part(e.key, ':', 2)::bigint END"
_ENTRIES = text(f"""
    SELECT e.id, e.at, e.event, e.quantity, e.pending, e.source, e.expires_at, o.store_id, o.id AS order_id,
           {_RETURN} AS return_id
    FROM lot_entry e LEFT JOIN sale_order o ON o.member_id = e.member_id AND o.id = {_ORDER}
    WHERE e.member_id = :member AND e.account = 'points' AND e.event <> 'post'
      AND (e.quantity <> 0 OR e.pending <> 0) AND (CAST(:before AS bigint) IS NULL OR e.id < :before)
    ORDER BY e.id DESC LIMIT :most""")
_LINES = text("""
    SELECT l.store_id, l.order_id, l.line_no, l.name, l.spec, l.qty, l.earns_points,
           coalesce((SELECT sum(a.points) FROM allocation a WHERE a.store_id = l.store_id AND a.order_id = l.order_id
                     AND a.line_no = l.line_no), 0)::bigint AS spent
    FROM order_line l WHERE (l.store_id, l.order_id) IN
        (SELECT * FROM unnest(CAST(:stores AS bigint[]), CAST(:orders AS bigint[])))
    ORDER BY l.order_id, l.line_no""")
_RETURNED = text("""
    SELECT store_id, return_id, line_no, qty, points_back FROM return_line
    WHERE (store_id, return_id) IN (SELECT * FROM unnest(CAST(:stores AS bigint[]), CAST(:returns AS bigint[])))
    ORDER BY return_id, line_no""")
_PENDING = text(f"""
    SELECT e.source, e.remaining, e.available_at, o.store_id, o.id AS order_id, o.channel, o.promise_at
    FROM lot e LEFT JOIN sale_order o ON o.member_id = e.member_id AND o.id = {_ORDER}
    WHERE e.member_id = :member AND e.account = 'points' AND e.state = 'pending' AND e.remaining > 0
    ORDER BY e.available_at NULLS LAST, e.id""")


def entries(session: Session, member_id: int, *, before: int | None = None, most: int = 50) -> list[dict[str, Any]]:
    """The newest entries, older than `before` when it is given; each with `order_no` and `lines` where an order did it.

    `points` of one on its way is what will come.  A line's `points` are its share of the entry; of points taken back
    the returned units are named instead.
    """
    found = fetch(session, _ENTRIES, {"member": member_id, "before": before, "most": most})
    lines, returned = _goods(session, [row for row in found if row.order_id is not None])
    return [
        {
            "id": row.id,
            "at": row.at.isoformat(),
            "event": row.event,
            "points": row.quantity or row.pending,
            "state": "pending" if not row.quantity else "done",
            "source": row.source,
            "expires_at": row.expires_at.isoformat() if row.expires_at else None,
            "order_id": row.order_id,
            "store_id": row.store_id,
            "order_no": number(row.store_id, row.order_id) if row.order_id else None,
            "lines": _behind(row, lines, returned) if row.order_id else [],
        }
        for row in found
    ]


def _goods(session: Session, found: Sequence[Any]) -> tuple[dict[int, list[Any]], dict[int, list[Any]]]:
    """Lines by order and returned lines by return; one statement each, none when there is nothing to ask."""
    lines, returned = defaultdict(list), defaultdict(list)
    if found:
        given = {"stores": [row.store_id for row in found], "orders": [row.order_id for row in found]}
        for line in fetch(session, _LINES, given):
            lines[line.order_id].append(line)
    back = [row for row in found if row.return_id is not None]
    if back:
        given = {"stores": [row.store_id for row in back], "returns": [row.return_id for row in back]}
        for line in fetch(session, _RETURNED, given):
            returned[line.return_id].append(line)
    return lines, returned


def _behind(row: Any, lines: dict[int, list[Any]], returned: dict[int, list[Any]]) -> list[dict[str, Any]]:
    named = {line.line_no: line for line in lines[row.order_id]}
    if row.return_id is not None:
        share = {part.line_no: (part.qty, part.points_back) for part in returned[row.return_id]}
        sign = 1 if row.event == "reinstate" else 0
    elif row.event in ("hold", "spend", "release", "reinstate"):
        share = {line.line_no: (line.qty, line.spent) for line in named.values() if line.spent}
        sign = -1 if row.event in ("hold", "spend") else 1
    else:
        share = {line.line_no: (line.qty, line.earns_points) for line in named.values() if line.earns_points}
        sign = -1 if row.event == "claw" else 1
    return [
        {"line_no": no, "name": named[no].name, "spec": named[no].spec, "qty": qty, "points": points * sign}
        for no, (qty, points) in share.items()
        if no in named
    ]


def pending(session: Session, member_id: int, *, now: datetime) -> list[dict[str, Any]]:
    """What is on its way, the soonest first: `confirms_at` is sure, `expected_at` is by the order's promise.

    A pickup order's points are confirmed at hand-over and the days after it that the terms say.
    """
    terms = terms_at(now, session)
    told = []
    for row in fetch(session, _PENDING, {"member": member_id}):
        expected_at = row.available_at
        if expected_at is None and row.promise_at is not None:
            expected_at = terms.arrives(row.channel, row.promise_at) or row.promise_at
        told.append(
            {
                "points": row.remaining,
                "source": row.source,
                "order_no": number(row.store_id, row.order_id) if row.order_id else None,
                "confirms_at": row.available_at.isoformat() if row.available_at else None,
                "expected_at": expected_at.isoformat() if expected_at else None,
            }
        )
    return told
