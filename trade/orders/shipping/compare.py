"""Once a day: what WeChat lists as paid and told, held against ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.wechat.shipping import Known
from trade.orders.shipping import moves, shipment

GONE_BACK = 5
"""WeChat's state of a payment that was refunded in full."""

_OURS = text("""
    SELECT u.*, t.order_id, t.transaction_id, t.amount_fen FROM ship_upload u
    JOIN tender t ON t.store_id = u.store_id AND t.id = u.tender_id
    WHERE u.paid_at >= :since AND u.paid_at < :until ORDER BY u.store_id, u.tender_id""")


@dataclass(slots=True)
class Found:
    """How many a comparison told again, put on the desk, and found to be owed that nobody had written down."""

    missing: int = 0
    differing: int = 0
    forgotten: int = 0


def compare(
    session: Session, listed: Sequence[Known], *, since: datetime, until: datetime, actor: str, now: datetime
) -> Found:
    """Hold WeChat's list of a span against ours, in the caller's transaction.

    ours      WeChat's              then
    told      not there, or frozen  told again: WeChat lost it, so it is no correction
    told      another telling       on the desk (`differs`): a person decides whether to use the one correction
    waiting   told by somebody      on the desk the same
    due       whatever              left alone: the next try asks WeChat first
    (none)    frozen                owed from now on, where the payment is ours; the day's bill finds any other
    """
    theirs = {one.transaction_id: one for one in listed}
    found = Found()
    for ours in fetch(session, _OURS, {"since": since, "until": until}):
        one = theirs.pop(ours.transaction_id, None)
        key = (ours.store_id, ours.tender_id)
        if ours.state == "told" and (one is None or one.frozen):
            found.missing += moves.move(session, *key, "miss", actor=actor, now=now)
        elif one is not None and _differs(ours, one):
            about = {"money_fen": ours.amount_fen, "order_id": ours.order_id}
            moves.on_desk(session, *key, "differs", **about, actor=actor, now=now)
            found.differing += 1
    found.forgotten = sum(moves.owe(session, one.trade_no, now=now) for one in theirs.values() if one.frozen)
    return found


def _differs(ours: Any, one: Known) -> bool:
    if one.state == GONE_BACK or not one.shipping:
        return False
    if ours.state == "told":
        return not shipment.same(ours.sent, one.shipping)
    return bool(ours.state == "waiting" and not (ours.sent and shipment.same(ours.sent, one.shipping)))
