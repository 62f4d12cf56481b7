"""P11: what stands in exceptions and logs."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

from config.wechat.people import OpenPlatform
from tests.bench.wechat.row import API, Here, Rewrite, Row
from tests.wechat_stand_in.faults import ALWAYS

URLLIB3 = logging.getLogger("urllib3.connectionpool")
NOWHERE = "http://127.0.0.1:9"


class _Ear(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


def _leaks(here: Here, asks: list[Callable[[], Any]]) -> int:
    """Lines of logs at DEBUG, and failures, in which the app secret stands."""
    ear, root, told = _Ear(), logging.getLogger(), list[str]()
    loud = (root, logging.getLogger("urllib3"), logging.getLogger("wechatpy"))
    handlers, levels = root.handlers, [logger.level for logger in loud]
    root.handlers = [ear]
    for logger in loud:
        logger.setLevel(logging.DEBUG)
    try:
        for ask in asks:
            try:
                ask()
            except Exception as error:
                told.append("".join(traceback.format_exception(error)))
    finally:
        root.handlers = handlers
        for logger, level in zip(loud, levels, strict=True):
            logger.setLevel(level)
    ours = [line for line in ear.heard if not line.startswith("127.0.0.1 - - ")]  # the stand-in's own server
    return sum(here.given.secret in line for line in (*ours, *told))


def _raw(here: Here) -> int:
    """A token is fetched, and another cannot be because nobody answers; without the filter of ours on urllib3's log."""
    reached, lost = here.raw(timeout=1), here.raw(timeout=1)
    lost._http.mount(API, Rewrite(NOWHERE))
    filters, URLLIB3.filters = URLLIB3.filters, []
    try:
        return _leaks(here, [reached.fetch_access_token, lost.fetch_access_token])
    finally:
        URLLIB3.filters = filters


def _ours(here: Here) -> int:
    """A log-in that works, one that nobody answers, one that is refused, and the token's three fates."""
    here.world.faults.plant("code_refused", 1)
    lost = here.ours(api_base=NOWHERE)
    mall = OpenPlatform(here.given, here.store)
    log_in = [lambda: mall.code_to_session(here.world.code("login", "oTongdian0001"))] * 2
    asks: list[Callable[[], Any]] = [*log_in, lost.ask_for_token, lambda: lost.ask("GET", "/sns/jscode2session")]
    found = _leaks(here, [*asks, here.ours().ask_for_token])
    here.world.faults.plant("secret_refused", ALWAYS)
    return found + _leaks(here, [here.ours().ask_for_token])


ROWS = (Row("P11", "the app secret told", "log lines and failures", _raw, _ours, "0", lambda ours: ours == 0),)
