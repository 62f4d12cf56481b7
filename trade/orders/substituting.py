"""Something else instead of what a store lacks (till-and-store-desk.md 3.17): agreed at checkout, or asked live.

Charged is the lesser of what was paid and what the substitute costs there now, never more; the difference goes back in
the same step as money of the line, so that the whole refund of the order stays exact.  Worked table, 2 units paid 1980:

    substitute costs   charged   refund_fen
    890 a unit            1780          200
    990                   1980            0
    1290                  1980            0

The line stays as it was priced (promotions, points and the price's trace are the order's), and `given_sku_id` says what
was given: stock, returns and what left the shop count that one.  A whole line or none: what of it lies in the tote is
put back first, and a line that two stores share is not substituted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused, WrongState
from trade.catalogue import kits
from trade.fulfilment import lost, notices, parcels, rules
from trade.orders import fulfil, returns
from trade.orders.line_refunds import BACK, units_fen
from trade.pricing import prices
from trade.stock import moves as stock
from trade.stock import rejects, told


class NoSubstitute(Refused):
    """This line cannot be substituted by that; `because` is `begun`, `shared`, `kind`, `same`, `case` or `not_sold`."""

    code = "no_substitute"


class SubstituteGone(Refused):
    """The line changed since the customer was asked; nothing was substituted."""

    code = "substitute_gone"


_LINE = text(f"""
    SELECT part.*, part.qty - part.short_qty AS units, sku.weighed, line.net_fen, line.qty AS bought, line.gift,
        back.qty AS back, back.fen AS back_fen,
        (SELECT count(*) FROM parcel_line other JOIN parcel p ON p.store_id = other.store_id AND p.id = other.parcel_id
         WHERE other.store_id = part.store_id AND other.order_id = part.order_id AND other.line_no = part.line_no
           AND other.parcel_id <> part.parcel_id AND p.state <> 'cancelled' AND other.qty > other.short_qty) AS others
    FROM parcel_line part
    JOIN order_line line ON line.store_id = part.store_id AND line.order_id = part.order_id
        AND line.line_no = part.line_no
    JOIN sku ON sku.id = part.sku_id CROSS JOIN {BACK}
    WHERE part.store_id = :store AND part.parcel_id = :parcel AND part.line_no = :line""")
_WRITE = text("""
    INSERT INTO substitution (store_id, order_id, parcel_id, line_no, sku_id, by_sku_id, qty, reason, paid_fen,
        worth_fen, refund_fen, asked_at, answer_by, actor)
    VALUES (:store, :order, :parcel, :line, :sku, :by, :qty, :reason, :paid, :worth, greatest(:paid - :worth, 0), :now,
        :until, :actor)
    ON CONFLICT (store_id, parcel_id, line_no) WHERE outcome IS NULL DO NOTHING RETURNING *""")
_ANSWER = text("""
    UPDATE substitution SET outcome = :outcome, answered_at = :now, return_id = :document
    WHERE store_id = :store AND id = :id AND outcome IS NULL RETURNING *""")
_ONE = text("SELECT * FROM substitution WHERE store_id = :store AND id = :id")
_LEVELS = text("""
    SELECT sku_id FROM stock_level WHERE store_id = :at AND sku_id = ANY(CAST(:skus AS bigint[])) ORDER BY sku_id
    FOR NO KEY UPDATE""")
_CHANGE = text("""
    WITH part AS (UPDATE parcel_line SET sku_id = :by WHERE store_id = :store AND parcel_id = :parcel
                    AND line_no = :line)
    UPDATE order_line SET given_sku_id = :by WHERE store_id = :store AND order_id = :order AND line_no = :line""")
_SILENT = text("""
    SELECT store_id, id FROM substitution WHERE outcome IS NULL AND answer_by <= :now
    ORDER BY answer_by, id LIMIT :most""")
_OF = text("""
    SELECT s.*, product.name, sku.spec, sku.unit, product.picture FROM substitution s
    JOIN sku ON sku.id = s.by_sku_id JOIN product ON product.id = sku.product_id
    WHERE (s.store_id, s.parcel_id) IN (SELECT * FROM unnest(CAST(:stores AS bigint[]), CAST(:parcels AS bigint[])))
    ORDER BY s.id""")


def _line(session: Session, parcel: Any, line_no: int) -> Any:
    found = first(session, _LINE, {"store": parcel.store_id, "parcel": parcel.id, "line": line_no})
    if found is None or not found.units:
        raise NotFound(parcel_id=parcel.id, line_no=line_no)
    return found


def _refused(session: Session, line: Any, sold: Any, by_sku_id: int) -> str:
    """Why not; empty when it may be."""
    known = kits.known(session)
    if line.picked_qty:
        return "begun"
    if line.others:
        return "shared"
    if sold is None:
        return "not_sold"
    if by_sku_id == line.sku_id:
        return "same"
    unlike = sold.weighed != line.weighed or line.gift or line.sku_id in known or by_sku_id in known
    return "kind" if unlike else ""


def offer(
    session: Session, parcel: Any, line_no: int, by_sku_id: int, reason: rejects.Reason, *, actor: str, now: datetime
) -> Any:
    """Substitute a line, at once where the customer agreed when they ordered, else they are asked for 3 minutes.

    Returns the row: `outcome` is `agreed`, or None while the customer is asked.  Offering again while they are asked
    gives the first question.

    :raises NoSubstitute, NotFound, WrongState, OutOfStock: nothing changed.
    """
    order = fulfil.lock(session, parcel)
    _begun(session, parcel, "substitute")
    if parcel.case_id is not None:
        raise NoSubstitute(because="case")
    line = _line(session, parcel, line_no)
    sold = prices.items(session, parcel.at_store_id, [by_sku_id], channel=order.channel, now=now).get(by_sku_id)
    if because := _refused(session, line, sold, by_sku_id):
        raise NoSubstitute(because=because)
    assert sold is not None
    if sold.free < line.units:
        raise stock.OutOfStock(store_id=parcel.at_store_id, sku_ids=[by_sku_id])
    worth_fen = sold.unit_price_fen * line.units // (1000 if line.weighed else 1)
    wait = timedelta(minutes=rules.in_force(session, now)[1].substitute_minutes)
    given = _key(parcel) | {"line": line_no, "sku": line.sku_id, "by": by_sku_id, "qty": line.units, "reason": reason}
    given |= {"paid": _paid_fen(line), "worth": worth_fen, "now": now, "actor": actor}
    made = first(session, _WRITE, given | {"until": None if order.may_substitute else now + wait})
    if made is None:
        return next(one for one in of_parcels(session, [parcel]) if one.line_no == line_no and one.outcome is None)
    if order.may_substitute:
        return _carry_out(session, parcel, made, actor=actor, now=now)
    _tell(session, made, "substitute_asked", actor=actor, now=now)
    notices.ask(session, parcel, f"substitute_{made.id}", actor=actor, now=now)
    return made


def _paid_fen(line: Any) -> int:
    """What was paid for the units that are left, less what was refunded on them."""
    return units_fen(line.net_fen, line.bought, line.back, line.back_fen, line.units)


def _key(parcel: Any) -> dict[str, Any]:
    return {"store": parcel.store_id, "order": parcel.order_id, "parcel": parcel.id, "at": parcel.at_store_id}


def _begun(session: Session, parcel: Any, event: str) -> None:
    stands = parcels.one(session, parcel.store_id, parcel.id)
    if stands.state not in ("accepted", "picking") or stands.at_store_id != parcel.at_store_id:
        raise WrongState(parcel_id=parcel.id, state=stands.state, event=event)


def _carry_out(session: Session, parcel: Any, made: Any, *, actor: str, now: datetime) -> Any:
    """Goods and money of a substitution that was agreed to.  The order's row is locked.

    :raises OutOfStock: the substitute is gone; nothing changed.
    """
    at, units = parcel.at_store_id, {made.by_sku_id: made.qty}
    fetch(session, _LEVELS, {"at": at, "skus": sorted((made.sku_id, made.by_sku_id))})
    stock.release(session, at, order_id=parcel.order_id, goods={made.sku_id: made.qty})
    stock.hold(session, at, units, order_id=parcel.order_id)
    stock.commit(session, at, order_id=parcel.order_id)
    told_by: dict[str, Any] = {"actor": actor, "now": now}
    told.changed(session, at, {**units, made.sku_id: made.qty}, cause="substituted", **told_by)
    why, key = rejects.Reason(made.reason), f"substituted:{made.id}"
    broken = rejects.effect_of_reject(session, at, why, {made.sku_id: made.qty}, key=key, **told_by)
    lost.tell(session, at, broken, **told_by)
    fetch(session, _CHANGE, _key(parcel) | {"line": made.line_no, "by": made.by_sku_id})
    document = None
    if made.refund_fen:
        of = (parcel.store_id, parcel.order_id)
        fens = {made.line_no: made.refund_fen}
        document = returns.refund_amount(session, *of, fens, reason="substituted", at_store_id=at, **told_by)[0]
    given = {"store": made.store_id, "id": made.id, "outcome": "agreed", "document": document, "now": now}
    done = first(session, _ANSWER, given)
    assert done is not None, made
    _tell(session, done, "substituted", **told_by)
    return done


def _tell(session: Session, made: Any, what: str, *, actor: str, now: datetime) -> None:
    data = {name: getattr(made, name) for name in ("order_id", "parcel_id", "line_no", "sku_id", "by_sku_id", "qty")}
    data |= {"substitution_id": made.id, "refund_fen": made.refund_fen}
    journal.record(session, f"parcel.{what}", f"order:{made.order_id}", actor=actor, now=now, **data)


def answer(
    session: Session, parcel: Any, substitution_id: int, *, agrees: bool | None, actor: str, now: datetime
) -> Any:
    """The customer agrees or not, or was silent (None), which is no.  Answered once; returns the row.

    :raises NotFound: there is none of this parcel.  :raises WrongState: it was answered, or the store went on.
    :raises SubstituteGone, OutOfStock: nothing changed.
    """
    fulfil.lock(session, parcel)
    made = first(session, _ONE, {"store": parcel.store_id, "id": substitution_id})
    if made is None or made.parcel_id != parcel.id:
        raise NotFound(substitution_id=substitution_id)
    if made.outcome is not None:
        raise WrongState(substitution_id=substitution_id, state=made.outcome, event="answer")
    if not agrees:
        outcome = "lapsed" if agrees is None else "declined"
        given = {"store": parcel.store_id, "id": substitution_id, "outcome": outcome, "document": None, "now": now}
        done = fetch(session, _ANSWER, given)[0]
        _tell(session, done, f"substitute_{outcome}", actor=actor, now=now)
        return done
    _begun(session, parcel, "substitute")
    line = _line(session, parcel, made.line_no)
    if line.picked_qty or line.units != made.qty or line.sku_id != made.sku_id or _paid_fen(line) != made.paid_fen:
        raise SubstituteGone(substitution_id=substitution_id)
    return _carry_out(session, parcel, made, actor=actor, now=now)


def unanswered(session: Session, *, now: datetime, most: int) -> list[Any]:
    """Keys of the questions that nobody answered in time."""
    return fetch(session, _SILENT, {"now": now, "most": most})


def lapse(session: Session, key: Any, *, actor: str, now: datetime) -> None:
    """Silence is no.  Raises WrongState when it was answered meanwhile."""
    made = fetch(session, _ONE, {"store": key.store_id, "id": key.id})[0]
    answer(session, parcels.one(session, made.store_id, made.parcel_id), key.id, agrees=None, actor=actor, now=now)


def of_parcels(session: Session, found: Sequence[Any]) -> list[Any]:
    """All substitutions of some parcels, with what is offered."""
    given = {"stores": [one.store_id for one in found], "parcels": [one.id for one in found]}
    return fetch(session, _OF, given) if found else []
