"""wechatpayv3's core, mended: signing, trust and the check of what WeChat Pay signed.

It repairs what the library gets wrong: a fixed gateway host, no age limit on notices, a certificate download for
every forged serial, a trust store that a failed download empties, exceptions on odd headers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from wechatpayv3.core import Core

from config.clock import now

AGE_S = 300
REFRESH_S = 60
ALGORITHM = "WECHATPAY2-SHA256-RSA2048"


class SafeCore(Core):  # type: ignore[misc]
    """wechatpayv3's core on a configured gateway, with both kinds of trust at once."""

    def __init__(self, base: str, *args: Any, **kwargs: Any) -> None:
        self._base = base.rstrip("/")
        self._refreshing, self._refreshed = threading.Lock(), -float(REFRESH_S)
        super().__init__(*args, **kwargs)

    @property
    def _gate_way(self) -> str:
        return self._base

    @_gate_way.setter
    def _gate_way(self, _fixed: str) -> None:
        """The library's own host is not taken."""

    def _update_certificates(self) -> None:
        """Fetch certificates at most once a minute; keep the old ones whatever happens."""
        with self._refreshing:
            if time.monotonic() - self._refreshed < REFRESH_S:
                return
            self._refreshed = time.monotonic()
            before = list(self._certificates)
            with suppress(Exception):  # a failed refresh must not lose the trust we have
                super()._update_certificates()
            serials = {certificate.serial_number for certificate in self._certificates}
            self._certificates += [old for old in before if old.serial_number not in serials]

    def _verify_signature(self, headers: Mapping[str, str], body: str) -> bool:
        """An answer that WeChat signed within five minutes of now."""
        return fresh(stamp_of(headers)) and self.signed(headers, body)

    def signed(self, headers: Mapping[str, str], body: str) -> bool:
        """Whether WeChat signed it, whenever; shape first, and False where the library raises."""
        given = {name.lower(): value for name, value in headers.items()}
        stamp, serial = given.get("wechatpay-timestamp", ""), given.get("wechatpay-serial", "")
        if given.get("wechatpay-signature-type", ALGORITHM) != ALGORITHM or not ten_digits(stamp):
            return False
        if serial != self._public_key_id and not _hex(serial):
            return False
        plain = {
            f"wechatpay-{name}": given.get(f"wechatpay-{name}", "")
            for name in ("signature", "timestamp", "nonce", "serial")
        }
        try:
            return bool(super()._verify_signature({**plain, "wechatpay-signature-type": ALGORITHM}, body))
        except Exception:
            return False


def _hex(serial: str) -> bool:
    return 0 < len(serial) <= 40 and all(mark in "0123456789abcdefABCDEF" for mark in serial)


def stamp_of(headers: Mapping[str, str]) -> str:
    """The time stamp of a notice or an answer, as it was sent; empty when there is none."""
    return next((value for name, value in headers.items() if name.lower() == "wechatpay-timestamp"), "")


def ten_digits(stamp: str) -> bool:
    """A Unix time of this century."""
    return len(stamp) == 10 and stamp.isascii() and stamp.isdigit()


def fresh(stamp: str, age_s: int = AGE_S) -> bool:
    """At most so old, and at most five minutes from the future."""
    return ten_digits(stamp) and -AGE_S <= now().timestamp() - int(stamp) <= age_s
