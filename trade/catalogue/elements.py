"""GS1 element strings: what the application identifiers of a code say about goods.  Pure.

A small table of our own, because both faces must read the same byte by byte: a field of fixed length ends by itself,
any other at a GS (ASCII 29) or the end (GS1 General Specifications 3 and 7.8).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from config.gs1 import check_digit
from config.money import half_up

GS = "\x1d"
CNY = "156"


class NotGS1(Exception):
    """The word is the application identifier at which it stops making sense."""


@dataclass(slots=True)
class Elements:
    """What a string says of one trade item."""

    gtin: str = ""
    lot: str = ""
    serial: str = ""
    made_on: date | None = None
    expires_on: date | None = None
    grams: int | None = None
    pieces: int | None = None
    fen: int | None = None


Put = Callable[[Elements, str, str, date], None]


def _gtin(found: Elements, _ai: str, value: str, _today: date) -> None:
    if not re.fullmatch(r"\d{14}", value) or check_digit(value[:-1]) != value[-1]:
        raise NotGS1("01")
    found.gtin = value


def _date(ai: str, value: str, today: date) -> date:
    """A date of six digits; day 00 is the month's last, and the century is the one that is nearest."""
    year, month, day = (int(value[at : at + 2]) for at in (0, 2, 4))
    year += today.year // 100 * 100
    if year - today.year > 50:
        year -= 100
    elif year - today.year < -49:
        year += 100
    try:
        return date(year, month, day or monthrange(year, month)[1])
    except ValueError as error:
        raise NotGS1(ai) from error


def _made(found: Elements, ai: str, value: str, today: date) -> None:
    found.made_on = _date(ai, value, today)


def _expires(found: Elements, ai: str, value: str, today: date) -> None:
    """Expiry, best before and sell by: the first of them counts."""
    on = _date(ai, value[:6], today)
    found.expires_on = min(on, found.expires_on or on)


def _lot(found: Elements, _ai: str, value: str, _today: date) -> None:
    found.lot = value


def _serial(found: Elements, _ai: str, value: str, _today: date) -> None:
    found.serial = value


def _pieces(found: Elements, _ai: str, value: str, _today: date) -> None:
    found.pieces = int(value)


def _kilograms(found: Elements, ai: str, value: str, _today: date) -> None:
    found.grams = half_up(int(value) * 1000, 10 ** int(ai[3]))


def _pounds(found: Elements, ai: str, value: str, _today: date) -> None:
    found.grams = half_up(int(value) * 45_359_237, 100_000 * 10 ** int(ai[3]))


def _payable(found: Elements, ai: str, value: str, _today: date) -> None:
    found.fen = half_up(int(value) * 100, 10 ** int(ai[3]))


def _payable_in(found: Elements, ai: str, value: str, today: date) -> None:
    if value[:3] != CNY or len(value) == 3:
        raise NotGS1(ai[:3])
    _payable(found, ai, value[3:], today)


def _nothing(_found: Elements, _ai: str, _value: str, _today: date) -> None:
    pass


@dataclass(frozen=True, slots=True)
class _Field:
    ai: re.Pattern[str]
    value: re.Pattern[str]
    fixed: bool
    put: Put


def _field(ai: str, value: str, put: Put = _nothing, *, fixed: bool = False) -> _Field:
    return _Field(re.compile(ai), re.compile(value), fixed, put)


_TEXT = r"[!-_a-z]"
_FIELDS = (
    _field("00", r"\d{18}", fixed=True),
    _field("0[12]", r"\d{14}", _gtin, fixed=True),
    _field("10", rf"{_TEXT}{{1,20}}", _lot),
    _field("11", r"\d{6}", _made, fixed=True),
    _field("1[23]", r"\d{6}", fixed=True),
    _field("1[567]", r"\d{6}", _expires, fixed=True),
    _field("20", r"\d{2}", fixed=True),
    _field("21", rf"{_TEXT}{{1,20}}", _serial),
    _field("22|235|24[0123]|25[0134]|400|403|42[0-7]|7023|7030|710|8008|8020|9[0-9]", rf"{_TEXT}{{1,90}}"),
    _field("30", r"\d{1,8}", _pieces),
    _field("310[0-6]", r"\d{6}", _kilograms, fixed=True),
    _field("320[0-6]", r"\d{6}", _pounds, fixed=True),
    _field("3[1-6]\\d[0-6]", r"\d{6}", fixed=True),
    _field("37", r"\d{1,8}", _pieces),
    _field("392[0-9]", r"\d{1,15}", _payable),
    _field("393[0-9]", r"\d{4,18}", _payable_in),
    _field("39[014][0-9]", r"\d{1,18}"),
    _field("41[0-7]", r"\d{13}", fixed=True),
    _field("7003", r"\d{10}", _expires),
    _field("8005", r"\d{6}"),
)


def elements(text: str, today: date) -> Elements:
    """Read a string without its symbology identifier.

    :raises NotGS1: an identifier that is not in the table, or a value that is cut short or none.
    """
    found, at = Elements(), 0
    while at < len(text):
        if text[at] == GS:
            at += 1
            continue
        for field in _FIELDS:
            if named := field.ai.match(text, at):
                break
        else:
            raise NotGS1(text[at : at + 4])
        said = field.value.match(text, named.end())
        if not said:
            raise NotGS1(named[0])
        at = said.end()
        if not field.fixed and at < len(text) and text[at] != GS:
            raise NotGS1(named[0])
        field.put(found, named[0], said[0], today)
    return found
