"""客服工单 at the desk: a store sees and answers its own, the head office all."""

from __future__ import annotations

from collections.abc import Callable

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from trade.orders.service import moves, read

bp = blueprint("service_desk", "/api/desk/service", who.identify)


class ListQuery(Form):
    """Open tickets by their clock after `skip`, or closed ones before an id."""

    closed: bool = False
    before: int | None = None
    skip: int = Field(0, ge=0, le=10_000)


class TicketAnswerForm(WriteForm):
    """What the customer reads."""

    words: str = Field(min_length=1, max_length=500, pattern=r"\S")


@bp.get("")
@permit("desk.service")
@bp.input(ListQuery, location="query")
def listed(query_data: ListQuery) -> Reply:
    """`{tickets, more, waiting, overdue}`: 20 a page; the figures are of what waits for the caller's own desk."""
    store_id = who.me().store_id
    found = read.at_desk(session(), store_id=store_id, **query_data.model_dump(), now=g.now)
    return {"tickets": found, "more": len(found) == read.PAGE, **_waiting(store_id)}, 200


def _waiting(store_id: int | None) -> dict[str, int]:
    return read.waiting(session(), store_id=store_id, now=g.now)


@bp.get("/waiting")
@permit("desk.service")
def waiting() -> Reply:
    """How many wait for the caller's desk, and how many of those are late."""
    return dict(_waiting(who.me().store_id)), 200


@bp.get("/<int:ticket_id>")
@permit("desk.service")
def one(ticket_id: int) -> Reply:
    """One ticket with all that was said; 404 for another store's."""
    return {"ticket": read.one(session(), ticket_id, store_id=who.me().store_id)}, 200


def _step(form: WriteForm, ticket_id: int, work: Callable[[Session], None]) -> Reply:
    def do(opened: Session) -> Reply:
        read.one(opened, ticket_id, store_id=who.me().store_id)
        work(opened)
        return {"ticket": read.one(opened, ticket_id, store_id=who.me().store_id)}, 200

    return once(form, do)


@bp.post("/<int:ticket_id>/answer")
@permit("desk.service")
@bp.input(TicketAnswerForm)
def answer(ticket_id: int, json_data: TicketAnswerForm) -> Reply:
    """Answer; the customer is told.  409 `wrong_state` when it is closed."""
    me, words = who.me(), json_data.words.strip()
    by = {"staff_id": me.id, "actor": me.actor, "now": g.now}
    return _step(json_data, ticket_id, lambda opened: moves.answer(opened, ticket_id, words, **by))


@bp.post("/<int:ticket_id>/hand-on")
@permit("desk.service")
@bp.input(WriteForm)
def hand_on(ticket_id: int, json_data: WriteForm) -> Reply:
    """Leave it to the head office."""
    by = {"actor": who.me().actor, "now": g.now}
    return _step(json_data, ticket_id, lambda opened: moves.hand_on(opened, ticket_id, **by))


@bp.post("/<int:ticket_id>/close")
@permit("desk.service")
@bp.input(WriteForm)
def close(ticket_id: int, json_data: WriteForm) -> Reply:
    """It is done."""
    by = {"actor": who.me().actor, "now": g.now}
    return _step(json_data, ticket_id, lambda opened: moves.close(opened, ticket_id, "staff", **by))
