"""A document becomes an order of ours: its skus found, its goods held, its money noted, at the prices it came with.

What cannot be placed is never lost: it waits (`received`, with a next try) or stands before a person (`quarantined`),
and either way it is an exception with its money, until a later try succeeds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from trade.catalogue import kits
from trade.exceptions import cases
from trade.orders import addresses, pay
from trade.orders import moves as orders
from trade.orders.intake import changing, moves
from trade.orders.intake.documents import Document, Line
from trade.payments import channel as tender
from trade.stock import moves as stock

SHIPS_WITHIN = timedelta(hours=24)
AGAIN_S = (60, 300, 900, 1800)
"""How long what nobody has in stock waits, in seconds, from try to try."""
FAILED_S, ALARM_AFTER = (0, 5, 60, 600), 3

_DUE = text("""
    SELECT channel_id, external_no FROM intake_order
    WHERE (state = 'received' OR (state = 'ordered' AND (applied_revision < revision
        OR (cancel_asked_at IS NOT NULL AND cancel_refused_at IS NULL))))
      AND (next_try_at IS NULL OR next_try_at <= :now)
    ORDER BY received_at, external_no LIMIT :most""")
_HEAD = text("""
    SELECT h.*, c.platform, c.code, c.default_store_id, d.raw, d.receiver_sealed,
           set_config('synchronous_commit', 'off', true) AS not_awaited
    FROM intake_order h JOIN sales_channel c ON c.id = h.channel_id
    JOIN intake_document d ON d.channel_id = h.channel_id AND d.external_no = h.external_no AND d.revision = h.revision
    WHERE h.channel_id = :channel AND h.external_no = :no FOR NO KEY UPDATE OF h SKIP LOCKED""")
_SKUS = text("""
    SELECT l.external_sku, sku.id, product.name, sku.spec, sku.unit, sku.weighed
    FROM channel_listing l JOIN sku ON sku.id = l.sku_id JOIN product ON product.id = sku.product_id
    WHERE l.channel_id = :channel AND l.external_sku = ANY(:skus)""")
_STORES = text(f"""
    SELECT s.store_id, w.sku_id,
           greatest(coalesce(l.free_online, {kits.free("free_online", "s.store_id", "w.sku_id")}, 0), 0) AS free
    FROM channel_store s CROSS JOIN unnest(CAST(:skus AS bigint[])) AS w(sku_id)
    LEFT JOIN stock_level l ON l.store_id = s.store_id AND l.sku_id = w.sku_id
    WHERE s.channel_id = :channel ORDER BY s.position, s.store_id, w.sku_id""")


def due(session: Session, *, now: datetime, most: int) -> list[tuple[int, str]]:
    """What waits to be taken in, changed or cancelled, the oldest first: (channel id, external number)."""
    return [(row.channel_id, row.external_no) for row in fetch(session, _DUE, {"now": now, "most": most})]


def subject(channel_id: int, external_no: str) -> str:
    """How the exception desk names an order of a channel."""
    return f"intake:{channel_id}:{external_no}"


class Stopped(Exception):
    """It cannot be placed so: `kind` of exception, `cause`, what a person needs, and whether time may help."""

    def __init__(self, kind: str, cause: str, facts: Mapping[str, Any], *, waits: bool = False) -> None:
        super().__init__(cause)
        self.kind, self.cause, self.facts, self.waits = kind, cause, facts, waits


Goods = dict[tuple[int, str], Any]
"""What a run has looked up already: the sku of a channel's own name."""


