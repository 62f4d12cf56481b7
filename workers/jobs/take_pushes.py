"""What WeChat pushed takes its effect; what we answer to it is owed, and sent by `send_talks`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import let_go, open_session, transaction
from config.logs import log
from config.wechat.callback import Push
from config.wechat.given import WeChatFailed
from config.wechat.ready import service
from mall import heard
from member import followers
from member.talks import inbox


def run(ids: Sequence[int], new_session: Callable[[], Session] = open_session) -> int:
    """Apply the pushes behind these journal rows, oldest first; returns how many.

    Who a new follower is, is asked before the transaction; when WeChat does not say, it is asked another day.
    """
    done = 0
    with new_session() as session:
        for row in journal.still_open(session, ids):
            push, now = inbox.opened(session, row.data["push_id"]), clock.now()
            who = _asked(session, push, now) if push else None
            let_go(session)
            with transaction(session):
                if not journal.take(session, [row.id]):
                    continue  # another worker has it, or it is done
                if push is not None:
                    heard.take(session, push, row.data["push_id"], unionid=who, now=now)
                    inbox.done(session, row.data["push_id"], now=now)
                    done += 1
                journal.finish(session, [row.id], now=now)
    return done


def _asked(session: Session, push: Push, now: datetime) -> str | None:
    """The follower's unionid, empty when WeChat knows none; None when nobody was asked or nobody answered."""
    account = service()
    wanted = push.app == "service" and push.event != "unsubscribe" and account is not None
    if not wanted or not followers.to_be_asked(session, push.openid, now=now):
        return None
    let_go(session)
    assert account is not None
    try:
        return account.follower(push.openid).unionid or ""
    except WeChatFailed as failed:
        log.warning("follower_not_asked", code=failed.code)
        return None
