"""An order takes its place in a group: asked for when it is placed, taken when it is paid."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound, WrongState
from trade.orders import close, confirm, telling
from trade.orders.groups import moves
from trade.orders.groups.states import Group
from trade.orders.price import Basket, book_for
from trade.orders.review import judging
from trade.orders.review import moves as reviews

WAIT = "group"


class GroupFull(WrongState):
    """Others took the last place of the group."""

    code = "group_full"


class GroupEnded(WrongState):
    """The group's time is over, it was called off, or its offer ended."""

    code = "group_ended"


class GroupJoined(WrongState):
    """The member has a place in this group already."""

    code = "group_joined"


_GROUP = text("SELECT * FROM group_buy WHERE id = :group")
_LOCK = text("SELECT * FROM group_buy WHERE id = :group FOR NO KEY UPDATE")
_INSIDE = text("""
    SELECT o.id FROM group_seat s JOIN sale_order o ON o.store_id = s.store_id AND o.id = s.order_id
    WHERE s.group_id = :group AND s.state = 'taken' AND o.member_id = :member LIMIT 1""")
_ASKED = text("""
    SELECT s.group_id FROM group_seat s JOIN sale_order o ON o.store_id = s.store_id AND o.id = s.order_id
    WHERE s.store_id = :store AND s.order_id = :order AND s.state = 'asked' AND o.state IN ('placed', 'paid')""")
_ORDER = text("""
    SELECT s.*, o.member_id, o.placed_at, p.state AS offer_state, v.until_at, (v.body ->> 'people')::int AS people,
        (v.body ->> 'fill_minutes')::int AS fill_minutes
    FROM group_seat s JOIN sale_order o ON o.store_id = s.store_id AND o.id = s.order_id
    JOIN promotion p ON p.id = s.promotion_id
    JOIN promotion_version v ON v.promotion_id = s.promotion_id AND v.version = s.version
    WHERE s.store_id = :store AND s.order_id = :order AND s.state = 'asked' AND o.state IN ('placed', 'paid')
    FOR NO KEY UPDATE OF o, s""")
_OTHERS = text("""
    SELECT store_id, order_id FROM group_seat WHERE group_id = :group AND state = 'taken'
    ORDER BY store_id, order_id""")


def ask(session: Session, order_id: int, basket: Basket, group_id: int | None, now: datetime) -> None:
    """Note which group an order of a group price is for.  No place is kept: who pays first has it.

    :raises GroupFull, GroupEnded, GroupJoined: nothing may stay of the order.
    :raises NotFound: there is no such group of this offer in this store.
    """
    if basket.offer_id is None:
        return
    offer, store_id = book_for(session, basket, now).rules.rules[0], basket.store_id
    if group_id is not None:
        group = first(session, _GROUP, {"group": group_id})
        if group is None or (group.promotion_id, group.store_id) != (offer.id, store_id):
            raise NotFound(group_id=group_id)
        _check(session, group, basket.member_id, now)
    moves.ask(session, store_id, order_id, promotion_id=offer.id, version=offer.version, group_id=group_id)


def _check(session: Session, group: Any, member_id: int | None, now: datetime) -> None:
    if group.state == Group.FORMED:
        raise GroupFull(group_id=group.id)
    if group.state == Group.FAILED or group.fill_by <= now:
        raise GroupEnded(group_id=group.id)
    if first(session, _INSIDE, {"group": group.id, "member": member_id}):
        raise GroupJoined(group_id=group.id)


def take_or_end(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime) -> None:
    """Money came for an order: it takes its place, or ends unpaid, so that the money is nobody's and goes back.

    :raises GroupFull, GroupEnded, GroupJoined: it is cancelled.
    """
    try:
        take(session, store_id, order_id, actor=actor, now=now)
    except (GroupFull, GroupEnded, GroupJoined):
        close.expire(session, store_id, order_id, actor=actor, now=now)
        raise


def take(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime) -> None:
    """A paid order opens its group or joins it; with the last place all others go on.  No group: nothing happens.

    In the transaction of the payment, before the order goes on: while places are missing it waits.
    Safe under concurrency: the group is locked first, and of many at the last place the guard lets one in.

    :raises GroupFull, GroupEnded, GroupJoined: nothing was written.
    """
    key = {"store": store_id, "order": order_id}
    asked = first(session, _ASKED, key)
    if asked is None:
        return
    group = fetch(session, _LOCK, {"group": asked.group_id})[0] if asked.group_id is not None else None
    seat = first(session, _ORDER, key)
    if seat is None:
        return  # it ended or was paid meanwhile: its own move says so
    missing, group_id = _open(session, seat, actor, now) if group is None else _join(session, seat, group, now)
    moves.seat(session, store_id, order_id, "take", group_id=group_id, now=now)
    if missing:
        judging.flag(session, store_id, order_id, WAIT, group_id=group_id)
        return
    moves.move(session, group_id, "form", actor=actor, now=now)
    telling.group(session, group_id, "group_formed", but=order_id, actor=actor, now=now)
    for other in fetch(session, _OTHERS, {"group": group_id}):
        if (other.store_id, other.order_id) != (store_id, order_id):
            reviews.unflag(session, other.store_id, other.order_id, WAIT)
            confirm.confirm(session, other.store_id, other.order_id, actor=actor, now=now)


def _open(session: Session, seat: Any, actor: str, now: datetime) -> tuple[int, int]:
    """How many are missing, and the new group's id; its time runs from the order, and is over with its offer.

    So it is full or over before what its orders are promised for (`read.from_when`).
    """
    fill_by = min(seat.placed_at + timedelta(minutes=seat.fill_minutes), seat.until_at)
    if seat.offer_state == "ended" or fill_by <= now:
        raise GroupEnded(promotion_id=seat.promotion_id)
    group_id = moves.open_group(session, seat, people=seat.people, fill_by=fill_by, actor=actor, now=now)
    return seat.people - 1, group_id


def _join(session: Session, seat: Any, group: Any, now: datetime) -> tuple[int, int]:
    _check(session, group, seat.member_id, now)
    missing = moves.join(session, group.id, now=now)
    if missing is None:
        raise GroupFull(group_id=group.id)
    return missing, group.id
