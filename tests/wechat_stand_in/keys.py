"""Keys of both sides, made at the first start and kept beside the stand-in's state."""

from __future__ import annotations

import base64
import json
import secrets
import string
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Keys:
    """The platform's and the merchant's key pairs, and what both apps of the merchant were given."""

    platform: RSAPrivateKey
    merchant: RSAPrivateKey
    given: dict[str, str]
    service: dict[str, str]

    def sign(self, text: str) -> str:
        """WeChat's signature of a text, base64."""
        return base64.b64encode(self.platform.sign(text.encode(), PKCS1v15(), SHA256())).decode()

    def seal(self, plain: str, label: str, *, key: str | None = None) -> dict[str, str]:
        """A resource as notices carry it (AES-256-GCM under the APIv3 key, or under another)."""
        nonce = secrets.token_hex(6)
        data = AESGCM((key or self.given["apiv3_key"]).encode()).encrypt(nonce.encode(), plain.encode(), label.encode())
        return {
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(data).decode(),
            "nonce": nonce,
            "associated_data": label,
            "original_type": label,
        }


def _write_key(path: Path, key: RSAPrivateKey) -> None:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)


def _certificate(key: RSAPrivateKey, serial: int) -> bytes:
    """A merchant's API certificate of five years (PEM)."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "1900000109")])
    begins = datetime.now(UTC) - timedelta(days=1)
    made = x509.CertificateBuilder(name, name, key.public_key(), serial, begins, begins + timedelta(days=5 * 365))
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM)


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    platform, merchant = generate_private_key(65537, 2048), generate_private_key(65537, 2048)
    _write_key(folder / "platform.pem", platform)
    _write_key(folder / "merchant.pem", merchant)
    serial = x509.random_serial_number()
    (folder / "merchant-certificate.pem").write_bytes(_certificate(merchant, serial))
    public = platform.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "platform-public.pem").write_bytes(public)
    given = {
        "appid": "wx00000000" + secrets.token_hex(4),
        "secret": secrets.token_hex(16),
        "mchid": "1900000109",
        "serial": f"{serial:040X}",
        "apiv3_key": secrets.token_hex(16),
        "platform_key_id": "PUB_KEY_ID_" + secrets.token_hex(16).upper(),
        "private_key_file": "merchant.pem",
        "certificate_file": "merchant-certificate.pem",
        "platform_public_key_file": "platform-public.pem",
    }
    _write(folder / "credentials.json", given)


def _aes_key() -> str:
    """An EncodingAESKey as the console makes it: 43 letters and digits."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(43))


def _write(path: Path, given: dict[str, str]) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(given, indent=1))


def _complete(folder: Path) -> None:
    """What the consoles of mini-program and service account show for pushes; an older folder gets it too."""
    path = folder / "credentials.json"
    given = json.loads(path.read_text())
    if "push_token" not in given:
        _write(path, given | {"push_token": secrets.token_hex(12), "push_aes_key": _aes_key()})
    if not (folder / "service.json").exists():
        own = {"appid": "wx00000000" + secrets.token_hex(4), "secret": secrets.token_hex(16)}
        _write(folder / "service.json", own | {"push_token": secrets.token_hex(12), "push_aes_key": _aes_key()})


def load(folder: Path) -> Keys:
    """The keys in a folder, made when there are none."""
    if not (folder / "credentials.json").exists():
        _make(folder)
    _complete(folder)
    pems = [(folder / name).read_bytes() for name in ("platform.pem", "merchant.pem")]
    # Our own keys: to prove each time that they are primes took most of a stand-in's start.
    pair = [load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True) for pem in pems]
    assert isinstance(pair[0], RSAPrivateKey)
    assert isinstance(pair[1], RSAPrivateKey)
    given, service = (json.loads((folder / name).read_text()) for name in ("credentials.json", "service.json"))
    return Keys(pair[0], pair[1], given, service)
