"""The customer says what becomes of a parcel for which no store was found."""

from __future__ import annotations

from typing import Any

from flask import g
from pydantic import model_validator
from sqlalchemy.orm import Session

from config.errors import NotFound, WrongState
from config.http import Reply, WriteForm, blueprint, once, permit, session
from mall.http import who
from trade.fulfilment import answers, parcels, pickup
from trade.orders import courier, read, rerouting, substituting
from trade.orders.rerouting import Says

bp = blueprint("parcels", "/api/mall/orders/<int:order_id>/parcels", who.identify)


class AnswerForm(WriteForm):
    """`store` with the store to fetch it from, `bring`, `wait`, or `refund`."""

    says: Says
    at_store_id: int | None = None

    @model_validator(mode="after")
    def names_a_store(self) -> AnswerForm:
        """A store is named when one is chosen, and only then."""
        if (self.says is Says.STORE) != (self.at_store_id is not None):
            raise ValueError("at_store_id belongs to `store`")
        return self


def _own(opened: Session, order_id: int, parcel_id: int) -> Any:
    """A parcel of one's own order; NotFound for anybody else's."""
    mine = read.one_of_member(opened, who.me().member_id, order_id)
    if mine is None:
        raise NotFound(order_id=order_id)
    found = parcels.one(opened, mine["store_id"], parcel_id)
    if found.order_id != order_id:
        raise NotFound(parcel_id=parcel_id)
    return found


@bp.get("/<int:parcel_id>/options")
@permit("mall.order")
def options(order_id: int, parcel_id: int) -> Reply:
    """What may be chosen now: `stores` to fetch it from, best first, `deliver`, and until when (`ask_by`)."""
    return {"options": answers.options(session(), _own(session(), order_id, parcel_id), now=g.now)}, 200


@bp.post("/<int:parcel_id>/answer")
@permit("mall.order")
@bp.input(AnswerForm)
def answer(order_id: int, parcel_id: int, json_data: AnswerForm) -> Reply:
    """Say what becomes of it.  409 `store_cannot`, `nobody_can` or `wrong_state`: nothing changed."""

    def work(opened: Session) -> Reply:
        shopper, parcel = who.me(), _own(opened, order_id, parcel_id)
        more: dict[str, Any] = {"at_store_id": json_data.at_store_id, "actor": shopper.actor, "now": g.now}
        rerouting.customer_says(opened, parcel, json_data.says, **more)
        return {"order": read.one_of_member(opened, shopper.member_id, order_id)}, 200

    return once(json_data, work)


class CodeForm(WriteForm):
    """`delegated`: the code is for a friend; else it is one's own again."""

    delegated: bool = True


@bp.post("/<int:parcel_id>/received")
@permit("mall.order")
@bp.input(WriteForm)
def received(order_id: int, parcel_id: int, json_data: WriteForm) -> Reply:
    """Say that it has arrived; the last parcel ends the order.  409 `wrong_state`: it is not on its way."""

    def work(opened: Session) -> Reply:
        shopper, parcel = who.me(), _own(opened, order_id, parcel_id)
        courier.deliver(opened, parcel, actor=shopper.actor, now=g.now)
        return {"order": read.one_of_member(opened, shopper.member_id, order_id)}, 200

    return once(json_data, work)


class SubstituteForm(WriteForm):
    """Whether something else will do."""

    agrees: bool


@bp.get("/<int:parcel_id>/qr")
@permit("mall.order")
def qr(order_id: int, parcel_id: int) -> Reply:
    """What the QR says now; asked again at `until_at`, it is another.  409 while the parcel does not lie ready."""
    parcel = _own(session(), order_id, parcel_id)
    if parcel.state != "ready":
        raise WrongState(parcel_id=parcel_id, state=parcel.state, event="show_code")
    shown, until = pickup.show(parcel, now=g.now)
    return {"qr": shown, "until_at": until.isoformat()}, 200


@bp.post("/<int:parcel_id>/code")
@permit("mall.order")
@bp.input(CodeForm)
def another_code(order_id: int, parcel_id: int, json_data: CodeForm) -> Reply:
    """Another pickup code, for a friend or oneself; the old one opens nothing any more."""

    def work(opened: Session) -> Reply:
        shopper, parcel = who.me(), _own(opened, order_id, parcel_id)
        pickup.replace(opened, parcel, delegated=json_data.delegated, actor=shopper.actor, now=g.now)
        return {"order": read.one_of_member(opened, shopper.member_id, order_id)}, 200

    return once(json_data, work)


@bp.post("/<int:parcel_id>/substitutes/<int:substitution_id>")
@permit("mall.order")
@bp.input(SubstituteForm)
def substitute(order_id: int, parcel_id: int, substitution_id: int, json_data: SubstituteForm) -> Reply:
    """Say whether what the store offers instead will do, once; no answer is no.  409 `substitute_gone`."""

    def work(opened: Session) -> Reply:
        shopper, parcel = who.me(), _own(opened, order_id, parcel_id)
        says: dict[str, Any] = {"agrees": json_data.agrees, "actor": shopper.actor, "now": g.now}
        substituting.answer(opened, parcel, substitution_id, **says)
        return {"order": read.one_of_member(opened, shopper.member_id, order_id)}, 200

    return once(json_data, work)
