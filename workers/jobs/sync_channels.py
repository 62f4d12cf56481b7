"""Stock goes out to the sales channels: what is owed, newest first, no faster than each allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import let_go, open_session, transaction
from config.logs import log
from trade.stock.channels import sending
from trade.stock.channels.sending import Channel
from workers.adapters import ADAPTERS
from workers.adapters.shape import PartnerAway

TURN_S = 20
"""A channel that is owed more than this allows gives the others their turn; the clock brings it back."""


def run(ids: Sequence[int] = (), new_session: Callable[[], Session] = open_session) -> int:
    """Tell every channel what it is owed; returns how many figures were sent.

    Woken by `channel.stock_changed` and by the clock.  What to send is read from the table, never from the row that
    woke it, so rows of many changes lead to one call, and a lost wake to none the less.  Safe in two workers at once:
    each channel is leased.  The rows are done at the end; a job that is killed before is offered again.
    """
    with new_session() as session:
        sent = 0
        for channel_id in sending.owed(session, now=clock.now()):
            let_go(session)
            sent += _tell(session, channel_id)
        if ids:
            with transaction(session):
                journal.finish(session, [row.id for row in journal.take(session, ids)], now=clock.now())
    return sent


def _tell(session: Session, channel_id: int) -> int:
    leased_at, sent, ends = clock.now(), 0, time.monotonic() + TURN_S
    with transaction(session):
        channel = sending.lease(session, channel_id, now=leased_at)
    if channel is None:
        return 0
    try:
        while time.monotonic() < ends and (batch := _one_batch(session, channel)):
            sent += batch
    except PartnerAway as away:
        log.warning("channel_away", channel=channel.code, why=away.why)
    finally:
        with transaction(session):
            sending.release(session, channel_id, leased_at=leased_at)
    return sent


def _one_batch(session: Session, channel: Channel) -> int:
    """Send one batch and note its answer; 0 when nothing is owed.  Raises PartnerAway after noting it."""
    adapter, now = ADAPTERS[channel.kind], clock.now()
    with transaction(session):
        figures = sending.take(session, channel, now=now)
        if figures:
            adapter.note(session, channel, figures, now)
    let_go(session)
    if not figures:
        return 0
    try:
        answers = adapter.send(session, channel, figures, clock.now())
    except PartnerAway as away:
        with transaction(session):
            sending.failed(session, channel.id, away.why, sent_at=now, now=clock.now(), wait=away.wait)
        raise
    with transaction(session):
        sending.acknowledge(session, channel.id, answers, now=clock.now())
    return len(figures)
