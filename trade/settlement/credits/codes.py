"""The code that hangs in a store, or that a guide shows: signed, so that nobody makes one up."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256

from config.errors import NotFound
from member.secrets import signing_key

_TAG = 8


def _tag(words: str) -> str:
    return base64.b32encode(hmac.new(signing_key("scene"), words.encode(), sha256).digest()).decode()[:_TAG]


def write(store_id: int, staff_id: int | None = None) -> str:
    """A store's code, or a guide's of it; the same for ever, and short enough for a mini-program's scene."""
    words = f"{store_id}-{staff_id or 0}"
    return f"{words}-{_tag(words)}"


def read(code: str) -> tuple[int, int | None]:
    """Store and guide of a code; NotFound when it is none of ours."""
    words, _, tag = code.rpartition("-")
    store, _, guide = words.partition("-")
    if not (store.isascii() and guide.isascii() and store.isdigit() and guide.isdigit()):
        raise NotFound(code=code[:40])
    if not hmac.compare_digest(tag.encode(), _tag(words).encode()):
        raise NotFound(code=code[:40])
    return int(store), int(guide) or None
