"""Payments by a store's printed code, found in WeChat's bills by amount and moment (till-and-store-desk.md 3.9).

Of one amount, sales and rows of bills that no attempt of ours explains are paired in the order of their moments, at
most WINDOW apart: so that as many as can be are paired, and none twice.  Which of two equal ones is whose is the same
to everybody.

    sales at          rows at           paired                    left
    12:00             11:58             12:00 - 11:58             -
    12:00 12:10       12:09             12:00 - 12:09             12:10 until its bill is whole, then `missing`
    12:00             12:20             -                         both
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import SHANGHAI
from config.db import fetch
from trade.exceptions import cases
from trade.orders.numbers import number
from trade.payments.static_qr import moves

KIND = "qr_unmatched"
WINDOW = timedelta(minutes=15)
"""So far the till's clock, and the cashier's hand, may be from the payment."""
LOOKS_BACK = timedelta(days=90)
MOST = 5000

_ALONE = text("SELECT pg_advisory_xact_lock(74261, 0)")
_OPEN = text("""
    SELECT store_id, tender_id, order_id, till_id, amount_fen, at, state FROM static_qr
    WHERE state IN ('unproved', 'missing') AND at > :since ORDER BY at, store_id, tender_id LIMIT :most""")
_LINES = text("""
    SELECT b.day, b.no, min(b.transaction_id) AS transaction_id, min(b.at) AS at,
           min(b.amount_fen)::bigint AS amount_fen
    FROM bill_line b
    WHERE b.source = 'trade' AND b.kind = 'paid' AND b.day BETWEEN :first AND :last
      AND b.amount_fen = ANY(:amounts) AND NOT EXISTS (SELECT FROM tender t WHERE t.trade_no = b.no)
      AND NOT EXISTS (SELECT FROM static_qr s WHERE s.bill_no = b.no)
    GROUP BY b.day, b.no HAVING count(*) = 1 ORDER BY 4, b.no""")
_DAYS = text("SELECT day FROM bill WHERE source = 'trade' AND day BETWEEN :first AND :last")


def pairs(sales: Sequence[Any], lines: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Sales and rows of bills that belong together; both in the order of their moments.  Pure."""
    waiting: dict[int, list[Any]] = defaultdict(list)
    for line in lines:
        waiting[line.amount_fen].append(line)
    found = []
    for sale in sales:
        mine = waiting[sale.amount_fen]
        while mine and mine[0].at < sale.at - WINDOW:
            mine.pop(0)
        if mine and mine[0].at <= sale.at + WINDOW:
            found.append((sale, mine.pop(0)))
    return found


def prove(session: Session, *, actor: str, now: datetime) -> set[date]:
    """Pair what waits with all bills that are here; the days whose rows were explained so.

    What no bill has, though every bill it could be in is here, is a case on the desk with its money, until a later
    bill has it or somebody saw the money.  Any number of runs end in the same; two at once follow each other.
    """
    fetch(session, _ALONE, {})
    sales = fetch(session, _OPEN, {"since": now - LOOKS_BACK, "most": MOST})
    if not sales:
        return set()
    first, last = _day(sales[0].at - WINDOW), _day(sales[-1].at + WINDOW)
    span = {"first": first, "last": last}
    lines = fetch(session, _LINES, {**span, "amounts": sorted({sale.amount_fen for sale in sales})})
    found = pairs(sales, lines)
    for sale, line in found:
        proof = {"no": line.no, "transaction_id": line.transaction_id}
        moves.move(session, sale.store_id, sale.tender_id, "prove", **proof, actor=actor, now=now)
        cases.clear(session, KIND, _subject(sale), actor=actor, now=now)
    proved = {(sale.store_id, sale.tender_id) for sale, _ in found}
    known = {row.day for row in fetch(session, _DAYS, span)}
    for sale in sorted(sales, key=_subject):
        whole = {_day(sale.at - WINDOW), _day(sale.at + WINDOW)} <= known
        if whole and sale.state == "unproved" and (sale.store_id, sale.tender_id) not in proved:
            _miss(session, sale, actor=actor, now=now)
    return {line.day for _, line in found}


def _miss(session: Session, sale: Any, *, actor: str, now: datetime) -> None:
    moves.move(session, sale.store_id, sale.tender_id, "miss", actor=actor, now=now)
    facts = {"no": number(sale.store_id, sale.order_id), "fen": sale.amount_fen, "sold_at": sale.at.isoformat()}
    cases.open(
        session, KIND, _subject(sale), money_fen=sale.amount_fen, facts=facts, store_id=sale.store_id,
        order_id=sale.order_id, actor=actor, now=now,
    )  # fmt: skip


def _subject(sale: Any) -> str:
    return f"static_qr:{sale.store_id}:{sale.tender_id}"


def _day(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()
