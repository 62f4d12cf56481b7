"""A shop system of a partner that speaks docs/channels.md over real HTTP, and can be made to misbehave."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SECRET = "partner-secret-of-thirty-two-chars"


class Partner(ThreadingHTTPServer):
    """What it shows by sku, what it was asked, and how it behaves next.

    `manner`: `well`, or once each from the list: `fail` (500), `busy` (429), `slow` (longer than a caller waits for a
    word), `drip`, `deaf` (applies, then hangs up without an answer), `redirect`, `nonsense`.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.shown: dict[str, tuple[int, int]] = {}
        self.calls: list[tuple[str, str, Any, dict[str, str]]] = []
        self.manners: list[str] = []
        self.rejects: set[str] = set()
        self.forgets: set[str] = set()
        self.hurt = 0.0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Its base address."""
        return f"http://127.0.0.1:{self.server_address[1]}/shop"

    def figures(self) -> dict[str, int]:
        """What it shows."""
        return {sku: qty for sku, (qty, _) in self.shown.items()}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hung up is no news."""


class Handler(BaseHTTPRequestHandler):
    """One call."""

    server: Partner
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """What it shows of the skus asked."""
        if self._meant(b""):
            asked = parse_qs(urlsplit(self.path).query).get("sku", [])
            known = self.server.figures()
            self._answer(200, {"figures": [{"sku": sku, "qty": known[sku]} for sku in asked if sku in known]})

    def do_POST(self) -> None:
        """New figures: of two versions the higher counts."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._meant(body):
            return
        told = json.loads(body)
        with self.server.lock:
            self.server.calls.append(("POST", self.path, told, dict(self.headers)))
            manner = self.server.manners.pop(0) if self.server.manners else "well"
        if manner in ("fail", "busy", "redirect", "nonsense"):
            self._misbehave(manner)
            return
        if manner == "slow":
            time.sleep(self.server.hurt)
        results = []
        with self.server.lock:
            for one in told["figures"]:
                fine = one["sku"] not in self.server.rejects
                if fine and self.server.shown.get(one["sku"], (0, 0))[1] < one["version"]:
                    self.server.shown[one["sku"]] = one["qty"], one["version"]
                if one["sku"] not in self.server.forgets:
                    results.append({"sku": one["sku"], "accepted": fine, "reason": "" if fine else "not on sale"})
        if manner == "deaf":
            self.close_connection = True
            self.connection.close()
            return
        self._answer(200, {"results": results}, drip=manner == "drip")

    def _misbehave(self, manner: str) -> None:
        if manner == "redirect":
            self.send_response(307)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif manner == "nonsense":
            self._answer(200, ["what?"])
        else:
            busy = manner == "busy"
            self._answer(429 if busy else 500, {}, {"Retry-After": "120"} if busy else None)

    def _meant(self, body: bytes) -> bool:
        stamp, nonce = self.headers["X-Tongdian-Timestamp"], self.headers["X-Tongdian-Nonce"]
        words = f"{stamp}\n{nonce}\n{self.command}\n{self.path}\n".encode() + body
        meant = hmac.new(SECRET.encode(), words, hashlib.sha256).hexdigest()
        if hmac.compare_digest(meant, self.headers["X-Tongdian-Signature"]):
            return True
        self._answer(401, {})
        return False

    def _answer(self, status: int, told: Any, headers: dict[str, str] | None = None, *, drip: bool = False) -> None:
        raw = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        for piece in [raw[i : i + 1] for i in range(len(raw))] if drip else [raw]:
            self.wfile.write(piece)
            self.wfile.flush()
            if drip:
                time.sleep(self.server.hurt)


@contextmanager
def serving() -> Iterator[Partner]:
    """A partner that answers until the end."""
    partner = Partner()
    thread = threading.Thread(target=partner.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield partner
    finally:
        partner.shutdown()
        partner.server_close()
        thread.join()
