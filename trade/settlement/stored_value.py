"""Which store owes which for stored value: by store and month (members-mall-orders.md 3.5 and 3.11).

A top-up's money lies with the store that took it.  When it is spent elsewhere that store owes the principal to the
store that gave the goods; the bonus is owed by whom the rule names: the head office (store 0), the topping store, or
nobody, when the spending store bears it itself.  Worked table, topped up at A with bonus borne by `hq`, 50.00 spent
at B (41.66 + 8.34), then a fifth of it returned:

    fact      pays   gets   principal   bonus
    sale      A      B          41.66
    sale      0      B                   8.34
    return    A      B          -8.33
    return    0      B                  -1.67

Facts are append-only (`wallet_due`): a month that is over never changes, and a return posts the exact negative in its
own month.  Bonus that a top-up's refund deducted from the customer is owed by the refunded store to the head office
that bore it.  Every fen has one payer and one payee, so all stores' statements of a month sum to 0.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from trade.orders.numbers import number
from trade.settlement.months import month_of

HEAD_OFFICE = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One fact: `fen` is owed by `payer` to `payee` (0: the head office) for a bucket of an order or its return."""

    at: datetime
    payer: int
    payee: int
    bucket: str
    fen: int
    order_no: str | None
    document: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One store's month: `pays_fen` by counterparty (negative: it gets), and the facts behind it."""

    store_id: int
    year: int
    month: int
    pays_fen: dict[int, int]
    lines: list[Line]

    @property
    def net_fen(self) -> int:
        """What the store pays in all; negative when it gets."""
        return sum(self.pays_fen.values())

    def as_json(self) -> dict[str, Any]:
        """As the desk shows it."""
        return {
            "store_id": self.store_id,
            "month": f"{self.year:04d}-{self.month:02d}",
            "net_fen": self.net_fen,
            "pays": [{"store_id": other, "fen": fen} for other, fen in self.pays_fen.items()],
            "lines": [{**asdict(line), "at": line.at.isoformat()} for line in self.lines],
        }


_DUE = """
    SELECT at, payer, payee, bucket, fen, spent_store_id, source, document FROM (
        SELECT at, CASE WHEN account = 'stored_principal' OR bearer = 'topping' THEN topped_store_id
                        WHEN bearer = 'hq' THEN 0 ELSE spent_store_id END AS payer, spent_store_id AS payee,
               substr(account, 8) AS bucket, used_fen AS fen, spent_store_id, source, document
        FROM wallet_due WHERE at >= :since AND at < :until
        UNION ALL
        SELECT r.at, r.store_id, 0, 'bonus', r.deducted_fen, NULL, NULL,
               'top_up:' || r.store_id || ':' || r.top_up_id
        FROM top_up_refund r JOIN top_up t ON t.store_id = r.store_id AND t.id = r.top_up_id
        WHERE r.deducted_fen > 0 AND t.bearer = 'hq' AND r.at >= :since AND r.at < :until) fact
    WHERE payer <> payee"""
_OF_STORE = text(_DUE + " AND :store IN (payer, payee) ORDER BY at, document, bucket")
_NET = text(
    "SELECT store_id, sum(fen)::bigint AS fen FROM (SELECT payer AS store_id, fen FROM (" + _DUE + ") p"
    " UNION ALL SELECT payee, -fen FROM (" + _DUE + ") g) both_sides GROUP BY 1 ORDER BY 1"
)


def _line(row: Any) -> Line:
    order_no = None
    if row.source and row.source.startswith("order:"):
        order_no = number(row.spent_store_id, int(row.source.removeprefix("order:")))
    return Line(row.at, row.payer, row.payee, row.bucket, row.fen, order_no, row.document)


def statement(session: Session, store_id: int, year: int, month: int) -> Statement:
    """What a store owes others, and others owe it, for the stored value of one month; one statement."""
    lines = [_line(row) for row in fetch(session, _OF_STORE, {"store": store_id, **month_of(year, month)})]
    pays: dict[int, int] = defaultdict(int)
    for line in lines:
        if line.payer == store_id:
            pays[line.payee] += line.fen
        else:
            pays[line.payer] -= line.fen
    return Statement(store_id, year, month, dict(sorted(pays.items())), lines)


def net(session: Session, year: int, month: int) -> dict[int, int]:
    """What every store pays in all (negative: gets), the head office as 0; the sum of all is 0."""
    return {row.store_id: row.fen for row in fetch(session, _NET, month_of(year, month))}
