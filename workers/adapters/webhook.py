"""A shop system that is called: signed JSON over HTTPS (docs/channels.md is the partner's page).

A call ends within DEADLINE_S whatever the partner does, follows no redirect, and reads at most MOST_BYTES.  Its
idempotency key is made of its content: the same figures sent twice carry the same key, other figures another.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from sqlalchemy.orm import Session

from trade.stock.channels import figures as stock
from trade.stock.channels.book import endpoint_fault
from trade.stock.channels.figures import Figure
from trade.stock.channels.sending import Answer, Channel
from trade.stock.channels.signing import sign
from workers.adapters.shape import PartnerAway

TIMEOUT_S = (3, 5)
DEADLINE_S = 10.0
MOST_BYTES = 1 << 20
MOST_WAIT = timedelta(minutes=10)
ASKED_AT_ONCE = 100


class Webhook:
    """The adapter of kind `webhook`."""

    def note(self, session: Session, channel: Channel, figures: Sequence[Figure], now: datetime) -> None:
        """Nothing: a batch that was not answered is owed again, with whatever is newest then."""

    def send(self, session: Session, channel: Channel, figures: Sequence[Figure], now: datetime) -> list[Answer]:
        """`POST {endpoint}/stock`; a sku the partner leaves out of its answer stays owed."""
        body = {"channel": channel.code, "sent_at": now.isoformat(), "figures": stock.as_json(figures)}
        plain = json.dumps(body["figures"]).encode()
        key = f"{channel.code}-{figures[-1].version}-{hashlib.sha256(plain).hexdigest()[:32]}"
        told = self._call(channel, "POST", "/stock", now, body=body, key=key)
        sent = {one.external_sku: one for one in figures}
        answers = []
        for row in _rows(told, "results"):
            one = sent.get(str(row.get("sku")))
            if one is not None and isinstance(row.get("accepted"), bool):
                answers.append(Answer(one.sku_id, one.version, row["accepted"], str(row.get("reason", ""))[:200]))
        return answers

    def theirs(self, channel: Channel, skus: Collection[str], now: datetime) -> dict[str, int]:
        """`GET {endpoint}/stock?sku=..&sku=..`, ASKED_AT_ONCE a call."""
        asked, found = sorted(skus), {}
        for at in range(0, len(asked), ASKED_AT_ONCE):
            query = urlencode([("sku", sku) for sku in asked[at : at + ASKED_AT_ONCE]])
            for row in _rows(self._call(channel, "GET", f"/stock?{query}", now), "figures"):
                if type(row.get("qty")) is int and 0 <= row["qty"] < 1 << 62:
                    found[str(row.get("sku"))] = row["qty"]
        return {sku: found[sku] for sku in asked if sku in found}

    def _call(
        self, channel: Channel, method: str, path: str, now: datetime, *, body: Any = None, key: str | None = None
    ) -> Any:
        if fault := endpoint_fault("webhook", channel.endpoint):
            raise PartnerAway(f"endpoint {fault}")
        url = channel.endpoint.rstrip("/") + path
        return call(channel.code, channel.secret, method, url, now, body=body, key=key)


def call(
    code: str, secret: str, method: str, url: str, now: datetime, *, body: Any = None, key: str | None = None
) -> Any:
    """One signed call to a partner's machine, which knows us by `code`; its answer.

    :raises PartnerAway: no answer that could be used.
    """
    parts = urlsplit(url)
    line = parts.path + (f"?{parts.query}" if parts.query else "")
    raw = b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    stamp, nonce = str(int(now.timestamp())), secrets.token_urlsafe(18)
    headers = {
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "X-Tongdian-Channel": code,
        "X-Tongdian-Timestamp": stamp,
        "X-Tongdian-Nonce": nonce,
        "X-Tongdian-Signature": sign(secret, stamp, nonce, method, line, raw),
        **({"Idempotency-Key": key} if key else {}),
    }
    try:
        with requests.Session() as caller:
            caller.trust_env = False  # no proxy and no netrc of the machine
            return _read(caller, method, url, headers, raw)
    except requests.RequestException as error:
        raise PartnerAway(type(error).__name__) from None


def _read(caller: requests.Session, method: str, url: str, headers: dict[str, str], raw: bytes) -> Any:
    ends = time.monotonic() + DEADLINE_S
    with caller.request(
        method, url, data=raw or None, headers=headers, timeout=TIMEOUT_S, allow_redirects=False, stream=True
    ) as answer:
        if answer.status_code == 429 or answer.status_code == 503:
            raise PartnerAway(f"status {answer.status_code}", wait=_wait(answer.headers.get("Retry-After", "")))
        if answer.status_code != 200:
            raise PartnerAway(f"status {answer.status_code}")
        read = bytearray()
        while piece := answer.raw.read1(
            16 * 1024
        ):  # what has come, not a full block: a drip cannot outlast the deadline
            read += piece
            if len(read) > MOST_BYTES or time.monotonic() > ends:
                raise PartnerAway("answer too long" if len(read) > MOST_BYTES else "answer too slow")
    try:
        return json.loads(read)
    except ValueError:
        raise PartnerAway("answer is no JSON") from None


def _wait(retry_after: str) -> timedelta | None:
    plain = retry_after.strip()
    return min(timedelta(seconds=int(plain)), MOST_WAIT) if plain.isdigit() and len(plain) < 6 else None


def _rows(told: Any, name: str) -> list[dict[str, Any]]:
    rows = told.get(name) if isinstance(told, dict) else None
    if not isinstance(rows, list):
        raise PartnerAway(f"answer has no {name}")
    return [row for row in rows if isinstance(row, dict)]
