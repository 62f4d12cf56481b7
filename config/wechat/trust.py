"""Whose signature we believe: WeChat Pay's public key, its certificates, or both at once; the serial decides."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from wechatpayv3.utils import aes_decrypt, load_certificate

from config.clock import now

REFRESH_S = 60
"""The least time between two downloads of certificates, however many unknown serials arrive."""


class Trust:
    """The keys by their serials.  It only grows: a download that fails, or is empty, takes nothing away."""

    def __init__(self, public_key_id: str, public_key: RSAPublicKey | None, apiv3_key: str) -> None:
        self.public_key_id = public_key_id if public_key else ""
        self._public_key, self._apiv3_key = public_key, apiv3_key
        self._certificates: dict[int, x509.Certificate] = {}
        self._refreshing, self._refreshed = threading.Lock(), -float(REFRESH_S)

    def find(self, serial: str, download: Callable[[], tuple[int, str]]) -> RSAPublicKey | None:
        """The key behind a serial, fetched when it is unknown and the last download is a minute ago."""
        if self.public_key_id and serial == self.public_key_id:
            return self._public_key
        if not _is_hex(serial):
            return None
        if int(serial, 16) not in self._certificates:
            self.refresh(download)
        found = self._certificates.get(int(serial, 16))
        key = found.public_key() if found and _counts(found, now()) else None
        return key if isinstance(key, RSAPublicKey) else None

    def refresh(self, download: Callable[[], tuple[int, str]]) -> None:
        """Add what WeChat lists now.  One thread asks; others wait only while there is nothing to believe at all."""
        if not self._refreshing.acquire(blocking=not (self._certificates or self.public_key_id)):
            return
        try:
            if time.monotonic() - self._refreshed >= REFRESH_S:
                self._refreshed = time.monotonic()
                self._certificates = self._certificates | self._listed(download)
        finally:
            self._refreshing.release()

    def _listed(self, download: Callable[[], tuple[int, str]]) -> dict[int, x509.Certificate]:
        try:
            status, told = download()
            sealed = [one["encrypt_certificate"] for one in json.loads(told)["data"]] if status == 200 else []
            found = [self._opened(one) for one in sealed]
        except Exception:  # whatever a gateway says: what we believed before stands
            return {}
        return {one.serial_number: one for one in found if one is not None}

    def _opened(self, sealed: dict[str, Any]) -> x509.Certificate | None:
        """Only WeChat and we have the APIv3 key, so what it opens is WeChat's."""
        given = {name: sealed[name] for name in ("nonce", "ciphertext", "associated_data")}
        found: x509.Certificate | None = load_certificate(aes_decrypt(**given, apiv3_key=self._apiv3_key))
        return found

    def newest(self) -> x509.Certificate | None:
        """The certificate that ends last."""
        return max(self._certificates.values(), key=lambda one: one.not_valid_after_utc, default=None)

    def serial(self) -> str:
        """Which key WeChat should answer with: the public key, else the newest certificate; empty when we have none."""
        newest = self.newest()
        return self.public_key_id or (f"{newest.serial_number:X}" if newest else "")


def _is_hex(serial: str) -> bool:
    return 0 < len(serial) <= 40 and all(mark in "0123456789abcdefABCDEF" for mark in serial)


def _counts(one: x509.Certificate, at: datetime) -> bool:
    return one.not_valid_before_utc <= at <= one.not_valid_after_utc
