"""Receipts of stored sales: to look at, to print, to print again."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, g
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from pos.printing import papers
from pos.printing.escpos import as_escpos
from pos.printing.page import as_html
from trade.orders import desk, read
from trade.orders.aisle.reading import with_codes
from trade.orders.offline.read import order_of
from trade.orders.receipts import book, returned
from trade.stores import shops

bp = blueprint("receipt", "/api/pos/receipts", who.identify)
returned_bp = blueprint("return-paper", "/api/pos/returns", who.identify)
parcel_bp = blueprint("parcel-paper", "/api/desk/parcels", who.identify)


class PaperQuery(Form):
    """The paper's width in millimetres."""

    width: Literal["58", "80"] = "80"


def _receipt(no: str) -> dict[str, Any]:
    return read.receipt(session(), *order_of(session(), who.till().store_id, no))


@bp.get("/<no>")
@permit("pos.read")
def receipt(no: str) -> Reply:
    """A stored sale by its printed number, of this store or an order of another to be returned here."""
    return {"receipt": _receipt(no)}, 200


@bp.post("/<no>/copies")
@permit("pos.read")
@bp.input(WriteForm)
def print_again(no: str, json_data: WriteForm) -> Reply:
    """Count one more printing of a receipt.  201 with it and its `copy`: {n, by, at}, which the paper bears."""
    me = who.me()
    store_id, order_id = order_of(session(), who.till().store_id, no)

    def work(opened: Session) -> Reply:
        copy = book.copy(opened, store_id, order_id, by=me.name, actor=me.actor, now=g.now)
        return {"receipt": read.receipt(opened, store_id, order_id, codes=False) | {"copy": copy}}, 201

    answer, status = once(json_data, work)
    return {"receipt": with_codes(session(), store_id, answer["receipt"])}, status


@bp.get("/<no>/print")
@permit("pos.read")
@bp.input(PaperQuery, location="query")
def print_page(no: str, query_data: PaperQuery) -> Response:
    """The receipt as a page that prints itself."""
    page = as_html(papers.sale(_receipt(no), int(query_data.width)), no)
    return Response(page, content_type="text/html; charset=utf-8")


@bp.get("/<no>/escpos")
@permit("pos.read")
@bp.input(PaperQuery, location="query")
def escpos(no: str, query_data: PaperQuery) -> Response:
    """The receipt as bytes for a thermal printer (ESC/POS, GB18030)."""
    data = as_escpos(papers.sale(_receipt(no), int(query_data.width)))
    return Response(data, content_type="application/octet-stream")


@returned_bp.get("/<no>/print")
@permit("pos.read")
@returned_bp.input(PaperQuery, location="query")
def print_return(no: str, query_data: PaperQuery) -> Response:
    """The paper of a return taken back in this store (`R` and digits) as a page that prints itself."""
    page = as_html(papers.returned(returned.paper(session(), who.till().store_id, no), int(query_data.width)), no)
    return Response(page, content_type="text/html; charset=utf-8")


@returned_bp.get("/<no>/escpos")
@permit("pos.read")
@returned_bp.input(PaperQuery, location="query")
def return_escpos(no: str, query_data: PaperQuery) -> Response:
    """The paper of a return as bytes for a thermal printer (ESC/POS, GB18030)."""
    data = as_escpos(papers.returned(returned.paper(session(), who.till().store_id, no), int(query_data.width)))
    return Response(data, content_type="application/octet-stream")


@parcel_bp.get("/<int:parcel_id>/escpos")
@permit("desk.read")
@parcel_bp.input(PaperQuery, location="query")
def parcel_escpos(parcel_id: int, query_data: PaperQuery) -> Response:
    """The slip that goes with a parcel of this store, as bytes for a thermal printer; it bears no pickup code."""
    store_id = who.own_store()
    card = desk.one(session(), store_id, parcel_id)
    slip = papers.pickup(card | {"store_name": shops.name(session(), store_id)}, int(query_data.width))
    return Response(as_escpos(slip), content_type="application/octet-stream")
