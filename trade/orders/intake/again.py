"""A person helped: what was quarantined or waits is taken in once more, or refused for good."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.exceptions import cases
from trade.orders.intake import moves
from trade.orders.intake.taking import subject

_STATE = text("SELECT state FROM intake_order WHERE channel_id = :channel AND external_no = :no FOR NO KEY UPDATE")
_LACKED = text("""
    SELECT external_no FROM intake_order
    WHERE channel_id = :channel AND state = 'quarantined' AND reason = 'unknown_sku'
      AND facts -> 'skus' ?| CAST(:skus AS text[])
    ORDER BY external_no LIMIT 500 FOR NO KEY UPDATE""")


def again(session: Session, channel_id: int, external_no: str, *, actor: str, now: datetime) -> None:
    """Try an order once more, at once.

    :raises WrongState: it is ours already, or cancelled.  :raises NotFound: the channel sent no such order.
    """
    found = fetch(session, _STATE, {"channel": channel_id, "no": external_no})
    if found and found[0].state == "received":
        moves.note(session, channel_id, external_no, again_at=None)
        moves.wake(session, channel_id, actor=actor, now=now)
        return
    moves.move(session, channel_id, external_no, "again", actor=actor, now=now)


def listed(session: Session, channel_id: int, external_skus: Collection[str], *, actor: str, now: datetime) -> int:
    """Skus that were unknown are known now: every order that lacked one is tried again; returns how many."""
    lacked = fetch(session, _LACKED, {"channel": channel_id, "skus": sorted(external_skus)})
    for row in lacked:
        moves.move(session, channel_id, row.external_no, "again", actor=actor, now=now)
    return len(lacked)


def reject(session: Session, channel_id: int, external_no: str, reason: str, *, actor: str, now: datetime) -> None:
    """Refuse an order that is not ours yet: the channel reads it in its feed and gives the money back.

    :raises WrongState: it is ours, or has ended.  :raises NotFound: there is none.
    """
    for kind in ("adapter_rejected", "amount_mismatch", "address_undeliverable"):
        cases.clear(session, kind, subject(channel_id, external_no), actor=actor, now=now, note=reason)
    moves.move(session, channel_id, external_no, "reject", reason=reason, actor=actor, now=now)