def take(
    session: Session, channel_id: int, external_no: str, *, goods: Goods | None = None, actor: str, now: datetime
) -> str:
    """Do what is due with one order of a channel, in the caller's transaction; returns what came of it.

    The transaction's commit is not awaited on disk: what a power cut takes back is taken in again, for the row that
    says it is ours goes with it.

    `ordered`, `quarantined`, `waits`; `changed`, `unchanged`, `late`; `cancelled`, `cancel_refused`; `skipped` when
    another worker has it or nothing is due.

    :raises OutOfStock: somebody was faster at the shelf; the transaction is rolled back and it is taken again.
    """
    head = first(session, _HEAD, {"channel": channel_id, "no": external_no})
    if head is None:
        return "skipped"
    if head.state == "ordered":
        if head.cancel_asked_at and not head.cancel_refused_at:
            return changing.cancel(session, head, actor=actor, now=now)
        if head.applied_revision < head.revision:
            return changing.follow(session, head, actor=actor, now=now)
        return "skipped"
    if head.state != "received":
        return "skipped"
    try:
        key = _place(session, head, {} if goods is None else goods, actor=actor, now=now)
    except Stopped as why:
        return _stop(session, head, why, actor=actor, now=now)
    if head.tries:
        for kind in ("adapter_rejected", "amount_mismatch", "address_undeliverable"):
            cases.clear(session, kind, subject(channel_id, external_no), actor=actor, now=now)
    moves.move(session, channel_id, external_no, "order", key=key, revision=head.revision, actor=actor, now=now)
    return "ordered"


def failed(session: Session, channel_id: int, external_no: str, why: str, *, actor: str, now: datetime) -> None:
    """A try ended in a fault or a race, and nothing of it was kept: it is tried again, later each time.

    The third in a row is an exception.
    """
    head = first(session, _HEAD, {"channel": channel_id, "no": external_no})
    if head is None:
        return
    again_at = now + timedelta(seconds=FAILED_S[min(head.tries, len(FAILED_S) - 1)])
    if head.tries + 1 >= ALARM_AFTER:
        facts = {"channel": head.code, "external_no": external_no, "error": why}
        cases.open(
            session, "adapter_rejected", subject(channel_id, external_no), money_fen=head.money_fen, facts=facts,
            cause="failed", next_try_at=again_at, actor=actor, now=now,
        )  # fmt: skip
    moves.note(session, channel_id, external_no, again_at=again_at, failed=True)


def _known(session: Session, channel_id: int, lines: list[Line], goods: Goods) -> dict[str, Any]:
    """Our sku of each line, looked up once a run; :raises Stopped: some are unknown."""
    names = {line.sku for line in lines}
    if missing := sorted(name for name in names if (channel_id, name) not in goods):
        for row in fetch(session, _SKUS, {"channel": channel_id, "skus": missing}):
            goods[channel_id, row.external_sku] = row
    if unknown := sorted(name for name in names if (channel_id, name) not in goods):
        raise Stopped("adapter_rejected", "unknown_sku", {"skus": unknown[:20]})
    return {name: goods[channel_id, name] for name in names}


def _place(session: Session, head: Any, goods: Goods, *, actor: str, now: datetime) -> tuple[int, int]:
    document = Document.kept(head)
    lines = document.lines()
    if off_by_fen := document.off_by_fen():
        raise Stopped("amount_mismatch", "sums_differ", {"off_by_fen": off_by_fen, "paid_fen": document.paid_fen})
    if faults := document.address().faults():
        raise Stopped("address_undeliverable", "address_not_sound", {"fields": faults})
    known = _known(session, head.channel_id, lines, goods)
    wants: Counter[int] = Counter()
    for line in lines:
        wants[known[line.sku].id] += line.qty
    where = _stores_for(session, head, wants, may_split=document.may_split)
    order_id = _open(session, head, document, lines, known, where[0][0], actor, now)
    for store_id, part in sorted(where):
        stock.hold(session, store_id, part, order_id=order_id)
    key = where[0][0], order_id
    if document.paid_fen:
        tender.take(session, *key, document.paid_fen, head.external_no, now=now)
    addresses.write(session, *key, document.address(), now=now)
    pay.settle(session, *key, actor=actor, now=now, channel_id=head.channel_id)
    return key


