"""What WeChat refuses us for comes onto the head office's desk, and goes when WeChat takes us again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from config.redis import connection
from config.settings import settings
from config.wechat import ready
from config.wechat.given import WeChatFailed
from config.wechat.refusals import DAY_USED_UP, Alarm, alarms
from trade.exceptions import cases

KIND = "wechat_refuses"


def _standing() -> list[Alarm]:
    return list(alarms(connection(), settings().redis_prefix))


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Make the desk agree with what WeChat refuses us for, every minute on queue `wechat`; returns how many.

    Whether a person has mended it is asked for first, by one question for a token, which changes nothing.  Safe to
    run twice and in two workers at once.  Without Redis nothing is known, and nothing changes.
    """
    with suppress(RedisError):
        appids = {one.appid for one in _standing() if one.code != DAY_USED_UP}
        for client in filter(None, (ready.mini_client(), ready.service_client()) if appids else ()):
            with suppress(WeChatFailed):
                if client.appid in appids:
                    client.ask_for_token()
        found = [_found(one) for one in _standing()]
        with new_session() as session, transaction(session):
            cases.settle(session, KIND, "wechat:", found, now=clock.now())
        return len(found)
    return 0


def _found(one: Alarm) -> dict[str, Any]:
    facts = {"appid": one.appid, "code": one.code, "address": one.address, "path": one.path}
    subject = f"wechat:{one.appid}:{one.code}"
    return {"subject": subject, "at_stake": 1, "cause": one.code, "facts": facts}
