"""What WeChat lets stand in a message's field, by the type in the field's key (`thing3` is a `thing`).

    type              may hold                                     what we do with more
    thing             20 characters                                the end becomes an ellipsis
    character_string  32 printable ASCII characters                cut; others are left out
    phrase            5 Chinese characters                         cut; others are left out
    name              10 characters, 20 where all are ASCII        cut, with an ellipsis unless all are ASCII
    amount            a currency sign and 10 digits                fen become yuan; above 99,999,999.99 without fen
    number            32 digits
    letter            32 letters                                   cut; others are left out
    symbol            5 symbols                                    cut; others are left out
    phone_number      17 digits, + and -                           cut; others are left out
    time, date        2026年11月30日 15:01; the day alone           Beijing time

Source: the parameter table of subscribeMessage.send (a copy).  It counts "characters"; we count UTF-16 units, the
strictest way to read it.  What a person sees as one character is never cut in two, control characters are left out,
and no field is ever empty: an empty one is refused with the whole message (47003).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime

from config.clock import SHANGHAI
from config.money import yuan

Fact = str | int | datetime

NOTHING = "-"
ELLIPSIS = "…"
MOST_FEN = 10**12
_KEY = re.compile(r"^([a-z_]+?)\d+$")
_BARRED = {"Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co"}
_JOINER = "\u200d"
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def units(text: str) -> int:
    """The length of a text as WeChat counts it at its strictest: in UTF-16 units."""
    return len(text) + sum(mark > "\uffff" for mark in text)


def clean(text: str) -> str:
    """One line without control characters, invisible ones that turn the writing round, and lone surrogates."""
    spaced = " ".join(text.split())
    return "".join(mark for mark in spaced if _tag(mark) or unicodedata.category(mark) not in _BARRED).strip()


def _tag(mark: str) -> bool:
    """Invisible parts of emoji: the joiner, and the tags of a flag."""
    return mark == _JOINER or "\U000e0020" <= mark <= "\U000e007f"


def _joins(mark: str) -> bool:
    """Whether a code point belongs to what stands before it: an accent, a skin tone, a variation, a tag."""
    return _tag(mark) or "\U0001f3fb" <= mark <= "\U0001f3ff" or unicodedata.category(mark) in ("Mn", "Me", "Mc")


def _flag(mark: str) -> bool:
    return "\U0001f1e6" <= mark <= "\U0001f1ff"


def seen(text: str) -> list[str]:
    """A text in the pieces that a person sees as one character each."""
    found: list[str] = []
    for mark in text:
        last = found[-1] if found else ""
        pair = _flag(mark) and len(last) == 1 and _flag(last)
        if last and (_joins(mark) or last.endswith(_JOINER) or pair):
            found[-1] += mark
        else:
            found.append(mark)
    return found


def cut(text: str, most: int) -> str:
    """At most `most` units of a text; what was longer ends in an ellipsis."""
    if units(text) <= most:
        return text
    kept, left = "", most - units(ELLIPSIS)
    for piece in seen(text):
        left -= units(piece)
        if left < 0:
            break
        kept += piece
    return kept.rstrip() + ELLIPSIS


def _only(text: str, allowed: Callable[[str], bool], most: int, nothing: str = NOTHING) -> str:
    return "".join(mark for mark in text if allowed(mark))[:most].strip() or nothing


def _ascii(mark: str) -> bool:
    return " " <= mark <= "~"


def _name(text: str) -> str:
    return (text[:20].rstrip() if all(map(_ascii, text)) else cut(text, 10)) or NOTHING


def _symbol(mark: str) -> bool:
    return units(mark) == 1 and unicodedata.category(mark)[0] in "PS" and mark != "_"


TEXTS: dict[str, Callable[[str], str]] = {
    "thing": lambda text: cut(text, 20) or NOTHING,
    "character_string": lambda text: _only(text, _ascii, 32),
    "phrase": lambda text: _only(text, lambda mark: bool(_CHINESE.match(mark)), 5, "无"),
    "name": _name,
    "letter": lambda text: _only(text, lambda mark: mark.isascii() and mark.isalpha(), 32, "N"),
    "symbol": lambda text: _only(text, _symbol, 5),
    "phone_number": lambda text: _only(text, lambda mark: mark in "0123456789+-", 17),
}
KINDS = (*TEXTS, "amount", "number", "time", "date")
"""Every type of field that we can fill."""


def kind_of(key: str) -> str:
    """The type of a field by its key; the key itself where it is of no type that we know."""
    found = _KEY.match(key)
    return found.group(1) if found and found.group(1) in KINDS else key


def _amount(fen: int) -> str:
    assert 0 <= fen < MOST_FEN, fen
    return f"¥{yuan(fen) if fen < 10**10 else fen // 100}"


def _moment(at: datetime, pattern: str) -> str:
    return at.astimezone(SHANGHAI).strftime(pattern)


def value(key: str, fact: Fact) -> str:
    """A fact as its field may hold it: an amount is int fen, a moment is aware, everything else may be text or int.

    :raises AssertionError: the field is of no known type, or the fact is none that it can hold: our own mistake.
    """
    kind = kind_of(key)
    if kind == "amount":
        assert isinstance(fact, int), key
        return _amount(fact)
    if kind in ("time", "date"):
        assert isinstance(fact, datetime) and fact.tzinfo, key
        return _moment(fact, "%Y年%m月%d日 %H:%M" if kind == "time" else "%Y年%m月%d日")
    if kind == "number":
        assert isinstance(fact, int) and 0 <= fact < 10**32, key
        return str(fact)
    assert kind in TEXTS and not isinstance(fact, datetime), key
    return TEXTS[kind](clean(str(fact)))
