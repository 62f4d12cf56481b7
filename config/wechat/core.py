"""wechatpayv3's core, mended: the way to WeChat Pay, signing, and the check of what WeChat Pay signed.

It repairs what the library gets wrong: a fixed gateway host, a body that is not the one that was signed, no age limit
on notices, a certificate download for every forged serial, a trust store that a failed download empties, exceptions on
odd headers, log lines with openids.  Measured beside the raw library: `make wechat-faults`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from urllib3.exceptions import HTTPError, NewConnectionError
from wechatpayv3.core import Core
from wechatpayv3.type import RequestType
from wechatpayv3.utils import build_authorization, rsa_verify

from config.clock import now
from config.wechat import health
from config.wechat.given import TIMEOUT_S, WeChatSettings
from config.wechat.origin import Origin
from config.wechat.trust import Trust

AGE_S = 300
ALGORITHM = "WECHATPAY2-SHA256-RSA2048"
STAYS_S = 60
"""How long the backup host is asked first after the main one could not be reached."""
ONCE = ("/v3/pay/transactions/codepay",)
"""What is not sent again when the connection broke after it was made: a payment code counts once."""


class Unsigned(Exception):
    """An answer that WeChat did not sign, or not lately."""


class Road:
    """The hosts of WeChat Pay: the main one, and where there is one, the other that stands in for it."""

    def __init__(self, main: str, backup: str = "") -> None:
        self._hosts = [host.rstrip("/") for host in (main, backup) if host]
        self._backup_until = 0.0

    def hosts(self) -> list[str]:
        """In the order in which they are tried."""
        return self._hosts[::-1] if time.monotonic() < self._backup_until else list(self._hosts)

    def failed(self, host: str) -> None:
        """It could not be reached: the other one is asked first for a minute."""
        if len(self._hosts) > 1:
            self._backup_until = time.monotonic() + STAYS_S if host == self._hosts[0] else 0.0


class SafeCore(Core):  # type: ignore[misc]
    """wechatpayv3's core on our way to WeChat Pay.  A copy of it shares hosts and trust."""

    def __init__(self, given: WeChatSettings) -> None:
        self.road = Road(given.pay_base, given.pay_backup)
        super().__init__(
            given.mchid,
            given.serial,
            given.private_key,
            given.apiv3_key,
            timeout=TIMEOUT_S,
            public_key=given.platform_public_key or None,
            public_key_id=given.platform_key_id or None,
        )
        self.trust = Trust(given.platform_key_id, self._public_key, given.apiv3_key)

    @property
    def _gate_way(self) -> str:
        return self.road.hosts()[0]

    @_gate_way.setter
    def _gate_way(self, _fixed: str) -> None:
        """The library's own host is not taken."""

    def _init_certificates(self) -> None:
        """Nothing is asked at start: the shop opens while WeChat is away."""

    def _last_certificate(self) -> Any:
        """The certificate to seal for, fetched when there is none yet."""
        if self.trust.newest() is None:
            self.trust.refresh(self._certificates_told)
        return self.trust.newest()

    def _certificates_told(self) -> tuple[int, str]:
        status, told = self.request("/v3/certificates", skip_verify=True)
        return status, told if isinstance(told, str) else ""

    def request(
        self,
        path: str,
        method: Any = RequestType.GET,
        data: Any = None,
        skip_verify: bool = False,  # noqa: FBT001, FBT002 - the library's own signature
        sign_data: Any = None,
        files: Any = None,
        cipher_data: bool = False,  # noqa: FBT001, FBT002
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str | bytes]:
        """One call on the library's own terms; the bytes that are signed are the bytes that are sent.

        :raises requests.RequestException: neither host was reached, or the answer did not come in time.
        :raises Unsigned: it is not WeChat's answer.
        """
        assert files is None and sign_data is None, "uploads are not needed"
        body = "" if data is None else json.dumps(data)
        if cipher_data:
            self._last_certificate()
        answer = self._carry(method.value, path, body, headers or {})
        health.heard(answer.headers.get("Date", ""))
        told = answer.content.decode("utf-8", "replace")
        must_be_signed = 200 <= answer.status_code < 300 and not skip_verify
        if must_be_signed and not self._verify_signature(answer.headers, told):
            raise Unsigned
        is_json = "application/json" in answer.headers.get("Content-Type", "")
        return answer.status_code, told if is_json else answer.content

    def _carry(self, method: str, path: str, body: str, more: Mapping[str, str]) -> requests.Response:
        """To the main host, or to the other when it cannot be reached; signed anew, with the same numbers."""
        unreached: requests.ConnectionError | None = None
        for host in self.road.hosts():
            try:
                return self._send(method, host + path, body, self._headers(method, path, body) | dict(more))
            except requests.ConnectionError as error:
                self.road.failed(host)
                if path in ONCE and not _never_arrived(error):
                    raise
                unreached = error
        assert unreached is not None
        raise unreached

    def _send(self, method: str, url: str, body: str, headers: dict[str, str]) -> requests.Response:
        """On a connection of its own, so that none that WeChat has closed is taken for a live one."""
        with requests.Session() as session:
            session.mount("http://", Origin(""))
            session.mount("https://", Origin(""))
            given = {"data": body.encode() or None, "headers": headers, "timeout": self._timeout}
            try:
                return session.request(method, url, **given, allow_redirects=False)
            except HTTPError as error:  # while the answer was being read
                raise requests.exceptions.ChunkedEncodingError(error) from error

    def _headers(self, method: str, path: str, body: str) -> dict[str, str]:
        signed = build_authorization(path, method, self._mchid, self._cert_serial_no, self._private_key, data=body)
        serial = self.trust.serial()
        return {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "Tongdian",
            "Authorization": signed,
            **({"Wechatpay-Serial": serial} if serial else {}),
        }

    def _verify_signature(self, headers: Mapping[str, str], body: str) -> bool:
        """An answer that WeChat signed within five minutes of now."""
        return fresh(stamp_of(headers)) and self.signed(headers, body)

    def signed(self, headers: Mapping[str, str], body: str) -> bool:
        """Whether WeChat signed it, whenever.  Shape first; False where the library raises."""
        given = {name.lower(): value for name, value in headers.items()}
        said: Callable[[str], str] = lambda name: given.get(f"wechatpay-{name}", "")  # noqa: E731
        if given.get("wechatpay-signature-type", ALGORITHM) != ALGORITHM or not ten_digits(said("timestamp")):
            return False
        key = self.trust.find(said("serial"), self._certificates_told)
        try:
            return key is not None and bool(rsa_verify(said("timestamp"), said("nonce"), body, said("signature"), key))
        except Exception:
            return False


def _never_arrived(error: requests.ConnectionError) -> bool:
    """Whether nothing can have reached the host."""
    why = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.ConnectTimeout) or isinstance(why, NewConnectionError)


def stamp_of(headers: Mapping[str, str]) -> str:
    """The time stamp of a notice or an answer, as it was sent; empty when there is none."""
    return next((value for name, value in headers.items() if name.lower() == "wechatpay-timestamp"), "")


def ten_digits(stamp: str) -> bool:
    """A Unix time of this century."""
    return len(stamp) == 10 and stamp.isascii() and stamp.isdigit()


def fresh(stamp: str, age_s: int = AGE_S) -> bool:
    """At most so old, and at most five minutes from the future."""
    return ten_digits(stamp) and -AGE_S <= now().timestamp() - int(stamp) <= age_s
