"""What WeChat Pay signs with: its public key's pair, its certificates of a CA of its own, or both at once.

A new merchant has the public key only; an old one certificates only; who moves from one to the other has both, and its
notices move over seven days on WeChat's own schedule (`notices_by_key_bp`).  Answers follow the `Wechatpay-Serial`
of the request.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.wechat_stand_in.keys import Keys

LIVES = timedelta(days=5 * 365)
LISTED_BEFORE_S = 24 * 3600
"""How long a new certificate is listed before anything is signed with it."""
MIGRATION_BP = (10, 100, 500, 1_000, 2_000, 5_000, 10_000)
"""The share of notices signed with the public key on each of the seven days of a migration, in 1/10,000."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A key pair and the serial that names it."""

    serial: str
    key: RSAPrivateKey

    def sign(self, text: str) -> str:
        """Base64, as headers carry it."""
        return base64.b64encode(self.key.sign(text.encode(), PKCS1v15(), SHA256())).decode()


@dataclass(frozen=True, slots=True)
class Certificate(Signer):
    """A platform certificate; `signs_from` is when WeChat begins to use it, in Unix seconds."""

    pem: str
    signs_from: float
    begins_at: datetime
    ends_at: datetime


@lru_cache(maxsize=16)
def _pair(number: int) -> RSAPrivateKey:
    """Pairs are dear to make, and one process needs only a few: world after world uses the same."""
    del number
    return generate_private_key(65537, 2048)


def _name(words: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, words)])


class Trust:
    """One world's signing: `mode` is `public_key`, `certificate` or `both`."""

    def __init__(self, keys: Keys) -> None:
        self.mode = "public_key"
        self.notices_by_key_bp = 10_000
        self.issued: list[Certificate] = []
        self._public = Signer(keys.given["platform_key_id"], keys.platform)
        self._told = 0

    def use(self, mode: str, *, now: float, notices_by_key_bp: int = 10_000) -> None:
        """Be one of the three; certificates are issued when the first is needed."""
        self.mode, self.notices_by_key_bp = mode, notices_by_key_bp
        if mode != "public_key" and not self.issued:
            self._issue(now, signs_from=now)

    def rotate(self, now: float) -> Certificate:
        """List a new certificate, which signs a day later."""
        return self._issue(now, signs_from=now + LISTED_BEFORE_S)

    def _issue(self, now: float, *, signs_from: float) -> Certificate:
        ca, key = _pair(0), _pair(len(self.issued) + 1)
        begins = datetime.fromtimestamp(now, UTC) - timedelta(minutes=5)
        made = (
            x509.CertificateBuilder(
                _name("Tongdian stand-in CA"), _name("Tenpay.com sign"), key.public_key(), x509.random_serial_number()
            )
            .not_valid_before(begins)
            .not_valid_after(begins + LIVES)
            .sign(ca, SHA256())
        )
        pem = made.public_bytes(Encoding.PEM).decode()
        one = Certificate(f"{made.serial_number:040X}", key, pem, signs_from, begins, begins + LIVES)
        self.issued.append(one)
        return one

    def listed(self, now: float) -> list[Certificate]:
        """What `/v3/certificates` tells: the one in use and the one that follows it; none in public-key mode."""
        if self.mode == "public_key":
            return []
        current = self.certificate(now)
        return [one for one in self.issued if one.signs_from >= current.signs_from]

    def certificate(self, now: float) -> Certificate:
        """The certificate in use."""
        return [one for one in self.issued if one.signs_from <= now][-1]

    def of_answer(self, asked: str, now: float) -> Signer:
        """Who signs an answer to a request that named this serial (or none)."""
        mine = self._signers(now)
        return next((one for one in mine if one.serial == asked), mine[0])

    def of_notice(self, now: float) -> Signer:
        """Who signs the next notice; with both, evenly spread as the migration says."""
        if self.mode != "both":
            return next(self._signers_in_use(now))
        self._told += 1
        share = self.notices_by_key_bp
        by_key = self._told * share // 10_000 > (self._told - 1) * share // 10_000
        return self._public if by_key else self.certificate(now)

    def _signers_in_use(self, now: float) -> Iterator[Signer]:
        if self.mode != "public_key":
            yield self.certificate(now)
        if self.mode != "certificate":
            yield self._public

    def _signers(self, now: float) -> list[Signer]:
        return [*self._signers_in_use(now), *(self.issued if self.mode != "public_key" else [])]
