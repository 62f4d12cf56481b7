"""After-sales cases as the faces show them, and what of an order may still be asked for.  One statement a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound
from member import photos
from trade.orders.aftersales.states import MOVES
from trade.orders.numbers import number

_CASE = """
    SELECT c.*, o.channel, o.member_id, store.name AS store_name, here.name AS at_store_name,
           here.address AS at_store_address,
           coalesce(m.phone_masked, nullif(left(m.name, 1), '') || '**', '') AS customer,
           CASE c.state WHEN 'applied' THEN c.answer_by WHEN 'wait_return' THEN c.send_by END AS due_by,
           d.refund_fen, d.points_back, d.points_clawed
    FROM aftersale_case c JOIN sale_order o ON o.store_id = c.store_id AND o.id = c.order_id
    JOIN store ON store.id = c.store_id JOIN store here ON here.id = c.at_store_id
    LEFT JOIN member m ON m.id = o.member_id
    LEFT JOIN sale_return d ON d.store_id = c.store_id AND d.id = c.return_id WHERE """
_DESK = """(c.store_id = :store OR c.at_store_id = :store) AND """
_OPEN = text(_CASE + _DESK + "c.closed_at IS NULL ORDER BY due_by NULLS LAST, c.changed_at, c.id LIMIT 200")
_CLOSED = text(_CASE + _DESK + "c.closed_at >= :since ORDER BY c.closed_at DESC, c.id DESC LIMIT 100")
_ARBITRATION = text(_CASE + "c.state = 'arbitration' ORDER BY c.changed_at, c.id LIMIT 200")
_OF_MEMBER = text(
    _CASE
    + "o.member_id = :member AND (CAST(:before AS bigint) IS NULL OR c.id < :before)"
    + " AND (CAST(:order AS bigint) IS NULL OR c.order_id = :order) ORDER BY c.id DESC LIMIT :most"
)
_ONE = text(_CASE + "c.id = :id")
_LINES = text("""
    SELECT l.*, o.name, o.spec, o.unit, o.weighed, o.net_fen, o.qty AS bought_qty, p.picture
    FROM aftersale_line l JOIN order_line o USING (store_id, order_id, line_no)
    JOIN sku ON sku.id = o.sku_id JOIN product p ON p.id = sku.product_id
    WHERE (l.store_id, l.case_id) IN (SELECT * FROM unnest(CAST(:stores AS bigint[]), CAST(:cases AS bigint[])))
    ORDER BY l.case_id, l.line_no""")
_REFUNDS = text("""
    SELECT c.id AS case_id, f.kind, f.state, sum(f.amount_fen)::bigint AS amount_fen
    FROM unnest(CAST(:stores AS bigint[]), CAST(:cases AS bigint[])) AS a(store_id, id)
    JOIN aftersale_case c ON c.store_id = a.store_id AND c.id = a.id
    JOIN refund f ON f.store_id = c.store_id AND f.return_id = c.return_id AND f.state <> 'closed'
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""")
_PLAIN = (
    "id", "store_id", "order_id", "channel", "store_name", "at_store_id", "at_store_name", "at_store_address", "kind",
    "cause", "words", "state", "fault", "asked_fen", "freight_fen", "reason", "carrier", "tracking_no", "customer",
)  # fmt: skip
_MOMENTS = ("asked_at", "answer_by", "send_by", "due_by", "changed_at", "closed_at")
_LINE = (
    "line_no", "name", "spec", "unit", "weighed", "picture", "bought_qty", "net_fen", "qty", "amount_fen",
    "sellable_qty", "quarantine_qty", "written_off_qty",
)  # fmt: skip


def _cards(session: Session, rows: Sequence[Any]) -> list[dict[str, Any]]:
    keys = {"stores": [row.store_id for row in rows], "cases": [row.id for row in rows]}
    lines, refunds = defaultdict(list), defaultdict(list)
    for line in fetch(session, _LINES, keys) if rows else ():
        lines[line.case_id].append({name: getattr(line, name) for name in _LINE})
    for part in fetch(session, _REFUNDS, keys) if rows else ():
        refunds[part.case_id].append({"kind": part.kind, "state": part.state, "amount_fen": part.amount_fen})
    shown = photos.of(session, [f"aftersale:{row.id}" for row in rows])
    return [
        {
            **{name: getattr(row, name) for name in _PLAIN},
            **{name: _iso(getattr(row, name)) for name in _MOMENTS},
            "order_no": number(row.store_id, row.order_id),
            "may": [event for event, step in MOVES.items() if row.state in step.sources and row.kind in step.kinds],
            "refund": _refund(row, refunds[row.id]),
            "lines": lines[row.id],
            "photos": shown[f"aftersale:{row.id}"],
        }
        for row in rows
    ]


def _refund(row: Any, parts: list[dict[str, Any]]) -> dict[str, Any] | None:
    if row.return_id is None:
        return None
    given = {name: getattr(row, name) for name in ("refund_fen", "points_back", "points_clawed")}
    return {"no": f"R{row.return_id}", **given, "parts": parts}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def desk(session: Session, store_id: int, *, now: datetime, closed: bool = False) -> list[dict[str, Any]]:
    """The cases of a store's orders and of goods that come to it: open ones by their clock, or closed this week."""
    given = {"store": store_id, "since": now - timedelta(days=7)}
    return _cards(session, fetch(session, _CLOSED if closed else _OPEN, given))


