"""Goods from store to store: asked for, shipped by the one, received as counted by the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.errors import NotPermitted
from config.http import Reply, WriteForm, blueprint, once, permit, session
from pos.http import who
from pos.http.goods import ArrivedLine, GoodsLine, PapersQuery, arrived, differences, papers, wanted
from trade.fulfilment import lost
from trade.stock import transfers
from trade.stock.papers import read

bp = blueprint("transfer", "/api/desk/transfers", who.identify)


class TransferForm(WriteForm):
    """Which store sends what to which; one of them is one's own, unless the head office asks."""

    from_store_id: int
    to_store_id: int
    lines: list[GoodsLine] = Field(min_length=1, max_length=500)
    note: str = Field("", max_length=500)


class SendForm(WriteForm):
    """What is really sent; what is asked for and not named stays."""

    lines: list[GoodsLine] = Field(min_length=1, max_length=500)


class ArrivalForm(WriteForm):
    """What came, as counted; what is not named did not come."""

    lines: list[ArrivedLine] = Field(max_length=500)


class OutcomeForm(WriteForm):
    """`stayed`: the sender's figure is put right.  `lost`: what lacks is gone."""

    outcome: Literal["stayed", "lost"]
    note: str = Field(min_length=1, max_length=500)


def _mine() -> int:
    """One's own store, 0 for the head office, which sees them all."""
    return who.me().store_id or 0


def _step(form: WriteForm, transfer_id: int, work: Callable[[Session, int, str], dict[str, object]]) -> Reply:
    """One step of a transfer; `work` gets the sending store.  Answers the transfer as it stands then."""
    mine, actor = _mine(), who.me().actor

    def do(opened: Session) -> Reply:
        from_store_id, _ = transfers.sender(opened, transfer_id, mine=mine)
        more = work(opened, from_store_id, actor)
        return {"transfer": read.transfer(opened, mine, transfer_id), **more}, 200

    return once(form, do)


def _only(store_id: int) -> None:
    """The step is taken where the goods are."""
    if who.own_store() != store_id:
        raise NotPermitted(permission="other_store")


@bp.get("")
@permit("stock.read")
@bp.input(PapersQuery, location="query")
def listed(query_data: PapersQuery) -> Reply:
    """Transfers from and to one's store, newest first; `differs` while a difference waits for a word."""
    return papers("transfers", read.transfers, query_data), 200


@bp.get("/<int:transfer_id>")
@permit("stock.read")
def one(transfer_id: int) -> Reply:
    """One transfer with its lines, by the shelves of one's own store."""
    return {"transfer": read.transfer(session(), _mine(), transfer_id)}, 200


@bp.post("")
@permit("stock.move")
@bp.input(TransferForm)
def request(json_data: TransferForm) -> Reply:
    """Ask for goods: 201.  Nothing is promised yet."""
    mine, goods = _mine(), wanted(json_data.lines)
    if mine and mine not in (json_data.from_store_id, json_data.to_store_id):
        raise NotPermitted(permission="other_store")

    def work(opened: Session) -> Reply:
        stores = (json_data.from_store_id, json_data.to_store_id)
        made = transfers.request(opened, *stores, goods, note=json_data.note, actor=who.me().actor, now=g.now)
        return {"transfer": read.transfer(opened, mine, made)}, 201

    return once(json_data, work)


@bp.post("/<int:transfer_id>/ship")
@permit("stock.move")
@bp.input(SendForm)
def ship(transfer_id: int, json_data: SendForm) -> Reply:
    """The goods leave the sending store.  409 `out_of_stock` (promised goods stay), `not_on_transfer`."""
    goods = wanted(json_data.lines)

    def work(opened: Session, store_id: int, actor: str) -> dict[str, object]:
        _only(store_id)
        transfers.ship(opened, store_id, transfer_id, goods, actor=actor, now=g.now)
        return {}

    return _step(json_data, transfer_id, work)


@bp.post("/<int:transfer_id>/receive")
@permit("stock.move")
@bp.input(ArrivalForm)
def receive(transfer_id: int, json_data: ArrivalForm) -> Reply:
    """The goods are here as counted; `differences` are received less shipped."""
    counted = arrived(json_data.lines)

    def work(opened: Session, store_id: int, actor: str) -> dict[str, object]:
        _only(transfers.sender(opened, transfer_id, mine=0)[1])
        found = transfers.receive(opened, store_id, transfer_id, counted, actor=actor, now=g.now)
        return {"differences": differences(found)}

    return _step(json_data, transfer_id, work)


@bp.post("/<int:transfer_id>/cancel")
@permit("stock.move")
@bp.input(WriteForm)
def cancel(transfer_id: int, json_data: WriteForm) -> Reply:
    """Nobody sends it.  409 `wrong_state` when it is on its way."""

    def work(opened: Session, store_id: int, actor: str) -> dict[str, object]:
        transfers.cancel(opened, store_id, transfer_id, actor=actor, now=g.now)
        return {}

    return _step(json_data, transfer_id, work)


@bp.post("/<int:transfer_id>/settle")
@permit("stock.post")
@bp.input(OutcomeForm)
def settle(transfer_id: int, json_data: OutcomeForm) -> Reply:
    """Say what became of a difference.  409 `nothing_to_settle`; `order_ids` lost goods by it, routed anew."""

    def work(opened: Session, store_id: int, actor: str) -> dict[str, object]:
        by = {"actor": actor, "now": g.now}
        broken = transfers.settle(opened, store_id, transfer_id, json_data.outcome, note=json_data.note, **by)
        lost.tell(opened, store_id, broken, **by)
        return {"order_ids": sorted({one.order_id for one in broken})}

    return _step(json_data, transfer_id, work)
