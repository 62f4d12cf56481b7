"""The way out to WeChat: where a call really goes, how long it may take, and what of it may be logged."""

from __future__ import annotations

import logging
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from config.wechat.given import DEADLINE_S, TIMEOUT_S

API = "https://api.weixin.qq.com"


class Origin(HTTPAdapter):
    """Sends what is addressed to WeChat to a configured origin, with a time-out on every call.

    `timeout_s` bounds each silence, `deadline_s` the whole: an answer that trickles a byte at a time ends too.
    """

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")
        self.timeout_s, self.deadline_s = TIMEOUT_S, DEADLINE_S
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Rewrite the origin, bound the time, read the answer whole; raises ReadTimeout at the deadline."""
        assert request.url is not None
        if request.url.startswith(API):
            request.url = self.base + request.url[len(API) :]
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self.timeout_s
        until = time.monotonic() + self.deadline_s
        answer = super().send(request, *args, **kwargs | {"stream": True})
        parts = []
        while part := answer.raw.read1(1 << 16, decode_content=True):
            parts.append(part)
            if time.monotonic() > until:
                answer.close()
                raise requests.ReadTimeout(request=request)
        answer._content = b"".join(parts)
        answer.raw.release_conn()
        return answer


class _Discreet(logging.Filter):
    """Cuts the query off every address that urllib3 logs: WeChat wants secrets and tokens there."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = record.getMessage(), None
        head, mark, tail = record.msg.partition("?")
        if mark:
            record.msg = f"{head}?… {tail.partition(' ')[2]}"
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_Discreet())
