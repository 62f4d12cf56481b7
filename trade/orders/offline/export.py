"""A till's journal as a file, for a device that will not see the network again: sealed by the till, opened here.

The till seals with a key that it got while it had a network, and that follows from its store and number, so that who
finds the file reads nothing, and we need no key of anybody's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from config.errors import Malformed
from member.secrets import signing_key
from trade.orders.offline.document import Aside


@dataclass(frozen=True, slots=True)
class Opened:
    """Whose journal it is, and its documents in their order, each with what goes beside it."""

    store_id: int
    till_id: int
    documents: list[tuple[str, str, Aside | None]]


def key(store_id: int, till_id: int) -> bytes:
    """What a till seals its journal with (AES-256-GCM)."""
    return hmac.new(signing_key("till-journal"), f"{store_id}:{till_id}".encode(), hashlib.sha256).digest()


def opened(text: str) -> Opened:
    """What is in a file.

    :raises Malformed: it is no such file, or was changed, or another house's.
    """
    try:
        file: dict[str, Any] = json.loads(text)
        store_id, till_id = int(file["store_id"]), int(file["till_id"])
        iv, data = base64.b64decode(file["iv"]), base64.b64decode(file["data"])
        found = json.loads(AESGCM(key(store_id, till_id)).decrypt(iv, data, None))
        documents = [(one["uuid"], one["body"], Aside(**one["aside"]) if one.get("aside") else None) for one in found]
    except (ValueError, KeyError, TypeError, InvalidTag) as error:
        raise Malformed(fields={"file": "no journal of a till of ours"}) from error
    return Opened(store_id, till_id, documents)
