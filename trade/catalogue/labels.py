"""What labels of goods say: scale labels by the layouts of a store, and GS1 element strings.  Pure.

A layout is a pattern of 13 or 18 characters: two digits of its prefix (`X`: any), then

    P  item number, as the catalogue has it as a barcode       W  weight in grams
    F  price in fen                                            K  check digit of the price (four or five digits)
    X  anything                                                C  check digit of the whole, always last

so `2XPPPPPWWWWWC` is the weight of the simplest scale, `22PPPPKFFFFFC` a price with its own check digit and
`21PPPPPWWWWWFFFFFC` both.  The till and the desk read the same (`config/web/labels/index.ts`);
`tests/vectors/labels.json` holds both to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from config.errors import Malformed
from config.gs1 import check_digit
from trade.catalogue.elements import NotGS1, elements

DEFAULT = ("2XPPPPPWWWWWC",)
"""What holds where nobody has set anything."""


class BadCheckDigit(Malformed):
    """The label's check digit is wrong: scan it again."""

    code = "bad_check_digit"


class LabelEmpty(Malformed):
    """The label says a weight or a price of nothing: weigh again."""

    code = "label_empty"


class BadGS1(Malformed):
    """A GS1 code that contradicts itself or was read in part; `at` is the application identifier."""

    code = "bad_gs1"


@dataclass(frozen=True, slots=True)
class Read:
    """What a code says: the barcode to look for, and what else stands on the label.

    `fen` is what the label costs, `pieces` how many are in it; `expires_on` is the expiry or best-before date.
    """

    key: str
    grams: int | None = None
    fen: int | None = None
    pieces: int | None = None
    lot: str = ""
    serial: str = ""
    expires_on: date | None = None
    label: bool = False


def read(code: str, layouts: Sequence[str] = DEFAULT, *, today: date) -> Read:
    """What a scanned code stands for.

    :raises BadCheckDigit, LabelEmpty: a scale label that was misread, or of an empty scale.
    :raises BadGS1: an element string that says nothing sound.
    """
    plain = code.strip("\r\n ")
    if plain.startswith("]") and plain[:3] not in GS1_SYMBOLS:
        plain = plain[3:]
    if plain[:3] in GS1_SYMBOLS or GS in plain:
        return _elements(plain.removeprefix(plain[:3]) if plain[:3] in GS1_SYMBOLS else plain, today)
    for layout in layouts:
        if fits(plain, layout):
            return _label(plain, layout)
    return Read(_trade_item(plain))


GS = "\x1d"
GS1_SYMBOLS = ("]C1", "]d2", "]Q3", "]e0")


def may_be_label(code: str) -> bool:
    """Whether a store's layouts must be known to read a code."""
    return code[:1] == "2" and len(code) in (13, 18)


def fits(code: str, layout: str) -> bool:
    """Whether a code is a label of a layout, sound or not."""
    same = len(code) == len(layout) and code.isascii() and code.isdigit()
    return same and all(a == b for a, b in zip(code, layout[:2], strict=False) if b != "X")


def _part(code: str, layout: str, letter: str) -> str:
    return "".join(digit for digit, what in zip(code, layout, strict=True) if what == letter)


def _label(code: str, layout: str) -> Read:
    price, checked = _part(code, layout, "F"), _part(code, layout, "K")
    if check_digit(code[:-1]) != code[-1] or (checked and price_check_digit(price) != checked):
        raise BadCheckDigit(code=code)
    grams, fen = (int(part) if part else None for part in (_part(code, layout, "W"), price))
    if grams == 0 or fen == 0:
        raise LabelEmpty(code=code)
    return Read(_part(code, layout, "P"), grams, fen, label=True)


_TIMES = {"2-": "0246891357", "3": "0369258147", "5+": "0516273849", "5-": "0594837261"}
"""What a digit counts under GS1's weights for a price within a number (General Specifications 7.9)."""


def price_check_digit(price: str) -> str:
    """The check digit of a price of four or five digits within a number, as GS1 weighs it."""
    if len(price) == 4:
        total = sum(
            int(_TIMES[weight][int(digit)]) for weight, digit in zip(("2-", "2-", "3", "5-"), price, strict=True)
        )
        return str(total * 3 % 10)
    weights = ("5+", "2-", "5-", "5+", "2-")
    total = sum(int(_TIMES[weight][int(digit)]) for weight, digit in zip(weights, price, strict=True))
    return str(_TIMES["5-"].index(str(-total % 10)))


def _trade_item(code: str) -> str:
    """As the catalogue has it: a UPC with its leading zero, a GTIN-14 of the unit without, others as they are."""
    if not (code.isascii() and code.isdigit()):
        return code[:20]
    if len(code) == 12:
        return f"0{code}"
    if len(code) == 14 and check_digit(code[:-1]) == code[-1]:
        return code[6:] if code.startswith("000000") else code[1:] if code.startswith("0") else code
    return code[:20]


def _elements(text: str, today: date) -> Read:
    try:
        found = elements(text, today)
    except NotGS1 as error:
        raise BadGS1(at=str(error)) from error
    gtin = found.gtin
    if not gtin:
        raise BadGS1(at="01")
    return Read(
        _trade_item(gtin), found.grams, found.fen, found.pieces, found.lot, found.serial, found.expires_on,
        label=found.grams is not None or found.fen is not None,
    )  # fmt: skip


def grams_for(fen: int, unit_price_fen: int) -> int:
    """The grams that a label with nothing but a price stands for: the fewest that cost at least its fen.

    So the label's own fen is never more than the goods cost by weight, and less by under a gram's price: that is taken
    off by hand, as `label`, and the line costs what the label says to the fen.  29.80 a kg and 12.34: 414 g cost 12.34
    (1233.72), nothing off; 59.80 a kg and 12.34: 206 g cost 12.32, 207 g cost 12.38, so 207 g less 0.04.
    """
    return -((500 - 1000 * fen) // unit_price_fen)


def faults(layouts: Iterable[str]) -> dict[str, str]:
    """What is wrong with each of a set of layouts, a word: empty when they may be used.

    `length` (not 13 or 18), `shape`, `alipay` (18 digits from 25 on are Alipay's payment codes), `nothing` (neither
    weight nor price), `check` (a price check digit needs a price of four or five digits), `twice` (two fit one code).
    """
    found: dict[str, str] = {}
    known: set[tuple[int, str]] = set()
    for layout in layouts:
        digits = "0123456789" if layout[1:2] == "X" else layout[1:2]
        prefixes = {(len(layout), digit) for digit in digits}
        fault = _fault(layout) or ("twice" if prefixes & known else "")
        if fault:
            found[layout] = fault
        known |= prefixes
    return found


def _fault(layout: str) -> str:
    parts = {letter: len(list(run)) for letter, run in groupby(layout[2:]) if letter != "X"}
    runs = [letter for letter, _ in groupby(layout[2:]) if letter != "X"]
    whole = len(set(runs)) == len(runs) and set(runs) <= set("PWFKC") and runs[-1:] == ["C"]
    if len(layout) not in (13, 18):
        return "length"
    if not re.match("2[0-9X]", layout) or not whole or parts["C"] != 1 or not 4 <= parts.get("P", 0) <= 6:
        return "shape"
    if len(layout) == 18 and layout[1] not in "01234":
        return "alipay"
    if not {"W", "F"} & parts.keys():
        return "nothing"
    return "check" if "K" in parts and (parts["K"] > 1 or parts.get("F") not in (4, 5)) else ""
