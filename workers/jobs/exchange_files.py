"""Every file exchange, by the clock: what is kept for it is written, what it put down is taken in."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, let_go, open_session, transaction
from config.logs import log
from trade.stock.channels import sending
from workers.adapters import files, inbox, order_files
from workers.adapters.shape import PartnerAway

_CHANNELS = text("SELECT * FROM sales_channel WHERE kind = 'files' ORDER BY id")


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Write and read each exchange's files; returns how many.  A folder that cannot be reached waits for the next turn.

    A paused channel is told nothing, but what it says is heard.
    """
    done = 0
    with new_session() as session:
        for row in fetch(session, _CHANNELS, {}):
            channel = sending.of(row)
            let_go(session)
            try:
                done += inbox.collect(session, channel)
                if not row.paused:
                    with transaction(session):
                        order_files.tell(session, channel)
                    let_go(session)
                    done += files.flush(session, channel)
            except (PartnerAway, OSError) as error:
                log.warning("exchange_waits", channel=channel.code, error=str(error))
    return done
