"""客服工单 in the mall: ask, read the thread, write again, say that it is done."""

from __future__ import annotations

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from mall.http import who
from mall.http.photos import MOST, Token
from trade.orders.aftersales.read import store_of
from trade.orders.service import moves, read
from trade.orders.service.states import Kind

bp = blueprint("service", "/api/mall/tickets", who.identify)


class TicketWordsForm(WriteForm):
    """In the customer's own words, with photos that were kept before."""

    words: str = Field(min_length=1, max_length=500, pattern=r"\S")
    photos: list[Token] = Field(default_factory=list, max_length=MOST)


class TicketForm(TicketWordsForm):
    """What it is about, and about which order, if any."""

    kind: Kind
    order_id: int | None = None


class PageQuery(Form):
    """Where the last page ended."""

    before: int | None = None


def _whole(opened: Session, ticket_id: int) -> dict[str, object]:
    return {"ticket": read.one(opened, ticket_id, member_id=who.me().member_id)}


@bp.get("")
@permit("mall.order")
@bp.input(PageQuery, location="query")
def tickets(query_data: PageQuery) -> Reply:
    """The customer's tickets, newest first; 20 a page."""
    return {"tickets": read.of_member(session(), who.me().member_id, before=query_data.before)}, 200


@bp.post("")
@permit("mall.order")
@bp.input(TicketForm)
def ask(json_data: TicketForm) -> Reply:
    """Ask: 201 with the ticket.  409 `photos_gone`, `too_many_tickets`; 404 an order that is not theirs."""
    me, form = who.me(), json_data

    def work(opened: Session) -> Reply:
        store_id = store_of(opened, me.member_id, form.order_id) if form.order_id else None
        of = {"photos": form.photos, "store_id": store_id, "order_id": form.order_id, "actor": me.actor, "now": g.now}
        return _whole(opened, moves.ask(opened, me.member_id, form.kind, form.words.strip(), **of)), 201

    return once(json_data, work)


@bp.get("/<int:ticket_id>")
@permit("mall.order")
def one(ticket_id: int) -> Reply:
    """One ticket with all that was said."""
    return _whole(session(), ticket_id), 200


@bp.post("/<int:ticket_id>/write")
@permit("mall.order")
@bp.input(TicketWordsForm)
def write(ticket_id: int, json_data: TicketWordsForm) -> Reply:
    """Write again; 409 `wrong_state` when it is closed."""
    me = who.me()

    def work(opened: Session) -> Reply:
        _whole(opened, ticket_id)
        said = {"photos": json_data.photos, "actor": me.actor, "now": g.now}
        moves.write(opened, ticket_id, json_data.words.strip(), **said)
        return _whole(opened, ticket_id), 200

    return once(json_data, work)


@bp.post("/<int:ticket_id>/close")
@permit("mall.order")
@bp.input(WriteForm)
def close(ticket_id: int, json_data: WriteForm) -> Reply:
    """It is done; 409 `wrong_state` when it is closed already."""
    me = who.me()

    def work(opened: Session) -> Reply:
        _whole(opened, ticket_id)
        moves.close(opened, ticket_id, "member", actor=me.actor, now=g.now)
        return _whole(opened, ticket_id), 200

    return once(json_data, work)
