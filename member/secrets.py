"""What the tables keep instead of phones, openids and codes: ciphertext and keyed fingerprints.

Keys are derived from SECRET_KEY; a development copy without one keeps a random key in its var folder.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from config.settings import settings

_NONCE = 12


def _master() -> bytes:
    if settings().secret_key:
        return settings().secret_key.encode()
    path = settings().var_dir / "secret.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
        with suppress(FileExistsError):  # another worker was first; a link appears whole or not at all
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_bytes()


@lru_cache(maxsize=8)
def _key(purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(_master())


def seal(plain: bytes) -> bytes:
    """Encrypt (AES-256-GCM); each call gives another ciphertext."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(_key("seal")).encrypt(nonce, plain, None)


def open_sealed(sealed: bytes) -> bytes:
    """Decrypt what `seal` made; raises InvalidTag when it was changed or the key is another."""
    return AESGCM(_key("seal")).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)


def signing_key(purpose: str) -> bytes:
    """A key to sign with, of its own for each purpose."""
    return _key(f"sign:{purpose}")


def fingerprint(kind: str, value: str) -> bytes:
    """A keyed hash for look-ups.  An 11-digit phone cannot be found again without the key."""
    return hmac.new(_key("fingerprint"), f"{kind}:{value}".encode(), hashlib.sha256).digest()