def _stores_for(
    session: Session, head: Any, wants: Mapping[int, int], *, may_split: bool
) -> list[tuple[int, dict[int, int]]]:
    """Where the goods are held: one store for all if there is one, the channel's own first; else as few as need be.

    The first is the order's store.  A kit comes whole from one store, and with it everything else; so does
    what may not be split.
    """
    stores: dict[int, dict[int, int]] = {}
    for row in fetch(session, _STORES, {"channel": head.channel_id, "skus": sorted(wants)}):
        stores.setdefault(row.store_id, {})[row.sku_id] = row.free
    ordered = sorted(stores, key=lambda store_id: store_id != head.default_store_id)  # else by their position
    for store_id in ordered:
        if all(stores[store_id][sku] >= qty for sku, qty in wants.items()):
            return [(store_id, dict(wants))]
    left, parts = dict(wants), []
    whole = not may_split or not kits.known(session).keys().isdisjoint(wants)
    for store_id in () if whole else ordered:
        part = {sku: min(qty, stores[store_id][sku]) for sku, qty in left.items() if stores[store_id][sku]}
        if part:
            parts.append((store_id, part))
            left = {sku: qty - part.get(sku, 0) for sku, qty in left.items() if qty > part.get(sku, 0)}
    if left:
        raise Stopped("adapter_rejected", "out_of_stock", {"short": {str(k): v for k, v in left.items()}}, waits=True)
    return parts


def _open(
    session: Session,
    head: Any,
    document: Document,
    lines: list[Line],
    known: Mapping[str, Any],
    store_id: int,
    actor: str,
    now: datetime,
) -> int:
    """Write the order as the document has it: list prices, who bore which discount, and what was paid."""
    rows, shares = [], []
    for line_no, line in enumerate(lines, 1):
        sku = known[line.sku]
        plain = {"sku_id": sku.id, "name": sku.name, "spec": sku.spec, "unit": sku.unit, "weighed": sku.weighed}
        figures = {"qty": line.qty, "unit_price_fen": line.unit_price_fen, "list_fen": line.list_fen}
        nothing = {"earns_points": 0, "earn_basis_fen": 0, "principal_fen": 0, "bonus_fen": 0}
        rows.append({"line_no": line_no, **plain, **figures, "net_fen": line.net_fen, **nothing})
        for source, fen in (("channel", line.platform_fen), ("channel_own", line.merchant_fen)):
            if fen:
                shares.append({"line_no": line_no, "source": source, "source_id": 0, "amount_fen": fen, "points": 0})
    blank = ("member_id", "staff_id", "till_id", "shift_id", "pay_by", "paid_at", "closed_at", "policy", "tier")
    whole = dict.fromkeys((*blank, "earn_multiplier_bp", "terms_version")) | dict.fromkeys(
        ("coupon_fen", "points_used", "points_fen", "wallet_principal_fen", "wallet_bonus_fen", "earns_points"), 0
    )
    whole |= {
        "store_id": store_id,
        "channel": head.platform,
        "mode": document.raw["mode"],
        "list_fen": sum(line.list_fen for line in lines),
        "discount_fen": sum(line.platform_fen + line.merchant_fen for line in lines),
        "freight_fen": document.freight_fen,
        "payable_fen": document.paid_fen,
        "earn_basis_fen": 0,
        "placed_at": now,
        "promise_at": document.at("promise_at") or now + SHIPS_WITHIN,
        "remark": document.raw["remark"],
        "sales_channel_id": head.channel_id,
        "external_no": head.external_no,
        "may_split": document.may_split,
    }
    return orders.open_order(session, whole, rows, shares, actor=actor)


def _stop(session: Session, head: Any, why: Stopped, *, actor: str, now: datetime) -> str:
    """It is not placed: an exception says so, and it waits for time or for a person."""
    facts = {"channel": head.code, "external_no": head.external_no, **why.facts}
    again_at = now + timedelta(seconds=AGAIN_S[min(head.tries, len(AGAIN_S) - 1)]) if why.waits else None
    cases.open(
        session, why.kind, subject(head.channel_id, head.external_no), money_fen=head.money_fen, facts=facts,
        cause=why.cause, next_try_at=again_at, actor=actor, now=now,
    )  # fmt: skip
    if why.waits:
        moves.note(session, head.channel_id, head.external_no, reason=why.cause, again_at=again_at, failed=True)
        return "waits"
    key = head.channel_id, head.external_no
    moves.move(session, *key, "quarantine", reason=why.cause, facts=why.facts, actor=actor, now=now)
    return "quarantined"
