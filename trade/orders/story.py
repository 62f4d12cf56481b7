"""One order as a story: what has happened to it, its parcels and its cases, why this store, and what may come next.

The facts are the journal's, so the story needs no table of its own; which of them a customer is told is `TOLD`.
Three statements, whatever the order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound
from trade.orders.aftersales.read import steps_of
from trade.orders.aftersales.states import Kind
from trade.orders.aftersales.terms import terms_at
from trade.orders.headline import may_ask, may_cancel
from trade.orders.invoices import wishes

TOLD = frozenset({
    "order.placed", "order.sold", "order.paid", "order.expired", "order.cancelled", "order.refused", "order.revived",
    "order.completed", "parcel.assigned", "parcel.asked", "parcel.accepted", "parcel.filled", "parcel.readied",
    "parcel.packed", "parcel.courier_called", "parcel.handed", "parcel.renumbered", "parcel.delivered",
    "parcel.collected", "parcel.partly_collected", "parcel.missed", "parcel.failed", "parcel.came_back",
    "parcel.short", "parcel.rejected", "parcel.timed_out", "parcel.taken_away", "pickup.code_replaced",
    "invoice.requested", "invoice.issued", "invoice.refused", "invoice.reversed",
})  # fmt: skip
"""Facts of an order that its customer is told; those of its cases all are."""

_HEAD = text("""
    SELECT o.id, o.store_id, o.channel, o.mode, o.state, o.paid_at, o.closed_at,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'mode', p.mode, 'state', p.state,
             'at_store_id', p.at_store_id, 'store_name', s.name, 'case_id', p.case_id, 'why',
             (SELECT jsonb_build_object('need', d.candidates -> 'need', 'kept', d.candidates -> 'kept',
                  'more', d.candidates -> 'more', 'hop', d.hop) FROM routing_decision d
              WHERE d.store_id = p.store_id AND d.order_id = p.order_id
                AND (d.parcel_id = p.id OR d.parcel_id IS NULL) ORDER BY d.id DESC LIMIT 1)) ORDER BY p.id), '[]')
         FROM parcel p LEFT JOIN store s ON s.id = p.at_store_id
         WHERE p.store_id = o.store_id AND p.order_id = o.id) AS parcels,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'kind', c.kind, 'state', c.state,
             'asked_fen', c.asked_fen, 'due_by', CASE c.state WHEN 'applied' THEN c.answer_by
                 WHEN 'wait_return' THEN c.send_by END) ORDER BY c.id), '[]')
         FROM aftersale_case c WHERE c.store_id = o.store_id AND c.order_id = o.id) AS cases,
        (SELECT coalesce(sum(greatest(l.qty - back.qty - asked.qty, 0)), 0)::bigint FROM order_line l
         CROSS JOIN LATERAL (SELECT coalesce(sum(r.qty), 0) AS qty FROM return_line r WHERE r.store_id = l.store_id
             AND r.order_id = l.order_id AND r.line_no = l.line_no) back
         CROSS JOIN LATERAL (SELECT coalesce(sum(a.qty), 0) AS qty FROM aftersale_line a
             JOIN aftersale_case c ON c.store_id = a.store_id AND c.id = a.case_id AND c.locks
             WHERE a.store_id = l.store_id AND a.order_id = l.order_id AND a.line_no = l.line_no) asked
         WHERE l.store_id = o.store_id AND l.order_id = o.id) AS left_qty
    FROM sale_order o WHERE o.id = :order AND o.member_id = :member""")
_FACTS = text("""
    SELECT j.kind, j.subject, j.at, j.data, s.name AS store_name FROM journal j
    LEFT JOIN store s ON s.id = (j.data ->> 'at_store_id')::bigint
    WHERE j.subject = ANY(:subjects) ORDER BY j.at, j.id""")


def of(session: Session, member_id: int, order_id: int, *, now: datetime) -> dict[str, Any]:
    """The story of a member's order: `steps` oldest first, `why` by parcel, open and closed `cases`, and what `may` be.

    :raises NotFound: there is none, or it is somebody else's.
    """
    order = first(session, _HEAD, {"order": order_id, "member": member_id})
    if order is None:
        raise NotFound(order_id=order_id)
    subjects = [f"order:{order.id}", *(f"aftersale:{order.store_id}:{case['id']}" for case in order.cases)]
    facts = fetch(session, _FACTS, {"subjects": subjects})
    own = [parcel for parcel in order.parcels if parcel["case_id"] is None]
    return {
        "steps": [step for fact in facts if (step := _step(fact))],
        "why": [why(order, parcel) for parcel in own if parcel["store_name"]],
        "cases": order.cases,
        "may": _may(session, order, own, now),
    }


def _step(fact: Any) -> dict[str, Any] | None:
    """A fact as the page shows it; None for one that is not the customer's."""
    if fact.subject.startswith("aftersale:"):
        case_id = int(fact.subject.rpartition(":")[2])
        return {"case_id": case_id, "parcel_id": None, "store_name": "", **steps_of(fact)}
    if fact.kind not in TOLD:
        return None
    data = fact.data
    return {
        "case_id": None,
        "parcel_id": data.get("parcel_id"),
        "store_name": fact.store_name or "",
        "event": fact.kind,
        "at": fact.at.isoformat(),
        "reason": str(data.get("reason") or ""),
        "tracking_no": str(data.get("tracking_no") or ""),
    }


