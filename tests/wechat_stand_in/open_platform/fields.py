"""What a message's fields may hold, by the type in their key (`thing1`): WeChat's check, written apart from ours.

Lengths are counted in UTF-16 units, the strictest way to read "characters": an emoji counts two.
"""

from __future__ import annotations

import re
import unicodedata

_KEY = re.compile(r"^([a-z_]+?)(\d+)$")
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
_DATE = r"\d{4}年(?:0?[1-9]|1[0-2])月(?:0?[1-9]|[12]\d|3[01])日"
_MOMENT = rf"(?:{_DATE}(?: {_TIME})?|{_TIME})"
PATTERNS = {
    "character_string": re.compile(r"^[\x20-\x7e]{1,32}$"),
    "phrase": re.compile(r"^[\u4e00-\u9fff]{1,5}$"),
    "amount": re.compile(r"^[¥￥$€£]?(?=(?:\d\.?){1,10}元?$)\d+(?:\.\d+)?元?$"),
    "number": re.compile(r"^(?=.{1,32}$)\d+(?:\.\d+)?$"),
    "letter": re.compile(r"^[A-Za-z]{1,32}$"),
    "symbol": re.compile(r"^[^\w\s]{1,5}$"),
    "phone_number": re.compile(r"^[\d+\-]{1,17}$"),
    "time": re.compile(rf"^{_MOMENT}(?:~{_MOMENT})?$"),
    "date": re.compile(rf"^{_DATE}(?: {_TIME})?$"),
}


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _plain(text: str) -> bool:
    return all(unicodedata.category(mark) not in ("Cc", "Cs", "Zl", "Zp") for mark in text)


def fault(key: str, value: object) -> str | None:
    """Why a value does not suit its field, or None."""
    found = _KEY.match(key)
    if not isinstance(value, str) or not value.strip() or not _plain(value):
        return f"{key}: not a text, or empty, or with control characters"
    kind = found.group(1) if found else ""
    if kind == "thing":
        return None if _units(value) <= 20 else f"{key}: more than 20 characters"
    if kind == "name":
        return None if _units(value) <= (10 if re.search(r"[^\x20-\x7e]", value) else 20) else f"{key}: too long a name"
    if kind not in PATTERNS:
        return f"{key}: no such type"
    return None if PATTERNS[kind].match(value) else f"{key}: not a {kind}"
