"""What a store does for an order, step by step: the parcel moves, stock and value follow, the order ends with the last.

Locks are taken in one order everywhere: the order's row, its parcel, stock, what the member holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch
from config.errors import NotFound, Refused, WrongState
from trade.fulfilment import lost, notices, parcels, pickup, waves
from trade.fulfilment import moves as parcel_moves
from trade.fulfilment.states import CLOSED, Outcome
from trade.orders import close, moves, returns, value
from trade.orders.aftersales import moves as aftersales
from trade.orders.line_refunds import GIVEN_UP
from trade.stock import facts, rejects, told
from trade.stock import moves as stock

OVER_PERMILLE = 200
"""How much heavier than ordered weighed goods may be; what is above the order is not charged."""


class WrongMode(Refused):
    """A parcel that is brought is packed, one that is fetched is laid ready; `mode` is this one's."""

    code = "wrong_mode"


class CancelAsked(Refused):
    """The customer wants to cancel it: say yes or no first."""

    code = "cancel_asked"


class NotThere(Refused):
    """Fewer units of a line lie ready than are handed over."""

    code = "not_there"


class NotAllPicked(Refused):
    """Some lines are not picked yet; `line_nos` are theirs."""

    code = "not_all_picked"


_CASE = text("SELECT kind FROM aftersale_case WHERE store_id = :store AND id = :id")
_LOCK = text("SELECT * FROM sale_order WHERE store_id = :store AND id = :order FOR NO KEY UPDATE")


def lock(session: Session, parcel: Any) -> Any:
    """The parcel's order, locked: whatever changes one parcel may end the order."""
    return fetch(session, _LOCK, {"store": parcel.store_id, "order": parcel.order_id})[0]


def _key(parcel: Any) -> tuple[int, int]:
    return parcel.store_id, parcel.id


def _move(session: Session, parcel: Any, event: str, actor: str, now: datetime, **data: Any) -> Any:
    at = parcel.at_store_id
    return parcel_moves.move(session, parcel.store_id, parcel.id, event, at_store_id=at, actor=actor, now=now, **data)


def accept(session: Session, parcel: Any, *, actor: str, now: datetime) -> None:
    """The store takes the parcel on.  Raises WrongState, NotFound."""
    lock(session, parcel)
    _move(session, parcel, "accept", actor, now)
    parcel_moves.answer(session, parcel.store_id, parcel.id, Outcome.ACCEPTED, actor=actor, now=now)


