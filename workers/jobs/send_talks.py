"""Answers that are owed go to WeChat as customer-service messages, in order, within what it allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import let_go, open_session, transaction
from config.logs import log
from config.wechat.given import WeChatFailed
from config.wechat.ready import talks
from member.talks import moves, windows
from member.talks.moves import Message

CLOSED = ("45015", "45047")
"""The window is closed, or too many were sent: WeChat's count is believed."""

NOT_TAKEN = (
    "-1", "45009", "45011", "40001", "40125", "40164", "ConnectTimeout", "TOKEN_WAIT", "TOKEN_STORE", "TOKEN_REFUSED",
)  # fmt: skip
"""After these WeChat surely delivered nothing, and may do so later.  Any other that is no refusal stays unknown."""


def run(ids: Sequence[int], new_session: Callable[[], Session] = open_session) -> int:
    """Send what is owed for these journal rows; returns how many messages WeChat took.

    A row stays open while one of its messages may still be tried: its lease offers it again.
    """
    sent = 0
    with new_session() as session:
        for row in journal.still_open(session, ids):
            push_id = row.data["push_id"]
            while (message := _begin(session, push_id)) is not None and (_send(session, message)):
                sent += 1
            with transaction(session):
                if not moves.left_open(session, push_id):
                    journal.finish(session, [row.id], now=clock.now())
    return sent


def _begin(session: Session, push_id: int) -> Message | None:
    with transaction(session):
        return moves.begin(session, push_id, now=clock.now())


def _send(session: Session, message: Message) -> bool:
    """One message; True when WeChat took it, so that the next may follow."""
    account = talks(message.app)
    let_go(session)
    code = ""
    try:
        if account is None:
            raise WeChatFailed("NO_ACCOUNT")
        account.send(message.openid, message.body)
    except WeChatFailed as failed:
        code = failed.code
        log.warning("talk_not_sent", app=message.app, code=code)
    with transaction(session):
        now = clock.now()
        if code in NOT_TAKEN:
            moves.again(session, message, code=code, now=now)
        else:
            refused = code == "NO_ACCOUNT" or code.lstrip("-").isdigit()
            moves.end(session, message.id, "dropped" if refused else "unknown" if code else "sent", code=code, now=now)
        if code in CLOSED:
            windows.close(session, message.app, message.person)
    return not code
