"""What a channel brings us, kept at once and answered; orders are made of it within seconds (`taking.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import changed, fetch, first
from trade.exceptions import cases
from trade.orders.intake import moves
from trade.orders.intake.documents import CancelForm, Document
from trade.orders.intake.taking import subject
from trade.orders.numbers import number

_ANSWERS = text("""
    SELECT a.n, d.print, h.state, h.reason, h.revision, h.store_id, h.order_id
    FROM unnest(CAST(:numbers AS text[]), CAST(:revisions AS bigint[])) WITH ORDINALITY AS a(external_no, revision, n)
    JOIN intake_document d ON d.channel_id = :channel AND d.external_no = a.external_no AND d.revision = a.revision
    JOIN intake_order h ON h.channel_id = :channel AND h.external_no = a.external_no ORDER BY a.n""")


def receive(
    session: Session, channel_id: int, documents: Sequence[Document], *, actor: str, now: datetime
) -> list[dict[str, Any]]:
    """Keep a batch; one answer a document, in their order.

    `outcome`: `new`; `known`, the first result again; `conflict`, the revision came before with another content (an
    exception, and nothing changes); `stale`, a newer revision is here already.  `state` is where the order stands.
    """
    fresh = moves.receive(session, channel_id, documents, now=now)
    given = {"channel": channel_id, "numbers": [one.external_no for one in documents]}
    rows = fetch(session, _ANSWERS, given | {"revisions": [one.revision for one in documents]})
    seen: set[tuple[str, int]] = set()
    answers, reused = [], set()
    for one, row in zip(documents, rows, strict=True):
        key, outcome = (one.external_no, one.revision), "known"
        if bytes(row.print) != one.print():
            outcome = "conflict"
            reused.add(one.external_no)
        elif key in fresh and key not in seen:
            outcome = "new" if row.revision == one.revision else "stale"
        seen.add(key)
        answers.append({"external_no": key[0], "revision": key[1], "outcome": outcome, **_stands(row)})
    for external_no in sorted(reused):
        facts = {"channel_id": channel_id, "external_no": external_no}
        cases.open(
            session, "duplicate", subject(channel_id, external_no), money_fen=0, facts=facts, cause="revision_reused",
            actor=actor, now=now,
        )  # fmt: skip
    if fresh:
        moves.wake(session, channel_id, actor=actor, now=now, documents=len(fresh))
    return answers


def _stands(row: Any) -> dict[str, Any]:
    order_no = number(row.store_id, row.order_id) if row.order_id else None
    return {"state": row.state, "reason": row.reason, "order_no": order_no}


_HEAD = text("""
    SELECT state, reason, store_id, order_id, cancel_asked_at, cancel_refused_at FROM intake_order
    WHERE channel_id = :channel AND external_no = :no FOR NO KEY UPDATE""")


def cancel(
    session: Session, channel_id: int, cancels: Sequence[CancelForm], *, actor: str, now: datetime
) -> list[dict[str, Any]]:
    """Note that buyers do not want their orders any more; one answer each, in their order.

    `outcome`: `tombstone`, it had not come and will not be placed; `cancelled`, at once, for it was no order yet;
    `asked`, it is an order: what comes of it is in the feed within seconds; `too_late`; `known`, the first result.
    """
    answers: dict[str, dict[str, Any]] = {}
    for one in sorted(cancels, key=lambda one: one.external_no):
        if one.external_no not in answers:
            answers[one.external_no] = _cancel(session, channel_id, one, actor, now)
    if any(answer["outcome"] == "asked" for answer in answers.values()):
        moves.wake(session, channel_id, actor=actor, now=now)
    return [answers[one.external_no] for one in cancels]


def _cancel(session: Session, channel_id: int, one: CancelForm, actor: str, now: datetime) -> dict[str, Any]:
    key = channel_id, one.external_no
    given = {"channel": channel_id, "no": one.external_no}
    head = first(session, _HEAD, given)
    if head is None and moves.bury(session, *key, one.reason, actor=actor, now=now):
        return {"external_no": one.external_no, "outcome": "tombstone", **_stands(fetch(session, _HEAD, given)[0])}
    head = head or fetch(session, _HEAD, given)[0]
    if head.state in ("received", "quarantined", "rejected"):
        moves.move(session, *key, "cancel", reason=one.reason, actor=actor, now=now)
        for kind in ("adapter_rejected", "amount_mismatch", "address_undeliverable"):
            cases.clear(session, kind, subject(*key), actor=actor, now=now, note="cancelled")
        outcome = "cancelled"
    elif head.state == "ordered" and head.cancel_asked_at is None:
        moves.note(session, *key, asked_at=now, cancel_reason=one.reason)
        outcome = "asked"
    else:
        outcome = "too_late" if head.cancel_refused_at else "known"
    return {"external_no": one.external_no, "outcome": outcome, **_stands(fetch(session, _HEAD, given)[0])}


_FORGET = text("""
    UPDATE intake_document SET receiver_sealed = NULL WHERE ctid IN (
        SELECT d.ctid FROM intake_document d JOIN intake_order h USING (channel_id, external_no)
        LEFT JOIN sale_order o ON o.store_id = h.store_id AND o.id = h.order_id
        WHERE d.at < :before AND d.receiver_sealed IS NOT NULL AND h.state <> 'received'
          AND (o.id IS NULL OR o.closed_at < :before) LIMIT :most)""")


def forget(session: Session, *, before: datetime, most: int = 5000) -> int:
    """Forget the receivers of documents whose orders ended, or never were, before a moment; returns how many."""
    return changed(session, _FORGET, {"before": before, "most": most})
