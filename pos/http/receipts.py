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
from pos.printing.slip import Slip
from trade.orders import desk, read
from trade.orders.aisle.reading import with_codes
from trade.orders.offline.read import order_of
from trade.orders.receipts import book, printings, returned
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


def _copy(no: str, copy: int, query: PaperQuery) -> Slip:
    """A page in a frame sends no till's token: the store is that of who is signed in."""
    store_id, order_id = order_of(session(), who.own_store(), no)
    mark = printings.of_sale(session(), order_id, copy)
    return papers.sale(read.receipt(session(), store_id, order_id) | {"copy": mark}, int(query.width))


@bp.get("/<no>/<int:copy>/print")
@permit("pos.read")
@bp.input(PaperQuery, location="query")
def print_page(no: str, copy: int, query_data: PaperQuery) -> Response:
    """A counted copy of a receipt as a page that prints itself; the original is the till's own."""
    return Response(as_html(_copy(no, copy, query_data), no), content_type="text/html; charset=utf-8")


@bp.get("/<no>/<int:copy>/escpos")
@permit("pos.read")
@bp.input(PaperQuery, location="query")
def escpos(no: str, copy: int, query_data: PaperQuery) -> Response:
    """The same as bytes for a thermal printer (ESC/POS, GB18030)."""
    return Response(as_escpos(_copy(no, copy, query_data)), content_type="application/octet-stream")


@returned_bp.post("/<no>/print")
@permit("pos.read")
@returned_bp.input(WriteForm)
def count_return(no: str, json_data: WriteForm) -> Reply:
    """Count one more printing of a return's paper: `copy` is how often it was printed before, for its address."""
    store_id, me = who.till().store_id, who.me()

    def work(opened: Session) -> Reply:
        subject = f"return:{returned.paper(opened, store_id, no)['no']}"
        return {"copy": printings.count(opened, subject, actor=me.actor, now=g.now)}, 200

    return once(json_data, work)


def _returned(no: str, copy: int, query: PaperQuery) -> Slip:
    paper = returned.paper(session(), who.own_store(), no)
    printings.check(session(), f"return:{paper['no']}", copy)
    return papers.returned(paper | {"copy": copy}, int(query.width))


@returned_bp.get("/<no>/<int:copy>/print")
@permit("pos.read")
@returned_bp.input(PaperQuery, location="query")
def print_return(no: str, copy: int, query_data: PaperQuery) -> Response:
    """The paper of a return taken back in this store (`R` and digits) as a page; a `copy` above 0 bears its mark."""
    return Response(as_html(_returned(no, copy, query_data), no), content_type="text/html; charset=utf-8")


@returned_bp.get("/<no>/<int:copy>/escpos")
@permit("pos.read")
@returned_bp.input(PaperQuery, location="query")
def return_escpos(no: str, copy: int, query_data: PaperQuery) -> Response:
    """The same as bytes for a thermal printer (ESC/POS, GB18030)."""
    return Response(as_escpos(_returned(no, copy, query_data)), content_type="application/octet-stream")


@parcel_bp.get("/<int:parcel_id>/escpos")
@permit("desk.read")
@parcel_bp.input(PaperQuery, location="query")
def parcel_escpos(parcel_id: int, query_data: PaperQuery) -> Response:
    """The slip that goes with a parcel of this store, as bytes for a thermal printer; it bears no pickup code."""
    store_id = who.own_store()
    card = desk.one(session(), store_id, parcel_id)
    slip = papers.pickup(card | {"store_name": shops.name(session(), store_id)}, int(query_data.width))
    return Response(as_escpos(slip), content_type="application/octet-stream")
