"""Nightly: every channel is asked what it shows; what differs from what it acknowledged is told again."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from config import clock
from config.db import let_go, open_session, transaction
from config.logs import log
from trade.stock.channels import comparing, sending
from workers.adapters import ADAPTERS
from workers.adapters.shape import PartnerAway

ACTOR = "job:compare_channels"


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Compare every channel that is not paused; returns how many skus differ.  Safe to run twice.

    A channel that does not answer is left to the next night: what it is owed alarms by itself.
    """
    differ = 0
    with new_session() as session:
        for row in comparing.channels(session):
            channel, skus = sending.of(row), comparing.to_ask(session, row.id)
            let_go(session)
            try:
                shown = ADAPTERS[channel.kind].theirs(channel, skus, clock.now()) if skus else None
            except PartnerAway as away:
                log.warning("channel_not_compared", channel=channel.code, why=away.why)
                continue
            theirs = None if shown is None else {skus[name]: qty for name, qty in shown.items()}
            with transaction(session):
                differ += comparing.compare(session, row.id, row.code, theirs, actor=ACTOR, now=clock.now())
    return differ
