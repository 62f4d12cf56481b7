"""The page behind a receipt's QR code: for whoever holds the receipt, without signing in."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Response, request
from jinja2 import Environment, FileSystemLoader

from config.clock import SHANGHAI
from config.errors import NotFound
from config.http import blueprint, permit, session
from config.money import yuan
from config.texts import language_of, say
from pos.printing.page import bars
from pos.printing.papers import amount
from trade.orders import read
from trade.orders.receipts import book

bp = blueprint("e-receipt", "", lambda: None)
_PAGES = Environment(loader=FileSystemLoader(Path(__file__).parents[1] / "pages"), autoescape=True)


def render(status: int, facts: dict[str, Any]) -> Response:
    """The page with these facts, in the reader's language; nobody keeps it and nobody is told where it was."""
    language = language_of(request.headers.get("Accept-Language"))

    def words(key: str, **given: Any) -> str:
        return say(key, language, **given)

    given: dict[str, Any] = {"language": language, "t": words, "yuan": yuan, "amount": amount, **facts}
    response = Response(
        _PAGES.get_template("receipt.html").render(given), status, content_type="text/html; charset=utf-8"
    )
    response.headers.update(
        {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}
    )
    return response


def stands(receipt: dict[str, Any], refunded_fen: int) -> str:
    """How a receipt stands now, in one word."""
    if receipt["state"] in ("cancelled", "placed"):
        return str(receipt["state"])
    if refunded_fen == 0:
        return "paid"
    return "refunded" if refunded_fen >= receipt["payable_fen"] else "partly"


@bp.get("/r/<address>")
@permit("public")
@bp.doc(hide=True)
def show(address: str) -> Response:
    """The stored receipt as it stands now; 404 with a page when there is none, or none yet: it comes with the till."""
    try:
        key = book.find(session(), address)
    except NotFound:
        return render(404, {"receipt": None})
    receipt = read.receipt(session(), *key, codes=False)
    refunded_fen = book.refunded_fen(session(), *key)
    at = datetime.fromisoformat(receipt["at"]).astimezone(SHANGHAI)
    facts = {
        "receipt": receipt,
        "refunded_fen": refunded_fen,
        "stands": stands(receipt, refunded_fen),
        "moment": at.strftime("%Y-%m-%d %H:%M"),
        "bars": bars(receipt["printed_no"]),
    }
    return render(200, facts)
