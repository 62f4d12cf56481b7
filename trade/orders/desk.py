"""Parcels as the desk of the store that does them shows them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import NotFound
from trade.fulfilment import clocks, notices
from trade.fulfilment.states import ON_THE_DESK
from trade.orders import substituting
from trade.orders.numbers import number

_HEAD = """
    SELECT p.*, o.placed_at, o.paid_at, o.remark, o.payable_fen, o.channel, o.may_substitute,
           staff.name AS handed_by_name, here.opens_minute, here.closes_minute, here.zone, here.closes_early_at,
           coalesce(m.phone_masked, nullif(left(m.name, 1), '') || '**', '') AS customer,
           coalesce((SELECT taker.name FROM assignment said
                     JOIN staff taker ON taker.id = CAST(substring(said.actor FROM '^staff:([0-9]+)$') AS bigint)
                     WHERE said.store_id = p.store_id AND said.order_id = p.order_id AND said.parcel_id = p.id
                       AND said.outcome = 'accepted' ORDER BY said.id DESC LIMIT 1), '') AS taken_by,
           coalesce(a.region_name, '') AS region_name, coalesce(a.name_masked, '') AS recipient,
           (SELECT jsonb_agg(jsonb_build_object('wave_id', w.wave_id, 'tote', w.tote, 'temperature', w.temperature,
                'picker', (SELECT name FROM staff WHERE staff.id = wave.picker_id))
                ORDER BY w.wave_id) FROM wave_parcel w JOIN wave ON wave.store_id = w.store_id AND wave.id = w.wave_id
            WHERE w.store_id = p.at_store_id AND w.order_store_id = p.store_id AND w.parcel_id = p.id
              AND wave.closed_at IS NULL) AS waves
    FROM parcel p LEFT JOIN store here ON here.id = p.at_store_id
    LEFT JOIN order_address a ON a.store_id = p.store_id AND a.order_id = p.order_id
    JOIN sale_order o ON o.store_id = p.store_id AND o.id = p.order_id
    LEFT JOIN member m ON m.id = o.member_id LEFT JOIN staff ON staff.id = p.handed_by
    WHERE p.at_store_id = :at """
PAGE, MOST = 200, 2_000
_OPEN = text(_HEAD + "AND p.state = ANY(:states) ORDER BY p.promise_at, p.id LIMIT :most")
_COUNTS = text(
    "SELECT state, count(*) AS parcels FROM parcel WHERE at_store_id = :at AND state = ANY(:states) GROUP BY 1"
)
_DONE = text(
    _HEAD + "AND p.state = 'delivered' AND p.hop > 0 AND p.closed_at >= :since ORDER BY p.closed_at DESC LIMIT 100"
)
"""What a till's customer carried out was nobody's work here (`hop` 0)."""
_ONE = text(_HEAD + "AND p.id = :parcel")
_LINES = text("""
    SELECT part.*, CASE WHEN line.given_sku_id IS NULL THEN line.name ELSE product.name END AS name,
           CASE WHEN line.given_sku_id IS NULL THEN line.spec ELSE sku.spec END AS spec, sku.unit, sku.weighed,
           product.picture, product.temperature, line.given_sku_id IS NOT NULL AS substituted,
           level.counted_at,
           coalesce(level.on_hand, 0) AS on_hand, coalesce(level.count_due, false) AS count_due,
           coalesce(store_sku.shelf, '') AS shelf,
           (SELECT min(code) FROM barcode WHERE barcode.sku_id = part.sku_id) AS barcode
    FROM parcel_line part
    JOIN order_line line ON line.store_id = part.store_id AND line.order_id = part.order_id
        AND line.line_no = part.line_no
    JOIN sku ON sku.id = part.sku_id JOIN product ON product.id = sku.product_id
    LEFT JOIN stock_level level ON level.store_id = :at AND level.sku_id = part.sku_id
    LEFT JOIN store_sku ON store_sku.store_id = :at AND store_sku.sku_id = part.sku_id
    WHERE part.parcel_id = ANY(:parcels) ORDER BY part.parcel_id, part.line_no""")
STAGES = {
    "assigned": "new",
    **dict.fromkeys(("accepted", "picking", "picked"), "picking"),
    **dict.fromkeys(("ready", "packed", "courier_called"), "ready"),
    "handed": "away",
    **dict.fromkeys(("no_show", "returning"), "back"),
    "delivered": "done",
}
"""The columns of the desk."""
_LINE = (
    "line_no sku_id name spec unit weighed qty picked_qty short_qty handed_qty over_qty shelf barcode picture"
    " temperature substituted on_hand count_due"
)
_MOMENTS = (
    *("placed_at", "paid_at", "promise_at", "assigned_at", "accept_by", "cancel_by", "accepted_at"),
    *("picked_at", "ready_at", "handed_at", "closed_at"),
)
_PLAIN = (
    "id store_id order_id state mode channel customer taken_by recipient region_name may_substitute remark payable_fen"
    " bags seals carrier tracking_no failed_because alarm reminded delegated hop case_id"
)


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _clock(parcel: Any) -> dict[str, str | None]:
    """The store's clock, which runs while it is open: when it is nudged, and loudly."""
    if parcel.state != "assigned" or parcel.accept_by is None:
        return {"nudge_at": None, "loud_at": None}
    hours = clocks.Hours(parcel.opens_minute, parcel.closes_minute, parcel.zone, parcel.closes_early_at)
    run = (hours, parcel.assigned_at, parcel.accept_by)
    nudge_at, loud_at = (clocks.share_by(*run, permille) for permille in (clocks.NUDGE, clocks.LOUD))
    return {"nudge_at": _moment(nudge_at), "loud_at": _moment(loud_at)}


