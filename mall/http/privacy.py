"""A copy of everything held about a customer, and leaving for good."""

from __future__ import annotations

from flask import g
from sqlalchemy.orm import Session

from config.db import transaction
from config.http import Reply, WriteForm, blueprint, once, permit, session
from mall.http import who
from member import export
from member import leaving as asked
from trade.orders import leaving

bp = blueprint("privacy", "/api/mall", who.identify)


@bp.get("/me/export")
@permit("mall.order")
def export_state() -> Reply:
    """`{"export": {state, asked_at, expires_at}}` or null; `state`: making, ready, taken, expired."""
    return {"export": export.state(session(), who.me().member_id, now=g.now)}, 200


@bp.post("/me/export")
@permit("mall.order")
@bp.input(WriteForm)
def ask_export(json_data: WriteForm) -> Reply:
    """Ask for a copy of everything; answers like GET.  It is made within seconds and kept for seven days."""
    shopper = who.me()

    def work(opened: Session) -> Reply:
        export.ask(opened, shopper.member_id, actor=shopper.actor, now=g.now)
        return {"export": export.state(opened, shopper.member_id, now=g.now)}, 202

    return once(json_data, work)


@bp.post("/me/export/take")
@permit("mall.order")
@bp.input(WriteForm)
def take_export(json_data: WriteForm) -> Reply:
    """The copy: `{"data": {...}}`, once; 404 `export_not_ready`.

    It is stored nowhere in clear, so whoever loses the answer asks for a new copy.
    """
    with transaction(session()) as opened:
        return {"data": export.take(opened, who.me().member_id, now=g.now)}, 200


@bp.get("/me/delete")
@permit("mall.order")
def delete_state() -> Reply:
    """`{"leaving": {asked_at, due_at, waits_for}}`, or null for whoever stays."""
    return {"leaving": asked.state(session(), who.me().member_id)}, 200


@bp.post("/me/delete")
@permit("mall.order")
@bp.input(WriteForm)
def delete(json_data: WriteForm) -> Reply:
    """Ask to be forgotten: done after seven days unless cancelled.  409 `orders_open`, `stored_value_left`."""
    shopper = who.me()

    def work(opened: Session) -> Reply:
        leaving.ask(opened, shopper.member_id, actor=shopper.actor, now=g.now)
        return {"leaving": asked.state(opened, shopper.member_id)}, 200

    return once(json_data, work)


@bp.post("/me/delete/cancel")
@permit("mall.order")
@bp.input(WriteForm)
def stay(json_data: WriteForm) -> Reply:
    """Stay after all: `{"leaving": null}`; a repeat changes nothing."""
    shopper = who.me()

    def work(opened: Session) -> Reply:
        asked.cancel(opened, shopper.member_id, actor=shopper.actor, now=g.now)
        return {"leaving": asked.state(opened, shopper.member_id)}, 200

    return once(json_data, work)
