"""Refunds whose notice did not come: WeChat is asked until they end."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import clock
from config.db import let_go, open_session, transaction
from config.logs import log
from config.wechat import WeChatFailed
from config.wechat_ready import pay
from trade.payments import moves
from workers.jobs.send_refunds import ACTOR, STATES

BATCH = 20
_DUE = text(
    "SELECT refund_no, asked FROM refund WHERE state = 'accepted' AND ask_at <= :now ORDER BY ask_at LIMIT :most"
)


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Ask about every accepted refund that is due, BATCH a run; returns how many ended.  Safe to run twice."""
    ended = 0
    with new_session() as session:
        due = session.execute(_DUE, {"now": clock.now(), "most": BATCH}).all()
        let_go(session)
        for number, asked in due:
            try:
                state = pay().query_refund(number)
            except WeChatFailed as error:
                log.warning("refund_question_failed", code=error.code)
                state = "PROCESSING"
            with transaction(session):
                if state == "PROCESSING":
                    moves.ask_refund_later(session, number, asked + 1, now=clock.now())
                else:
                    ended += moves.move_refund(session, number, STATES[state], actor=ACTOR, now=clock.now())
    return ended
