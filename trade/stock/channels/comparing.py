"""Nightly: what a channel shows against what it acknowledged; a difference is an exception and is told again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.exceptions import cases
from trade.stock.channels import figures

SETTLED = timedelta(minutes=10)
"""A figure that was acknowledged just now may not be shown yet."""

_NOTE = text("""
    UPDATE channel_stock k SET theirs_qty = t.qty, compared_at = :now
    FROM unnest(CAST(:skus AS bigint[]), CAST(:qtys AS bigint[])) AS t(sku_id, qty)
    WHERE k.channel_id = :channel AND k.sku_id = t.sku_id""")
_DIFFER = text("""
    SELECT sku_id, acked_qty, theirs_qty FROM channel_stock
    WHERE channel_id = :channel AND acked_version = version AND acked_at <= :settled AND compared_at IS NOT NULL
      AND theirs_qty <> acked_qty ORDER BY abs(theirs_qty - acked_qty) DESC, sku_id""")
_TO_ASK = text("""
    SELECT l.external_sku, k.sku_id FROM channel_stock k
    JOIN channel_listing l ON l.channel_id = k.channel_id AND l.sku_id = k.sku_id
    WHERE k.channel_id = :channel AND k.acked_version > 0 ORDER BY k.sku_id""")
_CHANNELS = text("SELECT * FROM sales_channel WHERE NOT paused ORDER BY id")


def to_ask(session: Session, channel_id: int) -> dict[str, int]:
    """The channel's own skus that it has acknowledged a figure of, with ours."""
    return {row.external_sku: row.sku_id for row in fetch(session, _TO_ASK, {"channel": channel_id})}


def channels(session: Session) -> list[Any]:
    """Every channel that is not paused."""
    return fetch(session, _CHANNELS, {})


def compare(
    session: Session, channel_id: int, code: str, theirs: Mapping[int, int] | None, *, actor: str, now: datetime
) -> int:
    """Hold a channel's figures (sku id -> units it shows) against what it acknowledged; returns how many differ.

    Each that differs is told again.  The exception names how many and how far, and closes when a comparison finds
    nothing.

    :param theirs: None takes what its last acknowledgements said.
    """
    if theirs:
        given = {"channel": channel_id, "now": now, "skus": list(theirs), "qtys": list(theirs.values())}
        fetch(session, _NOTE, given)
    differ = fetch(session, _DIFFER, {"channel": channel_id, "settled": now - SETTLED})
    subject = f"channel:{channel_id}"
    if not differ:
        cases.clear(session, "channel_drift", subject, now=now)
        return 0
    units = sum(abs(row.theirs_qty - row.acked_qty) for row in differ)
    shown = [{"sku_id": row.sku_id, "ours": row.acked_qty, "theirs": row.theirs_qty} for row in differ[:20]]
    facts = {"channel": code, "skus": len(differ), "units": units, "first": shown}
    cases.open(session, "channel_drift", subject, money_fen=0, at_stake=units, facts=facts, actor=actor, now=now)
    skus = [row.sku_id for row in differ]
    figures.recompute(session, channel_id, skus=skus, again=True, actor=actor, now=now)
    return len(differ)
