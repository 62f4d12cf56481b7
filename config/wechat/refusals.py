"""What WeChat told us to stop: quotas that are used up, and refusals of ourselves that a person must mend.

Both lie in Redis, so that one process's refusal spares all others the call.  Losing Redis loses nothing: the next
call is refused again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis import Redis
from redis.exceptions import RedisError

from config import clock
from config.logs import log
from config.wechat.given import WeChatFailed

BUSY, DAY_USED_UP, MINUTE_USED_UP = "-1", "45009", "45011"
MINUTE_S = 60
MENDED_BY_A_PERSON = ("40164", "89503", "40125", "40013", "40243", "48001", "TOKEN_REFUSED", DAY_USED_UP)
"""Address not on the list, or waiting for the administrator; secret or appid wrong; secret frozen; an account without
the right to call this; a token that stays refused; the day's quota.
"""
KEPT_S = 24 * 3600
_ADDRESS = re.compile(r"invalid ip ([0-9a-fA-F.:]+)")


@dataclass(frozen=True, slots=True)
class Alarm:
    """WeChat refuses us: which app, with which code, what we asked for, and the address it does not want."""

    appid: str
    code: str
    path: str
    address: str
    since: datetime


def midnight(at: datetime) -> datetime:
    """The next midnight in Beijing, where WeChat's day ends."""
    return (at.astimezone(clock.SHANGHAI) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


class Refusals:
    """What one app was refused.  Redis being away stops nothing: then every call is tried."""

    def __init__(self, redis: Redis, prefix: str, appid: str) -> None:
        self._redis, self._appid = redis, appid
        self._stop, self._alarms = f"{prefix}:wechat-stop:{appid}:", f"{prefix}:wechat-alarms"

    def check(self, path: str) -> None:
        """Raises WeChatFailed, which says until when, while the quota of this endpoint is used up."""
        kept = None
        with suppress(RedisError):
            kept = self._redis.get(self._stop + path)
        if isinstance(kept, bytes):
            code, _, stamp = kept.decode().partition(" ")
            if (until := datetime.fromisoformat(stamp)) > clock.now():
                raise WeChatFailed(code, until=until)

    def judge(self, path: str, code: str, words: str, *, stops: bool = True) -> WeChatFailed:
        """What a refusal means: whether, and from when, the call may be tried again.  Raises the alarm where due.

        :param words: WeChat's own; only the address that it refuses is taken from them.
        :param stops: False where one person's haste must not stop everybody (log-in).
        """
        if code in MENDED_BY_A_PERSON:
            self.alarm(path, code, found[1] if (found := _ADDRESS.search(words)) else "")
        if not stops or code not in (DAY_USED_UP, MINUTE_USED_UP):
            return WeChatFailed(code, retryable=code in (BUSY, MINUTE_USED_UP))
        at = clock.now()
        until = midnight(at) if code == DAY_USED_UP else at + timedelta(seconds=MINUTE_S)
        log.warning("wechat_quota", path=path, code=code, until=until.isoformat())
        with suppress(RedisError):
            left_ms = int((until - at).total_seconds() * 1000)
            self._redis.set(self._stop + path, f"{code} {until.isoformat()}", px=left_ms)
        return WeChatFailed(code, until=until)

    def alarm(self, path: str, code: str, address: str = "") -> None:
        """Tell the operator, in the log at once and on the desk by the job that reads `alarms`."""
        log.error("wechat_refuses_us", appid=self._appid, path=path, code=code, address=address)
        said = {"appid": self._appid, "code": code, "path": path, "address": address, "since": clock.now().isoformat()}
        with suppress(RedisError):
            self._redis.hsetnx(self._alarms, f"{self._appid} {code}", json.dumps(said))
            self._redis.expire(self._alarms, KEPT_S)

    def mended(self) -> None:
        """WeChat gave us a token: whatever it refused us for is put right (a quota ends by itself)."""
        with suppress(RedisError):
            codes = [code for code in MENDED_BY_A_PERSON if code != DAY_USED_UP]
            self._redis.hdel(self._alarms, *(f"{self._appid} {code}" for code in codes))

    def lift(self) -> None:
        """The quota was reset: every endpoint may be asked again."""
        with suppress(RedisError):
            for name in self._redis.scan_iter(f"{self._stop}*"):
                self._redis.delete(name)
            self._redis.hdel(self._alarms, f"{self._appid} {DAY_USED_UP}")


def alarms(redis: Redis, prefix: str) -> Iterator[Alarm]:
    """What WeChat refuses us at this moment; the day's quota only while the day lasts."""
    for kept in redis.hgetall(f"{prefix}:wechat-alarms").values():  # type: ignore[union-attr]
        said = json.loads(kept)
        one = Alarm(**said | {"since": datetime.fromisoformat(said["since"])})
        if one.code != DAY_USED_UP or midnight(one.since) > clock.now():
            yield one
