"""The order centre: everything that waits for a person, held orders and exceptions in one list, as screens show it.

A store sees what is of its own orders or has its work; the head office sees all.  An item is named `case-12` or
`hold-7-45` (store and order of a held order).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound
from trade.orders.numbers import number
from trade.orders.shipping import read as shipping

PAGE = 50

QUEUES: dict[str, str] = {
    "review": "i.type = 'hold'",
    "exceptions": "i.type = 'case'",
    "unrouted": "i.kind IN ('unroutable', 'stock_broken', 'address_undeliverable')",
    "overdue": "(i.kind = 'store_time_out' OR i.due_at < :now)",
    "refunds": "i.kind IN ('refund_failed', 'paid_late', 'amount_mismatch', 'qr_unmatched')",
    "frozen": "i.kind = 'shipping_info_failed'",
}
"""待审, 异常, 待派, 超时, 待退款, 冻结资金: each a view of the same items, so one may stand in two."""

_ITEMS = """
    SELECT 'case' AS type, 'case-' || c.id AS ref, c.id AS case_id, c.kind, c.subject, c.store_id, c.order_id,
        c.at_store_id, c.money_fen, c.at_stake, c.unit, c.cause, c.facts, c.opened_at, c.due_at, c.owner, c.taken_at,
        c.next_try_at, c.tries, c.resolved_at, c.resolver, c.note
    FROM exception_case c WHERE {cases}
    UNION ALL
    SELECT 'hold', 'hold-' || r.store_id || '-' || r.order_id, 0, 'review', 'order:' || r.store_id || ':' || r.order_id,
        r.store_id, r.order_id, r.store_id, o.payable_fen, o.payable_fen, 'fen', r.reasons -> 0 ->> 'reason',
        jsonb_build_object('reasons', r.reasons), r.judged_at, coalesce(r.due_at, r.judged_at), coalesce(r.owner, ''),
        r.taken_at, NULL, 0, r.decided_at, r.decided_by, r.note
    FROM order_review r JOIN sale_order o ON o.store_id = r.store_id AND o.id = r.order_id WHERE {holds}"""
_WAITING = _ITEMS.format(cases="c.resolved_at IS NULL", holds="r.state = 'hold' AND o.state = 'paid'")
_MINE = "(CAST(:store AS bigint) IS NULL OR i.store_id = :store OR i.at_store_id = :store)"
_OVERVIEW = text(
    "SELECT "
    + ", ".join(
        f"count(*) FILTER (WHERE {where}) AS {queue}_count,"
        f" coalesce(sum(i.money_fen) FILTER (WHERE {where}), 0)::bigint AS {queue}_money_fen,"
        f" min(i.opened_at) FILTER (WHERE {where}) AS {queue}_oldest_at,"
        f" count(*) FILTER (WHERE i.due_at < :now AND {where}) AS {queue}_overdue"
        for queue, where in QUEUES.items()
    )
    + f" FROM ({_WAITING}) i WHERE {_MINE}"
)
_BY_KIND = text(f"""
    SELECT i.kind, count(*) AS cases, sum(i.money_fen)::bigint AS money_fen, min(i.opened_at) AS oldest_at
    FROM ({_WAITING}) i WHERE i.type = 'case' AND {_MINE} GROUP BY 1 ORDER BY 2 DESC, 1""")
_LAST = text("SELECT max(placed_at) AS at FROM sale_order WHERE channel <> 'till'")
_SHOWN = """
    SELECT i.*, p.id AS parcel_id, p.state AS parcel_state, p.case_id AS aftersale_id, s.name AS store_name,
        h.name AS at_store_name, w.name AS owner_name, o.state AS order_state,
        coalesce(o.payable_fen, 0) AS payable_fen, o.placed_at, o.paid_at, coalesce(o.remark, '') AS remark,
        coalesce(m.phone_masked, nullif(left(m.name, 1), '') || '**', '') AS customer
    FROM ({items}) i LEFT JOIN store s ON s.id = i.store_id LEFT JOIN store h ON h.id = i.at_store_id
    LEFT JOIN staff w ON i.owner = 'staff:' || w.id
    LEFT JOIN parcel p ON p.store_id = i.store_id
        AND p.id = CASE WHEN i.subject ~ '^parcel:[0-9]+:[0-9]+$' THEN split_part(i.subject, ':', 3)::bigint END
    LEFT JOIN sale_order o ON o.store_id = i.store_id AND o.id = i.order_id LEFT JOIN member m ON m.id = o.member_id"""
_LIST = f"""{_SHOWN.format(items=_WAITING)}
    WHERE {_MINE} AND (CAST(:kind AS text) IS NULL OR i.kind = :kind)
      AND (CAST(:of AS bigint) IS NULL OR i.store_id = :of OR i.at_store_id = :of)
      AND (CAST(:owner AS text) IS NULL OR i.owner = :owner)
      AND (CAST(:after_at AS timestamptz) IS NULL OR (i.due_at, i.ref) > (:after_at, CAST(:after_ref AS text)))
      AND {{queue}} ORDER BY i.due_at, i.ref LIMIT :most"""
_LISTS = {queue: text(_LIST.format(queue=where)) for queue, where in {"": "true", **QUEUES}.items()}
_ONE = text(
    _SHOWN.format(
        items=_ITEMS.format(
            cases="c.id = CAST(:case AS bigint)",
            holds="r.store_id = CAST(:of AS bigint) AND r.order_id = CAST(:order AS bigint) AND r.state <> 'none'",
        )
    )
    + f" WHERE {_MINE}"
)
_LINES = text("""
    SELECT line_no, name, spec, unit, weighed, qty, list_fen, net_fen, gift FROM order_line
    WHERE store_id = :of AND order_id = :order ORDER BY line_no""")
_HISTORY = text("""
    SELECT j.at, j.kind, j.actor, j.data, coalesce(w.name, '') AS name FROM journal j
    LEFT JOIN staff w ON j.actor = 'staff:' || w.id
    WHERE j.subject = ANY(:subjects) ORDER BY j.id DESC LIMIT 60""")

_TOLD = ("note", "remedy", "reason", "reasons", "line_no", "picked_qty", "amount_fen", "cause", "why")
"""What of a fact's data the history shows."""