def _line(row: Any, offered: Sequence[Any]) -> dict[str, Any]:
    """One line; `counted_at` is when somebody last counted its goods here, `substitutes` what was offered for it."""
    return {
        **{name: getattr(row, name) for name in _LINE.split()},
        "counted_at": _moment(row.counted_at),
        "substitutes": [
            {
                **{name: getattr(one, name) for name in ("id", "by_sku_id", "name", "spec", "unit", "picture", "qty")},
                **{name: getattr(one, name) for name in ("refund_fen", "outcome")},
                "answer_by": _moment(one.answer_by),
            }
            for one in offered
            if one.line_no == row.line_no
        ],
    }


def notice(row: Any) -> dict[str, Any] | None:
    """What became of telling the customer; None when there was nothing to tell."""
    if row is None:
        return None
    shown = {name: getattr(row, name) for name in ("event", "state", "way", "code", "version")}
    times = {"asked_at": _moment(row.asked_at), "settled_at": _moment(row.settled_at), "told_at": _moment(row.told_at)}
    return {**shown, **times, "resends_left": max(notices.AGAIN + 1 - row.sends, 0)}


def _cards(session: Session, at_store_id: int, parcels: Sequence[Any]) -> list[dict[str, Any]]:
    if not parcels:
        return []
    lines: dict[int, list[Any]] = defaultdict(list)
    offered: dict[int, list[Any]] = defaultdict(list)
    ids = [parcel.id for parcel in parcels]
    for row in fetch(session, _LINES, {"at": at_store_id, "parcels": ids}):
        lines[row.parcel_id].append(row)
    for one in substituting.of_parcels(session, parcels):
        offered[one.parcel_id].append(one)
    told = notices.newest(session, [notices.subject(parcel) for parcel in parcels])
    return [
        {
            **{name: getattr(parcel, name) for name in _PLAIN.split()},
            **{name: _moment(getattr(parcel, name)) for name in _MOMENTS},
            **_clock(parcel),
            "stage": STAGES.get(parcel.state, parcel.state),
            "place": parcel.shelf,
            "no": number(parcel.store_id, parcel.order_id),
            "items": len(lines[parcel.id]),
            "cold": sorted({row.temperature for row in lines[parcel.id]} - {"ambient"}),
            "notice": notice(told.get(notices.subject(parcel))),
            "waves": parcel.waves or [],
            "lines": [_line(row, offered[parcel.id]) for row in lines[parcel.id]],
        }
        for parcel in parcels
    ]


def counts(session: Session, at_store_id: int) -> Counter[str]:
    """How many parcels the store has to do with now, by stage."""
    found: Counter[str] = Counter()
    for row in fetch(session, _COUNTS, {"at": at_store_id, "states": sorted(ON_THE_DESK)}):
        found[STAGES.get(row.state, row.state)] += row.parcels
    return found


def still_open(session: Session, at_store_id: int, *, most: int = PAGE) -> list[dict[str, Any]]:
    """What the store has to do with now, at most so many, the one with the least time left first."""
    given = {"at": at_store_id, "states": sorted(ON_THE_DESK), "most": most}
    return _cards(session, at_store_id, fetch(session, _OPEN, given))


def one(session: Session, at_store_id: int, parcel_id: int) -> dict[str, Any]:
    """One parcel of this store; NotFound when it is another's."""
    found = _cards(session, at_store_id, fetch(session, _ONE, {"at": at_store_id, "parcel": parcel_id}))
    if not found:
        raise NotFound(parcel_id=parcel_id)
    return found[0]


def done(session: Session, at_store_id: int, *, since: datetime) -> list[dict[str, Any]]:
    """What was handed over since a moment, newest first."""
    parcels = fetch(session, _DONE, {"at": at_store_id, "since": since})
    cards = _cards(session, at_store_id, parcels)
    return [
        {"no": card["no"], "at": card["closed_at"], "by": parcel.handed_by_name or ""}
        | {name: card[name] for name in ("customer", "items")}
        for card, parcel in zip(cards, parcels, strict=True)
    ]
