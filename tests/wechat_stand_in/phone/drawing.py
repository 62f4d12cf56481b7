"""Bar code and QR as SVG paths."""

from __future__ import annotations

from barcode.codex import Code128
from markupsafe import Markup
from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_M


def _runs(row: str, y: int, height: int) -> str:
    """The dark runs of a row of `0` and `1` as rectangles."""
    drawn, at = [], 0
    for run in row.replace("01", "0 1").replace("10", "1 0").split():
        if run[0] == "1":
            drawn.append(f"M{at} {y}h{len(run)}v{height}h-{len(run)}z")
        at += len(run)
    return "".join(drawn)


def bar_code(digits: str) -> Markup:
    """Code 128."""
    row: str = Code128(digits).build()[0]
    path = _runs(row, 0, 40)
    return Markup(
        f'<svg class="barcode" viewBox="0 0 {len(row)} 40" preserveAspectRatio="none" role="img" aria-label="{digits}"'
        f' shape-rendering="crispEdges"><path d="{path}"/></svg>'
    )


def qr_code(text: str) -> Markup:
    """QR at error level M."""
    made = QRCode(border=0, error_correction=ERROR_CORRECT_M)
    made.add_data(text)
    made.make(fit=True)
    rows = ["".join("1" if dark else "0" for dark in row) for row in made.get_matrix()]
    path = "".join(_runs(row, y, 1) for y, row in enumerate(rows))
    return Markup(
        f'<svg class="qr" viewBox="0 0 {len(rows)} {len(rows)}" aria-hidden="true" shape-rendering="crispEdges">'
        f'<path d="{path}"/></svg>'
    )