_ROUTED = text("""
    SELECT d.hop, d.at, d.chosen ->> 'outcome' AS outcome, d.candidates -> 'removed' AS removed,
        jsonb_array_length(d.candidates -> 'kept') + coalesce((d.candidates ->> 'more')::bigint, 0) AS able,
        (SELECT coalesce(jsonb_agg(s.name ORDER BY s.id), '[]') FROM store s WHERE s.id IN (
            SELECT (p ->> 'store_id')::bigint FROM jsonb_array_elements(d.chosen -> 'parcels') p)) AS stores
    FROM routing_decision d WHERE d.store_id = :of AND d.order_id = :order ORDER BY d.id DESC LIMIT 6""")

_REF = re.compile(r"case-(\d{1,18})|hold-(\d{1,9})-(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which items: `owner` is an actor (mine) or a role; `after` is where the page before ended."""

    queue: str = ""
    kind: str | None = None
    store_id: int | None = None
    owner: str | None = None
    after: str | None = None
    most: int = PAGE


def overview(session: Session, *, store_id: int | None, now: datetime) -> dict[str, Any]:
    """Every queue with count, money at stake, oldest and overdue; exceptions by kind; when the last order came.

    `frozen` is what WeChat keeps at this moment (`shipping/read.py`), whether or not anybody looked: the queue of that
    name has what it refused.

    :param store_id: whose desk it is; None is the head office.
    """
    given = {"store": store_id, "now": now}
    found = fetch(session, _OVERVIEW, given)[0]._asdict()
    queues = [
        {
            "queue": queue,
            "count": found[f"{queue}_count"],
            "money_fen": found[f"{queue}_money_fen"],
            "oldest_at": _iso(found[f"{queue}_oldest_at"]),
            "overdue": found[f"{queue}_overdue"],
        }
        for queue in QUEUES
    ]
    kinds = [
        {"kind": row.kind, "count": row.cases, "money_fen": row.money_fen, "oldest_at": _iso(row.oldest_at)}
        for row in fetch(session, _BY_KIND, given)
    ]
    last_at = _iso(fetch(session, _LAST, {})[0].at)
    frozen = shipping.frozen(session, store_id=store_id, now=now)
    return {"queues": queues, "kinds": kinds, "last_order_at": last_at, "frozen": frozen}


def listed(session: Session, asked: Asked, *, store_id: int | None, now: datetime) -> tuple[list[dict[str, Any]], str]:
    """A page of what waits, the soonest due first, and the cursor of the next page ('' at the end)."""
    at, _, ref = (asked.after or "").partition("|")
    given = {"store": store_id, "kind": asked.kind, "of": asked.store_id, "owner": asked.owner, "now": now}
    given |= {"after_at": at or None, "after_ref": ref, "most": asked.most}
    found = fetch(session, _LISTS[asked.queue], given)
    last = f"{found[-1].due_at.isoformat()}|{found[-1].ref}" if len(found) == asked.most else ""
    return [_card(row) for row in found], last


def key(ref: str) -> dict[str, int | None]:
    """`case-12` or `hold-7-45` taken apart; NotFound for anything else."""
    found = _REF.fullmatch(ref)
    if found is None:
        raise NotFound(ref=ref[:40])
    case, of, order = (int(part) if part else None for part in found.groups())
    return {"case": case, "of": of, "order": order}


def row(session: Session, ref: str, *, store_id: int | None) -> Any:
    """One item as it stands, open or closed; NotFound when there is none or it is not this store's."""
    found = first(session, _ONE, {**key(ref), "store": store_id})
    if found is None:
        raise NotFound(ref=ref)
    return found


def one(session: Session, ref: str, *, store_id: int | None) -> dict[str, Any]:
    """One item with its order's lines, where it was routed and why, what WeChat was told, and all that happened."""
    found = row(session, ref, store_id=store_id)
    subjects = [f"exception:{found.case_id}"] if found.case_id else []
    lines: list[dict[str, Any]] = []
    routing: list[dict[str, Any]] = []
    told: list[dict[str, Any]] = []
    if found.order_id:
        subjects.append(f"order:{found.order_id}")
        asked = {"of": found.store_id, "order": found.order_id}
        lines = [line._asdict() for line in fetch(session, _LINES, asked)]
        routing = [_routed(row) for row in fetch(session, _ROUTED, asked)]
        told = shipping.of_order(session, found.store_id, found.order_id)
    history = [
        {"at": _iso(fact.at), "kind": fact.kind, "actor": fact.actor, "name": fact.name, "data": _told(fact.data)}
        for fact in fetch(session, _HISTORY, {"subjects": subjects})
    ]
    return _card(found) | {"lines": lines, "routing": routing, "shipping": told, "history": history}


def _routed(row: Any) -> dict[str, Any]:
    """Why this store, or why none: who was chosen, how many could, and by filter how many could not."""
    removed = {name: len(stores) for name, stores in (row.removed or {}).items()}
    return {
        "hop": row.hop,
        "at": _iso(row.at),
        "outcome": row.outcome,
        "stores": row.stores,
        "able": row.able,
        "removed": removed,
    }


def _told(data: dict[str, Any]) -> dict[str, Any]:
    return {name: data[name] for name in _TOLD if data.get(name)}


def _card(found: Any) -> dict[str, Any]:
    order = None
    if found.order_state:
        order = {
            "no": number(found.store_id, found.order_id),
            "state": found.order_state,
            "payable_fen": found.payable_fen,
            "placed_at": _iso(found.placed_at),
            "paid_at": _iso(found.paid_at),
            "remark": found.remark,
            "customer": found.customer,
        }
    plain = "ref type kind subject store_id order_id at_store_id store_name at_store_name money_fen at_stake unit cause"
    return {
        **{name: getattr(found, name) for name in plain.split()},
        **{name: getattr(found, name) for name in ("facts", "owner", "owner_name", "tries", "resolver", "note")},
        **{name: _iso(getattr(found, name)) for name in ("opened_at", "due_at", "taken_at", "next_try_at")},
        "resolved_at": _iso(found.resolved_at),
        "order": order,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
