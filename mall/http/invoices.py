"""电子发票 of an order: what may be invoiced, for whom the last one was, and asking for one."""

from __future__ import annotations

from typing import Literal

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.http import Reply, WriteForm, blueprint, once, permit, session
from mall.http import who
from member import invoice_titles
from trade.orders.aftersales import read
from trade.orders.invoices import moves, wishes

bp = blueprint("mall_invoices", "/api/mall/orders", who.identify)


class InvoiceForm(WriteForm):
    """Who the invoice is for, and where it goes; a company says its tax number."""

    kind: Literal["person", "company"]
    title: str = Field(min_length=1, max_length=100)
    tax_no: str = Field("", max_length=30)
    email: str = Field(max_length=100, pattern=r"^\s*[^@\s]+@[^@\s]+\.[^@\s]+\s*$")


@bp.get("/<int:order_id>/invoice")
@permit("mall.order")
def invoice(order_id: int) -> Reply:
    """`{invoice, amount_fen, may, titles}`: the newest invoice or null, what may be invoiced, and the last titles.

    Orders of the mall and sales at the till alike.
    """
    me = who.me().member_id
    shown = wishes.shown(session(), read.store_of(session(), me, order_id), order_id)
    return shown | {"titles": invoice_titles.of_member(session(), me)}, 200


@bp.post("/<int:order_id>/invoice")
@permit("mall.order")
@bp.input(InvoiceForm)
def ask(order_id: int, json_data: InvoiceForm) -> Reply:
    """Ask for it, and keep the title: 201 as GET, without titles, for no kept answer
    has where it went; 409 `invoice_live`, `nothing_to_invoice`, 422 `bad_tax_no`."""
    me, form = who.me(), json_data

    def work(opened: Session) -> Reply:
        store_id = read.store_of(opened, me.member_id, order_id)
        wish = wishes.understood(form.kind, form.title, form.tax_no, form.email)
        if not wishes.offered():
            raise moves.NothingToInvoice()
        moves.ask(opened, store_id, order_id, wish, now=g.now)
        invoice_titles.keep(opened, me.member_id, wish.kind, wish.title, wish.tax_no, wish.email, now=g.now)
        return wishes.shown(opened, store_id, order_id), 201

    return once(json_data, work)