def pick(session: Session, parcel: Any, line_no: int, picked_qty: int, *, actor: str, now: datetime) -> None:
    """Set how much of a line lies in the tote (absolute); the first pick begins the picking.

    Weighed goods may be up to `OVER_PERMILLE` heavier than what was ordered; the rest is a gift.
    """
    if parcel.state == "accepted":
        lock(session, parcel)
        _move(session, parcel, "start", actor, now)
    over = {row.line_no: row.qty * OVER_PERMILLE // 1000 for row in parcels.weighed(session, *_key(parcel))}
    parcel_moves.pick(session, parcel, line_no, picked_qty, over=over.get(line_no, 0), actor=actor, now=now)


def scan(
    session: Session, parcel: Any, code: str, picked_qty: int | None, *, grams: int | None, actor: str, now: datetime
) -> None:
    """Pick by what the scanner read: `picked_qty` in all, else the label's grams, else one piece, or case, more.

    :raises WrongItem: it belongs to no line of this parcel; nothing was counted.
    """
    lock(session, parcel)
    line_no, units = waves.line_scanned(session, parcel, code)
    if picked_qty is None:
        before = next(row for row in parcels.lines(session, *_key(parcel)) if row.line_no == line_no)
        picked_qty = before.picked_qty + units if grams is None else before.picked_qty + before.over_qty + grams
    pick(session, parcels.one(session, *_key(parcel)), line_no, picked_qty, actor=actor, now=now)


def short(
    session: Session, parcel: Any, line_no: int, qty: int, reason: rejects.Reason, *, actor: str, now: datetime
) -> returns.Preview | None:
    """The store does not find units of a line: their money goes back in the same step, exactly (rules 3.17).

    What that says of its stock is done too.  A parcel of which nothing is left ends; an order of which nothing is left
    is cancelled as if it had never been.  A parcel of an after-sales case goes back to its case, whole and unrefunded.

    :return: what was refunded; None when the whole order was, or nothing.
    :raises WrongState, NotFound: nothing was refunded.
    """
    lock(session, parcel)
    sku_id = parcel_moves.short(session, parcel, line_no, qty, actor=actor, now=now)
    freed = stock.release(session, parcel.at_store_id, order_id=parcel.order_id, goods={sku_id: qty})
    told.freed(session, freed, cause="short", actor=actor, now=now)
    key = f"short:{parcel.id}:{line_no}:{now:%y%m%d%H%M%S%f}"
    broken = rejects.effect_of_reject(session, parcel.at_store_id, reason, {sku_id: qty}, key=key, actor=actor, now=now)
    lost.tell(session, parcel.at_store_id, broken, actor=actor, now=now)
    of = (parcel.store_id, parcel.order_id)
    left = parcels.goods(session, parcel.store_id, parcel.id)
    if parcel.case_id is not None:
        _give_back_case(session, parcel, left, actor=actor, now=now)
        return None
    if not left:
        if not parcels.anything_left(session, *of):
            close.refuse(session, *of, "short", actor=actor, now=now)
            return None
        parcel_moves.move(session, parcel.store_id, parcel.id, "cancel", actor=actor, now=now)
    _, done = returns.give_up(session, *of, {line_no: qty}, reason="short_pick", fault=True, actor=actor, now=now)
    finish(session, parcel, actor=actor, now=now)
    return done


def _give_back_case(session: Session, parcel: Any, left: Mapping[int, int], *, actor: str, now: datetime) -> None:
    """A parcel of an after-sales case ends with what is `left` of it, and its case waits for another."""
    parcel_moves.move(session, *_key(parcel), "cancel", actor=actor, now=now)
    if left:
        freed = stock.release(session, parcel.at_store_id, order_id=parcel.order_id, goods=left)
        told.freed(session, freed, cause="short", actor=actor, now=now)
    recall(session, parcel, actor=actor, now=now)


def found(
    session: Session, parcel: Any, line_no: int, found_qty: int, reason: rejects.Reason, *, actor: str, now: datetime
) -> None:
    """So much of a line was found, in all: that is picked, and the rest is given up and refunded in the same step.

    :raises NotFound: nothing of the line is lacking then.  :raises WrongState.
    """
    lock(session, parcel)
    line = next((row for row in parcels.lines(session, *_key(parcel)) if row.line_no == line_no), None)
    lacking = 0 if line is None else line.qty - line.short_qty - found_qty
    if lacking <= 0:
        raise NotFound(parcel_id=parcel.id, line_no=line_no)
    if line is not None and line.picked_qty != found_qty:
        pick(session, parcel, line_no, found_qty, actor=actor, now=now)
    short(session, parcel, line_no, lacking, reason, actor=actor, now=now)


def leave_out(
    session: Session, store_id: int, order_id: int, units: Mapping[int, int], *, actor: str, now: datetime
) -> None:
    """The customer does not want units that lie in parcels any more: they are free, and not picked.

    The order's row is locked by the caller, who refunds them next and then calls `finish_if_empty`.

    :raises NotHeld: fewer of them are still in the stores' hands; nothing moved.
    """
    taken = parcel_moves.leave_out(session, store_id, order_id, units)
    goods: dict[int, Counter[int]] = {}
    for row in taken:
        goods.setdefault(row.at_store_id, Counter())[row.sku_id] += row.less
    lacking = sum(units.values()) - sum(row.less for row in taken)
    if lacking:
        raise stock.NotHeld(store_id=store_id, order_id=order_id, short=dict(units))
    for at_store_id, part in sorted(goods.items()):
        freed = stock.release(session, at_store_id, order_id=order_id, goods=part)
        told.freed(session, freed, cause="left_out", actor=actor, now=now)
    for parcel_id in sorted({row.parcel_id for row in taken}):
        if not parcels.goods(session, store_id, parcel_id):
            parcel_moves.move(session, store_id, parcel_id, "cancel", actor=actor, now=now)


_NOTHING_LEFT = text(f"""
    SELECT NOT EXISTS (SELECT FROM order_line line
        WHERE line.store_id = :store AND line.order_id = :order AND line.qty > {GIVEN_UP}) AS nothing""")


def finish_if_empty(session: Session, store_id: int, order_id: int, *, actor: str, now: datetime) -> None:
    """End an order in which nothing is left to do: cancelled when all of it was given up, else with its parcels."""
    state = close.head(session, store_id, order_id).state
    key = {"store": store_id, "order": order_id}
    if state in ("paid", "confirmed") and fetch(session, _NOTHING_LEFT, key)[0].nothing:
        close.cancel(session, store_id, order_id, actor=actor, now=now)
    elif state == "confirmed":
        for parcel in parcels.of_order(session, store_id, order_id)[:1]:
            finish(session, parcel, actor=actor, now=now)


def fill(session: Session, parcel: Any, *, actor: str, now: datetime) -> dict[int, int]:
    """All of a parcel that is being picked lies in its totes; returns what weighed less than it was paid for, by line.

    Whoever calls holds the order's row, and gives the money of that back last (`give_back_weight`).

    :raises NotAllPicked, CancelAsked, WrongState: nothing changed.
    """
    if parcels.one(session, *_key(parcel)).cancel_by is not None:
        raise CancelAsked(parcel_id=parcel.id)
    light = {}
    for row in parcels.weighed(session, *_key(parcel)):
        less = row.qty - row.short_qty - row.picked_qty
        if row.picked_qty and less:
            parcel_moves.short(session, parcel, row.line_no, less, actor=actor, now=now)
            stock.release(session, parcel.at_store_id, order_id=parcel.order_id, goods={row.sku_id: less})
            light[row.line_no] = less
    if unpicked := parcels.unpicked(session, *_key(parcel)):
        raise NotAllPicked(line_nos=unpicked)
    _move(session, parcel, "fill", actor, now)
    if goods := parcels.goods(session, *_key(parcel)):
        stock.pick(session, parcel.at_store_id, goods, order_id=parcel.order_id)
    return light


def give_back_weight(session: Session, parcel: Any, light: Mapping[int, int], *, actor: str, now: datetime) -> None:
    """The money of the grams that were paid and are not in the bag goes back; a case's parcel costs nothing."""
    if light and parcel.case_id is None:
        of = (parcel.store_id, parcel.order_id)
        returns.give_up(session, *of, light, reason="weighed", fault=True, actor=actor, now=now)


def ready(session: Session, parcel: Any, *, actor: str, now: datetime, shelf: str = "") -> None:
    """Everything is in the bag: the customer gets a pickup code, and is told.

    Weighed goods that weigh less than was paid are paid back in the same step.

    :raises NotAllPicked, CancelAsked, WrongMode, WrongState: nothing changed.
    """
    lock(session, parcel)
    if parcel.mode != "pickup":
        raise WrongMode(parcel_id=parcel.id, mode=parcel.mode)
    light = fill(session, parcel, actor=actor, now=now)
    _move(session, parcel, "ready", actor, now, shelf=shelf)
    parcel_moves.lay(session, *_key(parcel), shelf)
    pickup.keep(session, parcel)
    notices.ask(session, parcel, "ready", actor=actor, now=now)
    give_back_weight(session, parcel, light, actor=actor, now=now)


def collect(
    session: Session,
    parcel: Any,
    *,
    staff_id: int,
    actor: str,
    now: datetime,
    lines: Mapping[int, int] | None = None,
    without_phone: Mapping[str, Any] | None = None,
) -> None:
    """Hand over to the customer: the goods leave, the code dies; the last parcel ends the order.

    :param lines: units by line number, when they take only a part: the rest stays ready under the same code.
    :param without_phone: who agreed to hand it over without the code, and why; kept in the journal.
    :raises NotThere: fewer units of a line lie there.  :raises WrongState: it does not lie ready.
    """
    lock(session, parcel)
    if lines is None or not lines:
        _move(session, parcel, "collect", actor, now, **without_phone or {})
        hand_out(session, parcel, None, staff_id=staff_id, actor=actor, now=now)
        finish(session, parcel, actor=actor, now=now)
        return
    stands = parcels.one(session, *_key(parcel))
    if stands.state != "ready" or stands.at_store_id != parcel.at_store_id:
        raise WrongState(parcel_id=parcel.id, state=stands.state, event="collect")
    hand_out(session, parcel, lines, staff_id=staff_id, actor=actor, now=now)
    if all(row.handed_qty == row.picked_qty for row in parcels.lines(session, *_key(parcel))):
        _move(session, parcel, "collect", actor, now)
        finish(session, parcel, actor=actor, now=now)
        return
    told = {"order_id": parcel.order_id, "parcel_id": parcel.id, "lines": dict(lines)}
    journal.record(session, "parcel.partly_collected", f"order:{parcel.order_id}", actor=actor, now=now, **told)


def hand_out(
    session: Session, parcel: Any, lines: Mapping[int, int] | None, *, staff_id: int | None, actor: str, now: datetime
) -> None:
    """Units by line, or None for all that is there, leave the store.  The order's row is locked by the caller.

    :raises NotThere: fewer lie there; the caller's transaction rolls back.
    """
    rows = parcel_moves.handed(session, *_key(parcel), staff_id, lines)
    if lines is not None and {row.line_no: row.qty for row in rows} != dict(lines):
        raise NotThere(parcel_id=parcel.id, asked=dict(lines))
    goods: Counter[int] = Counter()
    over: Counter[int] = Counter()
    for row in rows:
        goods[row.sku_id] += row.qty
        over[row.sku_id] += row.over_qty
    if not goods:
        return
    so_far = sum(row.handed_qty for row in parcels.lines(session, *_key(parcel)))
    told_by: dict[str, Any] = {"actor": actor, "now": now}
    key = f"order:{parcel.order_id}:parcel:{parcel.id}:{so_far}"
    stock.consume(session, parcel.at_store_id, dict(goods), order_id=parcel.order_id, key=key, **told_by)
    if +over:
        key = f"over:{parcel.id}:{so_far}"
        lost.tell(
            session,
            parcel.at_store_id,
            facts.take_as_fact(session, parcel.at_store_id, dict(+over), key=key, **told_by),
            **told_by,
        )


def give_back_rest(
    session: Session, parcel: Any, units: Mapping[int, int], reason: str, *, fault: bool, actor: str, now: datetime
) -> None:
    """A parcel ended with units that the customer did not get: they are refunded, and the order may end with it.

    Its lines say so already (`moves.bring_back`), and no stock is held for them any more.  Where it was for an
    after-sales case nothing is refunded: the case waits for another parcel.
    """
    if parcel.case_id is not None:
        recall(session, parcel, actor=actor, now=now)
        return
    of = (parcel.store_id, parcel.order_id)
    if not parcels.anything_left(session, *of):
        close.refuse(session, *of, reason, actor=actor, now=now)
        return
    if units:
        returns.give_up(session, *of, units, reason=reason, fault=fault, actor=actor, now=now)
    finish(session, parcel, actor=actor, now=now)


def recall(session: Session, parcel: Any, *, actor: str, now: datetime) -> None:
    """The after-sales case of a parcel that ended waits for another one."""
    kind = fetch(session, _CASE, {"store": parcel.store_id, "id": parcel.case_id})[0].kind
    event = "recall_resent" if kind == "resend" else "recall_replaced"
    aftersales.move(session, parcel.store_id, parcel.case_id, event, actor=actor, now=now)


def finish(session: Session, parcel: Any, *, actor: str, now: datetime) -> bool:
    """End the order if this was its last open parcel: what was on its way to the member arrives.

    False too when it has ended already: a parcel of an after-sales case comes after that.
    """
    if close.head(session, parcel.store_id, parcel.order_id).state != "confirmed":
        return False
    if any(one.state not in CLOSED for one in parcels.of_order(session, parcel.store_id, parcel.order_id)):
        return False
    moves.move(session, parcel.store_id, parcel.order_id, "finish", actor=actor, now=now)
    order = close.head(session, parcel.store_id, parcel.order_id)
    value.collected(session, value.Stake.of(order), actor=actor, now=now)
    return True
