"""A slip of thermal paper as pieces: lines of text that fit its width, bars and squares to scan.

Widths are columns of half-width characters: 32 on 58 mm, 48 on 80 mm.  A printer in GB18030 gives whatever is not
ASCII the width of two, also what is narrow on a screen.  The till makes the same pieces (`pos/web/till/print/slip.ts`),
and both are held to the same golden bytes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from config.money import yuan

COLUMNS = {58: 32, 80: 48}
_TEXTS = Path(__file__).parents[2] / "config/web/locale/paper.json"

_COMMANDS = re.compile(r"[\x00-\x1f\x7f-\x9f]")

Kind = Literal["text", "centre", "title", "bars", "square"]


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing on the paper: a line (`text`, `centre`, `title` in double size), Code 128 (`bars`), QR (`square`)."""

    kind: Kind
    words: str


@cache
def _texts() -> dict[str, str]:
    loaded: dict[str, str] = json.loads(_TEXTS.read_text("utf-8"))
    return loaded


def say(key: str, **facts: Any) -> str:
    """A text of the paper, which is Chinese whatever language the screen has; amounts in yuan."""
    shown = {name: yuan(fact) if name.endswith("_fen") else fact for name, fact in facts.items()}
    return _texts()[key].format(**shown)


def columns(words: str) -> int:
    """How many half-width columns a text takes on paper."""
    return sum(1 if mark.isascii() else 2 for mark in words)


def fit(words: str, width: int) -> list[str]:
    """A text in pieces of at most `width` columns."""
    pieces, piece = [], ""
    for mark in words:
        if columns(piece + mark) > width:
            pieces.append(piece)
            piece = ""
        piece += mark
    return [*pieces, piece]


class Slip:
    """The pieces of one paper of 58 or 80 mm, written from top to bottom."""

    def __init__(self, width_mm: int) -> None:
        self.width_mm = width_mm
        self.width = COLUMNS[width_mm]
        self.pieces: list[Piece] = []

    def line(self, words: str, kind: Kind = "text") -> None:
        """A text, on as many lines as it needs; a sign that would command the printer is a blank."""
        width = self.width // 2 if kind == "title" else self.width
        self.pieces += [Piece(kind, piece) for piece in fit(_COMMANDS.sub(" ", words), width)]

    def pair(self, left: str, right: str) -> None:
        """Left and right on one line when they fit, else the right one on a line of its own."""
        space = self.width - columns(left) - columns(right)
        if space >= 1:
            return self.line(left + " " * space + right)
        self.line(left)
        return self.line(" " * max(self.width - columns(right), 0) + right)

    def rule(self) -> None:
        """A line across."""
        self.line("-" * self.width)

    def bars(self, code: str) -> None:
        """A code for our scanners, at most 13 characters."""
        self.pieces.append(Piece("bars", code))

    def square(self, words: str) -> None:
        """A QR code for the customer's phone."""
        self.pieces.append(Piece("square", words))
