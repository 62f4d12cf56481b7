"""The codes themselves: version, kind, row and a tag, at most 18 letters; nothing in them is worth guessing.

1   S   7Kd2   aQ0x
|   |   |      four letters of a keyed hash: nobody makes one up
|   |   the row's id in base 62
|   S store, T table or shelf, G guide, P product, M member
version of the scheme
"""

from __future__ import annotations

import hmac
import string
from hashlib import sha256

from config.errors import NotFound
from member.secrets import signing_key

VERSION = "1"
KINDS = "STGPM"
LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_TAG, _MOST = 4, 18


def _base62(number: int) -> str:
    written = ""
    while number:
        number, rest = divmod(number, len(LETTERS))
        written = LETTERS[rest] + written
    return written


def _number(written: str) -> int:
    number = 0
    for letter in written:
        number = number * len(LETTERS) + LETTERS.index(letter)
    return number


def _tag(words: str) -> str:
    hashed = int.from_bytes(hmac.new(signing_key("scene"), words.encode(), sha256).digest()[:8])
    return _base62(hashed).rjust(_TAG, "0")[-_TAG:]


def write(kind: str, row_id: int) -> str:
    """The code of a row; the same for ever."""
    assert kind in KINDS and 0 < row_id < 2**63, (kind, row_id)
    words = f"{VERSION}{kind}{_base62(row_id)}"
    return words + _tag(words)


def read(code: str) -> tuple[str, int]:
    """Kind and row of a code; NotFound when it is none of ours."""
    words, tag = code[:-_TAG], code[-_TAG:]
    sound = len(code) <= _MOST and len(words) > 2 and all(letter in LETTERS for letter in code)
    if not sound or words[0] != VERSION or words[1] not in KINDS or not hmac.compare_digest(tag, _tag(words)):
        raise NotFound(code=code[:40])
    return words[1], _number(words[2:])
