"""Refunds go to WeChat after the transaction that owes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import clock, journal
from config.db import let_go, open_session, transaction
from config.logs import log
from config.wechat.given import WeChatFailed
from config.wechat.ready import pay
from trade.payments.janitor import OWED
from trade.payments.refunds import moves

ACTOR = "wechat"
_ROWS = text("SELECT id, data FROM journal WHERE id = ANY(:ids) AND done_at IS NULL ORDER BY id")
_REFUND = text(OWED + " WHERE refund.store_id = :store AND refund.id = :id")
STATES = {"SUCCESS": "finish", "PROCESSING": "accept", "ABNORMAL": "stick", "CLOSED": "shut"}


def run(ids: Sequence[int], new_session: Callable[[], Session] = open_session) -> int:
    """Ask WeChat for each refund owed; returns how many it took.

    A refund has one number for ever, so asking twice refunds once.  What WeChat does not take stays due on the
    refund's own plan, which `ask_refunds` follows: the fact itself is done once it was tried.
    """
    taken = 0
    with new_session() as session:
        rows = session.execute(_ROWS, {"ids": list(ids)}).all()
        let_go(session)
        for row in rows:
            refund = session.execute(_REFUND, {"store": row.data["store_id"], "id": row.data["refund_id"]}).one()
            let_go(session)
            waits = refund.asked > 0 or (refund.ask_at is not None and refund.ask_at > clock.now())
            if refund.state != "requested" or waits or send(session, refund):
                taken += 1
            with transaction(session):
                journal.finish(session, [row.id], now=clock.now())
    return taken


def send(session: Session, refund: Any) -> bool:
    """Ask WeChat for one refund and note its answer; False when it did not take it."""
    try:
        state = pay().refund(
            trade_no=refund.trade_no,
            refund_no=refund.refund_no,
            refund_fen=refund.amount_fen,
            total_fen=refund.paid_fen,
            reason="通店退款",
        )
    except WeChatFailed as error:
        log.warning("refund_not_taken", code=error.code, refund_no=refund.refund_no)
        with transaction(session):
            moves.ask_later(session, refund.refund_no, refund.asked, actor=ACTOR, now=clock.now(), code=error.code)
        return False
    with transaction(session):
        moves.move(session, refund.refund_no, STATES[state], actor=ACTOR, now=clock.now())
    return True
