"""The page behind a receipt's QR code: for whoever holds the receipt, without signing in."""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from flask import Response, g, request
from jinja2 import Environment, FileSystemLoader
from pydantic import Field, ValidationError

from config.clock import SHANGHAI
from config.errors import NotFound, Refused
from config.http import WriteForm, blueprint, once, permit, session
from config.money import yuan
from config.texts import language_of, say
from pos.http import top_ups
from pos.printing.page import bars
from pos.printing.papers import amount
from trade.orders import read
from trade.orders.invoices import moves as invoices
from trade.orders.invoices import wishes
from trade.orders.receipts import book
from trade.payments import top_up_refunds

bp = blueprint("e-receipt", "", lambda: None)
_PAGES = Environment(loader=FileSystemLoader(Path(__file__).parents[1] / "pages"), autoescape=True)


def render(status: int, facts: dict[str, Any], page: str = "receipt") -> Response:
    """The page with these facts, in the reader's language; nobody keeps it and nobody is told where it was."""
    language = language_of(request.headers.get("Accept-Language"))

    def words(key: str, **given: Any) -> str:
        return say(key, language, **given)

    given: dict[str, Any] = {"language": language, "t": words, "yuan": yuan, "amount": amount}
    given |= {"request_path": request.path.removesuffix("/invoice"), **facts}
    response = Response(
        _PAGES.get_template(f"{page}.html").render(given), status, content_type="text/html; charset=utf-8"
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


class InvoiceForm(WriteForm):
    """Who the invoice is for, and where it goes."""

    kind: Literal["person", "company"]
    title: str = Field(min_length=1, max_length=100)
    tax_no: str = Field("", max_length=18)
    email: str = Field(max_length=100, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


@bp.get("/r/<address>")
@permit("public")
@bp.doc(hide=True)
def show(address: str) -> Response:
    """The stored receipt as it stands now; 404 with a page when there is none, or none yet: it comes with the till."""
    if top_up := book.find_top_up(address):
        return render(200, _top_up_facts(top_up), "top_up")
    try:
        key = book.find(session(), address)
    except NotFound:
        return render(404, {"receipt": None})
    return render(200, _facts(key))


def _top_up_facts(key: tuple[int, int]) -> dict[str, Any]:
    paper, refunded_fen = top_ups.receipt_of(session(), *key), top_up_refunds.refunded_fen(session(), *key)
    word = "paid" if refunded_fen == 0 else "refunded" if refunded_fen >= paper["principal_fen"] else "partly"
    return {
        "paper": paper,
        "refunded_fen": refunded_fen,
        "stands": word,
        "moment": _moment(paper["paid_at"]),
        "bars": bars(paper["no"]),
    }


def _moment(at: str) -> str:
    return datetime.fromisoformat(at).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _facts(key: tuple[int, int]) -> dict[str, Any]:
    receipt = read.receipt(session(), *key, codes=False)
    refunded_fen = book.refunded_fen(session(), *key)
    return {
        "receipt": receipt,
        "refunded_fen": refunded_fen,
        "stands": stands(receipt, refunded_fen),
        "moment": _moment(receipt["at"]),
        "bars": bars(receipt["printed_no"]),
        "may_invoice": wishes.offered(),
        "invoice": invoices.of_order(session(), *key),
        "invoice_fen": invoices.amount_fen(session(), *key),
        "request_id": str(uuid.uuid4()),
        "said": "",
        "typed": {},
    }


@bp.post("/r/<address>/invoice")
@permit("public")
@bp.doc(hide=True)
def ask_for_invoice(address: str) -> Response:
    """Ask for the invoice of a receipt and come back to its page; what was wrong is said above the form."""
    try:
        key = book.find(session(), address)
    except NotFound:
        return render(404, {"receipt": None})
    typed = request.form.to_dict()
    try:
        form = InvoiceForm.model_validate(typed)
        wish = wishes.understood(form.kind, form.title, form.tax_no, form.email)
        if not wishes.offered():
            raise invoices.NothingToInvoice()
        once(form, lambda opened: ({"id": invoices.ask(opened, *key, wish, now=g.now)}, 201))
    except ValidationError:
        return render(422, _facts(key) | {"typed": typed, "said": "malformed_invoice"})
    except Refused as refused:
        return render(refused.status, _facts(key) | {"typed": typed, "said": refused.code})
    return Response(status=303, headers={"Location": f"/r/{address}", "Cache-Control": "no-store"})
