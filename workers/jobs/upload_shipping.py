"""WeChat is told of goods that left, so that it lets go of their money: within five minutes, pickup too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import let_go, open_session, transaction
from config.logs import log
from config.wechat.given import WeChatFailed
from config.wechat.ready import shipping
from config.wechat.shipping import COMPLETE, CORRECTED, UNCHANGED
from trade.orders.intake.feed import keys
from trade.orders.shipping import due, moves, read, shipment
from trade.orders.shipping.shipment import Shipment, Unsound

ACTOR = "job:upload_shipping"
BATCH, MOST = 20, 200
MAYBE_THERE = (COMPLETE, CORRECTED, UNCHANGED)


def run(ids: Sequence[int] = (), new_session: Callable[[], Session] = open_session) -> int:
    """Tell WeChat what fell due, MOST a run; returns how many it took.

    Woken by the facts of fulfilment, and every 20 s by the clock for what failed before.  Safe twice at once: each
    payment is leased, and a telling that was cut off is asked about before it is repeated, because WeChat would count
    the repeat as the one correction.
    """
    with new_session() as session:
        if ids:
            with transaction(session):
                rows = journal.take(session, ids)
                due.look(session, keys(rows), actor=ACTOR, now=clock.now())
                journal.finish(session, [row.id for row in rows], now=clock.now())
        if read.managed(session) is False:
            return 0
        taken = 0
        for _ in range(0, MOST, BATCH):
            with transaction(session):
                claimed = moves.claim(session, most=BATCH, now=clock.now())
            taken += sum(_tell(session, one) for one in claimed)
            if len(claimed) < BATCH:
                break
    return taken


def _tell(session: Session, claimed: Any) -> bool:
    key = (claimed.store_id, claimed.tender_id)
    stands = due.one(session, *key)
    let_go(session)
    if due.given_back(stands):
        with transaction(session):
            moves.move(session, *key, "end", turn=claimed.turn, actor=ACTOR, now=clock.now())
        return False
    try:
        wanted = due.wanted(stands)
        if wanted is not None and wanted.body != stands.sent:
            _send(stands, claimed, wanted)
    except (WeChatFailed, Unsound) as error:
        log.warning("shipping_not_taken", code=error.code, trade_no=stands.trade_no)
        about = {"money_fen": stands.amount_fen, "order_id": stands.order_id}
        with transaction(session):
            moves.failed(session, claimed, error.code, **about, actor=ACTOR, now=clock.now())
        return False
    with transaction(session):
        if wanted is None:  # what had left came back, and something else is still to leave
            moves.move(session, *key, "wait", turn=claimed.turn, actor=ACTOR, now=clock.now())
        else:
            moves.taken(session, claimed, wanted.body, whole=wanted.whole, actor=ACTOR, now=clock.now())
    return wanted is not None


def _send(stands: Any, claimed: Any, wanted: Shipment) -> None:
    """Raises WeChatFailed when WeChat neither takes it nor has it."""
    if claimed.tries > 1 and _is_there(stands, wanted):
        return
    try:
        shipping().upload(stands.transaction_id, wanted.body, payer=stands.payer, at=claimed.asked_at)
    except WeChatFailed as failed:
        if failed.code not in MAYBE_THERE or not _is_there(stands, wanted):
            raise


def _is_there(stands: Any, wanted: Shipment) -> bool:
    known = shipping().known(stands.transaction_id)
    return known is not None and not known.frozen and shipment.same(wanted.body, known.shipping)