def why(order: Any, parcel: Mapping[str, Any]) -> dict[str, Any]:
    """Why this store does a parcel: one word, with how far it is and how many others could have.  Pure.

    chosen      the customer chose it: it is fetched there
    moved       it took over from another that could not
    only        nobody else had all of it
    nearest     of those that had all of it none is nearer
    best        weighed with the others it cost least and kept the promise
    """
    kept: Sequence[Mapping[str, Any]] = (parcel["why"] or {}).get("kept") or ()
    here = next((one for one in kept if one["store_id"] == parcel["at_store_id"]), None)
    far = here["distance_m"] if here else None
    told = {"parcel_id": parcel["id"], "store_name": parcel["store_name"], "distance_m": far}
    told["others"] = max(len(kept) + int((parcel["why"] or {}).get("more") or 0) - 1, 0)
    if parcel["mode"] == "pickup" and parcel["at_store_id"] == order.store_id:
        return told | {"because": "chosen"}
    if (parcel["why"] or {}).get("hop") or parcel["mode"] == "pickup":
        return told | {"because": "moved"}
    if not told["others"]:
        return told | {"because": "only"}
    nearest = far is not None and far == min(one["distance_m"] for one in kept)
    return told | {"because": "nearest" if nearest else "best"}


def _may(session: Session, order: Any, parcels: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    """The legal next steps: a word each, and of which kinds an after-sales case may be."""
    stand = [parcel["state"] for parcel in parcels]
    ended = order.state in ("done", "cancelled")
    online = order.channel != "till"
    return {
        "pay": online and order.state == "placed",
        "cancel": online and not ended and may_cancel(order.state, stand),
        "ask_to_cancel": online and not ended and may_ask(order.state, stand),
        "receive": [one["id"] for one in parcels if one["state"] == "handed" and one["mode"] != "pickup"],
        "aftersale": _kinds(session, order, now),
        "buy_again": order.state != "placed",
        "invoice": _invoiced(session, order),
    }


def _invoiced(session: Session, order: Any) -> bool:
    """Whether there is an invoice to see or to ask for."""
    of = wishes.shown(session, order.store_id, order.id)
    return bool(of["may"] or of["invoice"])


def _kinds(session: Session, order: Any, now: datetime) -> list[str]:
    if order.state in ("paid", "confirmed") and order.left_qty:
        return [Kind.UNSHIPPED_REFUND]
    if order.state != "done":
        return []
    terms, kinds = terms_at(session, now), []
    if order.left_qty and order.closed_at + timedelta(days=terms.apply_days) > now:
        kinds = [Kind.RETURN_REFUND, Kind.REFUND_ONLY, Kind.EXCHANGE, Kind.RESEND]
    if order.paid_at and order.paid_at + timedelta(days=terms.price_days) > now:
        kinds.append(Kind.PRICE_PROTECTION)
    return list(kinds)
