"""The steps of a code payment, each a guarded update.  The table and its states are every tender's (`../moves.py`).

created   the intent: saved, and certainly not sent
prepaid   sent, or about to be: whoever moves it there makes the one call (`send`)
closing   to be reversed; the money may still be anywhere
closed    reversed for certain: nobody has paid, or WeChat gave it back
paid      its sale is done

`asked` fences: each question to WeChat takes the next number (`claim`) and only its holder may write what came of it.
While it may still be paid a success counts whoever brings it; once it is being reversed only from the holder, who has
asked after the last reversal of anybody.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import Refused
from trade.payments.codes import plan

SEND_LEASE, ASK_LEASE = timedelta(seconds=5), timedelta(seconds=30)
"""How long nobody else looks: while the charge is made, and while WeChat is asked and perhaps reverses."""

OPEN = "way = 'code' AND state IN ('created', 'prepaid', 'closing')"


class CodePaymentOpen(Refused):
    """A code payment of this till has no end yet (`tender_id`): it is ended before the next sale."""

    code = "code_payment_open"


class PaymentCodeUsed(Refused):
    """This payment code is being charged already."""

    code = "payment_code_used"


_INTEND = text("""
    WITH next AS (SELECT nextval(pg_get_serial_sequence('tender', 'id')) AS id)
    INSERT INTO tender (store_id, id, order_id, kind, way, state, amount_fen, received_fen, change_fen, trade_no,
                        code_hash, till_id, shift_id, created_at, expires_at, ask_at, asked)
    SELECT :store, next.id, :order, 'wechat', 'code', 'created', :amount, 0, 0,
           'TC' || lpad(CAST(:order AS text), 10, '0') || 'A' || next.id, :hash, :till, :shift, :now, :ends, :ask, 0
    FROM next ON CONFLICT DO NOTHING RETURNING *""")
_OPEN_OF = text(f"SELECT * FROM tender WHERE store_id = :store AND till_id = :till AND {OPEN} ORDER BY id")
_SEND = text("""
    UPDATE tender SET state = 'prepaid', sent_at = CAST(:now AS timestamptz), asked = asked + 1, ask_at = :until
    WHERE store_id = :store AND id = :id AND way = 'code' AND state = 'created' RETURNING *""")
_CLAIM = text(f"""
    UPDATE tender SET asked = asked + 1, ask_at = :until
    WHERE store_id = :store AND id = :id AND {OPEN} AND ask_at <= :now RETURNING *""")
_MINE = text("SELECT 1 FROM tender WHERE store_id = :store AND id = :id AND state = 'closing' AND asked = :asked")
_HEAR = text(f"""
    UPDATE tender SET said = :said, ask_at = :at
    WHERE store_id = :store AND id = :id AND {OPEN} AND asked = :asked RETURNING id""")
_REVERSE = text("""
    UPDATE tender SET state = 'closing', reversing_at = :now, ask_at = :ask
    WHERE store_id = :store AND id = :id AND way = 'code' AND state IN ('created', 'prepaid')
      AND asked = coalesce(CAST(:asked AS bigint), asked) RETURNING *""")
_REVERSED = text("""
    UPDATE tender SET state = 'closed', ask_at = NULL
    WHERE store_id = :store AND id = :id AND way = 'code' AND state = 'closing' AND asked = :asked RETURNING *""")
_DUE = text(f"SELECT store_id, id FROM tender WHERE {OPEN} AND ask_at <= :now ORDER BY ask_at LIMIT :most")


def intend(
    session: Session,
    store_id: int,
    order_id: int,
    amount_fen: int,
    *,
    code_hash: bytes,
    till_id: int,
    shift_id: int,
    now: datetime,
) -> Any:
    """Note that a code is about to be charged `amount_fen`; returns the attempt's row.

    One open attempt a till, an order and a code, by partial unique indexes: of two at once one is refused.

    :raises CodePaymentOpen, PaymentCodeUsed: nothing was noted.
    """
    given = {"store": store_id, "order": order_id, "amount": amount_fen, "hash": code_hash, "till": till_id}
    made = first(session, _INTEND, {**given, "shift": shift_id, "now": now, **_plan(now)})
    if made is None:
        refuse_open(session, store_id, till_id)
        raise PaymentCodeUsed()
    return made


def _plan(now: datetime) -> dict[str, datetime]:
    return {"ends": plan.ends_at(now), "ask": now + plan.UNSENT}


def open_of_till(session: Session, store_id: int, till_id: int) -> list[Any]:
    """The code payments of a till that have no end yet."""
    return fetch(session, _OPEN_OF, {"store": store_id, "till": till_id})


def refuse_open(session: Session, store_id: int, till_id: int) -> None:
    """Nothing is sold while a code payment of this till is open; raises CodePaymentOpen."""
    if found := open_of_till(session, store_id, till_id):
        raise CodePaymentOpen(tender_id=found[0].id)


def send(session: Session, store_id: int, tender_id: int, *, now: datetime) -> Any | None:
    """Take it on oneself to make the call; None when somebody did, or it was given up."""
    return first(session, _SEND, {"store": store_id, "id": tender_id, "now": now, "until": now + SEND_LEASE})


def claim(session: Session, store_id: int, tender_id: int, *, now: datetime) -> Any | None:
    """Take the next question to WeChat on oneself; None when it is not due, or somebody is at it."""
    return first(session, _CLAIM, {"store": store_id, "id": tender_id, "now": now, "until": now + ASK_LEASE})


def is_mine(session: Session, tender: Any) -> bool:
    """Whether the holder of this claim may reverse now.  Asked directly before the call."""
    return first(session, _MINE, {"store": tender.store_id, "id": tender.id, "asked": tender.asked}) is not None


def hear(session: Session, tender: Any, said: str, at: datetime) -> bool:
    """Note what WeChat said and when to ask next; False when the claim is another's by now."""
    given = {"store": tender.store_id, "id": tender.id, "asked": tender.asked, "said": said, "at": at}
    return first(session, _HEAR, given) is not None


def reverse(session: Session, tender: Any, *, claimed: bool, actor: str, now: datetime) -> bool:
    """From now on it is being reversed; False when it was already, or has ended, or the claim is another's.

    :param claimed: by the holder of the claim, who goes on at once; else whoever asks next reverses.
    """
    asked, ask_at = (tender.asked, now + ASK_LEASE) if claimed else (None, now)
    given = {"store": tender.store_id, "id": tender.id, "now": now, "asked": asked, "ask": ask_at}
    moved = first(session, _REVERSE, given)
    if moved is not None:
        _tell(session, "payment.reversing", moved, actor=actor, now=now, said=moved.said)
    return moved is not None


def reversed_(session: Session, tender: Any, *, actor: str, now: datetime) -> bool:
    """WeChat confirmed that it has nothing of the customer's; False when the claim is another's by now."""
    moved = first(session, _REVERSED, {"store": tender.store_id, "id": tender.id, "asked": tender.asked})
    if moved is not None:
        _tell(session, "payment.reversed", moved, actor=actor, now=now)
    return moved is not None


def due(session: Session, *, now: datetime, most: int) -> list[Any]:
    """(store_id, id) of the code payments to ask about now, the longest due first."""
    return fetch(session, _DUE, {"now": now, "most": most})


def _tell(session: Session, kind: str, tender: Any, *, actor: str, now: datetime, **data: Any) -> None:
    facts = {"store_id": tender.store_id, "tender_id": tender.id, "till_id": tender.till_id, **data}
    journal.record(
        session, kind, f"order:{tender.order_id}", actor=actor, now=now, amount_fen=tender.amount_fen, **facts
    )
