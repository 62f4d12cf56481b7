"""The service account's menu goes to WeChat once somebody approved it, never at start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from config import clock, journal
from config.db import let_go, open_session, transaction
from config.logs import log
from config.wechat.given import WeChatFailed
from config.wechat.ready import service, talks
from member.talks import menu, moves


def run(ids: Sequence[int], new_session: Callable[[], Session] = open_session) -> int:
    """Publish what was approved; returns how many menus WeChat took.

    WeChat takes 1000 a day: a menu is tried TRIES times and then failed, with WeChat's code beside it.
    """
    done = 0
    with new_session() as session:
        for row in journal.still_open(session, ids):
            version = menu.one(session, row.data["menu_id"])
            let_go(session)
            code, later = _publish(version) if version.state == "approved" else ("", False)
            with transaction(session):
                if later and version.tries + 1 < moves.TRIES:
                    moves.menu_tried(session, version.id, code)
                    continue  # the row stays open: its lease offers it again
                moves.menu_ended(session, version.id, code, now=clock.now())
                journal.finish(session, [row.id], now=clock.now())
                done += not code
    return done


def _publish(version: Any) -> tuple[str, bool]:
    """WeChat's code, empty when it took the menu, and whether it may be tried again: a menu sent twice is one menu."""
    account, mini = service(), talks("mini")
    if account is None or mini is None:
        return "NO_ACCOUNT", False
    try:
        account.create_menu(menu.for_wechat(version.buttons, mini.appid))
    except WeChatFailed as failed:
        log.warning("menu_not_published", code=failed.code)
        return failed.code, failed.retryable
    return "", False
