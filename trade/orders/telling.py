"""What messages about orders, parcels and refunds say, read when they are sent: only what is still true is told.

event              kind          true while
paid               paid          the order is not cancelled
ready, remind_n    ready         the parcel lies ready; it is the only place where a pickup code leaves the house
handed             shipped       the courier has it
asking             changed       the customer may still answer
substitute_n       changed       the customer may still answer
cancel_declined    changed       the parcel is not closed
missed             changed       it was not put back yet
refund             refund        the refund is done
group_formed       group         the member is still in it
group_failed       group         always
answered           service       the ticket is not closed, and nothing newer was said
proof              pickup_proof  the code was not used, and is the newest
arrival            arrival       the store still has some
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.texts import say
from member.reach import moves as reach
from member.reach.fields import Fact
from trade.fulfilment import lost_phone, pickup, rules
from trade.fulfilment.states import CLOSED
from trade.orders.numbers import number
from trade.stock import availability

Facts = dict[str, Fact]

_ORDER = text("""
    SELECT o.store_id, o.id AS order_id, o.state, o.mode, o.payable_fen, o.paid_at, s.name AS store,
        EXISTS (SELECT FROM group_seat p JOIN group_buy g ON g.id = p.group_id WHERE p.store_id = o.store_id
            AND p.order_id = o.id AND p.state = 'taken' AND g.state = 'open') AS waits
    FROM sale_order o LEFT JOIN store s ON s.id = o.store_id WHERE o.store_id = :store AND o.id = :id""")
_PARCEL = text("""
    SELECT p.*, s.name AS store, s.address FROM parcel p LEFT JOIN store s ON s.id = p.at_store_id
    WHERE p.store_id = :store AND p.id = :id""")
_OFFER = text("""
    SELECT answer_by FROM substitution WHERE store_id = :store AND parcel_id = :id AND id = :offer
    AND outcome IS NULL AND answer_by > :now""")
_PROOF = text("""
    SELECT s.sent_at, p.order_id FROM pickup_sms s JOIN parcel p ON p.store_id = s.store_id AND p.id = s.parcel_id
    WHERE s.store_id = :store AND s.parcel_id = :id AND s.used_at IS NULL AND s.sends = :sends AND p.state = 'ready'""")
_REFUND = text("""
    SELECT r.*, EXISTS (SELECT FROM late_payment l WHERE l.store_id = r.store_id AND l.tender_id = r.tender_id) AS late
    FROM refund r WHERE r.store_id = :store AND r.id = :id AND r.state = 'done'""")


_WISH = text("""
    SELECT w.store_id, w.sku_id, w.told_at, p.id AS product_id, p.name AS goods, store.name AS store
    FROM stock_wish w JOIN sku ON sku.id = w.sku_id JOIN product p ON p.id = sku.product_id
    JOIN store ON store.id = w.store_id WHERE w.store_id = :store AND w.id = :id AND w.told_at IS NOT NULL""")
_PLACES = text("""
    SELECT s.store_id, s.order_id, o.member_id FROM group_seat s
    JOIN sale_order o ON o.store_id = s.store_id AND o.id = s.order_id
    WHERE s.group_id = :group AND s.state = 'taken' AND s.order_id IS DISTINCT FROM :but
    ORDER BY s.store_id, s.order_id""")
_PLACE = text("""
    SELECT s.group_id, s.state AS seat, g.state, g.people, g.ended_at, l.name AS goods
    FROM group_seat s JOIN group_buy g ON g.id = s.group_id
    JOIN order_line l ON l.store_id = s.store_id AND l.order_id = s.order_id AND l.line_no = 1
    WHERE s.store_id = :store AND s.order_id = :id""")

_ANSWER = text("""
    SELECT t.id, t.kind, s.words, s.at FROM service_ticket t JOIN ticket_message s ON s.ticket_id = t.id
    WHERE t.id = :id AND s.id = :message AND t.state = 'answered'
    AND NOT EXISTS (SELECT FROM ticket_message later WHERE later.ticket_id = t.id AND later.id > s.id)""")


def paid(session: Session, order: Any, *, actor: str, now: datetime) -> None:
    """The customer is told that their order is paid, once."""
    if order.member_id is not None:
        of = {"store_id": order.store_id, "about": f"order:{order.id}"}
        subject = f"order:{order.store_id}:{order.id}"
        reach.ask(session, order.member_id, "paid", subject, **of, actor=actor, now=now)


def group(session: Session, group_id: int, event: str, *, but: int | None = None, actor: str, now: datetime) -> None:
    """Everybody with a place in a group is told how it ended, once.  Call it before their places are given up.

    :param event: `group_formed` or `group_failed`.
    :param but: the order that filled it: its customer reads so on the screen, and hears that it is paid.
    """
    for place in fetch(session, _PLACES, {"group": group_id, "but": but}):
        of: dict[str, Any] = {"store_id": place.store_id, "about": f"order:{place.order_id}"}
        subject = f"seat:{place.store_id}:{place.order_id}"
        reach.ask(session, place.member_id, "group", subject, event=event, **of, actor=actor, now=now)


def answered(session: Session, ticket: Any, message_id: int, *, actor: str, now: datetime) -> None:
    """The customer is told that a ticket of theirs is answered, once for each answer."""
    of = {"event": "answered", "version": message_id, "store_id": ticket.store_id}
    reach.ask(session, ticket.member_id, "service", f"ticket:0:{ticket.id}", **of, actor=actor, now=now)


def arrived(session: Session, wish: Any, *, now: datetime) -> None:
    """Who waited for a sku (a row of `trade.stock.wishes`) is told, once, that their store has it again."""
    of: dict[str, Any] = {"store_id": wish.store_id, "actor": "job:tell_arrivals", "now": now}
    reach.ask(session, wish.member_id, "arrival", f"wish:{wish.store_id}:{wish.id}", **of)


def _key(message: Any) -> dict[str, int]:
    _, store_id, own_id = message.subject.split(":")
    return {"store": int(store_id), "id": int(own_id)}


def _paid(session: Session, message: Any, language: str, now: datetime) -> Facts | None:
    order = first(session, _ORDER, _key(message))
    if order is None or order.state == "cancelled":
        return None
    way = "pickup" if order.mode == "pickup" else "brought"
    return {
        "order_id": order.order_id,
        "order_no": number(order.store_id, order.order_id),
        "amount": order.payable_fen,
        "store": order.store or "",
        "at": order.paid_at or now,
        "hint": say(f"message.paid.{'group' if order.waits else way}", language),
    }


def _parcel(session: Session, message: Any) -> Any:
    return first(session, _PARCEL, _key(message))


def _ready(session: Session, message: Any, language: str, now: datetime) -> Facts | None:
    parcel = _parcel(session, message)
    if parcel is None or parcel.state != "ready" or parcel.pickup_sealed is None:
        return None
    stays = timedelta(hours=rules.in_force(session, now)[1].no_show_hours)
    return {
        "order_id": parcel.order_id,
        "code": pickup.open_code(bytes(parcel.pickup_sealed)),
        "store": parcel.store,
        "place": parcel.address or parcel.store,
        "until": parcel.ready_at + stays,
        "hint": say(f"message.ready.{'first' if message.event == 'ready' else 'again'}", language),
    }


def _shipped(session: Session, message: Any, language: str, now: datetime) -> Facts | None:
    parcel = _parcel(session, message)
    if parcel is None or parcel.state != "handed":
        return None
    return {
        "order_id": parcel.order_id,
        "order_no": number(parcel.store_id, parcel.order_id),
        "courier": parcel.carrier or say("message.shipped.own", language),
        "tracking_no": parcel.tracking_no or "",
        "at": parcel.handed_at or now,
        "hint": say("message.shipped.hint", language),
    }


def _answer_by(session: Session, message: Any, parcel: Any, what: str, now: datetime) -> datetime | None:
    """Until when the customer may answer, or when it happened; None when it is over."""
    if what == "asking":
        return parcel.ask_by if parcel.state == "asking" and parcel.ask_by > now else None
    if what == "substitute":
        offer = first(session, _OFFER, {**_key(message), "offer": int(message.event.rpartition("_")[2]), "now": now})
        return offer.answer_by if offer else None
    stands = parcel.state == "no_show" if what == "missed" else parcel.state not in CLOSED
    return message.asked_at if stands else None


def _changed(session: Session, message: Any, language: str, now: datetime) -> Facts | None:
    parcel, what = _parcel(session, message), message.event.rstrip("_0123456789")
    at = _answer_by(session, message, parcel, what, now) if parcel else None
    if at is None:
        return None
    return {
        "order_id": parcel.order_id,
        "order_no": number(parcel.store_id, parcel.order_id),
        "what": say(f"message.changed.{what}", language),
        "at": at,
        "hint": say(f"message.changed.{what}.hint", language),
    }


def _refund(session: Session, message: Any, language: str, now: datetime) -> Facts | None:
    refund = first(session, _REFUND, _key(message))
    if refund is None:
        return None
    of_order = refund.order_id is not None
    return {
        "page": f"pages/order/order?id={refund.order_id}" if of_order else "pages/wallet/wallet",
        "order_no": number(refund.store_id, refund.order_id if of_order else refund.top_up_id),
        "amount": refund.amount_fen,
        "at": refund.done_at or now,
        "hint": say(f"message.refund.{'late' if refund.late else 'back'}", language),
    }


def _group(session: Session, message: Any, language: str, _now: datetime) -> Facts | None:
    place = first(session, _PLACE, _key(message))
    if place is None or (place.state == "formed" and place.seat != "taken"):
        return None
    return {
        "group_id": place.group_id,
        "goods": place.goods,
        "what": say(f"message.group.{place.state}", language, n=place.people),
        "at": place.ended_at,
        "hint": say(f"message.group.{place.state}.hint", language),
    }


def _service(session: Session, message: Any, language: str, _now: datetime) -> Facts | None:
    said = first(session, _ANSWER, {"id": _key(message)["id"], "message": message.version})
    if said is None:
        return None
    return {
        "ticket_id": said.id,
        "about": say(f"message.service.{said.kind}", language),
        "what": said.words,
        "at": said.at,
        "hint": say("message.service.hint", language),
    }


def _arrival(session: Session, message: Any, language: str, _now: datetime) -> Facts | None:
    wish = first(session, _WISH, _key(message))
    if wish is None or availability.free(session, wish.store_id, [wish.sku_id]).get(wish.sku_id, 0) <= 0:
        return None
    hint = say("message.arrival.hint", language)
    return {"product_id": wish.product_id, "goods": wish.goods, "store": wish.store, "at": wish.told_at, "hint": hint}


def _proof(session: Session, message: Any, language: str, _now: datetime) -> Facts | None:
    key = _key(message)
    sent = first(session, _PROOF, {**key, "sends": message.version})
    code = lost_phone.sent_code(session, key["store"], key["id"])
    if sent is None or code is None:
        return None
    return {
        "order_id": sent.order_id,
        "code": code,
        "until": sent.sent_at + lost_phone.GOOD_FOR,
        "hint": say("message.pickup_proof.hint", language),
    }


COMPOSE: dict[str, Callable[[Session, Any, str, datetime], Facts | None]] = {
    "paid": _paid,
    "ready": _ready,
    "shipped": _shipped,
    "changed": _changed,
    "refund": _refund,
    "group": _group,
    "service": _service,
    "arrival": _arrival,
    "pickup_proof": _proof,
}
"""Kind -> what it says in a language (facts as in `member/reach/kinds.py`), or None when it is not true any more."""
