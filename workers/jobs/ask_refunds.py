"""Refunds that have not ended: asked for again, or asked about, until they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from config import clock
from config.db import let_go, open_session, transaction
from config.logs import log
from config.wechat.given import WeChatFailed
from config.wechat.ready import pay
from trade.payments import janitor
from trade.payments.refunds import moves
from workers.jobs.send_refunds import ACTOR, STATES, send

BATCH = 20


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Settle every refund that is due, BATCH a run, every 20 s; returns how many ended.  Safe to run twice.

    One that WeChat has not taken is sent again under its own number; one it has taken is asked about.
    """
    ended = 0
    with new_session() as session:
        due = janitor.refunds(session, now=clock.now(), most=BATCH)
        let_go(session)
        for refund in due:
            if refund.state == "requested":
                send(session, refund)
            else:
                ended += _ask(session, refund)
    return ended


def _ask(session: Session, refund: Any) -> bool:
    try:
        state = pay().query_refund(refund.refund_no)
    except WeChatFailed as error:
        log.warning("refund_question_failed", code=error.code)
        state = "PROCESSING"
    with transaction(session):
        if state != "PROCESSING" and moves.move(session, refund.refund_no, STATES[state], actor=ACTOR, now=clock.now()):
            return state in ("SUCCESS", "CLOSED")
        moves.ask_later(session, refund.refund_no, refund.asked + 1, actor=ACTOR, now=clock.now())
    return False
