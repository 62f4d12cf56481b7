"""What orders know of a person who leaves, and what keeps them from leaving yet."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.errors import Refused
from member import leaving
from trade.orders import addresses


class OrdersOpen(Refused):
    """Orders, refunds and after-sales cases, or invoices, are still under way; each says how many."""

    code = "orders_open"


class StoredValueLeft(Refused):
    """Stored value is left: it is spent or paid out first, for it is the customer's money."""

    code = "stored_value_left"


_OPEN = text("""
    SELECT (SELECT count(*) FROM sale_order
            WHERE member_id = ANY(:ids) AND state NOT IN ('done', 'cancelled')) AS orders,
           (SELECT count(*) FROM sale_order o JOIN tender t ON t.store_id = o.store_id AND t.order_id = o.id
            JOIN refund r ON r.store_id = t.store_id AND r.tender_id = t.id
            WHERE o.member_id = ANY(:ids) AND r.state NOT IN ('done', 'closed'))
           + (SELECT count(*) FROM sale_order o JOIN aftersale_case c ON c.store_id = o.store_id AND c.order_id = o.id
              WHERE o.member_id = ANY(:ids) AND c.closed_at IS NULL) AS refunds,
           (SELECT count(*) FROM sale_order o JOIN invoice i ON i.store_id = o.store_id AND i.order_id = o.id
            WHERE o.member_id = ANY(:ids) AND i.state IN ('requested', 'reversing')) AS invoices""")
_FORGET_PAYER = text("""
    UPDATE tender t SET payer = NULL FROM sale_order o
    WHERE o.member_id = ANY(:ids) AND t.store_id = o.store_id AND t.order_id = o.id AND t.payer IS NOT NULL""")
_FORGET_WISHES = text("""
    UPDATE aftersale_case c SET words = '', carrier = '', tracking_no = '' FROM sale_order o
    WHERE o.member_id = ANY(:ids) AND c.store_id = o.store_id AND c.order_id = o.id""")
_FORGET_WORDS = text("UPDATE sale_order SET remark = '' WHERE member_id = ANY(:ids) AND remark <> ''")
_FORGET_NOTES = text("""
    DELETE FROM order_note n USING sale_order o
    WHERE o.member_id = ANY(:ids) AND n.store_id = o.store_id AND n.order_id = o.id""")
_FORGET_INVOICES = text("""
    UPDATE invoice i SET email_sealed = '', title = CASE i.state WHEN 'refused' THEN '' ELSE i.title END
    FROM sale_order o WHERE o.member_id = ANY(:ids) AND i.store_id = o.store_id AND i.order_id = o.id""")
_FORGET_HELD = text("UPDATE held_basket SET note = '' WHERE member_id = ANY(:ids) AND note <> ''")
_FORGET_REASONS = text("UPDATE blind_return SET reason = '' WHERE member_id = ANY(:ids) AND reason <> ''")
_FORGET_SAID = text("""
    DELETE FROM ticket_message s USING service_ticket t WHERE s.ticket_id = t.id AND t.member_id = ANY(:ids)""")
_FORGET_TICKETS = text("DELETE FROM service_ticket WHERE member_id = ANY(:ids)")
_LEFT = text("""
    SELECT (SELECT count(*) FROM sale_order WHERE member_id = ANY(:ids) AND remark <> '') AS sale_order,
           (SELECT count(*) FROM sale_order o JOIN tender t ON t.store_id = o.store_id AND t.order_id = o.id
            WHERE o.member_id = ANY(:ids) AND t.payer IS NOT NULL) AS tender,
           (SELECT count(*) FROM sale_order o JOIN aftersale_case c ON c.store_id = o.store_id AND c.order_id = o.id
            WHERE o.member_id = ANY(:ids) AND c.words || c.carrier || c.tracking_no <> '') AS aftersale_case,
           (SELECT count(*) FROM sale_order o JOIN order_note n ON n.store_id = o.store_id AND n.order_id = o.id
            WHERE o.member_id = ANY(:ids)) AS order_note,
           (SELECT count(*) FROM sale_order o JOIN invoice i ON i.store_id = o.store_id AND i.order_id = o.id
            WHERE o.member_id = ANY(:ids)
              AND (i.email_sealed <> '' OR i.state = 'refused' AND i.title <> '')) AS invoice,
           (SELECT count(*) FROM service_ticket WHERE member_id = ANY(:ids)) AS service_ticket,
           (SELECT count(*) FROM held_basket WHERE member_id = ANY(:ids) AND note <> '') AS held_basket,
           (SELECT count(*) FROM blind_return WHERE member_id = ANY(:ids) AND reason <> '') AS blind_return""")


def check_free(session: Session, member_id: int) -> None:
    """Whether a member may leave now; raises OrdersOpen, StoredValueLeft."""
    under_way = fetch(session, _OPEN, {"ids": leaving.selves(session, member_id)})[0]
    if under_way.orders or under_way.refunds or under_way.invoices:
        raise OrdersOpen(orders=under_way.orders, refunds=under_way.refunds, invoices=under_way.invoices)
    left_fen = leaving.stored_fen(session, member_id)
    if left_fen:
        raise StoredValueLeft(left_fen=left_fen)


def ask(session: Session, member_id: int, *, actor: str, now: datetime) -> None:
    """A member wants to be forgotten: noted, done after a time to think; raises OrdersOpen, StoredValueLeft."""
    check_free(session, member_id)
    leaving.ask(session, member_id, actor=actor, now=now)


def leave(session: Session, member_id: int, *, actor: str, now: datetime) -> bool:
    """Erase one who is due; False when they stayed after all, or something under way makes it wait a day more.

    Orders stay without the person: the number of the member on them leads to nobody, remark, payer and notes are empty.
    An invoice that was issued keeps its title, as tax law wants the seller's record; where it was sent is forgotten.
    """
    if not leaving.take_due(session, member_id, now=now):
        return False
    try:
        check_free(session, member_id)
    except Refused as refused:
        leaving.wait(session, member_id, refused.code, now=now)
        return False
    ids = {"ids": leaving.selves(session, member_id)}
    fetch(session, _FORGET_WORDS, ids)
    fetch(session, _FORGET_WISHES, ids)
    fetch(session, _FORGET_PAYER, ids)
    fetch(session, _FORGET_NOTES, ids)
    fetch(session, _FORGET_INVOICES, ids)
    fetch(session, _FORGET_HELD, ids)
    fetch(session, _FORGET_REASONS, ids)
    fetch(session, _FORGET_SAID, ids)
    fetch(session, _FORGET_TICKETS, ids)
    addresses.erase(session, ids["ids"])
    leaving.erase(session, member_id, actor=actor, now=now)
    return True


def prove_erased(session: Session, member_id: int) -> dict[str, int]:
    """Rows that still tell of the person, by table; empty is the proof that none does."""
    selves = leaving.selves(session, member_id)
    found = fetch(session, _LEFT, {"ids": selves})[0]._asdict() | {"order_address": addresses.left(session, selves)}
    return leaving.prove_erased(session, member_id) | {name: n for name, n in found.items() if n}
