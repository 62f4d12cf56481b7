"""An express arrived: WeChat asks the customer to confirm it, which frees the money before its ten days."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import open_session, transaction
from config.logs import log
from config.wechat.given import WeChatFailed
from config.wechat.ready import shipping
from trade.orders.intake.feed import keys
from trade.orders.shipping import due, moves


def run(ids: Sequence[int], new_session: Callable[[], Session] = open_session) -> int:
    """Ask once for each payment whose last parcel arrived; returns how many were asked for.

    A reminder, not a duty: it is marked before the call, because WeChat allows one a payment, and one that fails is
    not repeated.
    """
    with new_session() as session:
        with transaction(session):
            rows = journal.take(session, ids)
            now = clock.now()
            found = [one for one in due.arrived(session, keys(rows)) if moves.reminded(session, *one[:2], now=now)]
            journal.finish(session, [row.id for row in rows], now=now)
        for _, _, transaction_id, received_at in found:
            try:
                shipping().remind_to_confirm(transaction_id, received_at=received_at)
            except WeChatFailed as failed:
                log.warning("confirm_not_asked", code=failed.code)
    return len(found)
