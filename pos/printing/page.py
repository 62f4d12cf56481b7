"""A slip as a page that a browser prints on the same paper."""

from __future__ import annotations

import html
import io

import qrcode
from barcode import Code128
from barcode.writer import SVGWriter
from qrcode.image.svg import SvgPathImage

from pos.printing.slip import Piece, Slip

_PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title><style>
@page {{ size: {mm}mm auto; margin: 2mm }}
body {{ margin: 0; width: {inner}mm; font: {size}px/1.5 "Noto Sans Mono CJK SC", "PingFang SC", monospace }}
h1 {{ margin: 0; font-size: 1.5em; text-align: center }} pre {{ margin: 0; font: inherit; white-space: pre }}
p {{ margin: 0; text-align: center }} svg {{ display: block; margin: 1mm auto }}</style></head>
<body>{pieces}</body></html>"""


def as_html(slip: Slip, title: str) -> str:
    """The slip as a page sized for its paper; the caller prints it."""
    return _PAGE.format(
        title=html.escape(title),
        mm=slip.width_mm,
        inner=slip.width_mm - 4,
        size=11 if slip.width_mm == 58 else 12,
        pieces="\n".join(map(_element, slip.pieces)),
    )


def _element(piece: Piece) -> str:
    words = html.escape(piece.words)
    if piece.kind == "bars":
        return f"{bars(piece.words)}<p>{words}</p>"
    if piece.kind == "square":
        return square(piece.words)
    return {"text": f"<pre>{words}</pre>", "centre": f"<p>{words}</p>", "title": f"<h1>{words}</h1>"}[piece.kind]


def bars(code: str) -> str:
    """Code 128 as an SVG element."""
    drawn = io.BytesIO()
    options = {"module_width": 0.25, "module_height": 8, "quiet_zone": 2, "write_text": False, "compress": False}
    Code128(code, writer=SVGWriter()).write(drawn, options)
    return _svg(drawn.getvalue().decode())


def square(words: str) -> str:
    """A QR code as an SVG element, at most 30 mm wide."""
    drawn = qrcode.make(words, image_factory=SvgPathImage, border=2, box_size=7)
    return _svg(drawn.to_string(encoding="unicode"))


def _svg(text: str) -> str:
    """The element alone, without what a file has before it."""
    return text[text.index("<svg") :]