def arbitration(session: Session) -> list[dict[str, Any]]:
    """What the head office is to decide, the oldest first."""
    return _cards(session, fetch(session, _ARBITRATION, {}))


def one(session: Session, case_id: int, *, store_id: int | None = None, member_id: int | None = None) -> dict[str, Any]:
    """One case: of this member, or of a store it concerns, or any; somebody else's is NotFound."""
    row = first(session, _ONE, {"id": case_id})
    mine = row is not None and member_id in (None, row.member_id)
    if row is None or not mine or store_id not in (None, row.store_id, row.at_store_id):
        raise NotFound(case_id=case_id)
    return _cards(session, [row])[0]


_STEPS = text("SELECT kind, at, data FROM journal WHERE subject = :subject ORDER BY id")


def steps(session: Session, case: dict[str, Any]) -> list[dict[str, Any]]:
    """What has happened to a case, the oldest first: `event` in the past tense, when, and what was said with it."""
    rows = fetch(session, _STEPS, {"subject": f"aftersale:{case['store_id']}:{case['id']}"})
    return [steps_of(row) for row in rows]


def steps_of(fact: Any) -> dict[str, str]:
    """One fact of a case as its page shows it."""
    said = {name: str(fact.data.get(name) or "") for name in ("reason", "tracking_no")}
    return {"event": fact.kind.removeprefix("aftersale."), "at": fact.at.isoformat(), **said}


def of_member(
    session: Session, member_id: int, *, order_id: int | None = None, before: int | None = None, most: int = 20
) -> list[dict[str, Any]]:
    """A member's cases, of one order or of all, newest first; `before` pages on."""
    given = {"member": member_id, "order": order_id, "before": before, "most": most}
    return _cards(session, fetch(session, _OF_MEMBER, given))


_ORDER = text("""
    SELECT o.*, coalesce(m.phone_masked, nullif(left(m.name, 1), '') || '**', '') AS customer, store.name AS store_name
    FROM sale_order o JOIN store ON store.id = o.store_id LEFT JOIN member m ON m.id = o.member_id
    WHERE o.store_id = :store AND o.id = :order""")
_LEFT = text("""
    SELECT line.line_no, line.name, line.spec, line.unit, line.weighed, line.qty, line.net_fen, line.gift, p.picture,
           (SELECT min(code) FROM barcode b WHERE b.sku_id = line.sku_id) AS barcode,
           back.qty AS returned_qty, back.fen AS refunded_fen, asked.qty AS asked_qty, asked.fen AS asked_fen,
           line.qty - back.qty - asked.qty AS left_qty, line.net_fen - back.fen - asked.fen AS left_fen, asked.case_ids
    FROM order_line line JOIN sku ON sku.id = line.sku_id JOIN product p ON p.id = sku.product_id
    CROSS JOIN LATERAL (SELECT coalesce(sum(r.qty), 0)::bigint AS qty, coalesce(sum(r.refund_fen), 0)::bigint AS fen
        FROM return_line r WHERE r.store_id = line.store_id AND r.order_id = line.order_id
          AND r.line_no = line.line_no) back
    CROSS JOIN LATERAL (SELECT coalesce(sum(a.qty), 0)::bigint AS qty, coalesce(sum(a.amount_fen), 0)::bigint AS fen,
            coalesce(array_agg(c.id ORDER BY c.id) FILTER (WHERE c.id IS NOT NULL), '{}') AS case_ids
        FROM aftersale_line a JOIN aftersale_case c ON c.store_id = a.store_id AND c.id = a.case_id
        WHERE a.store_id = line.store_id AND a.order_id = line.order_id AND a.line_no = line.line_no
          AND c.locks) asked
    WHERE line.store_id = :store AND line.order_id = :order ORDER BY line.line_no""")


def order(session: Session, store_id: int, order_id: int, *, member_id: int | None = None) -> dict[str, Any]:
    """What each line of an order was paid, what of it is back or asked for, and what is left of units and money.

    :raises NotFound: there is none, or it is somebody else's.
    """
    key = {"store": store_id, "order": order_id}
    head = first(session, _ORDER, key)
    if head is None or member_id not in (None, head.member_id):
        raise NotFound(order_id=order_id)
    lines = [row._asdict() for row in fetch(session, _LEFT, key)]
    return {
        "no": number(store_id, order_id),
        "order_id": order_id,
        "store_id": store_id,
        "store_name": head.store_name,
        "channel": head.channel,
        "state": head.state,
        "customer": head.customer,
        "payable_fen": head.payable_fen,
        "freight_fen": head.freight_fen,
        "at": _iso(head.placed_at),
        "closed_at": _iso(head.closed_at),
        "lines": lines,
    }


_STORE_OF = text("SELECT store_id FROM sale_order WHERE id = :order AND member_id = :member")


def store_of(session: Session, member_id: int, order_id: int) -> int:
    """The store of a member's order; NotFound when it is not theirs."""
    found = first(session, _STORE_OF, {"order": order_id, "member": member_id})
    if found is None:
        raise NotFound(order_id=order_id)
    return int(found.store_id)
