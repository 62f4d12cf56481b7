"""The only writer of receipts that were given out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound
from config.settings import settings
from member.secrets import fingerprint
from trade.orders.numbers import number
from trade.payments import top_ups

_ADDRESS = re.compile(r"([1-9][0-9]{0,8})\.([0-9A-Za-z_-]{20})")


def token_of(request_id: str) -> str:
    """The token of the receipt of a sale: 120 bits of a hash of the random id under which the till sold it.

    The till makes the same (`pos/web/till/print/token.ts`), so that a QR code can be printed before we know of the
    sale.  The id itself does not follow from it.
    """
    return base64.urlsafe_b64encode(hashlib.sha256(f"receipt {request_id.lower()}".encode()).digest()[:15]).decode()


def url(store_id: int, token: str) -> str:
    """Where a receipt's QR code leads."""
    return f"{settings().base_url}/r/{store_id}.{token}"


def top_up_url(no: str) -> str:
    """Where the QR code of a top-up leads; `no` is its printed number."""
    return f"{settings().base_url}/r/{no}.{_top_up_token(no)}"


def _top_up_token(no: str) -> str:
    """120 bits of a keyed hash: it is kept nowhere, and nobody makes one without our key."""
    return base64.urlsafe_b64encode(fingerprint("top_up_receipt", no)[:15]).decode()


def find_top_up(address: str) -> tuple[int, int] | None:
    """Store and id of the top-up whose address this is; None where it is none."""
    no, _, token = address.partition(".")
    if not no.startswith("U") or not hmac.compare_digest(token.encode(), _top_up_token(no).encode()):
        return None
    return top_ups.parse(no)


_POINTS = "(SELECT balance FROM lot_account WHERE member_id = o.member_id AND account = 'points')"
_OPEN = text(f"""
    INSERT INTO receipt (store_id, order_id, no, token, points_after, at)
    SELECT o.store_id, o.id, :no, :token, {_POINTS}, :now FROM sale_order o
    WHERE o.store_id = :store AND o.id = :order
    ON CONFLICT (store_id, order_id) DO NOTHING""")
_ALONE = text("""
    INSERT INTO receipt (store_id, order_id, no, token, alone, at) VALUES (:store, :order, :no, :token, true, :now)
    ON CONFLICT (store_id, order_id) DO UPDATE SET no = EXCLUDED.no, alone = true, points_after = NULL""")
_COUNT_POINTS = text(f"""
    UPDATE receipt r SET points_after = {_POINTS} FROM sale_order o
    WHERE r.store_id = :store AND r.order_id = :order AND o.store_id = r.store_id AND o.id = r.order_id""")


def give(session: Session, store_id: int, order_id: int, request_id: str, *, now: datetime) -> None:
    """Give a sale its receipt, in the sale's transaction."""
    given = {"store": store_id, "order": order_id, "no": number(store_id, order_id), "now": now}
    fetch(session, _OPEN, given | {"token": token_of(request_id)})


def given_alone(session: Session, store_id: int, order_id: int, request_id: str, *, no: str, now: datetime) -> None:
    """A till gave it without us: what it printed counts, also where its online attempt had reached us."""
    fetch(session, _ALONE, {"store": store_id, "order": order_id, "no": no, "token": token_of(request_id), "now": now})


def paid(session: Session, store_id: int, order_id: int) -> None:
    """The money came later than the receipt was made: its points are those of now."""
    fetch(session, _COUNT_POINTS, {"store": store_id, "order": order_id})


_COPY = text("""
    UPDATE receipt SET copies = copies + 1 WHERE store_id = :store AND order_id = :order RETURNING copies""")


def copy(session: Session, store_id: int, order_id: int, *, by: str, actor: str, now: datetime) -> dict[str, Any]:
    """Count one more printing and say whose: `{n, by, at}`.  Of two at once each has a number of its own.

    An order without a receipt of its own gets one: it was placed in the mall, or before receipts were kept.

    :raises NotFound: there is no such order.
    """
    key = {"store": store_id, "order": order_id}
    fetch(session, _OPEN, key | {"no": number(store_id, order_id), "token": secrets.token_urlsafe(15), "now": now})
    found = first(session, _COPY, key)
    if found is None:
        raise NotFound(order_id=order_id)
    journal.record(session, "receipt.copied", f"order:{order_id}", actor=actor, now=now, store_id=store_id,
                   copy=found.copies)  # fmt: skip
    return {"n": found.copies, "by": by, "at": now.isoformat()}


_FIND = text("SELECT store_id, order_id FROM receipt WHERE store_id = :store AND token = :token")


def find(session: Session, address: str) -> tuple[int, int]:
    """Store and order id of what stands after `/r/` in a receipt's address.

    :raises NotFound: nothing of ours, or not yet: the till has not delivered it.
    """
    parts = _ADDRESS.fullmatch(address)
    found = parts and first(session, _FIND, {"store": int(parts[1]), "token": parts[2]})
    if not found:
        raise NotFound()
    return found.store_id, found.order_id


_REFUNDED = text("""
    SELECT coalesce(sum(refund.amount_fen), 0)::bigint AS fen FROM refund JOIN tender
        ON tender.store_id = refund.store_id AND tender.id = refund.tender_id
    WHERE tender.store_id = :store AND tender.order_id = :order AND refund.state <> 'closed'""")


def refunded_fen(session: Session, store_id: int, order_id: int) -> int:
    """What of an order's payments went back, or is on its way."""
    return int(fetch(session, _REFUNDED, {"store": store_id, "order": order_id})[0].fen)
