"""How a channel and we prove who speaks: HMAC-SHA256 over moment, nonce, request line and the raw body.

    signature = hex(HMAC-SHA256(secret, timestamp LF nonce LF METHOD LF path-with-query LF body))

Both ways alike; docs/channels.md is the partner's page.  A signature counts for WINDOW around its timestamp, and a
nonce once in that time.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import changed, first
from config.errors import Refused

WINDOW = timedelta(minutes=5)
_NONCE = re.compile(r"[0-9A-Za-z_-]{16,64}")
_STAMP = re.compile(r"[0-9]{10}")


class BadSignature(Refused):
    """The request is not signed as the channel's secret signs it, is too old, or was sent before."""

    code, status = "bad_signature", 401


def sign(secret: str, timestamp: str, nonce: str, method: str, path: str, body: bytes) -> str:
    """The signature of one request: 64 hex digits."""
    head = "\n".join((timestamp, nonce, method.upper(), path, "")).encode()
    return hmac.new(secret.encode(), head + body, hashlib.sha256).hexdigest()


_USE = text(
    "INSERT INTO channel_nonce (channel_id, nonce, at) VALUES (:channel, :nonce, :now)"
    " ON CONFLICT DO NOTHING RETURNING nonce"
)
_FORGET = text("DELETE FROM channel_nonce WHERE at < :before")


def check(secret: str, given: str, timestamp: str, nonce: str, request: tuple[str, str, bytes], now: datetime) -> None:
    """:raises BadSignature: `given` does not sign this request (method, path with query, body), or not at this time."""
    if not _STAMP.fullmatch(timestamp) or not _NONCE.fullmatch(nonce):
        raise BadSignature()
    fresh = abs(int(now.timestamp()) - int(timestamp)) <= WINDOW.total_seconds()
    method, path, body = request
    meant = sign(secret, timestamp, nonce, method, path, body)
    if not hmac.compare_digest(meant.encode(), given.encode("utf-8", "replace")) or not fresh:
        raise BadSignature()


def use_nonce(session: Session, channel_id: int, nonce: str, *, now: datetime) -> None:
    """:raises BadSignature: this nonce was used; of two at once one succeeds."""
    if first(session, _USE, {"channel": channel_id, "nonce": nonce, "now": now}) is None:
        raise BadSignature()


def forget(session: Session, *, now: datetime) -> int:
    """Drop nonces that no valid timestamp can carry any more; returns how many."""
    return changed(session, _FORGET, {"before": now - 3 * WINDOW})
