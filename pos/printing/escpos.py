"""A slip as the bytes of a thermal printer: python-escpos knows cut, drawer, sizes, Code 128 and QR.

Its `text()` is not used: it writes GB18030 only where a text has one of U+4E00 to U+9FA5, puts a question mark for a
line of nothing but full-width marks (a lone ￥9.90), and never tells the printer to read two-byte characters.  So the
text is encoded here, after FS &; nothing else is ours.
"""

from __future__ import annotations

from escpos.printer import Dummy

from pos.printing.slip import Slip

_CHINESE = b"\x1c&"
_SQUARE = {58: 5, 80: 6}
"""Dots for a module of a QR code: 30 to 40 mm for our addresses."""


def as_escpos(slip: Slip) -> bytes:
    """The slip for its width of paper; ends with a cut.  The drawer is not kicked here."""
    printer = Dummy()
    printer.hw("INIT")
    printer._raw(_CHINESE)
    before = "text"
    for piece in slip.pieces:
        if piece.kind != before:
            _turn(printer, piece.kind)
            before = piece.kind
        if piece.kind == "bars":
            code = "{B" + piece.words
            printer.barcode(code, "CODE128", 60, 2, "BELOW", align_ct=False, function_type="B")
        elif piece.kind == "square":
            printer.qr(piece.words, native=True, size=_SQUARE[slip.width_mm])
        else:
            printer._raw((piece.words + "\n").encode("gb18030", "replace"))
    printer.cut(mode="PART")
    out: bytes = printer.output
    return out


def _turn(printer: Dummy, kind: str) -> None:
    size = 2 if kind == "title" else 1
    printer.set(align="left" if kind == "text" else "center", custom_size=True, width=size, height=size)


def kick() -> bytes:
    """Opens the drawer that hangs on the printer."""
    printer = Dummy()
    printer.cashdraw(2)
    out: bytes = printer.output
    return out
